//! Rewrites boolean schemas: `true` becomes `{}`, and `false` is removed where that is equivalent.
//!
//! The schema `false` is rejected where a value is required, because no value satisfies it. A schema
//! that is neither an object nor a boolean is also rejected. `additionalProperties` stays a boolean,
//! which OpenAPI 3.0 allows.

use serde_json::{Value, json};

use super::schema::Object;
use super::walk::SchemaPosition;
use super::{Context, Diagnostics, refuse};
use crate::error::Error;
use crate::pointer::child;

pub(super) fn apply(context: &mut Context) {
    context.each_schema(|report, value, place| match value {
        Value::Object(members) => inside(report, members, place.pointer),
        // The enclosing schema handles nested booleans.
        Value::Bool(_) if place.position == SchemaPosition::Nested => Ok(()),
        Value::Bool(true) => {
            *value = json!({});
            Ok(())
        }
        Value::Bool(false) => Err(never(place.pointer)),
        _ => Err(refuse(place.pointer, "a schema must be an object or a boolean")),
    });
}

fn never(pointer: &str) -> Error {
    refuse(pointer, "no value satisfies the schema `false`")
        .help("remove the part that must be absent, or replace the schema in an overlay")
}

fn inside(report: &mut Diagnostics, members: &mut Object, pointer: &str) -> Result<(), Error> {
    properties(report, members, pointer);
    for keyword in ["oneOf", "anyOf", "allOf"] {
        let Some(Value::Array(list)) = members.get_mut(keyword) else { continue };
        if keyword == "allOf" && list.contains(&json!(false)) {
            return Err(never(&child(pointer, keyword)));
        }
        if keyword == "allOf" {
            list.retain(|member| *member != json!(true));
        }
        list.retain(|member| *member != json!(false));
        list.iter_mut().for_each(accept_any);
    }
    for keyword in ["items", "patternProperties", "$defs", "definitions"] {
        match members.get_mut(keyword) {
            Some(Value::Object(all)) if keyword != "items" => all.values_mut().for_each(accept_any),
            Some(items @ Value::Bool(true)) => accept_any(items),
            Some(Value::Array(items)) => items.iter_mut().for_each(accept_any),
            _ => {}
        }
    }
    if let Some(Value::Array(items)) = members.get_mut("prefixItems") {
        items.iter_mut().for_each(accept_any);
    }
    Ok(())
}

/// Replaces a boolean schema by one that accepts any value.
fn accept_any(schema: &mut Value) {
    if schema.is_boolean() {
        *schema = json!({});
    }
}

fn properties(report: &mut Diagnostics, members: &mut Object, pointer: &str) {
    let Some(Value::Object(properties)) = members.get_mut("properties") else { return };
    let forbidden: Vec<String> = properties
        .iter()
        .filter(|(_, schema)| **schema == json!(false))
        .map(|(name, _)| name.clone())
        .collect();
    for name in &forbidden {
        properties.remove(name);
        report.loss(
            pointer,
            format!("the client does not check that the property `{name}` is absent"),
        );
    }
    properties.values_mut().for_each(accept_any);
    if let Some(Value::Array(required)) = members.get_mut("required") {
        required.retain(|name| !forbidden.iter().any(|gone| name == gone));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_refusals, check_schemas, with_schemas};

    #[test]
    fn rewrites_boolean_schemas() {
        check_schemas(
            "boolean-schemas",
            &[
                (json!(true), json!({}), &[]),
                (
                    json!({"items": true, "additionalProperties": false}),
                    json!({"items": {}, "additionalProperties": false}),
                    &[],
                ),
                (
                    json!({"properties": {"a": true, "b": false}, "required": ["a", "b"]}),
                    json!({"properties": {"a": {}}, "required": ["a"]}),
                    &["loss: the property `b` is absent"],
                ),
                (
                    json!({"oneOf": [true, false, {"type": "string"}]}),
                    json!({"oneOf": [{}, {"type": "string"}]}),
                    &[],
                ),
                (
                    json!({"allOf": [true, {"type": "string"}]}),
                    json!({"allOf": [{"type": "string"}]}),
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn rejects_required_false_and_invalid_schemas() {
        check_refusals(
            "boolean-schemas",
            &[
                (with_schemas(json!({"A": false})), "#/components/schemas/A: no value satisfies"),
                (with_schemas(json!({"A": {"allOf": [false]}})), "A/allOf: no value satisfies"),
                (with_schemas(json!({"A": {"items": "string"}})), "A/items: a schema must be"),
                (
                    with_schemas(json!({"A": {"properties": {"b": null}}})),
                    "A/properties/b: a schema must be",
                ),
            ],
        );
    }
}
