//! Classifies media types by name.

use serde_json::Value;

/// Returns type and subtype in lower case: `Application/JSON; charset=utf-8` →
/// `application/json`.
pub(super) fn essence(name: &str) -> String {
    name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The JSON rank of `*/*` and `application/*`.
pub(super) const WILDCARD: u8 = 3;

/// Ranks how likely a media type is one JSON value: 0 is most likely, `None` is not JSON.
pub(super) fn json_rank(name: &str, schema: Option<&Value>) -> Option<u8> {
    let essence = essence(name);
    match essence.as_str() {
        "application/json" => Some(0),
        "text/json" | "application/problem+json" => Some(1),
        // Streams of several JSON values.
        "application/stream+json" | "application/json-seq" => None,
        // Many services use a range for JSON. Binary content has a string schema or none.
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
    fn ranks_json_media_types() {
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
