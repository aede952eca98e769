//! What the document says of an operation, for who needs it at run time.
//!
//! It is read when it is first asked for, once in a process. It is the overlaid and lowered
//! document that the client was generated from, so that nothing here needs keeping in step.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::{Map, Value};

/// `$ref`s and `allOf`s that are followed without getting on in the answer.
const STEPS: usize = 16;

#[derive(Debug)]
struct Operation {
    answer: Option<&'static Value>,
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
            let answer = operation.pointer("/responses/2XX/content/application~1json/schema");
            Some((name, Operation { answer }))
        })
    });
    each.collect()
}

/// The schema of an operation's answer; `None` where nothing is due.
pub(crate) fn answer_of(name: &str) -> Option<&'static Value> {
    operation(name)?.answer
}

/// A body that says "done" for an operation that answers with nothing, or with a `true` or
/// several; `None` where an answer would have to be made up.
pub(crate) fn success_of(name: &str) -> Option<Bytes> {
    let Some(answer) = operation(name)?.answer else { return Some(Bytes::new()) };
    let mut members = Map::new();
    for part in parts(answer) {
        for name in part["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if part["properties"][name]["type"] != "boolean" {
                return None;
            }
            members.insert(name.to_owned(), Value::Bool(true));
        }
    }
    Some(Value::Object(members).to_string().into())
}

/// The schema and all that it refers to or is put together from, but for alternatives.
pub(crate) fn parts(schema: &'static Value) -> Vec<&'static Value> {
    let mut parts = vec![schema];
    let mut seen = 0;
    while let Some(part) = parts.get(seen).copied().filter(|_| seen < STEPS) {
        parts.extend(part["allOf"].as_array().into_iter().flatten());
        parts.extend(part["$ref"].as_str().and_then(resolve));
        seen += 1;
    }
    parts
}

fn resolve(reference: &str) -> Option<&'static Value> {
    document().pointer(reference.strip_prefix('#')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_with_its_answer() {
        // A newer document may have more than the reference.
        assert!(OPERATIONS.get_or_init(operations).len() >= 33);
        assert!(answer_of("get_me").is_some());
        assert!(answer_of("delete_agent").is_none());
        assert!(operation("no_such").is_none());
    }

    #[test]
    fn a_deletion_has_a_success_that_decodes() {
        assert_eq!(success_of("delete_agent").unwrap(), "");
        assert_eq!(success_of("delete_workspace").unwrap(), r#"{"deleted":true}"#);
        assert_eq!(success_of("revoke_api_key").unwrap(), r#"{"revoked":true}"#);
        assert_eq!(success_of("get_agent"), None);
    }
}
