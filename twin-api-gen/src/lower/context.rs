//! The shared state of the rules: the document, the diagnostics and the size budget.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{LoweringOptions, refuse, schema, walk};
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::Error;
use crate::limits::MAX_COPIED_BYTES;
use crate::limits::MAX_DIAGNOSTIC_BYTES;
use crate::{LeftOut, Problem};

/// The shared state of the rules.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) document: Value,
    pub(super) options: LoweringOptions,
    pub(super) is_3_1: bool,
    pub(super) report: Diagnostics,
    pub(super) budget: CopyBudget,
    /// The component schemas of the original document, under their current names.
    pub(super) declared: BTreeSet<String>,
    /// The problems that the current rule found.
    pub(super) broken: Vec<Problem>,
    /// The operations that were removed because of a problem, each with its problems.
    pub(super) left_out: Vec<(LeftOut, Vec<Problem>)>,
}

impl Context {
    pub(super) fn new(document: Value, options: LoweringOptions) -> Self {
        let is_3_1 = document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1"));
        let mut context = Self {
            document,
            options,
            is_3_1,
            report: Diagnostics::default(),
            budget: CopyBudget(Some(MAX_COPIED_BYTES)),
            declared: BTreeSet::new(),
            broken: Vec::new(),
            left_out: Vec::new(),
        };
        context.declare();
        context
    }

    /// Records the current component schemas as those of the document.
    pub(super) fn declare(&mut self) {
        let schemas = self.components("schemas").into_iter().flatten();
        self.declared = schemas.map(|(name, _)| name.clone()).collect();
    }

    /// Calls `visit` for every schema, inner schemas first.
    ///
    /// An error of `visit` marks the schema as broken. Operations that use it are left out.
    pub(super) fn each_schema(
        &mut self,
        mut visit: impl FnMut(
            &mut Diagnostics,
            &mut Value,
            walk::SchemaLocation<'_>,
        ) -> Result<(), Error>,
    ) {
        let (report, broken) = (&mut self.report, &mut self.broken);
        walk::each_schema(&mut self.document, &mut |value, place| {
            if let Err(error) = visit(report, value, place) {
                broken.extend(error.problems().cloned());
                *value = Value::Object(Map::new());
            }
        });
    }

    /// Calls `visit` for every schema that is a JSON object, inner schemas first.
    pub(super) fn each_schema_object(
        &mut self,
        mut visit: impl FnMut(&mut Diagnostics, &mut Map<String, Value>, walk::SchemaLocation<'_>),
    ) {
        let report = &mut self.report;
        walk::each_schema(&mut self.document, &mut |value, place| {
            if let Value::Object(members) = value {
                visit(report, members, place);
            }
        });
    }

    /// Calls `visit` for every operation with its pointer. After an error, the operation is left
    /// out.
    pub(super) fn each_operation(
        &mut self,
        mut visit: impl FnMut(&mut Diagnostics, &mut Map<String, Value>, &str) -> Result<(), Error>,
    ) {
        let (report, broken) = (&mut self.report, &mut self.broken);
        walk::each_operation(&mut self.document, &mut |operation, pointer| {
            if let Err(error) = visit(report, operation, pointer) {
                broken.extend(error.problems().cloned());
            }
        });
    }

    /// Returns the components of one kind.
    pub(super) fn components(&self, kind: &str) -> Option<&Map<String, Value>> {
        self.document.get("components")?.get(kind)?.as_object()
    }

    /// Returns the component schemas.
    pub(super) fn schemas(&self) -> Cow<'_, Map<String, Value>> {
        self.components("schemas").map_or_else(Cow::default, Cow::Borrowed)
    }

    /// Adds or replaces component schemas.
    pub(super) fn put_schemas(&mut self, schemas: impl IntoIterator<Item = (String, Value)>) {
        let mut schemas = schemas.into_iter().peekable();
        if schemas.peek().is_some() {
            let document = schema::as_object(&mut self.document);
            let components = schema::object_at(document, "components");
            schema::object_at(components, "schemas").extend(schemas);
        }
    }

    /// Removes and returns all component schemas.
    pub(super) fn take_schemas(&mut self) -> Map<String, Value> {
        let schemas =
            self.document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
        schemas.map(std::mem::take).unwrap_or_default()
    }
}

/// Collects the diagnostics of the current rule.
#[derive(Debug, Default)]
pub(super) struct Diagnostics {
    pub(super) rule: &'static str,
    pub(super) list: Vec<Diagnostic>,
    /// The number and the first place of each frequent diagnostic.
    pub(super) tally: BTreeMap<String, (usize, String)>,
    /// The total length of all diagnostics so far, in bytes.
    pub(super) bytes: usize,
}

impl Diagnostics {
    /// Reports a construct that was rewritten without loss.
    pub(super) fn note(&mut self, pointer: &str, message: impl Into<String>) {
        self.push(pointer, Severity::Note, message.into());
    }

    /// Reports a construct that the client lacks.
    pub(super) fn loss(&mut self, pointer: &str, message: impl Into<String>) {
        self.push(pointer, Severity::Loss, message.into());
    }

    pub(super) fn push(&mut self, pointer: &str, severity: Severity, message: String) {
        self.bytes += pointer.len() + message.len();
        if self.bytes > MAX_DIAGNOSTIC_BYTES {
            self.count("further diagnostics are omitted", pointer);
            return;
        }
        let pointer = pointer.to_owned();
        self.list.push(Diagnostic { pointer, rule: self.rule, severity, message });
    }

    /// Counts a frequent diagnostic. One note gives the number and the first place.
    pub(super) fn count(&mut self, what: impl Into<String>, pointer: &str) {
        self.tally.entry(what.into()).or_insert_with(|| (0, pointer.to_owned())).0 += 1;
    }

    /// Adds a note for each frequent diagnostic of the current rule.
    pub(super) fn flush(&mut self) {
        for (what, (times, pointer)) in std::mem::take(&mut self.tally) {
            let message = match times {
                1 => what,
                _ => format!("{what}; {times} times, here first"),
            };
            let (rule, severity) = (self.rule, Severity::Note);
            self.list.push(Diagnostic { pointer, rule, severity, message });
        }
    }
}

/// Limits how much copying may enlarge a document, because a small document may refer to a large
/// part many times.
///
/// After the limit is exceeded, every further copy fails too, and the document is rejected.
#[derive(Debug)]
pub(super) struct CopyBudget(Option<usize>);

impl CopyBudget {
    /// Charges a copy of `value`.
    pub(super) fn spend(&mut self, value: &Value, pointer: &str) -> Result<(), Error> {
        self.0 = self.0.and_then(|left| left.checked_sub(size(value)));
        match self.0 {
            Some(_) => Ok(()),
            None => Err(spent(pointer)),
        }
    }

    /// Returns an error if the limit was exceeded.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.0.map(|_| ()).ok_or_else(|| spent("#"))
    }
}

fn spent(pointer: &str) -> Error {
    refuse(pointer, "the document grows beyond 64 MiB when shared parts are copied")
        .help("refer to schemas in #/components/schemas, which are not copied")
}

/// Estimates the memory of a value in bytes.
fn size(value: &Value) -> usize {
    const NODE: usize = 32;
    NODE + match value {
        Value::Object(members) => members.iter().map(|(key, value)| key.len() + size(value)).sum(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::String(text) => text.len(),
        _ => 0,
    }
}
