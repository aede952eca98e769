//! A schema of the document, compiled when it is first needed, and what it says of a value.
//!
//! A schema that does not compile takes nothing: it must not pass for one that is kept.

use std::sync::OnceLock;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{Uri, ValidationError, Validator};
use serde_json::Value;

use super::document::{Document, decoded, step};
use super::report::{Half, shown};
use super::strict;

/// So many mistakes of one value are told.
const MOST: usize = 20;

/// A schema, by where it stands.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) pointer: String,
    compiled: OnceLock<Result<Validator, String>>,
}

impl Schema {
    pub(super) fn new(pointer: String) -> Self {
        Self { pointer, compiled: OnceLock::new() }
    }

    /// Whether `value` is as the schema says.
    pub(super) fn takes(&self, document: &Document, value: &Value) -> bool {
        self.compiled(document).as_ref().is_ok_and(|validator| validator.is_valid(value))
    }

    /// Adds to `report` what is wrong with `value`, which stands at `instance`.
    pub(super) fn check(
        &self,
        document: &Document,
        value: &Value,
        instance: &str,
        report: &mut Half<'_>,
    ) {
        match self.compiled(document) {
            Ok(validator) if validator.is_valid(value) => {}
            Ok(validator) => {
                let errors: Vec<_> = validator.iter_errors(value).take(MOST).collect();
                Telling { document, instance, report }.all(&errors);
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

/// The errors of a validator on their way to a report.
struct Telling<'a, 'r> {
    document: &'a Document,
    instance: &'a str,
    report: &'a mut Half<'r>,
}

impl Telling<'_, '_> {
    fn all(&mut self, errors: &[ValidationError<'_>]) {
        for error in errors {
            match error.kind() {
                Kind::AdditionalProperties { unexpected }
                | Kind::UnevaluatedProperties { unexpected } => {
                    self.unexpected(error, unexpected, errors.len() == 1);
                }
                Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
                    match meant(error, context) {
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
        self.report.add(&place(self.document, error), &instance, &message);
    }

    /// Members that nothing lists. When a branch of a schema fails for something else, what
    /// it lists counts as unexpected; that is no news then.
    fn unexpected(&mut self, error: &ValidationError<'_>, names: &[String], alone: bool) {
        let Some((pointer, schema)) = object(self.document, error) else { return self.one(error) };
        for name in names {
            if !alone && strict::lists(self.document.root(), schema, &|listed| listed == name) {
                continue;
            }
            let instance = step(&format!("{}{}", self.instance, error.instance_path()), name);
            self.report.add(&pointer, &instance, "the document does not list this member");
        }
    }
}

/// The schema that does not list a member, and where it stands.
fn object<'a>(document: &'a Document, error: &ValidationError<'_>) -> Option<(String, &'a Value)> {
    let place = place(document, error);
    let keyword = place.rsplit_once('/').filter(|(_, name)| *name == error.kind().keyword());
    document.follow(keyword.map_or(place.as_str(), |(schema, _)| schema).to_owned())
}

/// Where in the document the keyword stands that `error` is about; or its schema, if only
/// the strict copy has the keyword.
fn place(document: &Document, error: &ValidationError<'_>) -> String {
    let address = error.absolute_keyword_location().map(Uri::as_str);
    let mut pointer = address.and_then(decoded).unwrap_or_default();
    while document.at(&pointer).is_none() {
        let Some((parent, _)) = pointer.rsplit_once('/') else { break };
        pointer.truncate(parent.len());
    }
    pointer
}

/// The branch that the value was meant for: the only one that takes its type.
fn meant<'a>(
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
