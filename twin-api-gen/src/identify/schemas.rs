//! Visits every schema of an OpenAPI document.
//!
//! Data is skipped: examples, defaults, enum values and extensions.

use serde_json::{Map, Value};

const MAPS: [&str; 5] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
const SINGLE: [&str; 11] = [
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];

/// Returns whether a member of an OpenAPI object contains data or text and no schema.
fn is_data(name: &str) -> bool {
    name.starts_with("x-")
        || matches!(
            name,
            "example"
                | "examples"
                | "default"
                | "enum"
                | "const"
                | "info"
                | "servers"
                | "security"
                | "securitySchemes"
                | "externalDocs"
                | "tags"
                | "description"
                | "summary"
        )
}

/// Calls `change` for every schema, inner schemas first.
pub(super) fn each(document: &mut Value, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    match document {
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, change)),
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), &mut *member) {
                    ("schema", schema) => within(schema, change),
                    ("schemas", Value::Object(schemas)) => {
                        for schema in schemas.values_mut() {
                            within(schema, change);
                        }
                    }
                    (name, member) if !is_data(name) => each(member, change),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Calls `change` for `schema` and every schema in it.
pub(super) fn within(schema: &mut Value, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    let Value::Object(members) = schema else { return };
    for name in MAPS {
        if let Some(Value::Object(schemas)) = members.get_mut(name) {
            for schema in schemas.values_mut() {
                within(schema, change);
            }
        }
    }
    for name in LISTS {
        if let Some(Value::Array(schemas)) = members.get_mut(name) {
            for schema in schemas {
                within(schema, change);
            }
        }
    }
    for name in SINGLE {
        match members.get_mut(name) {
            // Before 2020-12 `items` could be a list.
            Some(Value::Array(schemas)) => {
                for schema in schemas {
                    within(schema, change);
                }
            }
            Some(schema) => within(schema, change),
            None => {}
        }
    }
    change(members);
}

/// Calls `see` for every reference of every schema.
pub(super) fn each_reference(value: &mut Value, see: &mut dyn FnMut(&mut String)) {
    each(value, &mut |schema| references(schema, see));
}

/// Calls `see` for the references of one schema object.
pub(super) fn references(schema: &mut Map<String, Value>, see: &mut dyn FnMut(&mut String)) {
    if let Some(Value::String(reference)) = schema.get_mut("$ref") {
        see(reference);
    }
    let mapping = schema.get_mut("discriminator").and_then(|it| it.get_mut("mapping"));
    for target in mapping.and_then(Value::as_object_mut).into_iter().flatten() {
        if let (_, Value::String(target)) = target {
            see(target);
        }
    }
}
