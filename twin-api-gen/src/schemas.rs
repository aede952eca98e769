//! Lists the keywords that contain schemas, and visits every schema of a document.
//!
//! Data is skipped: examples, defaults, enum values and extensions. Rules of the lowering
//! that need the place of a schema use `lower/walk.rs`.

use serde_json::{Map, Value};

/// The keywords that limit values.
pub(crate) const BOUNDS: [&str; 13] = [
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
];

/// How a keyword contains schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// A map of schemas.
    Map,
    /// An array of schemas.
    List,
    /// One schema. Before 2020-12, `items` could be a list.
    Single,
    /// The keyword contains no schemas.
    None,
}

/// Returns how `keyword` holds schemas.
pub(crate) fn shape(keyword: &str) -> Container {
    match keyword {
        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => {
            Container::Map
        }
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Container::List,
        "items"
        | "additionalItems"
        | "additionalProperties"
        | "unevaluatedItems"
        | "unevaluatedProperties"
        | "not"
        | "if"
        | "then"
        | "else"
        | "contains"
        | "propertyNames"
        | "contentSchema" => Container::Single,
        _ => Container::None,
    }
}

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
pub(crate) fn each(document: &mut Value, change: &mut dyn FnMut(&mut Map<String, Value>)) {
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

/// Calls `change` for `schema` and every schema in it, inner schemas first.
pub(crate) fn within(schema: &mut Value, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    let Value::Object(members) = schema else { return };
    for (keyword, value) in members.iter_mut() {
        match (shape(keyword), value) {
            (Container::Map, Value::Object(schemas)) => {
                schemas.values_mut().for_each(|schema| within(schema, change));
            }
            (Container::List | Container::Single, Value::Array(schemas)) => {
                for schema in schemas {
                    within(schema, change);
                }
            }
            (Container::Single, schema) => within(schema, change),
            _ => {}
        }
    }
    change(members);
}

/// Calls `visit` for `schema` and every schema in it, inner schemas first.
pub(crate) fn each_inside(schema: &Value, visit: &mut dyn FnMut(&Value)) {
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        match (shape(keyword), value) {
            (Container::Map, Value::Object(schemas)) => {
                schemas.values().for_each(|inner| each_inside(inner, visit));
            }
            (Container::List | Container::Single, Value::Array(schemas)) => {
                for inner in schemas {
                    each_inside(inner, visit);
                }
            }
            (Container::Single, inner) => each_inside(inner, visit),
            _ => {}
        }
    }
    visit(schema);
}

/// Calls `see` for every reference of every schema.
pub(crate) fn each_reference(value: &mut Value, see: &mut dyn FnMut(&mut String)) {
    each(value, &mut |schema| references(schema, see));
}

/// Calls `see` for the references of one schema object.
pub(crate) fn references(schema: &mut Map<String, Value>, see: &mut dyn FnMut(&mut String)) {
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
