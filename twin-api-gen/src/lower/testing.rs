//! Runs the tables of the rules' tests: input, output and diagnostics.

use serde_json::{Value, json};

use super::{Context, LoweringOptions, RULES};
use crate::diagnostic::Severity;
use crate::error::Error;

/// Builds a document with these component schemas and no operations.
pub(super) fn with_schemas(schemas: Value) -> Value {
    let mut document = json!({"openapi": "3.1.0", "paths": {}});
    document["components"]["schemas"] = schemas;
    document
}

/// Builds a document with one operation, `GET /a`.
pub(super) fn with_operation(operation: Value) -> Value {
    with_operation_at("/a", operation)
}

/// Builds a document with one operation, a GET at `path`.
pub(super) fn with_operation_at(path: &str, operation: Value) -> Value {
    let mut document = json!({"openapi": "3.1.0"});
    document["paths"][path]["get"] = operation;
    document
}

/// Runs one rule. Returns the document, and the diagnostics as `note: pointer: message` lines.
pub(super) fn run(rule: &str, document: Value) -> Result<(Value, Vec<String>), String> {
    let rule = RULES.iter().find(|known| known.name == rule).expect("the rule is in the list");
    let mut context = Context::new(document, LoweringOptions { native_types: true });
    context.report.rule = rule.name;
    rule.step.run(&mut context).map_err(|error| error.to_string())?;
    if let Some(error) = Error::from_problems(std::mem::take(&mut context.broken)) {
        return Err(error.to_string());
    }
    context.report.flush();
    let lines = context.report.list.iter().map(|diagnostic| {
        let severity = match diagnostic.severity {
            Severity::Note => "note",
            Severity::Loss => "loss",
        };
        format!("{severity}: {}: {}", diagnostic.pointer, diagnostic.message)
    });
    Ok((context.document, lines.collect()))
}

/// Runs a table of single schemas through one rule: input, output, and a part of each diagnostic
/// line, in order.
#[track_caller]
pub(super) fn check_schemas(rule: &str, table: &[(Value, Value, &[&str])]) {
    for (before, after, said) in table {
        let (document, lines) = run(rule, with_schemas(json!({"A": before})))
            .unwrap_or_else(|error| panic!("{before}: {error}"));
        assert_eq!(document["components"]["schemas"]["A"], *after, "from {before}");
        check_lines(&lines, said, before);
    }
}

/// Runs a table of whole documents through one rule.
#[track_caller]
pub(super) fn check_documents(rule: &str, table: &[(Value, Value, &[&str])]) {
    for (before, after, said) in table {
        let (document, lines) =
            run(rule, before.clone()).unwrap_or_else(|error| panic!("{before}: {error}"));
        assert_eq!(document, *after, "from {before}");
        check_lines(&lines, said, before);
    }
}

/// Runs a table of documents that a rule rejects, each with a part of the error.
#[track_caller]
pub(super) fn check_refusals(rule: &str, table: &[(Value, &str)]) {
    for (before, expected) in table {
        match run(rule, before.clone()) {
            Ok((after, _)) => panic!("{before} became {after}"),
            Err(error) => assert!(error.contains(expected), "{error} has no {expected:?}"),
        }
    }
}

#[track_caller]
fn check_lines(lines: &[String], said: &[&str], before: &Value) {
    let as_expected = lines.len() == said.len()
        && lines.iter().zip(said).all(|(line, part)| match part.split_once(": ") {
            Some((severity, text)) => line.starts_with(severity) && line.contains(text),
            None => line.contains(part),
        });
    assert!(as_expected, "{before} gave {lines:#?}, not {said:?}");
}
