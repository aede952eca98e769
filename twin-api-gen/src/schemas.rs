//! Lists the keywords that contain schemas, and visits every schema of a document.
//!
//! Data is skipped: examples, defaults, enum values and extensions. The rules of the lowering also need
//! the location of a schema, so they use `lower/walk.rs`.

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

/// Returns how `keyword` contains schemas.
pub(crate) fn container(keyword: &str) -> Container {
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

/// Calls `change` for every schema of a document, nested schemas first.
pub(crate) fn each_schema_mut(
    document: &mut Value,
    change: &mut dyn FnMut(&mut Map<String, Value>),
) {
    match document {
        Value::Array(items) => items.iter_mut().for_each(|item| each_schema_mut(item, change)),
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), &mut *member) {
                    ("schema", schema) => each_nested_mut(schema, change),
                    ("schemas", Value::Object(schemas)) => {
                        for schema in schemas.values_mut() {
                            each_nested_mut(schema, change);
                        }
                    }
                    (name, member) if !is_data(name) => each_schema_mut(member, change),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Calls `change` for `schema` and every schema in it that is an object, nested schemas first.
pub(crate) fn each_nested_mut(schema: &mut Value, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    let Value::Object(members) = schema else { return };
    for (keyword, value) in members.iter_mut() {
        match (container(keyword), value) {
            (Container::Map, Value::Object(schemas)) => {
                schemas.values_mut().for_each(|schema| each_nested_mut(schema, change));
            }
            (Container::List | Container::Single, Value::Array(schemas)) => {
                for schema in schemas {
                    each_nested_mut(schema, change);
                }
            }
            (Container::Single, schema) => each_nested_mut(schema, change),
            _ => {}
        }
    }
    change(members);
}

/// Calls `visit` for `schema` and every schema in it, nested schemas first.
pub(crate) fn each_nested(schema: &Value, visit: &mut dyn FnMut(&Value)) {
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        match (container(keyword), value) {
            (Container::Map, Value::Object(schemas)) => {
                schemas.values().for_each(|inner| each_nested(inner, visit));
            }
            (Container::List | Container::Single, Value::Array(schemas)) => {
                for inner in schemas {
                    each_nested(inner, visit);
                }
            }
            (Container::Single, inner) => each_nested(inner, visit),
            _ => {}
        }
    }
    visit(schema);
}

/// Calls `change` for every reference of every schema of a document.
pub(crate) fn each_reference_mut(value: &mut Value, change: &mut dyn FnMut(&mut String)) {
    each_schema_mut(value, &mut |schema| each_own_reference_mut(schema, change));
}

/// Calls `change` for the references of one schema: its `$ref`, and the targets of its discriminator.
pub(crate) fn each_own_reference_mut(
    schema: &mut Map<String, Value>,
    change: &mut dyn FnMut(&mut String),
) {
    if let Some(Value::String(reference)) = schema.get_mut("$ref") {
        change(reference);
    }
    let mapping = schema.get_mut("discriminator").and_then(|it| it.get_mut("mapping"));
    for target in mapping.and_then(Value::as_object_mut).into_iter().flatten() {
        if let (_, Value::String(target)) = target {
            change(target);
        }
    }
}
