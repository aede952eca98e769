//! Makes optional lists nullable, so that an absent list differs from an empty one.
//!
//! For an optional array, typify generates a `Vec`, which is not sent if it is empty. An update could
//! then not clear a list, and a response with null could not be read. For a nullable array, typify
//! generates an `Option`.

use serde_json::{Value, json};

use super::Context;
use super::schema::text;
use crate::pointer::child;

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|report, members, place| {
        let required = members.get("required").cloned().unwrap_or_default();
        let is_required =
            |name: &str| required.as_array().is_some_and(|all| all.contains(&json!(name)));
        let Some(Value::Object(properties)) = members.get_mut("properties") else { return };
        for (name, schema) in properties {
            let Value::Object(schema) = schema else { continue };
            let is_list = text(schema, "type") == Some("array");
            // With a default, the list is never absent.
            if is_list && !is_required(name) && !schema.contains_key("default") {
                let before = schema.insert("nullable".to_owned(), json!(true));
                if before != Some(json!(true)) {
                    let at = child(&child(place.pointer, "properties"), name);
                    report.count("an optional list may be absent, empty or null".to_owned(), &at);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn makes_optional_lists_nullable() {
        let list = json!({"type": "array", "items": {}});
        let nullable = json!({"type": "array", "items": {}, "nullable": true});
        let filled = json!({"type": "array", "items": {}, "default": [1]});
        check_schemas(
            "optional-lists",
            &[
                (
                    json!({"properties": {"a": list, "b": list, "c": filled}, "required": ["b"]}),
                    json!({"properties": {"a": nullable, "b": list, "c": filled}, "required": ["b"]}),
                    &["note: an optional list"],
                ),
                (
                    json!({"properties": {"a": nullable}}),
                    json!({"properties": {"a": nullable}}),
                    &[],
                ),
            ],
        );
    }
}
