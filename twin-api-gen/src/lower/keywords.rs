//! Keeps only the keywords of OpenAPI 3.0 whose values have the right JSON type.
//!
//! Conditions that no Rust type expresses (`not`, `if`, `contains`, …) are dropped. Invalid
//! structure, such as `properties` that is not an object, is rejected.

use std::collections::BTreeSet;

use serde_json::{Number, Value, json};

use super::schema::Object;
use super::typing::TYPES;
use super::{Context, Diagnostics, refuse};
use crate::error::Error;
use crate::pointer::child;

/// Conditions that do not affect the Rust type.
const CONDITIONS: [&str; 12] = [
    "not",
    "if",
    "then",
    "else",
    "contains",
    "minContains",
    "maxContains",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "unevaluatedItems",
    "additionalItems",
];

const FLAGS: [&str; 3] = ["exclusiveMinimum", "exclusiveMaximum", "uniqueItems"];
const COUNTS: [&str; 6] =
    ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];
const NUMBERS: [&str; 3] = ["minimum", "maximum", "multipleOf"];
const KEPT_AS_THEY_ARE: [&str; 8] = [
    "discriminator",
    "default",
    "example",
    "description",
    "nullable",
    "deprecated",
    "readOnly",
    "writeOnly",
];

pub(super) fn apply(context: &mut Context) {
    context.each_schema(|report, value, place| {
        let Value::Object(members) = value else { return Ok(()) };
        // PHP serializes an empty object as `[]`.
        if members.get("properties") == Some(&json!([])) {
            members.insert("properties".to_owned(), json!({}));
        }
        structure(members, place.pointer)?;
        for keyword in CONDITIONS {
            if members.remove(keyword).is_some() {
                report.loss(place.pointer, format!("`{keyword}` is not checked"));
            }
        }
        required(report, members, place.pointer);
        members.retain(|keyword, value| match kind(keyword, value) {
            KeywordValue::Right => true,
            KeywordValue::Wrong => {
                report.loss(
                    place.pointer,
                    format!("`{keyword}` has a value of the wrong type and is dropped"),
                );
                false
            }
            KeywordValue::Unknown => {
                report.count(format!("`{keyword}` is unknown and is dropped"), place.pointer);
                false
            }
        });
        Ok(())
    });
}

fn structure(members: &Object, pointer: &str) -> Result<(), Error> {
    let wrong = |keyword: &str, due: &str| {
        Err(refuse(&child(pointer, keyword), format!("`{keyword}` must be {due}"))
            .help("correct the document, or replace the schema in an overlay"))
    };
    for keyword in ["allOf", "anyOf", "oneOf"] {
        if members.get(keyword).is_some_and(|list| !list.is_array()) {
            return wrong(keyword, "an array of schemas");
        }
    }
    if members.get("properties").is_some_and(|properties| !properties.is_object()) {
        return wrong("properties", "an object of schemas");
    }
    Ok(())
}

/// Normalizes `required`, which draft 3 had as a flag on each property.
fn required(report: &mut Diagnostics, members: &mut Object, pointer: &str) {
    match members.get_mut("required") {
        Some(Value::Array(names)) => {
            let mut seen = BTreeSet::new();
            names.retain(|name| name.as_str().is_some_and(|name| seen.insert(name.to_owned())));
        }
        Some(_) => {
            members.remove("required");
            report.note(pointer, "`required` is not a list of names and is dropped");
        }
        None => {}
    }
}

enum KeywordValue {
    Right,
    Wrong,
    Unknown,
}

fn kind(keyword: &str, value: &mut Value) -> KeywordValue {
    let right = match keyword {
        "type" => value.as_str().is_some_and(|name| TYPES.contains(&name)),
        "format" | "pattern" | "$ref" => value.is_string(),
        "enum" => value.is_array(),
        "items" => value.is_object(),
        "additionalProperties" => value.is_object() || value.is_boolean(),
        "allOf" | "anyOf" | "oneOf" | "properties" | "required" => true,
        _ if FLAGS.contains(&keyword) => value.is_boolean(),
        _ if NUMBERS.contains(&keyword) => value.is_number(),
        _ if COUNTS.contains(&keyword) => match whole(value) {
            Some(count) => {
                *value = json!(count);
                true
            }
            None => false,
        },
        _ if KEPT_AS_THEY_ARE.contains(&keyword) => true,
        _ => return KeywordValue::Unknown,
    };
    if right { KeywordValue::Right } else { KeywordValue::Wrong }
}

/// Returns a count, even if it is written as `1.0`. Counts above 32 bits are not supported by typify.
fn whole(value: &Value) -> Option<u32> {
    let number: &Number = value.as_number()?;
    if let Some(count) = number.as_u64() {
        return u32::try_from(count).ok();
    }
    let text = number.to_string();
    text.strip_suffix(".0")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_refusals, check_schemas, with_schemas};

    #[test]
    fn drops_unknown_and_invalid_keywords() {
        check_schemas(
            "keywords",
            &[
                (
                    json!({"type": "string", "not": {"enum": ["a"]}}),
                    json!({"type": "string"}),
                    &["loss: `not`"],
                ),
                (
                    json!({"if": {}, "then": {}, "else": {}, "type": "object"}),
                    json!({"type": "object"}),
                    &["loss: `if`", "loss: `then`", "loss: `else`"],
                ),
                (json!({"type": "any"}), json!({}), &["loss: `type`"]),
                (
                    json!({"type": "string", "requird": true}),
                    json!({"type": "string"}),
                    &["note: `requird` is unknown"],
                ),
                (json!({"required": true}), json!({}), &["note: `required`"]),
                (json!({"required": ["a", "a", 7]}), json!({"required": ["a"]}), &[]),
                (
                    json!({"minLength": 1.0, "maxLength": -1}),
                    json!({"minLength": 1}),
                    &["loss: `maxLength`"],
                ),
                (
                    json!({"minimum": "1", "uniqueItems": 1}),
                    json!({}),
                    &["loss: `minimum`", "loss: `uniqueItems`"],
                ),
                (
                    json!({"properties": {"not": {"not": {}}, "if": {}}}),
                    json!({"properties": {"not": {}, "if": {}}}),
                    &["loss: A/properties/not: `not`"],
                ),
            ],
        );
    }

    #[test]
    fn rejects_invalid_structure() {
        check_refusals(
            "keywords",
            &[
                (
                    with_schemas(json!({"A": {"properties": [{}]}})),
                    "A/properties: `properties` must be",
                ),
                (with_schemas(json!({"A": {"allOf": {}}})), "A/allOf: `allOf` must be"),
            ],
        );
    }
}
