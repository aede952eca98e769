//! Rewrites every nullable schema to one form.
//!
//! A schema with a `type` gets a type array. Any other becomes a `oneOf` of the schema and null.
//! `nullable: false` is removed. The boolean exclusive bounds of OpenAPI 3.0 become numbers, so
//! that the result is valid 3.1.

use serde_json::{Value, json};

use crate::Object;
use crate::schemas;

pub(super) fn unify(document: &mut Value) {
    schemas::each_schema_mut(document, &mut |schema| {
        bounds(schema);
        unwrap(schema);
        nullable(schema);
    });
}

/// Returns whether a keyword does not affect which values a schema accepts.
pub(super) fn is_annotation(name: &str) -> bool {
    matches!(
        name,
        "description"
            | "title"
            | "example"
            | "examples"
            | "deprecated"
            | "readOnly"
            | "writeOnly"
            | "externalDocs"
            | "default"
            | "$comment"
    ) || name.starts_with("x-")
}

/// Unwraps an `anyOf` or `oneOf` that has only one alternative besides null.
fn unwrap(schema: &mut Object) {
    for keyword in ["anyOf", "oneOf"] {
        let Some(Value::Array(branches)) = schema.get(keyword) else { continue };
        let others: Vec<&Value> = branches.iter().filter(|it| !is_null(it)).collect();
        let has_null = others.len() < branches.len();
        let alone = schema.keys().all(|name| name == keyword || is_annotation(name));
        let (&[only], true) = (others.as_slice(), alone) else { continue };
        let (Value::Object(inner), true) = (only.clone(), has_null || keyword == "oneOf") else {
            continue;
        };
        schema.remove(keyword);
        if has_null {
            let branch = if inner.contains_key("type") && !inner.contains_key("allOf") {
                inner
            } else {
                schema.insert("oneOf".to_owned(), json!([inner, { "type": "null" }]));
                return;
            };
            merge(schema, branch);
            add_null(schema);
        } else {
            merge(schema, inner);
        }
        return;
    }
}

fn is_null(schema: &Value) -> bool {
    schema["type"] == "null"
        || schema["enum"] == json!([null])
        || schema.get("const") == Some(&Value::Null)
}

/// Merges `inner` into `outer`. Members of `outer` win, because they describe the place.
fn merge(outer: &mut Object, inner: Object) {
    for (name, value) in inner {
        outer.entry(name).or_insert(value);
    }
}

fn add_null(schema: &mut Object) {
    let types = match schema.get("type") {
        Some(Value::String(one)) => vec![json!(one)],
        Some(Value::Array(types)) => types.clone(),
        _ => return,
    };
    let types: Vec<Value> =
        types.into_iter().filter(|it| it != "null").chain([json!("null")]).collect();
    schema.insert("type".to_owned(), Value::Array(types));
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
        values.push(Value::Null);
    }
}

fn nullable(schema: &mut Object) {
    match schema.remove("nullable") {
        Some(Value::Bool(true)) => {}
        _ => return order(schema),
    }
    if schema.contains_key("type") {
        return add_null(schema);
    }
    let names: Vec<String> = schema.keys().filter(|name| !is_annotation(name)).cloned().collect();
    if names.is_empty() {
        return; // the schema accepts any value, including null
    }
    let inner: Object = names.into_iter().filter_map(|name| schema.remove_entry(&name)).collect();
    let inner = match single(inner) {
        Ok(only) | Err(only) => only,
    };
    schema.insert("oneOf".to_owned(), json!([inner, { "type": "null" }]));
}

/// Returns the branch of an `allOf` that has only one and no keywords beside it.
fn single(mut schema: Object) -> Result<Object, Object> {
    if schema.len() == 1
        && let Some(Value::Array(branches)) = schema.get_mut("allOf")
        && let [Value::Object(only)] = branches.as_mut_slice()
    {
        return Ok(std::mem::take(only));
    }
    Err(schema)
}

/// Moves null to the end of the types and of the enum values.
fn order(schema: &mut Object) {
    match schema.get("type") {
        Some(Value::Array(types)) if types.contains(&json!("null")) && types.len() > 1 => {
            add_null(schema);
        }
        Some(Value::Array(types)) if types.len() == 1 => {
            let only = types[0].clone();
            schema.insert("type".to_owned(), only);
        }
        _ => {}
    }
}

fn bounds(schema: &mut Object) {
    for (bound, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        let Some(Value::Bool(exclusive)) = schema.get(bound) else { continue };
        let exclusive = *exclusive;
        schema.remove(bound);
        if exclusive && let Some(value) = schema.remove(limit) {
            schema.insert(bound.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unified(schema: &Value) -> Value {
        let mut document = json!({ "components": {"schemas": {"A": schema}} });
        unify(&mut document);
        document["components"]["schemas"]["A"].clone()
    }

    #[test]
    fn spellings_of_a_nullable_string_become_one() {
        let wanted = json!({"type": ["string", "null"], "description": "d"});
        for schema in [
            json!({"type": ["null", "string"], "description": "d"}),
            json!({"type": "string", "nullable": true, "description": "d"}),
            json!({"oneOf": [{"type": "null"}, {"type": "string"}], "description": "d"}),
            json!({"anyOf": [{"type": "string"}, {"type": "null"}], "description": "d"}),
            json!({"anyOf": [{"type": "string", "nullable": true}, {"type": "null"}], "description": "d"}),
        ] {
            assert_eq!(unified(&schema), wanted, "{schema}");
        }
    }

    #[test]
    fn spellings_of_a_nullable_reference_become_one() {
        let wanted = json!({"oneOf": [{"$ref": "#/x"}, {"type": "null"}], "description": "d"});
        for schema in [
            json!({"$ref": "#/x", "nullable": true, "description": "d"}),
            json!({"allOf": [{"$ref": "#/x"}], "nullable": true, "description": "d"}),
            json!({"oneOf": [{"type": "null"}, {"$ref": "#/x"}], "description": "d"}),
            json!({"anyOf": [{"$ref": "#/x"}, {"type": "null"}], "description": "d"}),
        ] {
            assert_eq!(unified(&schema), wanted, "{schema}");
        }
    }

    #[test]
    fn unions_without_null_are_unchanged() {
        for schema in [
            json!({"oneOf": [{"$ref": "#/x"}, {"$ref": "#/y"}, {"type": "null"}]}),
            json!({"type": ["string", "integer"]}),
            json!({"type": "null"}),
        ] {
            assert_eq!(unified(&schema), schema);
        }
        assert_eq!(
            unified(&json!({"type": "string", "nullable": false})),
            json!({"type": "string"})
        );
        assert_eq!(
            unified(&json!({"type": "integer", "minimum": 0, "exclusiveMinimum": true})),
            json!({"type": "integer", "exclusiveMinimum": 0})
        );
    }
}
