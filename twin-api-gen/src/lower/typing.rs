//! Each schema says its type, and nothing that does not speak of that type.
//!
//! typify panics on some keywords without a type and on some beside a foreign one. A type
//! that the keywords leave open stays open: any value.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::schema::{ANNOTATIONS, Object, quoted, text};
use super::{Context, Report};

/// The types of 3.0.
pub(super) const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

const OF_STRINGS: [&str; 3] = ["minLength", "maxLength", "pattern"];
const OF_NUMBERS: [&str; 5] =
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const OF_ARRAYS: [&str; 6] =
    ["items", "minItems", "maxItems", "uniqueItems", "prefixItems", "contains"];
const OF_OBJECTS: [&str; 7] = [
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "minProperties",
    "maxProperties",
    "propertyNames",
];
const OF_ENCODED_STRINGS: [&str; 3] = ["contentEncoding", "contentMediaType", "contentSchema"];

/// Whether a keyword says something about values of a type.
pub(super) fn speaks_of(keyword: &str, name: &str) -> bool {
    match name {
        "string" => {
            OF_STRINGS.contains(&keyword)
                || OF_ENCODED_STRINGS.contains(&keyword)
                || matches!(keyword, "format" | "enum")
        }
        "integer" | "number" => OF_NUMBERS.contains(&keyword) || keyword == "format",
        "array" => OF_ARRAYS.contains(&keyword),
        "object" => OF_OBJECTS.contains(&keyword),
        _ => false,
    }
}

/// The type of a value.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The type that a schema declares, or that its keywords can only mean. A pattern alone
/// means none: numbers are given patterns, too.
pub(super) fn type_meant(members: &Object) -> Option<&str> {
    if let Some(declared) = text(members, "type") {
        return Some(declared);
    }
    let speaking = members.keys().map(String::as_str);
    let mut meant: BTreeSet<&str> = speaking
        .filter_map(|keyword| match keyword {
            "enum" => Some("string"),
            // It says something about texts, and not that the value is one.
            "pattern" => None,
            _ if OF_STRINGS.contains(&keyword) => Some("string"),
            _ if OF_NUMBERS.contains(&keyword) => Some("number"),
            _ if OF_ARRAYS.contains(&keyword) => Some("array"),
            _ if OF_OBJECTS.contains(&keyword) => Some("object"),
            _ => None,
        })
        .collect();
    if meant.is_empty()
        && let Some(format) = text(members, "format")
    {
        meant.insert(type_of_format(format));
    }
    if meant.len() == 1 { meant.pop_first() } else { None }
}

fn type_of_format(format: &str) -> &'static str {
    match format {
        "float" | "double" | "decimal" => "number",
        _ if format.starts_with("int") || format.starts_with("uint") => "integer",
        _ => "string",
    }
}

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|report, members, place| {
        let composed = ["$ref", "allOf", "oneOf", "anyOf"];
        if let Some(keyword) = composed.iter().find(|keyword| members.contains_key(**keyword)) {
            keep(report, members, place.pointer, |key| key == *keyword);
            return;
        }
        let Some(name) = type_meant(members).map(str::to_owned) else {
            keep(report, members, place.pointer, |_| false);
            members.remove("nullable"); // any value: null too
            return;
        };
        if members.insert("type".to_owned(), json!(name)).is_none() {
            report.count(
                format!("the type is taken to be {name}, of which the keywords speak"),
                place.pointer,
            );
        }
        keep(report, members, place.pointer, |key| key == "type" || speaks_of(key, &name));
    });
}

fn keep(report: &mut Report, members: &mut Object, pointer: &str, wanted: impl Fn(&str) -> bool) {
    let stays = |key: &str| wanted(key) || ANNOTATIONS.contains(&key);
    if members.keys().all(|key| stays(key)) {
        return;
    }
    let gone = quoted(members.keys().map(String::as_str).filter(|key| !stays(key)));
    report.loss(pointer, format!("{gone} cannot be checked here"));
    members.retain(|key, _| stays(key));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn types() {
        check_schemas(
            "types",
            &[
                (
                    json!({"properties": {}}),
                    json!({"type": "object", "properties": {}}),
                    &["note: be object"],
                ),
                (
                    json!({"minimum": 1}),
                    json!({"type": "number", "minimum": 1}),
                    &["note: be number"],
                ),
                (
                    json!({"format": "date-time"}),
                    json!({"type": "string", "format": "date-time"}),
                    &["note: be string"],
                ),
                (
                    json!({"format": "int32"}),
                    json!({"type": "integer", "format": "int32"}),
                    &["note: be integer"],
                ),
                (
                    json!({"type": "string", "items": {}, "description": "d"}),
                    json!({"type": "string", "description": "d"}),
                    &["loss: `items`"],
                ),
                (
                    json!({"minLength": 1, "items": {}, "nullable": true}),
                    json!({}),
                    &["loss: `items`, `minLength`"],
                ),
                (json!({"description": "d"}), json!({"description": "d"}), &[]),
            ],
        );
    }
}
