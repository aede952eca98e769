//! What a schema says about itself and not about values: kept where Rust has a place for it.
//!
//! Descriptions, one example and the flags stay. Titles go, because typify would name
//! types by them and take two of one title for the same type. Extensions go, because
//! typify obeys some (`x-rust-type` names crates).

use serde_json::Value;

use super::schema::Object;
use super::{Context, Report};

/// Annotations that no type comes from.
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
                    format!("`{keyword}` says nothing about types and is left out"),
                    place.pointer,
                );
            }
        }
        if members.get("discriminator").is_some_and(|it| !it.is_object()) {
            members.remove("discriminator");
            report.loss(place.pointer, "`discriminator` is not an object and is left out");
        }
        if members.keys().any(|key| key.starts_with("x-")) {
            // Our own are made again.
            let of_others = |key: &String| key.starts_with("x-") && !key.starts_with("x-twin-");
            if members.keys().any(of_others) {
                report.count("extensions of schemas are left out", place.pointer);
            }
            members.retain(|key, _| !key.starts_with("x-"));
        }
        flags(report, members, place.pointer);
    });
}

/// 3.1 has many examples, 3.0 one.
fn examples(members: &mut Object) {
    let first = match members.remove("examples") {
        Some(Value::Array(examples)) => examples.into_iter().next(),
        _ => None,
    };
    if let Some(first) = first {
        members.entry("example").or_insert(first);
    }
}

fn flags(report: &mut Report, members: &mut Object, pointer: &str) {
    for flag in ["nullable", "deprecated", "readOnly", "writeOnly"] {
        if members.get(flag).is_some_and(|value| !value.is_boolean()) {
            members.remove(flag);
            report.loss(pointer, format!("`{flag}` is not a boolean and is left out"));
        }
        // False is what its absence means.
        if members.get(flag) == Some(&Value::Bool(false)) {
            members.remove(flag);
        }
    }
    if members.get("description").is_some_and(|value| !value.is_string()) {
        members.remove("description");
        report.loss(pointer, "`description` is not a string and is left out");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn annotations() {
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
                        "note: `title` says nothing about types and is left out; 2 times",
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
