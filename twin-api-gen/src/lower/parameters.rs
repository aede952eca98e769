//! Reduces parameters to those that progenitor serializes as the document says.
//!
//! A parameter that progenitor cannot send is dropped if it is optional, and rejected if it is
//! required. A list that is sent as one value becomes a string, so the caller joins the items. Path
//! parameters are matched to the path template.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::schema::{Object, alias, behind, is_true, text};
use super::{Context, Diagnostics, refuse};
use crate::error::Error;
use crate::pointer::child;

mod deep_object;
mod object;
mod template;

/// On a parameter: how the client sends it, if it differs from progenitor's code.
///
/// `name` is the name in the API if the Rust name differs. `in` is `cookie` for a cookie, which
/// progenitor sends as a header. `style` is `brackets` for `name[member]=value`.
pub(crate) const WIRE: &str = "x-twin-wire";

pub(super) fn apply(context: &mut Context) {
    let schemas = context.take_schemas();
    context.each_operation(|report, operation, pointer| {
        let list = match operation.remove("parameters") {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        };
        let at = child(pointer, "parameters");
        let mut kept: Vec<Value> = Vec::new();
        for (index, parameter) in list.into_iter().enumerate() {
            let at = child(&at, index);
            let Value::Object(mut parameter) = parameter else { continue };
            let narrowed = narrow(report, &mut parameter, &schemas, &at)?;
            match narrowed {
                Narrowed::Kept => kept.push(Value::Object(parameter)),
                Narrowed::Spread(all) => kept.extend(all.into_iter().map(Value::Object)),
                Narrowed::LeftOut => {}
            }
        }
        drop_duplicates(report, &mut kept, &at)?;
        template::apply(report, &mut kept, pointer)?;
        if !kept.is_empty() {
            operation.insert("parameters".to_owned(), Value::Array(kept));
        }
        Ok(())
    });
    context.put_schemas(schemas);
}

/// The result for one parameter.
enum Narrowed {
    /// The parameter stays, possibly with another type.
    Kept,
    /// The parameter is replaced by several.
    Spread(Vec<Object>),
    /// The parameter is dropped.
    LeftOut,
}

fn narrow(
    report: &mut Diagnostics,
    parameter: &mut Object,
    schemas: &Object,
    pointer: &str,
) -> Result<Narrowed, Error> {
    let name = text(parameter, "name").unwrap_or_default().to_owned();
    let place = text(parameter, "in").unwrap_or_default().to_owned();
    let style = parameter.remove("style");
    let style = style.as_ref().and_then(Value::as_str);
    let explode = parameter.remove("explode");
    if place == "header" && is_ignored_header(&name) {
        report.note(pointer, format!("OpenAPI ignores a header parameter {name}"));
        return Ok(Narrowed::LeftOut);
    }
    if place == "header" && !is_token(&name) {
        return Err(refuse(pointer, format!("{name:?} is not a valid header name"))
            .help("a header name is a token (RFC 9110 section 5.6.2); correct it in an overlay"));
    }
    if place == "cookie" && matches!(style, None | Some("form")) {
        cookie(report, parameter, schemas, pointer)?;
        return Ok(Narrowed::Kept);
    }
    if place == "query" && style == Some("deepObject") {
        return Ok(deep_object::rewrite(report, parameter, schemas, pointer));
    }
    if !is_sendable(&place, style) {
        let style = style.map(|style| format!(" in style {style}")).unwrap_or_default();
        return leave_out(
            report,
            parameter,
            &format!("{place} parameter {name:?}{style}"),
            pointer,
        );
    }
    if parameter.remove("content").is_some() {
        report.note(pointer, "the caller passes the parameter as encoded text");
        parameter.insert("schema".to_owned(), json!({"type": "string"}));
    }
    if place == "path" && !is_true(parameter, "required") {
        report.note(pointer, "a path parameter is always required");
        parameter.insert("required".to_owned(), json!(true));
    }
    let schema = parameter.entry("schema").or_insert_with(|| json!({"type": "string"}));
    narrow_schema(report, schema, schemas, &place, pointer);
    let delimited = style.is_some_and(|style| style.ends_with("Delimited"));
    if place == "query" && (delimited || explode == Some(json!(false))) {
        join_list(report, schema, schemas, pointer);
    }
    if place == "query" && object::is_struct(behind(schemas, schema)) {
        if let Some(all) = object::spread(report, parameter, schemas, pointer) {
            return Ok(Narrowed::Spread(all));
        }
        let what = format!("query parameter {name:?} of nested values");
        return leave_out(report, parameter, &what, pointer);
    }
    Ok(Narrowed::Kept)
}

/// Rewrites a cookie parameter to a header parameter. A pass makes the client send a cookie.
fn cookie(
    report: &mut Diagnostics,
    parameter: &mut Object,
    schemas: &Object,
    pointer: &str,
) -> Result<(), Error> {
    let name = text(parameter, "name").unwrap_or_default();
    if !is_token(name) {
        return Err(refuse(pointer, format!("{name:?} is not a valid cookie name"))
            .help("a cookie name is a token (RFC 6265 section 4.1.1); correct it in an overlay"));
    }
    parameter.remove("content");
    let schema = parameter.entry("schema").or_insert_with(|| json!({"type": "string"}));
    narrow_schema(report, schema, schemas, "cookie", pointer);
    parameter.insert("in".to_owned(), json!("header"));
    parameter.insert(WIRE.to_owned(), json!({"in": "cookie"}));
    Ok(())
}

/// Returns whether progenitor serializes the style as the document says, possibly after a change
/// of the parameter's type.
fn is_sendable(place: &str, style: Option<&str>) -> bool {
    match place {
        "header" | "path" => matches!(style, None | Some("simple")),
        "query" => matches!(style, None | Some("form" | "pipeDelimited" | "spaceDelimited")),
        _ => false,
    }
}

fn is_ignored_header(name: &str) -> bool {
    ["accept", "content-type", "authorization"].contains(&name.to_ascii_lowercase().as_str())
}

/// Returns whether `name` is a token (RFC 9110 section 5.6.2). Another header name would panic at
/// run time.
fn is_token(name: &str) -> bool {
    let is_mark = |byte: u8| b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
}

/// Drops an optional parameter, and rejects a required one.
fn leave_out(
    report: &mut Diagnostics,
    parameter: &Object,
    what: &str,
    pointer: &str,
) -> Result<Narrowed, Error> {
    if is_true(parameter, "required") || text(parameter, "in") == Some("path") {
        return Err(refuse(pointer, format!("the {what} is required, but cannot be sent"))
            .help("make it optional or remove the operation in an overlay"));
    }
    report.loss(pointer, format!("the {what} cannot be sent and is dropped"));
    Ok(Narrowed::LeftOut)
}

/// Replaces an alias of a scalar by the scalar, and a type that the client cannot send by a string.
fn narrow_schema(
    report: &mut Diagnostics,
    schema: &mut Value,
    schemas: &Object,
    place: &str,
    pointer: &str,
) {
    if let Value::Object(members) = schema {
        // An omitted parameter means null, and the service applies defaults.
        members.remove("nullable");
        members.remove("default");
    }
    let target = behind(schemas, schema);
    let name = target.get("type").and_then(Value::as_str);
    let plain = match name {
        Some("integer" | "number" | "boolean") => true,
        Some("string") => target.get("enum").is_none(),
        _ => false,
    };
    if plain && alias(schema).is_some() {
        // With a named type, callers could not pass literals.
        let mut copy = target.clone();
        if let Value::Object(members) = &mut copy {
            members.remove("nullable");
            members.remove("default");
        }
        *schema = copy;
    } else if place != "query" && !plain && name != Some("string") {
        report.note(pointer, format!("the caller formats a {place} parameter as text"));
        *schema = json!({"type": "string"});
    }
}

/// Rewrites a list that is sent as one query value to text. progenitor would send one value for each
/// item.
fn join_list(report: &mut Diagnostics, schema: &mut Value, schemas: &Object, pointer: &str) {
    let name = behind(schemas, schema).get("type").and_then(Value::as_str);
    if !matches!(name, Some("string" | "integer" | "number" | "boolean")) {
        report.note(pointer, "the list is sent as one value: the caller joins the items");
        *schema = json!({"type": "string"});
    }
}

/// Rejects two different parameters with the same name and location, and drops duplicates.
fn drop_duplicates(
    report: &mut Diagnostics,
    parameters: &mut Vec<Value>,
    pointer: &str,
) -> Result<(), Error> {
    let mut seen: BTreeMap<(String, String), Value> = BTreeMap::new();
    let mut kept: Vec<Value> = Vec::new();
    for parameter in parameters.drain(..) {
        let key = (parameter["name"].to_string(), parameter["in"].to_string());
        match seen.get(&key) {
            Some(other) if *other == parameter => {
                report.note(pointer, format!("the duplicate of {} is dropped", key.0));
            }
            Some(_) => {
                return Err(refuse(pointer, format!("{} is declared twice", key.0))
                    .help("remove one of them in an overlay"));
            }
            None => {
                seen.insert(key, parameter.clone());
                kept.push(parameter);
            }
        }
    }
    *parameters = kept;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, check_refusals};

    fn with(path: &str, parameters: Value) -> Value {
        let mut document = json!({"components": {"schemas": {
            "Limit": {"type": "integer", "minimum": 1},
            "Mode": {"type": "string", "enum": ["a"]},
            "List": {"type": "array", "items": {"type": "string"}},
        }}});
        document["paths"][path]["get"]["parameters"] = parameters;
        document
    }

    fn query(mut parameter: Value) -> Value {
        parameter["name"] = json!("q");
        parameter["in"] = json!("query");
        with("/a", json!([parameter]))
    }

    fn reference(name: &str) -> Value {
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    #[test]
    fn narrows_schemas_of_query_parameters() {
        check_documents(
            "parameters",
            &[
                (
                    query(json!({"schema": reference("Limit")})),
                    query(json!({"schema": {"type": "integer", "minimum": 1}})),
                    &[],
                ),
                (
                    query(json!({"schema": reference("Mode")})),
                    query(json!({"schema": reference("Mode")})),
                    &[],
                ),
                (
                    query(json!({"schema": {"type": "string", "nullable": true, "default": "x"}})),
                    query(json!({"schema": {"type": "string"}})),
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn list_is_repeated_or_sent_as_text() {
        let text = json!({"schema": {"type": "string"}});
        check_documents(
            "parameters",
            &[
                (
                    query(json!({"schema": reference("List"), "style": "form"})),
                    query(json!({"schema": reference("List")})),
                    &[],
                ),
                (
                    query(json!({"schema": reference("List"), "explode": false})),
                    query(text.clone()),
                    &["note: the list is sent as one value"],
                ),
                (
                    query(json!({"schema": reference("List"), "style": "pipeDelimited"})),
                    query(text.clone()),
                    &["note: the list is sent as one value"],
                ),
                (
                    query(json!({"content": {"application/json": {}}})),
                    query(text),
                    &["note: encoded text"],
                ),
            ],
        );
    }

    #[test]
    fn cookie_becomes_a_marked_header() {
        check_documents(
            "parameters",
            &[(
                with(
                    "/a",
                    json!([
                        {"name": "c", "in": "cookie", "required": true, "schema": {"type": "integer"}},
                        {"name": "Accept", "in": "header", "required": true},
                    ]),
                ),
                with(
                    "/a",
                    json!([{
                        "name": "c", "in": "header", "required": true,
                        "schema": {"type": "integer"}, "x-twin-wire": {"in": "cookie"},
                    }]),
                ),
                &["note: Accept"],
            )],
        );
    }

    #[test]
    fn list_in_the_path_is_required_text() {
        check_documents(
            "parameters",
            &[(
                with("/{a}", json!([{"name": "a", "in": "path", "schema": reference("List")}])),
                with(
                    "/{a}",
                    json!([{"name": "a", "in": "path", "required": true, "schema": {"type": "string"}}]),
                ),
                &["note: always required", "note: the caller formats"],
            )],
        );
    }

    #[test]
    fn rejects_required_styles_that_cannot_be_sent_and_duplicates() {
        check_refusals(
            "parameters",
            &[
                (
                    with("/{a}", json!([{"name": "a", "in": "path", "style": "matrix"}])),
                    "in style matrix is required",
                ),
                (
                    with(
                        "/a",
                        json!([{"name": "a", "in": "query"}, {"name": "a", "in": "query", "required": true}]),
                    ),
                    "\"a\" is declared twice",
                ),
            ],
        );
    }
}
