//! What the rules work on, and what they say about it.
//!
//! It knows where components are and what a copy may cost; what to do with a schema is
//! for the rules.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Options, refuse, schema, walk};
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::Error;
use crate::{LeftOut, Problem};

/// What the rules work on.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) document: Value,
    pub(super) options: Options,
    pub(super) is_3_1: bool,
    pub(super) report: Report,
    pub(super) budget: Budget,
    /// The component schemas that the document has itself, under their last names.
    pub(super) declared: BTreeSet<String>,
    /// What the rule at work found that cannot be generated.
    pub(super) broken: Vec<Problem>,
    /// The operations that were taken out for it, with their problems.
    pub(super) left_out: Vec<(LeftOut, Vec<Problem>)>,
}

impl Context {
    pub(super) fn new(document: Value, options: Options) -> Self {
        let is_3_1 = document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1"));
        let mut context = Self {
            document,
            options,
            is_3_1,
            report: Report::default(),
            budget: Budget(Some(SIZE_LIMIT)),
            declared: BTreeSet::new(),
            broken: Vec::new(),
            left_out: Vec::new(),
        };
        context.declare();
        context
    }

    /// Notes which component schemas there are now.
    pub(super) fn declare(&mut self) {
        let schemas = self.components("schemas").into_iter().flatten();
        self.declared = schemas.map(|(name, _)| name.clone()).collect();
    }

    /// Calls `visit` with every schema position, inner ones first. A schema that it refuses
    /// is broken, and so is every operation that has it.
    pub(super) fn each_schema(
        &mut self,
        mut visit: impl FnMut(&mut Report, &mut Value, walk::Place<'_>) -> Result<(), Error>,
    ) {
        let (report, broken) = (&mut self.report, &mut self.broken);
        walk::each_schema(&mut self.document, &mut |value, place| {
            if let Err(error) = visit(report, value, place) {
                broken.extend(error.problems().cloned());
                *value = Value::Object(Map::new());
            }
        });
    }

    /// Calls `visit` with every schema that is an object, inner ones first.
    pub(super) fn each_schema_object(
        &mut self,
        mut visit: impl FnMut(&mut Report, &mut Map<String, Value>, walk::Place<'_>),
    ) {
        let report = &mut self.report;
        walk::each_schema(&mut self.document, &mut |value, place| {
            if let Value::Object(members) = value {
                visit(report, members, place);
            }
        });
    }

    /// Calls `visit` with every operation and its pointer. One that it refuses is broken.
    pub(super) fn each_operation(
        &mut self,
        mut visit: impl FnMut(&mut Report, &mut Map<String, Value>, &str) -> Result<(), Error>,
    ) {
        let (report, broken) = (&mut self.report, &mut self.broken);
        walk::each_operation(&mut self.document, &mut |operation, pointer| {
            if let Err(error) = visit(report, operation, pointer) {
                broken.extend(error.problems().cloned());
            }
        });
    }

    /// The components of one kind.
    pub(super) fn components(&self, kind: &str) -> Option<&Map<String, Value>> {
        self.document.get("components")?.get(kind)?.as_object()
    }

    /// The component schemas.
    pub(super) fn schemas(&self) -> Cow<'_, Map<String, Value>> {
        self.components("schemas").map_or_else(Cow::default, Cow::Borrowed)
    }

    /// Adds component schemas, or changes those that there are.
    pub(super) fn put_schemas(&mut self, schemas: impl IntoIterator<Item = (String, Value)>) {
        let mut schemas = schemas.into_iter().peekable();
        if schemas.peek().is_some() {
            let document = schema::as_object(&mut self.document);
            let components = schema::object_at(document, "components");
            schema::object_at(components, "schemas").extend(schemas);
        }
    }

    /// Takes all component schemas out.
    pub(super) fn take_schemas(&mut self) -> Map<String, Value> {
        let schemas =
            self.document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
        schemas.map(std::mem::take).unwrap_or_default()
    }
}

/// What the rule at work has to say.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) rule: &'static str,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) tally: BTreeMap<String, (usize, String)>,
    /// The length of everything said so far.
    pub(super) spoken: usize,
}

/// Where single diagnostics end and only their number counts.
pub(super) const REPORT_LIMIT: usize = 32 << 20;

impl Report {
    /// Said in other words.
    pub(super) fn note(&mut self, pointer: &str, message: impl Into<String>) {
        self.push(pointer, Severity::Note, message.into());
    }

    /// No longer in the client.
    pub(super) fn loss(&mut self, pointer: &str, message: impl Into<String>) {
        self.push(pointer, Severity::Loss, message.into());
    }

    pub(super) fn push(&mut self, pointer: &str, severity: Severity, message: String) {
        self.spoken += pointer.len() + message.len();
        if self.spoken > REPORT_LIMIT {
            self.count("there is more to say than anybody reads", pointer);
            return;
        }
        let pointer = pointer.to_owned();
        self.diagnostics.push(Diagnostic { pointer, rule: self.rule, severity, message });
    }

    /// Counts what is not worth a note each time; one note names the first place.
    pub(super) fn count(&mut self, what: impl Into<String>, pointer: &str) {
        self.tally.entry(what.into()).or_insert_with(|| (0, pointer.to_owned())).0 += 1;
    }

    pub(super) fn flush(&mut self) {
        for (what, (times, pointer)) in std::mem::take(&mut self.tally) {
            let message = match times {
                1 => what,
                _ => format!("{what}; {times} times, here first"),
            };
            let (rule, severity) = (self.rule, Severity::Note);
            self.diagnostics.push(Diagnostic { pointer, rule, severity, message });
        }
    }
}

/// How much larger copying may make a document: some documents say little and refer much.
///
/// Spent, it stays so: the document is refused, however little each operation takes.
#[derive(Debug)]
pub(super) struct Budget(Option<usize>);

pub(super) const SIZE_LIMIT: usize = 64 << 20;

impl Budget {
    pub(super) fn spend(&mut self, value: &Value, pointer: &str) -> Result<(), Error> {
        self.0 = self.0.and_then(|left| left.checked_sub(size(value)));
        match self.0 {
            Some(_) => Ok(()),
            None => Err(spent(pointer)),
        }
    }

    /// # Errors
    /// When more was spent than there is.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.0.map(|_| ()).ok_or_else(|| spent("#"))
    }
}

fn spent(pointer: &str) -> Error {
    refuse(pointer, "the document grows beyond 64 MiB when what it refers to is copied in")
        .help("refer to schemas in #/components/schemas, which are not copied")
}

/// Roughly the memory that a value takes.
fn size(value: &Value) -> usize {
    const NODE: usize = 32;
    NODE + match value {
        Value::Object(members) => members.iter().map(|(key, value)| key.len() + size(value)).sum(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::String(text) => text.len(),
        _ => 0,
    }
}
