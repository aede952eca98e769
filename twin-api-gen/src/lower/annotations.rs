//! Keeps the annotations that the generated code can use, and drops the others.
//!
//! Descriptions, one example and the flags stay. Titles are dropped, because typify would use
//! them as type names and treat two schemas with the same title as one type. Extensions are
//! dropped, because typify interprets some of them (`x-rust-type` names a crate).

use serde_json::Value;

use super::schema::Object;
use super::{Context, Diagnostics};

/// Annotations that do not affect types.
const DROPPED: [&str; 14] = [
    "$schema",
    "$id",
    "id",
    "$anchor",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "$comment",
    "$vocabulary",
    "$defs",
    "definitions",
    "externalDocs",
    "title",
    "xml",
    "deprecationMessage",
];

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|report, members, place| {
        examples(members);
        for keyword in DROPPED {
            if members.remove(keyword).is_some() {
                report.count(
                    format!("`{keyword}` does not affect types and is dropped"),
                    place.pointer,
                );
            }
        }
        if members.get("discriminator").is_some_and(|it| !it.is_object()) {
            members.remove("discriminator");
            report.loss(place.pointer, "`discriminator` is not an object and is dropped");
        }
        if members.keys().any(|key| key.starts_with("x-")) {
            // The rules add `x-twin-` extensions again.
            let of_others = |key: &String| key.starts_with("x-") && !key.starts_with("x-twin-");
            if members.keys().any(of_others) {
                report.count("extensions of schemas are dropped", place.pointer);
            }
            members.retain(|key, _| !key.starts_with("x-"));
        }
        flags(report, members, place.pointer);
    });
}

/// Keeps the first of 3.1's `examples` as 3.0's `example`.
fn examples(members: &mut Object) {
    let first = match members.remove("examples") {
        Some(Value::Array(examples)) => examples.into_iter().next(),
        _ => None,
    };
    if let Some(first) = first {
        members.entry("example").or_insert(first);
    }
}

fn flags(report: &mut Diagnostics, members: &mut Object, pointer: &str) {
    for flag in ["nullable", "deprecated", "readOnly", "writeOnly"] {
        if members.get(flag).is_some_and(|value| !value.is_boolean()) {
            members.remove(flag);
            report.loss(pointer, format!("`{flag}` is not a boolean and is dropped"));
        }
        // `false` is the default.
        if members.get(flag) == Some(&Value::Bool(false)) {
            members.remove(flag);
        }
    }
    if members.get("description").is_some_and(|value| !value.is_string()) {
        members.remove("description");
        report.loss(pointer, "`description` is not a string and is dropped");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn keeps_one_example_and_drops_other_annotations() {
        check_schemas(
            "annotations",
            &[
                (
                    json!({"type": "string", "description": "d", "examples": ["a", "b"], "deprecated": true}),
                    json!({"type": "string", "description": "d", "example": "a", "deprecated": true}),
                    &[],
                ),
                (
                    json!({"title": "T", "x-rust-type": {"crate": "c"}, "properties": {"title": {"title": "T"}, "x-y": {}}}),
                    json!({"properties": {"title": {}, "x-y": {}}}),
                    &[
                        "note: `title` does not affect types and is dropped; 2 times",
                        "note: extensions",
                    ],
                ),
                (
                    json!({"discriminator": {"propertyName": "t"}}),
                    json!({"discriminator": {"propertyName": "t"}}),
                    &[],
                ),
                (json!({"discriminator": "t"}), json!({}), &["loss: `discriminator`"]),
                (
                    json!({"nullable": "yes", "description": 7}),
                    json!({}),
                    &["loss: `nullable`", "loss: `description`"],
                ),
                (json!({"nullable": false}), json!({}), &[]),
            ],
        );
    }
}
