//! Validates values against a schema of the document, which is compiled on its first use.
//!
//! If a schema does not compile, every value is reported as not valid.

use std::sync::OnceLock;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{Uri, ValidationError, Validator};
use serde_json::Value;

use super::document::{Document, decoded, step};
use super::report::{SideReport, shown};
use super::strict;

/// The maximum number of reported mismatches of one value.
const MAX_MISMATCHES: usize = 20;

/// A schema of the document, which is compiled on its first use.
#[derive(Debug)]
pub(super) struct LazySchema {
    pub(super) pointer: String,
    compiled: OnceLock<Result<Validator, String>>,
}

impl LazySchema {
    pub(super) fn new(pointer: String) -> Self {
        Self { pointer, compiled: OnceLock::new() }
    }

    /// Returns whether `value` is valid.
    pub(super) fn accepts(&self, document: &Document, value: &Value) -> bool {
        self.compiled(document).as_ref().is_ok_and(|validator| validator.is_valid(value))
    }

    /// Reports why `value`, which is at `instance`, is not valid.
    pub(super) fn check(
        &self,
        document: &Document,
        value: &Value,
        instance: &str,
        report: &mut SideReport<'_>,
    ) {
        match self.compiled(document) {
            Ok(validator) if validator.is_valid(value) => {}
            Ok(validator) => {
                let errors: Vec<_> = validator.iter_errors(value).take(MAX_MISMATCHES).collect();
                Reporter { document, instance, report }.all(&errors);
            }
            Err(error) => {
                report.add(
                    &self.pointer,
                    instance,
                    &format!("the schema does not compile: {error}"),
                );
            }
        }
    }

    fn compiled(&self, document: &Document) -> &Result<Validator, String> {
        self.compiled.get_or_init(|| document.compile(&self.pointer))
    }
}

/// Converts the errors of a validator to mismatches.
struct Reporter<'a, 'r> {
    document: &'a Document,
    instance: &'a str,
    report: &'a mut SideReport<'r>,
}

impl Reporter<'_, '_> {
    fn all(&mut self, errors: &[ValidationError<'_>]) {
        for error in errors {
            match error.kind() {
                Kind::AdditionalProperties { unexpected }
                | Kind::UnevaluatedProperties { unexpected } => {
                    self.unexpected(error, unexpected, errors.len() == 1);
                }
                Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
                    match intended_branch(error, context) {
                        Some(branch) => self.all(branch),
                        None => self.one(error),
                    }
                }
                _ => self.one(error),
            }
        }
    }

    fn one(&mut self, error: &ValidationError<'_>) {
        let instance = format!("{}{}", self.instance, error.instance_path());
        let value = shown(error.instance(), &instance);
        let message = error.masked_with(value).to_string();
        self.report.add(&rule(self.document, error), &instance, &message);
    }

    /// Reports members that the schema does not list.
    ///
    /// If a branch of the schema fails for another reason, the validator also reports the members
    /// that this branch lists. Those are skipped, unless this is the only error.
    fn unexpected(&mut self, error: &ValidationError<'_>, names: &[String], alone: bool) {
        let Some((pointer, schema)) = closed_schema(self.document, error) else {
            return self.one(error);
        };
        for name in names {
            if !alone && strict::lists(self.document.root(), schema, &|listed| listed == name) {
                continue;
            }
            let instance = step(&format!("{}{}", self.instance, error.instance_path()), name);
            self.report.add(&pointer, &instance, "the document does not list this member");
        }
    }
}

/// Returns the schema to which an error about an unlisted member belongs, and the pointer to it.
fn closed_schema<'a>(
    document: &'a Document,
    error: &ValidationError<'_>,
) -> Option<(String, &'a Value)> {
    let location = rule(document, error);
    let keyword = location.rsplit_once('/').filter(|(_, name)| *name == error.kind().keyword());
    document.follow(keyword.map_or(location.as_str(), |(schema, _)| schema).to_owned())
}

/// Returns the pointer to the keyword that `error` is about. If only the strict copy of the schema
/// has the keyword, returns the pointer to the schema.
fn rule(document: &Document, error: &ValidationError<'_>) -> String {
    let address = error.absolute_keyword_location().map(Uri::as_str);
    let mut pointer = address.and_then(decoded).unwrap_or_default();
    while document.at(&pointer).is_none() {
        let Some((parent, _)) = pointer.rsplit_once('/') else { break };
        pointer.truncate(parent.len());
    }
    pointer
}

/// Returns the only branch that accepts the type of the value, if there is exactly one.
fn intended_branch<'a>(
    error: &ValidationError<'_>,
    branches: &'a [Vec<ValidationError<'static>>],
) -> Option<&'a [ValidationError<'static>]> {
    let other_type = |branch: &Vec<ValidationError<'_>>| {
        let here = branch.iter().filter(|e| e.instance_path() == error.instance_path());
        here.into_iter().any(|e| matches!(e.kind(), Kind::Type { .. }))
    };
    let mut fitting = branches.iter().filter(|branch| !other_type(branch));
    let branch = fitting.next()?;
    fitting.next().is_none().then_some(branch.as_slice())
}
