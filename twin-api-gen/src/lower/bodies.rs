//! Request bodies come down to one media type that progenitor writes.
//!
//! JSON before forms before bytes before text. An operation whose body must be of another
//! kind (multipart, XML) is left out: bytes under a wrong name would be a wrong request.

use serde_json::{Value, json};

use super::media_type::{essence, json_rank};
use super::schema::{Object, behind, is_true, text};
use super::{Context, Report};
use crate::METHODS;
use crate::pointer::child;

pub(super) fn apply(context: &mut Context) {
    let schemas = context.take_schemas();
    let report = &mut context.report;
    let items = context.document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in items.into_iter().flatten() {
        let Value::Object(item) = item else { continue };
        for method in METHODS {
            let Some(Value::Object(operation)) = item.get_mut(method) else { continue };
            let pointer = child(&child("#/paths", path), method);
            if !narrow(report, operation, &schemas, &pointer) {
                item.remove(method);
            }
        }
    }
    context.put_schemas(schemas);
}

/// Whether the operation can be called.
fn narrow(report: &mut Report, operation: &mut Object, schemas: &Object, pointer: &str) -> bool {
    let Some(Value::Object(body)) = operation.get_mut("requestBody") else {
        operation.remove("requestBody");
        return true;
    };
    let at = child(pointer, "requestBody");
    let content = match body.remove("content") {
        Some(Value::Object(content)) if !content.is_empty() => content,
        _ => {
            report.note(&at, "the body has no media type: none is sent");
            operation.remove("requestBody");
            return true;
        }
    };
    let required = is_true(body, "required");
    if let Some((name, written, schema)) = choose(report, &content, schemas, &at) {
        let others: Vec<&str> =
            content.keys().filter(|other| **other != name).map(String::as_str).collect();
        if !others.is_empty() {
            report.loss(&at, format!("only {name} is sent, not {}", others.join(", ")));
        }
        if !required {
            report.note(&at, "the body is optional; the client always sends one");
            body.insert("required".to_owned(), json!(true));
        }
        body.insert("content".to_owned(), json!({ written: {"schema": schema} }));
        return true;
    }
    let names = content.keys().cloned().collect::<Vec<_>>().join(", ");
    if required {
        let id = text(operation, "operationId").unwrap_or_default();
        report.loss(
            pointer,
            format!("the operation {id} is left out: its body is {names}, which is not written"),
        );
        return false;
    }
    report.loss(&at, format!("the optional body is left out: it is {names}, which is not written"));
    operation.remove("requestBody");
    true
}

/// The media type's name in the document, the name that progenitor knows, and the schema.
fn choose(
    report: &mut Report,
    content: &Object,
    schemas: &Object,
    pointer: &str,
) -> Option<(String, &'static str, Value)> {
    let schema_of = |name: &str| content.get(name).and_then(|media_type| media_type.get("schema"));
    let as_json =
        content.keys().filter_map(|name| Some((json_rank(name, schema_of(name))?, name))).min();
    if let Some((rank, name)) = as_json {
        if rank > 0 {
            report.note(pointer, format!("{name} is sent as application/json"));
        }
        let mut schema = schema_of(name).cloned().unwrap_or_else(|| json!({}));
        drop_wholes(&mut schema);
        return Some((name.clone(), "application/json", schema));
    }
    let named = |wanted: &str| content.keys().find(|name| essence(name) == wanted);
    if let Some(name) = named("application/x-www-form-urlencoded")
        && let Some(schema) =
            schema_of(name).filter(|schema| behind(schemas, schema)["properties"].is_object())
    {
        let mut schema = schema.clone();
        drop_wholes(&mut schema);
        return Some((name.clone(), "application/x-www-form-urlencoded", schema));
    }
    if let Some(name) = named("application/octet-stream") {
        let schema = json!({"type": "string", "format": "binary"});
        return Some((name.clone(), "application/octet-stream", schema));
    }
    ["text/plain", "text/x-markdown"]
        .into_iter()
        .find_map(|written| Some((named(written)?.clone(), written, json!({"type": "string"}))))
}

/// A body that is null, or has a default as a whole, means a body that is left out.
fn drop_wholes(schema: &mut Value) {
    if let Value::Object(members) = schema {
        members.remove("nullable");
        members.remove("default");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, with_operation};

    #[test]
    fn bodies() {
        let with = |content: Value| {
            with_operation(json!({"requestBody": {"content": content, "required": true}}))
        };
        let object = json!({"schema": {"type": "object", "properties": {"a": {}}}});
        let none = json!({"openapi": "3.1.0", "paths": {"/a": {}}});
        let json_of = |media: &Value| with(json!({"application/json": media}));
        check_documents(
            "bodies",
            &[
                (json_of(&object), json_of(&object), &[]),
                (with(json!({"application/json; charset=utf-8": object})), json_of(&object), &[]),
                (with(json!({"application/json": {}})), json_of(&json!({"schema": {}})), &[]),
                (
                    with(json!({"*/*": object})),
                    json_of(&object),
                    &["note: */* is sent as application/json"],
                ),
                (
                    with(json!({"application/json": object, "multipart/form-data": object})),
                    json_of(&object),
                    &["loss: only application/json is sent"],
                ),
                (
                    with(json!({"application/octet-stream": {}})),
                    with(
                        json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}),
                    ),
                    &[],
                ),
                (
                    with(json!({"text/plain": {"schema": {"type": "string", "maxLength": 9}}})),
                    with(json!({"text/plain": {"schema": {"type": "string"}}})),
                    &[],
                ),
                (
                    with(json!({"application/x-www-form-urlencoded": object})),
                    with(json!({"application/x-www-form-urlencoded": object})),
                    &[],
                ),
                (
                    with(json!({"multipart/form-data": object})),
                    none,
                    &["loss: is left out: its body is multipart"],
                ),
                (
                    with_operation(json!({"requestBody": {"content": {"application/xml": {}}}})),
                    with_operation(json!({})),
                    &["loss: optional body is left out"],
                ),
                (
                    with_operation(
                        json!({"requestBody": {"content": {"application/json": object}}}),
                    ),
                    json_of(&object),
                    &["note: always sends one"],
                ),
            ],
        );
    }
}
