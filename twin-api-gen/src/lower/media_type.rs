//! What a media type's name means for this client.
//!
//! It judges names only; whether the bytes are what the name says is for run time.

use serde_json::Value;

/// `Application/JSON; charset=utf-8` → `application/json`.
pub(super) fn essence(name: &str) -> String {
    name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The rank of JSON under a name that stands for anything.
pub(super) const WILDCARD: u8 = 3;

/// How sure it is that a media type is one JSON value: 0 is surest.
pub(super) fn json_rank(name: &str, schema: Option<&Value>) -> Option<u8> {
    let essence = essence(name);
    match essence.as_str() {
        "application/json" => Some(0),
        "text/json" | "application/problem+json" => Some(1),
        // Streams of many values.
        "application/stream+json" | "application/json-seq" => None,
        // Many services write this for JSON; bytes have a string for a schema, or none.
        "*/*" | "application/*" => {
            let text = schema.is_none_or(|schema| schema["type"] == "string");
            (!text).then_some(WILDCARD)
        }
        name => name.ends_with("+json").then_some(2),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_names() {
        let object = json!({"type": "object"});
        let bytes = json!({"type": "string"});
        for (name, schema, expected) in [
            ("application/json", None, Some(0)),
            ("Application/JSON; charset=utf-8", None, Some(0)),
            ("application/problem+json", None, Some(1)),
            ("application/vnd.api+json;v=1", None, Some(2)),
            ("*/*", Some(&object), Some(3)),
            ("*/*", Some(&bytes), None),
            ("*/*", None, None),
            ("application/x-ndjson", Some(&object), None),
            ("text/csv", Some(&object), None),
        ] {
            assert_eq!(json_rank(name, schema), expected, "{name}");
        }
    }
}
