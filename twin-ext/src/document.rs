//! Looks up response schemas in the OpenAPI document at run time.
//!
//! [`twin_api::DOCUMENT`] is the effective document that the client was generated from, so it
//! always matches the client. It is parsed at the first use, once in a process.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::{Map, Value};

/// Maximum number of schemas to collect from `$ref` and `allOf`, which may be circular.
const MAX_PARTS: usize = 16;

#[derive(Debug)]
struct Operation {
    /// The schema of a successful response.
    response: Option<&'static Value>,
}

static DOCUMENT: OnceLock<Value> = OnceLock::new();
static OPERATIONS: OnceLock<BTreeMap<&'static str, Operation>> = OnceLock::new();

fn document() -> &'static Value {
    DOCUMENT.get_or_init(|| serde_json::from_str(twin_api::DOCUMENT).unwrap_or_default())
}

fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.get_or_init(operations).get(name)
}

fn operations() -> BTreeMap<&'static str, Operation> {
    let paths = document()["paths"].as_object().into_iter().flatten();
    let each = paths.flat_map(|(_, item)| {
        item.as_object().into_iter().flatten().filter_map(|(_, operation)| {
            let name = operation.get("operationId")?.as_str()?;
            let response = operation.pointer("/responses/2XX/content/application~1json/schema");
            Some((name, Operation { response }))
        })
    });
    each.collect()
}

/// Returns the schema of the response, or `None` if the operation has no response body.
pub(crate) fn response_schema(name: &str) -> Option<&'static Value> {
    operation(name)?.response
}

/// Builds the body of a successful response without data: empty, or with all required fields
/// `true`.
///
/// The retry loop uses it for a DELETE whose retry returns 404. Returns `None` if a required field
/// is not a boolean, because its value is unknown.
pub(crate) fn success_body(name: &str) -> Option<Bytes> {
    let Some(response) = operation(name)?.response else { return Some(Bytes::new()) };
    let mut members = Map::new();
    for part in parts(response) {
        for name in part["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if part["properties"][name]["type"] != "boolean" {
                return None;
            }
            members.insert(name.to_owned(), Value::Bool(true));
        }
    }
    Some(Value::Object(members).to_string().into())
}

/// Returns the schema and the schemas that it includes through `$ref` and `allOf`. Alternatives in
/// `oneOf` and `anyOf` are not included.
pub(crate) fn parts(schema: &'static Value) -> Vec<&'static Value> {
    let mut parts = vec![schema];
    let mut index = 0;
    while let Some(part) = parts.get(index).copied().filter(|_| index < MAX_PARTS) {
        parts.extend(part["allOf"].as_array().into_iter().flatten());
        parts.extend(part["$ref"].as_str().and_then(resolve));
        index += 1;
    }
    parts
}

/// Returns the schema at a local reference, such as `#/components/schemas/Agent`.
fn resolve(reference: &str) -> Option<&'static Value> {
    document().pointer(reference.strip_prefix('#')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_operation_and_its_response_schema() {
        // A newer document may have more operations than the reference.
        assert!(OPERATIONS.get_or_init(operations).len() >= 33);
        assert!(response_schema("get_me").is_some());
        assert!(response_schema("delete_agent").is_none());
        assert!(operation("no_such").is_none());
    }

    #[test]
    fn builds_the_success_body_of_a_deletion() {
        assert_eq!(success_body("delete_agent").unwrap(), "");
        assert_eq!(success_body("delete_workspace").unwrap(), r#"{"deleted":true}"#);
        assert_eq!(success_body("revoke_api_key").unwrap(), r#"{"revoked":true}"#);
        assert_eq!(success_body("get_agent"), None);
    }
}
