//! Merges the responses of each operation into one for success and one for errors.
//!
//! progenitor supports one type for each. The success responses become `2XX`, so that a 201 in place
//! of a documented 200 is not an error. The error responses become `4XX`, which is finally copied to
//! `5XX`. Several schemas become a union. If some success responses have no body, a mark makes the
//! type optional. If some are JSON and some are binary, the response is raw bytes, because no single
//! type reads both.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::bodies::is_media_type;
use super::media_type::json_rank;
use super::schema::{Object, as_object};
use super::{Context, Diagnostics, composition};
use crate::pointer::child;

/// On an operation: its `Accept` header, if it is not `application/json`.
pub(crate) const ACCEPT: &str = "x-twin-accept";

/// On a response: whether it has no body for some statuses.
const OPTIONAL: &str = "x-twin-optional";

/// Returns whether some successes of a lowered operation have no body.
pub(crate) fn is_optional(operation: &Value) -> bool {
    operation["responses"]["2XX"][OPTIONAL] == true
}

pub(super) fn apply(context: &mut Context) {
    let schemas = context.take_schemas();
    context.each_operation(|report, operation, pointer| {
        let at = child(pointer, "responses");
        let all = operation.get_mut("responses").map(std::mem::take).unwrap_or_default();
        let (mut success, mut errors) = sort(report, all, &at);
        if pointer.ends_with("/head") {
            bodiless(report, &mut success, &at);
            bodiless(report, &mut errors, &at);
        }
        if let Some(accept) = accept(&success) {
            operation.insert(ACCEPT.to_owned(), json!(accept));
        }
        let mut kept = Object::new();
        if let Some(response) = merge(report, &success, ResponseKind::Success, &schemas, &at) {
            kept.insert("2XX".to_owned(), response);
        }
        if let Some(response) = merge(report, &errors, ResponseKind::Error, &schemas, &at) {
            kept.insert("4XX".to_owned(), response);
        }
        operation.insert("responses".to_owned(), Value::Object(kept));
        Ok(())
    });
    context.put_schemas(schemas);
}

/// Removes bodies from responses to HEAD, which have none (RFC 9110 section 9.3.2).
fn bodiless(report: &mut Diagnostics, responses: &mut [Object], pointer: &str) {
    let with_body = responses.iter_mut().filter_map(|response| response.remove("content"));
    if with_body.count() > 0 {
        report.note(pointer, "the body is dropped: a response to HEAD has none");
    }
}

/// Returns the `Accept` header if all JSON responses use other media types.
fn accept(success: &[Object]) -> Option<String> {
    let contents = success.iter().filter_map(|response| response.get("content")?.as_object());
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for content in contents {
        for (name, media_type) in content {
            match json_rank(name, media_type.get("schema")) {
                Some(1 | 2) if is_media_type(name) => drop(names.insert(name.trim())),
                Some(_) => return None,
                None => {}
            }
        }
    }
    (!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join(", "))
}

/// Copies `4XX` to `5XX`. This runs after `inline-types`, because the types would otherwise be
/// generated twice.
pub(super) fn copy_errors(context: &mut Context) {
    context.each_operation(|_, operation, _| {
        if let Some(Value::Object(responses)) = operation.get_mut("responses")
            && let Some(response) = responses.get("4XX").cloned()
        {
            responses.insert("5XX".to_owned(), response);
        }
        Ok(())
    });
}

/// Whether responses report success or an error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResponseKind {
    Success,
    Error,
}

/// Splits the responses into success and errors, each sorted by status code.
fn sort(report: &mut Diagnostics, all: Value, pointer: &str) -> (Vec<Object>, Vec<Object>) {
    let (mut success, mut errors, mut default) = (Vec::new(), Vec::new(), None);
    let Value::Object(mut all) = all else { return (success, errors) };
    all.sort_keys();
    for (status, mut response) in all {
        let response = std::mem::take(as_object(&mut response));
        let code = status.len() == 3
            && status[1..].chars().all(|c| c.is_ascii_digit() || "xX".contains(c));
        match status.chars().next().filter(|_| code) {
            Some('2') => success.push(response),
            Some('4' | '5') => errors.push(response),
            Some('1' | '3') => {
                report.note(
                    &child(pointer, status),
                    "the client has no response type for this status",
                );
            }
            _ if status == "default" => default = Some(response),
            _ => report.loss(
                &child(pointer, &status),
                format!("{status:?} is not a status code and is dropped"),
            ),
        }
    }
    if let Some(default) = default {
        if success.is_empty() {
            success.push(default.clone());
        }
        errors.push(default);
    }
    (success, errors)
}

/// The kind of a response's body.
enum BodyKind {
    Json(Value),
    Raw,
    Nothing,
}

fn kind(report: &mut Diagnostics, response: &Object, pointer: &str) -> BodyKind {
    let Some(Value::Object(content)) =
        response.get("content").filter(|content| **content != json!({}))
    else {
        return BodyKind::Nothing;
    };
    let ranked = content
        .iter()
        .filter_map(|(name, media_type)| {
            Some((json_rank(name, media_type.get("schema"))?, name, media_type))
        })
        .min_by_key(|(rank, name, _)| (*rank, name.as_str()));
    let Some((rank, name, media_type)) = ranked else { return BodyKind::Raw };
    if rank > 0 {
        report.count(format!("{name} is read as application/json"), pointer);
    }
    let others: Vec<&str> = content
        .iter()
        .filter(|(name, media_type)| json_rank(name, media_type.get("schema")).is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    if !others.is_empty() {
        report.loss(pointer, format!("only {name} is read, not {}", others.join(", ")));
    }
    BodyKind::Json(media_type.get("schema").cloned().unwrap_or_else(|| json!({})))
}

/// Merges `responses` into one. Returns `None` if there are none.
fn merge(
    report: &mut Diagnostics,
    responses: &[Object],
    kind_of_response: ResponseKind,
    schemas: &Object,
    pointer: &str,
) -> Option<Value> {
    let first = responses.first()?;
    let description = first.get("description").cloned().unwrap_or_else(|| json!(""));
    let (mut json_schemas, mut raw, mut nothing) = (Vec::new(), 0, 0);
    for response in responses {
        match kind(report, response, pointer) {
            BodyKind::Json(schema) => {
                if !json_schemas.contains(&schema) {
                    json_schemas.push(schema);
                }
            }
            BodyKind::Raw => raw += 1,
            BodyKind::Nothing => nothing += 1,
        }
    }
    let mut merged = Object::from_iter([("description".to_owned(), description)]);
    let mixed = raw + nothing > 0 && !json_schemas.is_empty();
    let content = if raw > 0 && mixed && kind_of_response == ResponseKind::Success {
        report.loss(pointer, "some success responses are not JSON: the response is raw bytes");
        Some(json!({"*/*": {}}))
    } else if json_schemas.is_empty() {
        (raw > 0).then(|| json!({"*/*": {}}))
    } else {
        if mixed && kind_of_response == ResponseKind::Success {
            report.note(pointer, "some success responses are empty: the response is optional");
            merged.insert(OPTIONAL.to_owned(), json!(true));
        } else if mixed {
            report.note(pointer, "some errors are not JSON: the client reads all as JSON");
        }
        Some(
            json!({"application/json": {"schema": only_or_union(report, json_schemas, schemas, kind_of_response, pointer)}}),
        )
    };
    merged.extend(content.map(|content| ("content".to_owned(), content)));
    Some(Value::Object(merged))
}

/// Returns the only schema, or a union of several.
fn only_or_union(
    report: &mut Diagnostics,
    mut found: Vec<Value>,
    schemas: &Object,
    kind_of_response: ResponseKind,
    pointer: &str,
) -> Value {
    if found.len() == 1 {
        return found.remove(0);
    }
    let what = if kind_of_response == ResponseKind::Success { "success" } else { "error" };
    report.note(pointer, format!("the {} schemas of {what} responses become a union", found.len()));
    let mut union = Object::from_iter([("oneOf".to_owned(), Value::Array(found))]);
    composition::tidy(report, &mut union, schemas, pointer);
    Value::Object(union)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, with_operation};

    #[test]
    fn copies_4xx_responses_to_5xx() {
        let text = typed("string");
        check_documents(
            "error-responses",
            &[(
                with_operation(json!({"responses": {"4XX": text}})),
                with_operation(json!({"responses": {"4XX": text, "5XX": text}})),
                &[],
            )],
        );
    }

    fn typed(name: &str) -> Value {
        json!({"description": "", "content": {"application/json": {"schema": {"type": name}}}})
    }

    #[test]
    fn merges_responses_into_success_and_error() {
        let with = |responses: Value| with_operation(json!({"responses": responses}));
        let (text, number, none) = (typed("string"), typed("number"), json!({"description": ""}));
        let raw = json!({"description": "", "content": {"*/*": {}}});
        let mut optional = text.clone();
        optional["x-twin-optional"] = json!(true);
        let problem = json!({"description": "", "content": {"application/problem+json": {"schema": {"type": "string"}}}});
        let union = json!({"description": "", "content": {"application/json": {"schema": {"oneOf": [{"type": "string"}, {"type": "number"}]}}}});
        check_documents(
            "responses",
            &[
                (with(json!({"200": text, "201": text})), with(json!({"2XX": text})), &[]),
                (
                    with(json!({"200": text, "202": number})),
                    with(json!({"2XX": union})),
                    &["note: the 2 schemas of success responses"],
                ),
                (
                    with(json!({"200": text, "204": none})),
                    with(json!({"2XX": optional})),
                    &["note: the response is optional"],
                ),
                (
                    with(json!({"200": text, "202": raw, "204": none})),
                    with(json!({"2XX": raw})),
                    &["loss: raw bytes"],
                ),
                (with(json!({"204": none})), with(json!({"2XX": none})), &[]),
                (
                    with(json!({"200": {"content": {"text/csv": {"schema": {}}}}})),
                    with(json!({"2XX": raw})),
                    &[],
                ),
                (
                    with(json!({"200": {"description": "", "content": {"application/json": {}}}})),
                    with(json!({"2XX": {
                        "description": "", "content": {"application/json": {"schema": {}}},
                    }})),
                    &[],
                ),
                (
                    with(json!({"200": none, "400": problem, "default": text})),
                    with(json!({"2XX": none, "4XX": text})),
                    &["note: application/problem+json is read"],
                ),
                (with(json!({"default": text})), with(json!({"2XX": text, "4XX": text})), &[]),
                (
                    with(json!({"200": none, "404": none, "500": text})),
                    with(json!({"2XX": none, "4XX": text})),
                    &["note: some errors are not JSON"],
                ),
                (
                    with(json!({"101": none, "302": none, "2xx": none, "ok": none})),
                    with(json!({"2XX": none})),
                    &["note: responses/101", "note: responses/302", "loss: \"ok\" is not a status"],
                ),
            ],
        );
    }
}
