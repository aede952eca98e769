//! Keeps enums of strings whose values have distinct Rust names.
//!
//! `null` among the values becomes `nullable`. An enum of other values loses its list and keeps the
//! type of the values, because typify has no suitable type for it. An empty enum also loses its list.
//! A pattern or length beside an enum is dropped.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::schema::{Object, text};
use super::typing::type_of;
use super::{Context, Diagnostics};
use crate::names::variants;

/// On a schema: its only value, if it is an integer or a boolean.
pub(super) const CONST: &str = "x-twin-const";

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|report, members, place| {
        let Some(Value::Array(mut values)) = members.remove("enum") else { return };
        let before = values.len();
        values.retain(|value| !value.is_null());
        if values.len() < before {
            members.insert("nullable".to_owned(), json!(true));
        }
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(value.to_string()));
        if let [only] = values.as_slice()
            && (only.is_i64() || only.is_u64() || only.is_boolean())
        {
            members.insert(CONST.to_owned(), only.clone());
        }
        match keep_enum(report, members, &values, place.pointer) {
            Ok(()) => {
                members.insert("type".to_owned(), json!("string"));
                members.insert("enum".to_owned(), Value::Array(values));
            }
            Err(lost) => report.loss(place.pointer, format!("the enum is not checked: {lost}")),
        }
    });
}

/// Decides whether the values stay an enum. Otherwise sets the type of the values, and returns
/// the reason as an error.
fn keep_enum(
    report: &mut Diagnostics,
    members: &mut Object,
    values: &[Value],
    pointer: &str,
) -> Result<(), String> {
    let types: BTreeSet<&str> = values.iter().map(type_of).collect();
    let types: Vec<&str> = types.into_iter().collect();
    let (declared, found) = match (text(members, "type"), &types[..]) {
        (_, []) => return Err("it has no value".to_owned()),
        (declared, [one]) => (declared, *one),
        (declared, ["integer", "number"]) => (declared, "number"),
        (_, _) => {
            let mixed = types.join(", ");
            if text(members, "type").is_none_or(|name| !types.contains(&name)) {
                members.remove("type");
            }
            return Err(format!("its values are of several types ({mixed})"));
        }
    };
    if found == "string" && declared.is_none_or(|name| name == "string") {
        let names = variants(values.iter().filter_map(Value::as_str));
        if names.is_none() {
            members.insert("type".to_owned(), json!("string"));
            return Err("two of its values have the same name in Rust".to_owned());
        }
        for beside in ["pattern", "minLength", "maxLength"] {
            if members.remove(beside).is_some() {
                report.note(pointer, format!("`{beside}` is redundant beside the enum"));
            }
        }
        return Ok(());
    }
    // A declared type that contradicts the values is ignored.
    let fits = declared.is_none_or(|name| name == found || (name, found) == ("number", "integer"));
    if !fits {
        members.remove("type");
        return Err(format!("its values are of type {found} and not of the declared type"));
    }
    members.entry("type").or_insert_with(|| json!(found));
    Err(format!("enums of type {found} have no Rust type"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn keeps_only_enums_of_strings() {
        check_schemas(
            "enums",
            &[
                (
                    json!({"enum": ["a", "b", "a"]}),
                    json!({"type": "string", "enum": ["a", "b"]}),
                    &[],
                ),
                (
                    json!({"type": "string", "enum": ["a", null]}),
                    json!({"type": "string", "enum": ["a"], "nullable": true}),
                    &[],
                ),
                (
                    json!({"enum": ["a"], "pattern": "(a+)+"}),
                    json!({"type": "string", "enum": ["a"]}),
                    &["note: `pattern`"],
                ),
                (json!({"enum": [1, 2]}), json!({"type": "integer"}), &["loss: type integer"]),
                (json!({"enum": [1, 2.5]}), json!({"type": "number"}), &["loss: type number"]),
                (
                    json!({"type": "boolean", "enum": [true]}),
                    json!({"type": "boolean", "x-twin-const": true}),
                    &["loss: type boolean"],
                ),
                (json!({"enum": ["a", 1]}), json!({}), &["loss: several types (integer, string)"]),
                (
                    json!({"type": "string", "enum": [1]}),
                    json!({"x-twin-const": 1}),
                    &["loss: not of the declared type"],
                ),
                (
                    json!({"type": "string", "enum": []}),
                    json!({"type": "string"}),
                    &["loss: no value"],
                ),
                (
                    json!({"enum": ["ab", "AB"]}),
                    json!({"type": "string"}),
                    &["loss: same name in Rust"],
                ),
                (json!({"enum": [{"a": 1}]}), json!({"type": "object"}), &["loss: type object"]),
            ],
        );
    }
}
