//! Merges two schemas that a value must both satisfy.
//!
//! It supports objects and scalars. `composition` handles unions before it calls this module. If no
//! single schema expresses both, the error gives the reason, and the caller widens the type.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::schema::{ANNOTATIONS, Object, alias, behind, text};

/// Merges `part` into `whole`. For keywords that cannot be combined, `part` wins.
pub(super) fn merge(
    whole: &mut Object,
    part: &Object,
    schemas: &Object,
    lost: &mut Vec<String>,
) -> Result<(), String> {
    for (key, value) in part {
        let Some(here) = whole.get_mut(key) else {
            whole.insert(key.clone(), value.clone());
            continue;
        };
        match key.as_str() {
            _ if here == value => {}
            "type" => *here = narrower(here, value)?,
            "properties" => properties(here, value, schemas, lost),
            "required" => names(here, value),
            "additionalProperties" => free_properties(here, value, lost),
            "enum" => common(here, value)?,
            "items" => both_or_any(here, value, schemas, lost, "the items"),
            _ => *here = value.clone(),
        }
    }
    Ok(())
}

fn narrower(here: &Value, value: &Value) -> Result<Value, String> {
    match (here.as_str(), value.as_str()) {
        (Some("integer"), Some("number")) | (Some("number"), Some("integer")) => {
            Ok(Value::from("integer"))
        }
        _ => Err(format!("the types {here} and {value} differ")),
    }
}

fn properties(here: &mut Value, value: &Value, schemas: &Object, lost: &mut Vec<String>) {
    let (Value::Object(here), Value::Object(theirs)) = (here, value) else { return };
    for (name, schema) in theirs {
        match here.get_mut(name) {
            Some(own) => both_or_any(own, schema, schemas, lost, &format!("the property `{name}`")),
            None => drop(here.insert(name.clone(), schema.clone())),
        }
    }
}

fn names(here: &mut Value, value: &Value) {
    let (Value::Array(here), Value::Array(theirs)) = (here, value) else { return };
    let known: BTreeSet<String> =
        here.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    here.extend(theirs.iter().filter(|name| !known.contains(name.as_str().unwrap_or(""))).cloned());
}

/// Merges `additionalProperties`. `false` in one part is ignored, because it would forbid the
/// properties of the other parts.
fn free_properties(here: &mut Value, value: &Value, lost: &mut Vec<String>) {
    match (&here, value) {
        (_, Value::Bool(false)) => {}
        (Value::Bool(_), _) => *here = value.clone(),
        (_, Value::Bool(true)) => {}
        _ => {
            lost.push(
                "additional properties accept any value: they have several schemas".to_owned(),
            );
            *here = Value::Bool(true);
        }
    }
}

fn common(here: &mut Value, value: &Value) -> Result<(), String> {
    if let (Value::Array(here), Value::Array(theirs)) = (here, value) {
        here.retain(|value| theirs.contains(value));
        if here.is_empty() {
            return Err("the enums have no common value".to_owned());
        }
    }
    Ok(())
}

/// Replaces `here` by a schema for values that satisfy both, or by "any value".
fn both_or_any(
    here: &mut Value,
    value: &Value,
    schemas: &Object,
    lost: &mut Vec<String>,
    what: &str,
) {
    *here = both(here, value, schemas, lost).unwrap_or_else(|| {
        lost.push(format!("any value is accepted for {what}: its schemas cannot be merged"));
        Value::Object(Object::new())
    });
}

/// Returns one schema for values that satisfy both, or `None` if they cannot be merged.
fn both(first: &Value, second: &Value, schemas: &Object, lost: &mut Vec<String>) -> Option<Value> {
    if first == second || says_nothing(second) {
        return Some(first.clone());
    }
    if says_nothing(first) || (alias(first).is_some() && alias(first) == alias(second)) {
        return Some(second.clone());
    }
    if says_no_more(first, second, schemas) {
        return Some(second.clone());
    }
    if says_no_more(second, first, schemas) {
        return Some(first.clone());
    }
    match (plain(first, schemas), plain(second, schemas)) {
        (Some(whole), Some(part)) => {
            let mut whole = whole.clone();
            merge(&mut whole, part, schemas, lost).ok()?;
            Some(Value::Object(whole))
        }
        // The next round of `composition` merges these, and equal ones share a component.
        _ if may_be_merged(first, second, schemas) => Some(json!({"allOf": [first, second]})),
        _ => None,
    }
}

/// Returns whether `schema` has only a type and `other` has the same type.
fn says_no_more(schema: &Value, other: &Value, schemas: &Object) -> bool {
    let bare = schema.as_object().is_some_and(|members| {
        members.iter().all(|(key, value)| match key.as_str() {
            "type" => true,
            "additionalProperties" => *value == true || *value == json!({}),
            key => ANNOTATIONS.contains(&key),
        })
    });
    bare && kind(schema).is_some() && kind(schema) == kind(behind(schemas, other))
}

fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type").and_then(Value::as_str) {
        None if schema.get("properties").is_some() => Some("object"),
        kind => kind,
    }
}

/// Returns whether two schemas may be merged: both are objects, or one is an `allOf`.
fn may_be_merged(first: &Value, second: &Value, schemas: &Object) -> bool {
    let (first, second) = (behind(schemas, first), behind(schemas, second));
    match (kind(first), kind(second)) {
        (Some(one), Some(other)) => one == other && one == "object",
        _ => first.get("allOf").is_some() || second.get("allOf").is_some(),
    }
}

fn says_nothing(schema: &Value) -> bool {
    schema
        .as_object()
        .is_some_and(|members| members.keys().all(|key| ANNOTATIONS.contains(&key.as_str())))
}

/// Returns a schema that can be merged without endless expansion: an inline one, or a scalar
/// behind references.
fn plain<'a>(schema: &'a Value, schemas: &'a Object) -> Option<&'a Object> {
    let target = behind(schemas, schema).as_object()?;
    let composed = ["allOf", "oneOf", "anyOf", "$ref"];
    if composed.iter().any(|keyword| target.contains_key(*keyword)) {
        return None;
    }
    let scalar = !matches!(text(target, "type"), None | Some("object" | "array"));
    (alias(schema).is_none() || scalar).then_some(target)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(first: &Value, second: &Value) -> Result<(Value, usize), String> {
        let schemas = json!({"S": {"type": "string"}, "O": {"type": "object"}});
        let mut whole = first.as_object().unwrap().clone();
        let mut lost = Vec::new();
        merge(&mut whole, second.as_object().unwrap(), schemas.as_object().unwrap(), &mut lost)?;
        Ok((Value::Object(whole), lost.len()))
    }

    #[test]
    fn merges_keywords_of_two_schemas() {
        let s = json!({"$ref": "#/components/schemas/S"});
        let o = json!({"$ref": "#/components/schemas/O"});
        for (first, second, expected, lost) in [
            (json!({"type": "integer"}), json!({"type": "number"}), json!({"type": "integer"}), 0),
            (
                json!({"required": ["a"]}),
                json!({"required": ["a", "b"]}),
                json!({"required": ["a", "b"]}),
                0,
            ),
            (json!({"enum": ["a", "b"]}), json!({"enum": ["b"]}), json!({"enum": ["b"]}), 0),
            (
                json!({"properties": {"a": {"type": "string"}}}),
                json!({"properties": {"a": {"enum": ["x"]}, "b": {}}}),
                json!({"properties": {"a": {"type": "string", "enum": ["x"]}, "b": {}}}),
                0,
            ),
            (
                json!({"properties": {"a": s}}),
                json!({"properties": {"a": {"type": "string", "enum": ["x"]}}}),
                json!({"properties": {"a": {"type": "string", "enum": ["x"]}}}),
                0,
            ),
            (
                json!({"properties": {"a": o}}),
                json!({"properties": {"a": {"properties": {}}}}),
                json!({"properties": {"a": {"allOf": [o, {"properties": {}}]}}}),
                0,
            ),
            (
                json!({"properties": {"a": {"type": "object"}}, "items": {"type": "object"}}),
                json!({"properties": {"a": o}, "items": o}),
                json!({"properties": {"a": o}, "items": o}),
                0,
            ),
            (
                json!({"additionalProperties": false}),
                json!({"additionalProperties": {"type": "string"}}),
                json!({"additionalProperties": {"type": "string"}}),
                0,
            ),
        ] {
            assert_eq!(merged(&first, &second), Ok((expected, lost)), "{first} and {second}");
        }
        assert!(merged(&json!({"type": "string"}), &json!({"type": "object"})).is_err());
        assert!(merged(&json!({"enum": ["a"]}), &json!({"enum": ["b"]})).is_err());
    }
}
