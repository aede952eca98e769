//! Copies the part of a document that one schema needs: the schema, and every value that it refers
//! to, directly or through other values. Each value has the same JSON pointer in the copy.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::document::decoded;

/// Returns the part of `root` that the schema at `pointer` needs.
pub(super) fn extract(root: &Value, pointer: &str) -> Value {
    let mut part = Value::Null;
    let mut seen = BTreeSet::new();
    let mut pending = vec![pointer.to_owned()];
    while let Some(pointer) = pending.pop() {
        let Some(value) = pointer.strip_prefix('#').and_then(|path| root.pointer(path)) else {
            continue;
        };
        if seen.insert(pointer.clone()) {
            references(value, &mut pending);
            insert(root, &mut part, &pointer, value);
        }
    }
    part
}

/// Adds the pointers of all references in `value` to `targets`.
fn references(value: &Value, targets: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("$ref" | "$dynamicRef", Value::String(reference)) => {
                        targets.extend(decoded(reference));
                    }
                    _ => references(member, targets),
                }
            }
        }
        Value::Array(elements) => {
            for element in elements {
                references(element, targets);
            }
        }
        _ => {}
    }
}

/// Puts `value` at `pointer` in `part`. Missing parents are created, as objects or arrays like those
/// of `root`.
fn insert(root: &Value, part: &mut Value, pointer: &str, value: &Value) {
    let (mut source, mut target) = (root, part);
    for segment in pointer.split('/').skip(1) {
        let name = segment.replace("~1", "/").replace("~0", "~");
        if target.is_null() {
            *target = match source {
                // A member of an array is found by its index, so the array keeps its length.
                Value::Array(elements) => Value::Array(vec![Value::Null; elements.len()]),
                _ => Value::Object(Map::new()),
            };
        }
        let index = || name.parse::<usize>().ok();
        let below = match (source, target) {
            (Value::Array(from), Value::Array(to)) => {
                index().and_then(|index| Some((from.get(index)?, to.get_mut(index)?)))
            }
            (Value::Object(from), Value::Object(to)) => {
                from.get(&name).map(|from| (from, to.entry(name).or_insert(Value::Null)))
            }
            _ => None,
        };
        let Some(below) = below else { return };
        (source, target) = below;
    }
    *target = value.clone();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn copies_schema_with_its_references() {
        let root = json!({
            "paths": { "/a": { "parameters": [
                { "schema": { "type": "integer" } },
                { "schema": { "$ref": "#/components/schemas/A" } },
            ] } },
            "components": { "schemas": {
                "A": { "items": { "$ref": "#/components/schemas/B/properties/a~1b" } },
                "B": { "properties": { "a/b": { "$ref": "#/components/schemas/A" }, "c": {} } },
                "C": { "type": "string" },
            } },
        });
        let part = json!({
            "paths": { "/a": { "parameters": [
                null,
                { "schema": { "$ref": "#/components/schemas/A" } },
            ] } },
            "components": { "schemas": {
                "A": { "items": { "$ref": "#/components/schemas/B/properties/a~1b" } },
                "B": { "properties": { "a/b": { "$ref": "#/components/schemas/A" } } },
            } },
        });
        assert_eq!(extract(&root, "#/paths/~1a/parameters/1/schema"), part);
    }

    #[test]
    fn ignores_unresolved_references_and_other_documents() {
        let schema = json!({ "allOf": [
            { "$ref": "#/components/schemas/Nowhere" },
            { "$ref": "https://example.com/schema.json" },
        ] });
        let root = json!({ "schema": schema, "other": {} });
        assert_eq!(extract(&root, "#/schema"), json!({ "schema": schema }));
        assert_eq!(extract(&root, "#/missing"), Value::Null);
    }
}
