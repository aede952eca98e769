//! Parses bytes as an OpenAPI 3.0 or 3.1 document in JSON.
//!
//! This stage checks the top-level members, and rejects duplicate keys anywhere. It does not
//! check schemas or operations, and does not repair documents.

mod duplicates;

use serde_json::{Map, Value};

use crate::error::{Error, Stage};
use crate::problem::Problem;

/// Reads an OpenAPI 3.0 or 3.1 document.
///
/// A byte order mark is skipped. A 3.1 document needs only one of `paths`, `webhooks` and
/// `components`; a 3.0 document needs `paths`. A document without operations is accepted.
///
/// # Errors
/// Returns an error of [`Stage::Parse`] if the document is not valid UTF-8, not JSON (with line
/// and column), HTML, truncated, nested more than 127 levels deep, not an object, of another
/// OpenAPI version, or has a duplicate key.
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        refuse(format!("the document is not valid UTF-8 at byte {}", error.valid_up_to()))
            .help("OpenAPI documents are JSON in UTF-8; was it compressed or truncated?")
    })?;
    match text.trim_start().chars().next() {
        None => return Err(refuse("the document is empty").help("fetch it again")),
        Some('<') => return Err(html()),
        Some(_) => {}
    }
    let document = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    let Value::Object(members) = &document else {
        return Err(refuse("the document is JSON, but not an object")
            .help("an OpenAPI document is an object with `openapi`, `info` and `paths`"));
    };
    check_version(members)?;
    check_duplicates(text)?;
    Ok(document)
}

/// Rejects objects with duplicate keys.
fn check_duplicates(text: &str) -> Result<(), Error> {
    let problems = duplicates::find(text).into_iter().map(|duplicate| {
        let ((line, column), (line2, column2)) = (duplicate.first, duplicate.second);
        let what = format!(
            "the key {:?} is duplicate: at line {line} column {column} and at line {line2} \
             column {column2}",
            duplicate.key
        );
        Problem::new(Stage::Parse, what)
            .at(duplicate.pointer)
            .help("merge the two, or remove one of them from the document")
    });
    Error::from_problems(problems).map_or(Ok(()), Err)
}

fn refuse(cause: impl Into<String>) -> Error {
    Error::new(Stage::Parse, cause)
}

fn html() -> Error {
    refuse("the document is HTML or XML, not JSON").help(
        "a web page was returned instead of the document; the web UI returns 200 and HTML for \
         every path: check the host",
    )
}

fn not_json(error: &serde_json::Error) -> Error {
    let place = format!("line {} column {}", error.line(), error.column());
    // serde_json has no predicate for the recursion limit.
    if error.to_string().starts_with("recursion limit exceeded") {
        return refuse(format!("the document is nested too deeply at {place}"))
            .help("the limit is 127 levels of objects and arrays");
    }
    if error.is_eof() {
        return refuse(format!("the document is truncated at {place}")).help("fetch it again");
    }
    refuse(format!("the document is not JSON: {error}"))
        .help("YAML documents must be converted to JSON first")
}

fn check_version(members: &Map<String, Value>) -> Result<(), Error> {
    if members.contains_key("swagger") {
        return Err(refuse("the document is Swagger 2.0")
            .at("#/swagger")
            .help("convert it to OpenAPI 3 first"));
    }
    let version = match members.get("openapi") {
        Some(Value::String(version)) => version.as_str(),
        Some(_) => {
            return Err(refuse("`openapi` is not a string")
                .at("#/openapi")
                .help("`openapi` is the version, such as \"3.1.0\""));
        }
        None => {
            return Err(refuse("the document has no `openapi` version")
                .help("the file is JSON, but not an OpenAPI document"));
        }
    };
    match version.split('.').take(2).collect::<Vec<_>>()[..] {
        ["3", "0"] => check_members(members, &["paths"]),
        ["3", "1"] => check_members(members, &["paths", "webhooks", "components"]),
        _ => Err(refuse(format!("OpenAPI version {version:?} is not supported"))
            .at("#/openapi")
            .help("supported versions are 3.0 and 3.1")),
    }
}

/// Returns whether `paths`, `webhooks`, `components` and its `schemas` are objects or absent.
pub(crate) fn has_shape(document: &Value) -> bool {
    let is_object = |pointer: &str| document.pointer(pointer).is_none_or(Value::is_object);
    ["/paths", "/webhooks", "/components", "/components/schemas"].into_iter().all(is_object)
}

fn check_members(members: &Map<String, Value>, any_of: &[&str]) -> Result<(), Error> {
    if !any_of.iter().any(|member| members.contains_key(*member)) {
        return Err(refuse(format!("the document has no `{}`", any_of.join("`, no `")))
            .help("without it, the document describes no operations"));
    }
    match members.get("paths") {
        Some(Value::Object(_)) | None => Ok(()),
        Some(_) => Err(refuse("`paths` is not an object").at("#/paths")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_invalid_documents_with_a_reason() {
        let deep = "[".repeat(200);
        let cases: &[(&[u8], &str)] = &[
            (b"", "empty"),
            (b" \n<!DOCTYPE html><html>", "HTML"),
            (b"{\"openapi\": \"3.1.0\", \"paths\": {", "truncated at line 1 column 31"),
            (b"openapi: 3.1.0", "not JSON"),
            (b"{\"openapi\": \xff}", "not valid UTF-8 at byte 12"),
            (b"\x1f\x8b\x08", "not valid UTF-8"),
            (deep.as_bytes(), "nested too deeply"),
            (b"[]", "not an object"),
            (b"{}", "no `openapi`"),
            (b"{\"openapi\": 3.1}", "#/openapi: `openapi` is not a string"),
            (b"{\"swagger\": \"2.0\"}", "Swagger 2.0"),
            (b"{\"openapi\": \"3.2.0\"}", "\"3.2.0\" is not supported"),
            (b"{\"openapi\": \"4\"}", "\"4\" is not supported"),
            (b"{\"openapi\": \"3.0.1\", \"components\": {}}", "no `paths`"),
            (b"{\"openapi\": \"3.1.0\", \"info\": {}}", "no `paths`, no `webhooks`"),
            (b"{\"openapi\": \"3.1.0\", \"paths\": []}", "#/paths: `paths` is not an object"),
        ];
        for (bytes, expected) in cases {
            let error = parse(bytes).unwrap_err();
            assert_eq!(error.stage(), Stage::Parse);
            assert!(error.to_string().contains(expected), "{error} has no {expected:?}");
        }
    }

    #[test]
    fn accepts_valid_documents() {
        for text in [
            "\u{feff}{\"openapi\": \"3.1.0\", \"paths\": {}}",
            "{\"openapi\": \"3.1.1\", \"webhooks\": {}}",
            "{\"openapi\": \"3.0.3\", \"paths\": {}}",
        ] {
            assert!(parse(text.as_bytes()).is_ok(), "{text}");
        }
    }
}
