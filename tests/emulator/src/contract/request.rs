//! Validates a request that the emulator accepted against its operation.

use percent_encoding::percent_decode_str;
use serde_json::{Number, Value};
use url::form_urlencoded;

use super::document::Document;
use super::index::{DocumentedOperation, Parameter, RequestBody, parameter_in};
use super::report::SideReport;
use crate::exchange::RecordedRequest;

/// Reports where `request` differs from its operation.
pub(super) fn check(
    document: &Document,
    operation: &DocumentedOperation,
    request: &RecordedRequest,
    report: &mut SideReport<'_>,
) {
    key(operation, request, report);
    path(document, operation, request.path(), report);
    query(document, operation, request.query(), report);
    check_headers_and_body(document, operation, request, report);
}

/// Reports the mismatches of the headers and the body; the URL is not checked.
pub(super) fn check_headers_and_body(
    document: &Document,
    operation: &DocumentedOperation,
    request: &RecordedRequest,
    report: &mut SideReport<'_>,
) {
    headers(document, operation, request, report);
    match &operation.body {
        Some(body) => self::body(document, body, request, report),
        None if request.body.is_empty() => {}
        None => report.add(&operation.pointer, "", "the document lists no body for this operation"),
    }
}

fn key(operation: &DocumentedOperation, request: &RecordedRequest, report: &mut SideReport<'_>) {
    let Some(keys) = &operation.keys else { return };
    if !keys.headers.iter().any(|header| request.headers.contains_key(header)) {
        let message = format!("accepted without {}", keys.headers.join(" or "));
        report.add(&keys.pointer, &keys.headers[0], &message);
    }
}

fn path(
    document: &Document,
    operation: &DocumentedOperation,
    path: &str,
    report: &mut SideReport<'_>,
) {
    let Some(given) = path_parameters(&operation.template, path) else {
        return report.add(
            &operation.pointer,
            "",
            "the path does not match the template of the operation",
        );
    };
    for (name, value) in given {
        let instance = format!("{{{name}}}");
        let declared = operation.parameters.iter().find(|p| p.location == "path" && p.name == name);
        match (declared, percent_decode_str(value).decode_utf8()) {
            (None, _) => {
                report.add(
                    &operation.pointer,
                    &instance,
                    "the document does not list this parameter",
                );
            }
            (Some(parameter), Err(_)) => {
                report.add(&parameter.pointer, &instance, "the parameter is not valid UTF-8");
            }
            (Some(parameter), Ok(text)) if text.is_empty() => {
                report.add(&parameter.pointer, &instance, "the parameter is empty");
            }
            (Some(parameter), Ok(text)) => {
                check_text(document, parameter, &text, &instance, report);
            }
        }
    }
}

/// Returns the parameters of `path`, still percent-encoded. Returns `None` if the path does not match
/// `template`.
fn path_parameters<'a>(template: &'a str, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let (segments, given) = (template.split('/'), path.split('/'));
    if segments.clone().count() != given.clone().count() {
        return None;
    }
    let mut parameters = Vec::new();
    for (segment, given) in segments.zip(given) {
        match parameter_in(segment) {
            Some((before, name, after)) => {
                let value = given.strip_prefix(before)?.strip_suffix(after)?;
                parameters.push((name, value));
            }
            None if segment == given => {}
            None => return None,
        }
    }
    Some(parameters)
}

fn query(
    document: &Document,
    operation: &DocumentedOperation,
    query: &str,
    report: &mut SideReport<'_>,
) {
    if percent_decode_str(query).decode_utf8().is_err() {
        report.add(&operation.pointer, "?", "the query is not valid UTF-8");
    }
    let given: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let listed = || operation.parameters.iter().filter(|p| p.location == "query");
    for (name, _) in &given {
        if !listed().any(|parameter| parameter.name == *name) {
            let message = "the document does not list this parameter";
            report.add(&operation.pointer, &format!("?{name}"), message);
        }
    }
    for parameter in listed() {
        let instance = format!("?{}", parameter.name);
        let mut values = given.iter().filter(|(name, _)| *name == parameter.name);
        match (values.next(), values.next()) {
            (None, _) if parameter.required => {
                report.add(&parameter.pointer, &instance, "the parameter is required");
            }
            (None, _) => {}
            (Some((_, text)), None) => check_text(document, parameter, text, &instance, report),
            (Some(_), Some(_)) => {
                report.add(&parameter.pointer, &instance, "the parameter is given more than once");
            }
        }
    }
}

fn headers(
    document: &Document,
    operation: &DocumentedOperation,
    request: &RecordedRequest,
    report: &mut SideReport<'_>,
) {
    for parameter in operation.parameters.iter().filter(|p| p.location == "header") {
        match request.headers.get(&parameter.name).map(|value| value.to_str()) {
            None if parameter.required => {
                report.add(&parameter.pointer, &parameter.name, "the header is required");
            }
            None => {}
            Some(Ok(text)) => check_text(document, parameter, text, &parameter.name, report),
            Some(Err(_)) => {
                report.add(
                    &parameter.pointer,
                    &parameter.name,
                    "the header is not printable ASCII",
                );
            }
        }
    }
}

/// Validates the text of a parameter against its schema. A text such as `5` or `true` is valid if
/// the schema accepts it as a number or boolean, or as a string.
fn check_text(
    document: &Document,
    parameter: &Parameter,
    text: &str,
    instance: &str,
    report: &mut SideReport<'_>,
) {
    let Some(schema) = &parameter.schema else { return };
    let scalar = scalar(text).filter(|value| !parameter.is_integer || !value.is_f64());
    if scalar.is_none_or(|scalar| !schema.accepts(document, &scalar)) {
        schema.check(document, &Value::from(text), instance, report);
    }
}

/// Parses a number or a boolean.
fn scalar(text: &str) -> Option<Value> {
    let number = || text.parse::<Number>().ok().map(Value::Number);
    text.parse().ok().map(Value::Bool).or_else(number)
}

fn body(
    document: &Document,
    body: &RequestBody,
    request: &RecordedRequest,
    report: &mut SideReport<'_>,
) {
    if request.body.is_empty() {
        if body.required {
            report.add(&body.pointer, "", "a body is required");
        }
        return;
    }
    let content_type = request.header("content-type");
    body.content.check(document, content_type, &request.body, report);
}
