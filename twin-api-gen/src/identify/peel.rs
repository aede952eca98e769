//! Finds the schema behind references, null wrappers and `allOf`.

use serde_json::{Value, json};

use super::null::is_annotation;
use super::reference::{component, resolve};
use crate::Object;
use crate::limits::MAX_ALL_OF_DEPTH;
use crate::limits::MAX_WRAPPERS;

/// A schema without its wrappers, and what the wrappers said.
#[derive(Debug, Default)]
pub(crate) struct Peeled {
    pub(crate) schema: Object,
    /// Whether a wrapper allows null.
    pub(crate) nullable: bool,
    /// The components behind the references, outermost first.
    pub(crate) chain: Vec<String>,
    /// The annotations of the outermost wrapper, which describe the place and not the type.
    pub(crate) outer: Object,
    /// The description of the innermost schema, if it has a wrapper.
    pub(crate) inner_description: Option<String>,
}

/// Removes references, null wrappers and one-branch `allOf`s from `schema`.
pub(crate) fn peel(document: &Value, schema: &Value) -> Peeled {
    let mut peeled = Peeled::default();
    let mut current = schema.as_object().cloned().unwrap_or_default();
    peeled.outer = annotations(&current);
    for level in 0..MAX_WRAPPERS {
        take_null(&mut current, &mut peeled.nullable);
        if let Some(inner) = next(document, &current, &mut peeled) {
            current = inner;
            continue;
        }
        let description = current.get("description").and_then(Value::as_str);
        if level > 0 {
            peeled.inner_description = description.map(ToOwned::to_owned);
        }
        break;
    }
    peeled.schema = current;
    peeled
}

fn annotations(schema: &Object) -> Object {
    let own = schema.iter().filter(|(name, _)| is_annotation(name));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Returns the schema that `schema` wraps, if only annotations stand beside it.
fn next(document: &Value, schema: &Object, peeled: &mut Peeled) -> Option<Object> {
    let mut structural = schema.iter().filter(|(name, _)| !is_annotation(name));
    let (keyword, value) = structural.next()?;
    if structural.next().is_some() {
        return None;
    }
    match (keyword.as_str(), value) {
        ("$ref", Value::String(reference)) => {
            let found = document.pointer(&resolve(document, reference)?)?.as_object()?;
            peeled.chain.extend(component(reference));
            Some(found.clone())
        }
        ("allOf", Value::Array(branches)) => match branches.as_slice() {
            [Value::Object(only)] => Some(only.clone()),
            _ => None,
        },
        ("oneOf" | "anyOf", Value::Array(branches)) => {
            let mut schemas = branches.iter().filter(|branch| branch["type"] != "null");
            let only = schemas.next()?.as_object()?;
            if schemas.next().is_some() {
                return None;
            }
            peeled.nullable |= branches.len() > 1;
            Some(only.clone())
        }
        _ => None,
    }
}

fn take_null(schema: &mut Object, nullable: &mut bool) {
    let Some(Value::Array(types)) = schema.get("type") else { return };
    let others: Vec<&Value> = types.iter().filter(|it| *it != "null").collect();
    if others.len() == types.len() {
        return;
    }
    *nullable = true;
    let types = match others.as_slice() {
        [only] => (*only).clone(),
        _ => json!(others),
    };
    schema.insert("type".to_owned(), types);
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

/// Merges `allOf` into one schema. Returns the schema unchanged if it cannot be merged.
pub(crate) fn flatten(document: &Value, schema: &Object) -> Object {
    flatten_at(document, schema, 0)
}

fn flatten_at(document: &Value, schema: &Object, depth: usize) -> Object {
    let Some(Value::Array(branches)) = schema.get("allOf") else { return schema.clone() };
    let mut merged = schema.clone();
    merged.remove("allOf");
    if let Some(Value::String(_)) = merged.get("$ref")
        && !merge_branch(document, &mut merged, depth)
    {
        return schema.clone();
    }
    for branch in branches {
        let peeled = peel(document, branch);
        if depth > MAX_ALL_OF_DEPTH || peeled.nullable {
            return schema.clone();
        }
        let branch = flatten_at(document, &peeled.schema, depth + 1);
        if !merge(&mut merged, branch) {
            return schema.clone();
        }
    }
    merged
}

/// Replaces the `$ref` of `merged` by the schema that it refers to. Returns whether it succeeded.
fn merge_branch(document: &Value, merged: &mut Object, depth: usize) -> bool {
    let reference = merged.remove("$ref").map(|reference| json!({ "$ref": reference }));
    let peeled = peel(document, &reference.unwrap_or_default());
    let branch = flatten_at(document, &peeled.schema, depth + 1);
    merge(merged, branch)
}

/// Merges `from` into `into`. Returns `false` if a keyword has different values in both.
fn merge(into: &mut Object, from: Object) -> bool {
    for (name, value) in from {
        match (name.as_str(), into.get_mut(&name), value) {
            ("properties", Some(Value::Object(own)), Value::Object(more)) => members(own, more),
            ("required", Some(Value::Array(own)), Value::Array(more)) => {
                own.extend(more.into_iter().filter(|it| !own.contains(it)).collect::<Vec<_>>());
            }
            (_, None, value) => drop(into.insert(name, value)),
            (_, Some(own), value) if *own != value && !is_annotation(&name) => return false,
            _ => {}
        }
    }
    true
}

/// Merges properties. A property with different schemas must satisfy both.
fn members(own: &mut Object, more: Object) {
    for (name, member) in more {
        match own.get_mut(&name) {
            None => drop(own.insert(name, member)),
            Some(first) if same(first, &member) => {}
            Some(first) => *first = json!({ "allOf": [first.take(), member] }),
        }
    }
}

/// Returns whether two schemas are equal apart from annotations and order.
pub(super) fn same(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Object(one), Value::Object(two)) => {
            let count = |schema: &Object| schema.keys().filter(|it| !is_annotation(it)).count();
            count(one) == count(two)
                && one.iter().filter(|(name, _)| !is_annotation(name)).all(|(name, value)| {
                    let other = two.get(name);
                    match (name.as_str(), value, other) {
                        ("properties", Value::Object(own), Some(Value::Object(other))) => {
                            same_members(own, other)
                        }
                        ("required", Value::Array(own), Some(Value::Array(other))) => {
                            own.len() == other.len() && own.iter().all(|it| other.contains(it))
                        }
                        (_, value, Some(other)) => same(value, other),
                        _ => false,
                    }
                })
        }
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        _ => one == two,
    }
}

fn same_members(one: &Object, two: &Object) -> bool {
    one.len() == two.len()
        && one.iter().all(|(name, member)| two.get(name).is_some_and(|other| same(member, other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peel_removes_all_wrappers() {
        let document = json!({"components": {"schemas": {
            "A": {"$ref": "#/components/schemas/B"},
            "B": {"allOf": [{"type": ["object", "null"], "description": "inner"}]},
        }}});
        let schema = json!({"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}],
            "description": "outer"});
        let peeled = peel(&document, &schema);
        assert!(peeled.nullable);
        assert_eq!(peeled.chain, ["A", "B"]);
        assert_eq!(peeled.outer["description"], "outer");
        assert_eq!(peeled.inner_description.as_deref(), Some("inner"));
        assert_eq!(peeled.schema["type"], "object");
    }

    #[test]
    fn flatten_merges_all_of() {
        let document = json!({"components": {"schemas": {
            "Base": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        }}});
        let schema = json!({"description": "d", "allOf": [{"$ref": "#/components/schemas/Base"},
            {"properties": {"a": {"const": "x"}, "b": {"type": "string"}}, "required": ["b"]}]});
        let flat = flatten(&document, schema.as_object().unwrap());
        assert_eq!(
            Value::Object(flat),
            json!({"type": "object", "description": "d", "required": ["a", "b"], "properties": {
                "a": {"allOf": [{"type": "string"}, {"const": "x"}]}, "b": {"type": "string"}}})
        );
        let odd = json!({"allOf": [{"type": "string"}, {"type": "object"}]});
        let odd = odd.as_object().unwrap();
        assert_eq!(&flatten(&document, odd), odd);
    }
}
