//! Reduces each request body to one media type that progenitor can serialize.
//!
//! It prefers JSON, then forms, then text, then bytes. If the document has another name for such a
//! media type, a pass makes the client send that name. An operation that requires a multipart body
//! is left out.

use serde_json::{Value, json};

use super::form;
use super::media_type::{WILDCARD, essence, json_rank};
use super::schema::{Object, behind, is_true};
use super::{Context, Diagnostics, refuse};
use crate::error::Error;
use crate::pointer::child;

/// On an operation: the `Content-Type` of its body.
pub(crate) const MEDIA_TYPE: &str = "x-twin-media-type";
/// On an operation: how the members of its form are serialized.
pub(crate) const FORM_STYLES: &str = "x-twin-form";

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const BYTES: &str = "application/octet-stream";

pub(super) fn apply(context: &mut Context) {
    let schemas = context.take_schemas();
    context
        .each_operation(|report, operation, pointer| narrow(report, operation, &schemas, pointer));
    context.put_schemas(schemas);
}

fn narrow(
    report: &mut Diagnostics,
    operation: &mut Object,
    schemas: &Object,
    pointer: &str,
) -> Result<(), Error> {
    let Some(Value::Object(body)) = operation.get_mut("requestBody") else {
        operation.remove("requestBody");
        return Ok(());
    };
    let at = child(pointer, "requestBody");
    let content = match body.remove("content") {
        Some(Value::Object(content)) if !content.is_empty() => content,
        _ => {
            report.note(&at, "the body has no media type: the client sends no body");
            operation.remove("requestBody");
            return Ok(());
        }
    };
    let required = is_true(body, "required");
    if let Some(chosen) = choose(&content, schemas) {
        let others: Vec<&str> =
            content.keys().filter(|other| **other != chosen.key).map(String::as_str).collect();
        if !others.is_empty() {
            report.loss(&at, format!("only {} is sent, not {}", chosen.name, others.join(", ")));
        }
        if !required {
            report.note(&at, "the body is optional; the client always sends one");
            body.insert("required".to_owned(), json!(true));
        }
        let written = chosen.written;
        body.insert("content".to_owned(), json!({ written: {"schema": chosen.schema} }));
        if essence(&chosen.name) != written {
            let name = chosen.name.trim();
            operation.insert(MEDIA_TYPE.to_owned(), json!(name));
        }
        if let Some(styles) =
            content.get(&chosen.key).and_then(form::styles).filter(|_| written == FORM)
        {
            operation.insert(FORM_STYLES.to_owned(), styles);
        }
        return Ok(());
    }
    let names = content.keys().cloned().collect::<Vec<_>>().join(", ");
    if required {
        return Err(refuse(&at, format!("the client cannot send the body type {names}")));
    }
    report.loss(&at, format!("the optional body is dropped: the client cannot send {names}"));
    operation.remove("requestBody");
    Ok(())
}

/// A media type that the client can send.
struct Chosen {
    /// The key in the document's `content`.
    key: String,
    /// The `Content-Type` that the client sends.
    name: String,
    /// The media type that progenitor serializes in the same way.
    written: &'static str,
    schema: Value,
}

fn choose(content: &Object, schemas: &Object) -> Option<Chosen> {
    let schema_of = |name: &str| content.get(name).and_then(|media_type| media_type.get("schema"));
    let sendable = |name: &&String| is_media_type(name);
    let as_json = content.keys().filter(sendable);
    if let Some((rank, name)) =
        as_json.filter_map(|name| Some((json_rank(name, schema_of(name))?, name))).min()
    {
        let mut schema = schema_of(name).cloned().unwrap_or_else(|| json!({}));
        drop_nullable_and_default(&mut schema);
        let sent = if rank == WILDCARD { JSON.to_owned() } else { name.clone() };
        return Some(Chosen { key: name.clone(), name: sent, written: JSON, schema });
    }
    let named = |wanted: &str| content.keys().find(|name| essence(name) == wanted);
    if let Some(name) = named(FORM)
        && let Some(schema) = schema_of(name).filter(|schema| is_object(behind(schemas, schema)))
    {
        let mut schema = schema.clone();
        drop_nullable_and_default(&mut schema);
        return Some(Chosen { key: name.clone(), name: name.clone(), written: FORM, schema });
    }
    if let Some(name) = named("text/plain") {
        let schema = json!({"type": "string"});
        return Some(Chosen {
            key: name.clone(),
            name: name.clone(),
            written: "text/plain",
            schema,
        });
    }
    let bytes = |name: &&String| {
        let essence = essence(name);
        essence != FORM && !essence.starts_with("multipart/")
    };
    let name = named(BYTES).or_else(|| content.keys().filter(sendable).find(bytes))?;
    let sent = if name.contains('*') { BYTES.to_owned() } else { name.clone() };
    let schema = json!({"type": "string", "format": "binary"});
    Some(Chosen { key: name.clone(), name: sent, written: BYTES, schema })
}

/// Returns whether `name` is a media type or a range such as `*/*`, and valid in a header.
pub(super) fn is_media_type(name: &str) -> bool {
    let printable = name.trim().bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    printable
        && essence(name)
            .split_once('/')
            .is_some_and(|(kind, of)| !kind.is_empty() && !of.is_empty())
}

fn is_object(schema: &Value) -> bool {
    schema["type"] == "object" || schema["properties"].is_object()
}

/// Removes `nullable` and `default` of a whole body. The client always sends a body.
fn drop_nullable_and_default(schema: &mut Value) {
    if let Value::Object(members) = schema {
        members.remove("nullable");
        members.remove("default");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, check_refusals, run, with_operation};

    fn body(content: Value) -> Value {
        let mut document = with_operation(json!({"requestBody": {"required": true}}));
        document["paths"]["/a"]["get"]["requestBody"]["content"] = content;
        document
    }

    /// Returns a document whose operation sends `content` with another media type.
    fn body_sent_as(media_type: &str, content: Value) -> Value {
        let mut document = body(content);
        document["paths"]["/a"]["get"]["x-twin-media-type"] = json!(media_type);
        document
    }

    fn object() -> Value {
        json!({"schema": {"type": "object", "properties": {"a": {}}}})
    }

    #[test]
    fn sends_media_types_of_json_as_json() {
        let as_json = || body(json!({"application/json": object()}));
        check_documents(
            "bodies",
            &[
                (as_json(), as_json(), &[]),
                (body(json!({"application/json; charset=utf-8": object()})), as_json(), &[]),
                (
                    body(json!({"application/merge-patch+json": object()})),
                    body_sent_as(
                        "application/merge-patch+json",
                        json!({"application/json": object()}),
                    ),
                    &[],
                ),
                (
                    body(json!({"application/json": {}})),
                    body(json!({"application/json": {"schema": {}}})),
                    &[],
                ),
                (body(json!({"*/*": object()})), as_json(), &[]),
                (
                    body(json!({"application/json": object(), "multipart/form-data": object()})),
                    as_json(),
                    &["loss: only application/json is sent"],
                ),
            ],
        );
    }

    #[test]
    fn sends_text_binary_data_and_forms() {
        let binary =
            json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}});
        let form = || body(json!({"application/x-www-form-urlencoded": object()}));
        check_documents(
            "bodies",
            &[
                (
                    body(json!({"text/csv": {"schema": {"type": "string"}}})),
                    body_sent_as("text/csv", binary.clone()),
                    &[],
                ),
                (body(json!({"application/octet-stream": {}})), body(binary), &[]),
                (
                    body(json!({"text/plain": {"schema": {"type": "string", "maxLength": 9}}})),
                    body(json!({"text/plain": {"schema": {"type": "string"}}})),
                    &[],
                ),
                (form(), form(), &[]),
            ],
        );
    }

    #[test]
    fn optional_body_is_always_sent_or_dropped() {
        let optional =
            |content: Value| with_operation(json!({"requestBody": {"content": content}}));
        check_documents(
            "bodies",
            &[
                (
                    optional(json!({"application/json": object()})),
                    body(json!({"application/json": object()})),
                    &["note: always sends one"],
                ),
                (
                    optional(json!({"multipart/mixed": {}})),
                    with_operation(json!({})),
                    &["loss: optional body is dropped"],
                ),
            ],
        );
    }

    #[test]
    fn rejects_a_required_multipart_body() {
        check_refusals(
            "bodies",
            &[(
                body(json!({"multipart/form-data": object()})),
                "#/paths/~1a/get/requestBody: the client cannot send the body type multipart/form-data",
            )],
        );
    }

    #[test]
    fn members_of_forms_keep_their_styles() {
        let form = json!({
            "schema": {"type": "object"},
            "encoding": {
                "a": {"style": "deepObject", "explode": true}, "b": {"explode": false},
                "c": {"contentType": "application/json"}, "d": {"contentType": "text/plain"},
            },
        });
        let body =
            json!({"required": true, "content": {"application/x-www-form-urlencoded": form}});
        let (document, _) = run("bodies", with_operation(json!({"requestBody": body}))).unwrap();
        let styles = &document["paths"]["/a"]["get"]["x-twin-form"];
        assert_eq!(*styles, json!({"a": "brackets", "b": "commas", "c": "json"}));
    }
}
