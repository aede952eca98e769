//! Looks up response schemas in the OpenAPI document at run time.
//!
//! [`twin_api::DOCUMENT`] is the effective document that the client was generated from, so it
//! always matches the client. It is parsed once in a process, at the first use.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::{Map, Value};

/// Maximum number of schemas to collect from `$ref` and `allOf`, which may be circular.
const MAX_PARTS: usize = 16;

/// The schema of the successful response of each operation. `None` without a response body.
type ResponseSchemas = BTreeMap<&'static str, Option<&'static Value>>;

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(twin_api::DOCUMENT).unwrap_or_default())
}

fn response_schemas() -> &'static ResponseSchemas {
    static SCHEMAS: OnceLock<ResponseSchemas> = OnceLock::new();
    SCHEMAS.get_or_init(|| {
        let paths = document()["paths"].as_object().into_iter().flatten();
        let each = paths.flat_map(|(_, item)| {
            item.as_object().into_iter().flatten().filter_map(|(_, operation)| {
                let name = operation.get("operationId")?.as_str()?;
                let content = "/responses/2XX/content/application~1json/schema";
                Some((name, operation.pointer(content)))
            })
        });
        each.collect()
    })
}

/// Returns the schema of the response, or `None` if the operation has no response body.
pub(crate) fn response_schema(name: &str) -> Option<&'static Value> {
    *response_schemas().get(name)?
}

/// Builds the body of a successful response without data: empty, or with all required fields
/// `true`.
///
/// The retry loop uses it for a DELETE whose retry returns 404. Returns `None` if a required field
/// is not a boolean, because its value is unknown.
pub(crate) fn success_body(name: &str) -> Option<Bytes> {
    let Some(response) = *response_schemas().get(name)? else { return Some(Bytes::new()) };
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
        assert!(response_schemas().len() >= 33);
        assert!(response_schema("get_me").is_some());
        assert!(response_schema("delete_agent").is_none());
        assert!(!response_schemas().contains_key("no_such"));
    }

    #[test]
    fn builds_the_success_body_of_a_deletion() {
        assert_eq!(success_body("delete_agent").unwrap(), "");
        assert_eq!(success_body("delete_workspace").unwrap(), r#"{"deleted":true}"#);
        assert_eq!(success_body("revoke_api_key").unwrap(), r#"{"revoked":true}"#);
        assert_eq!(success_body("get_agent"), None);
    }
}
