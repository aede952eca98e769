//! Reduces the document outside schemas to the members that the client needs.
//!
//! Members that OpenAPI 3.0 lacks or that do not affect the client are dropped. Members of the wrong
//! JSON type are rejected, so that later rules can rely on their type.

use serde_json::{Value, json};

use super::media_type::essence;
use super::schema::{Object, as_object};
use super::{Context, Diagnostics, refuse};
use crate::METHODS;
use crate::error::Error;
use crate::pointer::child;
use crate::problem::Problem;

/// Translates the top-level members from 3.1 to 3.0.3.
pub(super) fn bridge(context: &mut Context) {
    let report = &mut context.report;
    let document = as_object(&mut context.document);
    document.insert("openapi".to_owned(), json!("3.0.3"));
    if document.remove("jsonSchemaDialect").is_some() {
        report.note("#/jsonSchemaDialect", "3.0 has one dialect only");
    }
    if document.get("paths").is_none_or(Value::is_null) {
        document.insert("paths".to_owned(), json!({}));
    }
}

/// Reduces a 3.0.3 document to the members that progenitor reads.
pub(super) fn narrow(context: &mut Context) -> Result<(), Error> {
    let Context { report, broken, document, .. } = context;
    let document = as_object(document);
    info(report, document);
    if let Some(Value::Object(webhooks)) = document.remove("webhooks") {
        for name in webhooks.keys() {
            let pointer = child("#/webhooks", name);
            report.note(&pointer, "webhooks are omitted: the service sends these requests");
        }
    }
    retain(report, document, "#", &["openapi", "info", "paths", "components", "tags"]);
    tags(report, document);
    components(report, broken, document)?;
    paths(report, broken, document)
}

fn info(report: &mut Diagnostics, document: &mut Object) {
    let info = as_object(document.entry("info").or_insert(Value::Null));
    for (member, fallback) in [("title", "API"), ("version", "0")] {
        if !info.get(member).is_some_and(Value::is_string) {
            info.insert(member.to_owned(), json!(fallback));
            report.note("#/info", format!("`{member}` is missing: {fallback:?} is used"));
        }
    }
    info.retain(|key, value| {
        matches!(key.as_str(), "title" | "version" | "description" | "termsOfService")
            && value.is_string()
    });
    // progenitor's code would send the version in a header, and panic on other characters. The pass
    // `version-header` removes that code.
    let Some(Value::String(version)) = info.get_mut("version") else { return };
    let clean: String =
        version.chars().map(|c| if c.is_ascii_graphic() { c } else { '-' }).collect();
    if clean != *version {
        report.note(
            "#/info/version",
            format!("{version:?} becomes {clean:?}: the version must be a valid header value"),
        );
        *version = clean;
    }
}

/// Drops all members except `wanted`, and reports them unless they are extensions.
fn retain(report: &mut Diagnostics, members: &mut Object, pointer: &str, wanted: &[&str]) {
    members.retain(|key, _| {
        let stays = wanted.contains(&key.as_str());
        if !stays && !key.starts_with("x-") {
            report.count(format!("`{key}` is not used by the client"), &child(pointer, key));
        }
        stays
    });
}

fn tags(report: &mut Diagnostics, document: &mut Object) {
    let Some(tags) = document.remove("tags") else { return };
    let mut kept = Vec::new();
    for tag in tags.as_array().into_iter().flatten() {
        let Some(name) = tag["name"].as_str() else {
            report.note("#/tags", "a tag without a name is dropped");
            continue;
        };
        let mut tag_kept = json!({"name": name});
        if let Some(description) = tag["description"].as_str() {
            tag_kept["description"] = json!(description);
        }
        kept.push(tag_kept);
    }
    document.insert("tags".to_owned(), Value::Array(kept));
}

fn components(
    report: &mut Diagnostics,
    broken: &mut Vec<Problem>,
    document: &mut Object,
) -> Result<(), Error> {
    let Some(components) = document.get_mut("components") else { return Ok(()) };
    let pointer = "#/components";
    let components = object(components, pointer)?;
    retain(report, components, pointer, &["schemas", "parameters", "requestBodies", "responses"]);
    for (kind, all) in components.iter_mut() {
        let pointer = child(pointer, kind);
        for (name, component) in object(all, &pointer)? {
            let pointer = child(&pointer, name);
            let narrowed = match kind.as_str() {
                "parameters" => parameter(report, component, &pointer),
                "requestBodies" => body(report, component, &pointer),
                "responses" => response(report, component, &pointer),
                _ => Ok(()),
            };
            note_broken(broken, narrowed);
        }
    }
    Ok(())
}

fn note_broken(broken: &mut Vec<Problem>, narrowed: Result<(), Error>) {
    if let Err(error) = narrowed {
        broken.extend(error.problems().cloned());
    }
}

fn paths(
    report: &mut Diagnostics,
    broken: &mut Vec<Problem>,
    document: &mut Object,
) -> Result<(), Error> {
    let Some(paths) = document.get_mut("paths") else { return Ok(()) };
    let paths = object(paths, "#/paths")?;
    paths.retain(|path, _| !path.starts_with("x-"));
    for (path, item) in paths {
        let pointer = child("#/paths", path);
        let narrowed = if path.starts_with('/') {
            path_item(report, broken, item, &pointer)
        } else {
            Err(refuse(&pointer, format!("the path {path:?} does not begin with a slash")))
        };
        note_broken(broken, narrowed);
    }
    Ok(())
}

fn path_item(
    report: &mut Diagnostics,
    broken: &mut Vec<Problem>,
    item: &mut Value,
    pointer: &str,
) -> Result<(), Error> {
    let item = object(item, pointer)?;
    if item.remove("servers").is_some() {
        report.loss(pointer, "`servers` is ignored here: the caller sets the base URL");
    }
    let known: Vec<&str> = METHODS.into_iter().chain(["parameters"]).collect();
    retain(report, item, pointer, &known);
    if let Some(list) = item.get_mut("parameters") {
        parameters(report, list, &child(pointer, "parameters"))?;
    }
    for method in METHODS {
        if let Some(value) = item.get_mut(method) {
            note_broken(broken, operation(report, value, &child(pointer, method)));
        }
    }
    Ok(())
}

fn operation(report: &mut Diagnostics, value: &mut Value, pointer: &str) -> Result<(), Error> {
    let operation = object(value, pointer)?;
    if operation.remove("servers").is_some() {
        report.loss(pointer, "`servers` is ignored here: the caller sets the base URL");
    }
    let known = [
        "operationId",
        "summary",
        "description",
        "tags",
        "parameters",
        "requestBody",
        "responses",
        "deprecated",
    ];
    retain(report, operation, pointer, &known);
    operation.retain(|key, value| match key.as_str() {
        "summary" | "description" => value.is_string(),
        "deprecated" => value.is_boolean(),
        "tags" => value.as_array().is_some_and(|tags| tags.iter().all(Value::is_string)),
        _ => true,
    });
    if let Some(list) = operation.get_mut("parameters") {
        parameters(report, list, &child(pointer, "parameters"))?;
    }
    if let Some(value) = operation.get_mut("requestBody") {
        body(report, value, &child(pointer, "requestBody"))?;
    }
    let pointer = child(pointer, "responses");
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let responses = object(responses, &pointer)?;
    responses.retain(|status, _| !status.starts_with("x-"));
    for (status, value) in responses {
        response(report, value, &child(&pointer, status))?;
    }
    Ok(())
}

fn parameters(report: &mut Diagnostics, list: &mut Value, pointer: &str) -> Result<(), Error> {
    let Value::Array(list) = list else {
        return Err(refuse(pointer, "`parameters` is not an array"));
    };
    for (index, value) in list.iter_mut().enumerate() {
        parameter(report, value, &child(pointer, index))?;
    }
    Ok(())
}

fn parameter(report: &mut Diagnostics, value: &mut Value, pointer: &str) -> Result<(), Error> {
    let parameter = object(value, pointer)?;
    if parameter.contains_key("$ref") {
        return Ok(());
    }
    if !parameter.get("name").is_some_and(Value::is_string) {
        return Err(refuse(pointer, "a parameter has no name"));
    }
    if !matches!(
        parameter.get("in").and_then(Value::as_str),
        Some("path" | "query" | "header" | "cookie")
    ) {
        return Err(refuse(pointer, "a parameter must be in path, query, header or cookie"));
    }
    let known = [
        "name",
        "in",
        "description",
        "required",
        "schema",
        "content",
        "style",
        "explode",
        // Dropped below without a diagnostic.
        "deprecated",
        "example",
        "examples",
        "allowEmptyValue",
        "allowReserved",
    ];
    retain(report, parameter, pointer, &known);
    for unused in ["deprecated", "example", "examples", "allowEmptyValue"] {
        parameter.remove(unused);
    }
    parameter.retain(|key, value| match key.as_str() {
        "description" | "style" => value.is_string(),
        "required" | "explode" => value.is_boolean(),
        _ => true,
    });
    if parameter.remove("allowReserved") == Some(json!(true)) {
        report.note(pointer, "reserved characters are still percent-encoded");
    }
    match parameter.get_mut("content") {
        Some(value) => content(report, value, &child(pointer, "content")),
        None => Ok(()),
    }
}

fn body(report: &mut Diagnostics, value: &mut Value, pointer: &str) -> Result<(), Error> {
    let body = object(value, pointer)?;
    if body.contains_key("$ref") {
        return Ok(());
    }
    retain(report, body, pointer, &["description", "content", "required"]);
    body.retain(|key, value| match key.as_str() {
        "description" => value.is_string(),
        "required" => value.is_boolean(),
        _ => true,
    });
    match body.get_mut("content") {
        Some(value) => content(report, value, &child(pointer, "content")),
        None => Ok(()),
    }
}

fn response(report: &mut Diagnostics, value: &mut Value, pointer: &str) -> Result<(), Error> {
    let response = object(value, pointer)?;
    if response.contains_key("$ref") {
        return Ok(());
    }
    if response.remove("headers").is_some_and(|headers| headers != json!({})) {
        report.count("headers of responses have no types: callers read them by name", pointer);
    }
    retain(report, response, pointer, &["description", "content"]);
    if !response.get("description").is_some_and(Value::is_string) {
        response.insert("description".to_owned(), json!(""));
    }
    match response.get_mut("content") {
        Some(value) => content(report, value, &child(pointer, "content")),
        None => Ok(()),
    }
}

fn content(report: &mut Diagnostics, value: &mut Value, pointer: &str) -> Result<(), Error> {
    for (name, media_type) in object(value, pointer)? {
        let pointer = child(pointer, name);
        let media_type = object(media_type, &pointer)?;
        let form = essence(name) == "application/x-www-form-urlencoded";
        if !form && media_type.remove("encoding").is_some_and(|encoding| encoding != json!({})) {
            report.loss(&pointer, "`encoding` is ignored: each member is encoded by its type");
        }
        media_type.remove("example");
        media_type.remove("examples");
        retain(report, media_type, &pointer, &["schema", "encoding"]);
    }
    Ok(())
}

fn object<'a>(value: &'a mut Value, pointer: &str) -> Result<&'a mut Object, Error> {
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(refuse(pointer, "must be an object")
            .help("correct the document, or replace the value in an overlay")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_documents, check_refusals};

    #[test]
    fn translates_the_3_1_members_of_the_document() {
        check_documents(
            "document-3.1",
            &[(
                json!({"openapi": "3.1.0", "jsonSchemaDialect": "x", "webhooks": {}}),
                json!({"openapi": "3.0.3", "paths": {}, "webhooks": {}}),
                &["note: one dialect"],
            )],
        );
    }

    #[test]
    fn removes_members_that_the_client_does_not_use() {
        let info = json!({"title": "t", "version": "1"});
        check_documents(
            "document",
            &[
                (
                    json!({
                        "info": {"title": "t", "version": "1 é", "summary": "s", "license": {"identifier": "MIT"}},
                        "paths": {"x-note": 1}, "servers": [], "webhooks": {"w": {}},
                        "components": {"securitySchemes": {"m": {"type": "mutualTLS"}}, "pathItems": {}},
                    }),
                    json!({
                        "info": {"title": "t", "version": "1--"}, "paths": {}, "components": {},
                    }),
                    &[
                        "note: #/info/version",
                        "note: #/webhooks/w",
                        "note: `pathItems`",
                        "note: `securitySchemes`",
                        "note: `servers`",
                    ],
                ),
                (
                    json!({"info": info, "paths": {"/a": {"summary": "s", "get": {
                        "callbacks": {}, "operationId": "a",
                        "parameters": [{"name": "n", "in": "query", "example": 1, "allowReserved": true}],
                        "responses": {"200": {"headers": {"H": {}}, "content": {"a/b": {"schema": {}, "example": {}}}}},
                    }}}}),
                    json!({"info": info, "paths": {"/a": {"get": {
                        "operationId": "a", "parameters": [{"name": "n", "in": "query"}],
                        "responses": {"200": {"description": "", "content": {"a/b": {"schema": {}}}}},
                    }}}}),
                    &[
                        "note: percent-encoded",
                        "note: `callbacks`",
                        "note: `summary`",
                        "note: headers of responses",
                    ],
                ),
            ],
        );
    }

    #[test]
    fn rejects_members_of_the_wrong_type() {
        let with = |item| json!({"paths": {"/a": item}});
        check_refusals(
            "document",
            &[
                (json!({"paths": {"a": {}}}), "does not begin with a slash"),
                (with(json!([])), "#/paths/~1a: must be an object"),
                (with(json!({"get": "x"})), "#/paths/~1a/get: must be an object"),
                (with(json!({"get": {"parameters": {}}})), "`parameters` is not an array"),
                (
                    with(json!({"get": {"parameters": [{"in": "query"}]}})),
                    "parameters/0: a parameter has no name",
                ),
                (
                    with(json!({"get": {"parameters": [{"name": "a", "in": "body"}]}})),
                    "must be in path",
                ),
                (
                    with(json!({"get": {"responses": {"200": {"content": []}}}})),
                    "responses/200/content: must be an object",
                ),
            ],
        );
    }
}
