//! Gives each schema an explicit type, and drops keywords that do not apply to it.
//!
//! typify panics on some keywords without a type, and on some with another type. If the type
//! cannot be inferred from the keywords, the schema accepts any value.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::schema::{ANNOTATIONS, Object, quoted, text};
use super::{Context, Diagnostics};

/// The types of 3.0.
pub(crate) const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

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

/// Returns whether a keyword applies to values of a type.
pub(super) fn applies_to(keyword: &str, name: &str) -> bool {
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

/// Returns the JSON Schema type of a value.
pub(crate) fn type_of(value: &Value) -> &'static str {
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

/// Returns the declared type of a schema, or the only type that its keywords apply to.
///
/// `pattern` alone implies no type, because documents use it with numbers, too.
pub(super) fn implied_type(members: &Object) -> Option<&str> {
    if let Some(declared) = text(members, "type") {
        return Some(declared);
    }
    let keywords = members.keys().map(String::as_str);
    let mut meant: BTreeSet<&str> = keywords
        .filter_map(|keyword| match keyword {
            "enum" => Some("string"),
            // A pattern restricts strings, and does not imply that the value is a string.
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
        let Some(name) = implied_type(members).map(str::to_owned) else {
            keep(report, members, place.pointer, |_| false);
            members.remove("nullable"); // any value includes null
            return;
        };
        if members.insert("type".to_owned(), json!(name)).is_none() {
            report.count(format!("the type is inferred from the keywords: {name}"), place.pointer);
        }
        keep(report, members, place.pointer, |key| key == "type" || applies_to(key, &name));
    });
}

fn keep(
    report: &mut Diagnostics,
    members: &mut Object,
    pointer: &str,
    wanted: impl Fn(&str) -> bool,
) {
    let stays = |key: &str| wanted(key) || ANNOTATIONS.contains(&key);
    if members.keys().all(|key| stays(key)) {
        return;
    }
    let gone = quoted(members.keys().map(String::as_str).filter(|key| !stays(key)));
    report.loss(pointer, format!("{gone} does not apply here and is dropped"));
    members.retain(|key, _| stays(key));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn infers_types_from_keywords() {
        check_schemas(
            "types",
            &[
                (
                    json!({"properties": {}}),
                    json!({"type": "object", "properties": {}}),
                    &["note: keywords: object"],
                ),
                (
                    json!({"minimum": 1}),
                    json!({"type": "number", "minimum": 1}),
                    &["note: keywords: number"],
                ),
                (
                    json!({"format": "date-time"}),
                    json!({"type": "string", "format": "date-time"}),
                    &["note: keywords: string"],
                ),
                (
                    json!({"format": "int32"}),
                    json!({"type": "integer", "format": "int32"}),
                    &["note: keywords: integer"],
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
