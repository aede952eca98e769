//! Makes the schemas of a document strict: a member that a schema does not list is not valid.
//!
//! Several schemas can describe one object together, with `allOf` or with keywords beside a `$ref`,
//! and each lists only its own members. So `unevaluatedProperties: false` is added only to the schema
//! of a whole value: a member, an element or a body. There the keyword sees the members that
//! references and `allOf` list.
//!
//! Three kinds of schemas stay unchanged: schemas that list no member, which accept any object;
//! schemas that have `additionalProperties` or `unevaluatedProperties`; and schemas inside `not`,
//! where a stricter schema would accept more values.

use serde_json::{Map, Value};

use super::document::decoded;

const CLOSER: &str = "unevaluatedProperties";

/// A schema with one of these keywords is not changed.
const OWN_KEYWORDS: [&str; 2] = ["additionalProperties", CLOSER];

/// Keywords whose value is a schema of another value, or a list of such schemas.
const OF_VALUES: [&str; 6] = [
    "additionalProperties",
    "contains",
    "items",
    "prefixItems",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value maps names to schemas of other values.
const MAPS_OF_VALUES: [&str; 2] = ["patternProperties", "properties"];
/// Keywords whose schemas describe the same value.
const OF_THE_SAME: [&str; 6] = ["allOf", "anyOf", "else", "if", "oneOf", "then"];
/// Keywords whose value maps names to schemas that describe the same value, or that are only
/// referred to.
const MAPS_OF_THE_SAME: [&str; 2] = ["$defs", "dependentSchemas"];

/// Makes the schemas in `copy` strict. `copy` is a copy of the document `root` or of a part of it.
/// A member named `schema` in an example is changed too, which has no effect.
pub(super) fn make_strict(root: &Value, copy: &mut Value) {
    match copy {
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "schema" => make_value_strict(root, member),
                    "schemas" => each(member, &mut |schema| make_parts_strict(root, schema)),
                    _ => make_strict(root, member),
                }
            }
        }
        Value::Array(elements) => {
            for element in elements {
                make_strict(root, element);
            }
        }
        _ => {}
    }
}

/// Returns whether `schema`, or another schema of the same value, lists a member whose name `named`
/// accepts.
pub(super) fn lists(root: &Value, schema: &Value, named: &dyn Fn(&str) -> bool) -> bool {
    lists_within(root, schema, named, &mut Vec::new())
}

fn lists_within<'a>(
    root: &'a Value,
    schema: &'a Value,
    named: &dyn Fn(&str) -> bool,
    seen: &mut Vec<&'a str>,
) -> bool {
    let Some(schema) = schema.as_object() else { return false };
    let members = schema.get("properties").and_then(Value::as_object);
    if members.is_some_and(|members| members.keys().any(|name| named(name))) {
        return true;
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
        && !seen.contains(&reference)
    {
        seen.push(reference);
        let target = decoded(reference).and_then(|pointer| follow_once(root, &pointer));
        if target.is_some_and(|target| lists_within(root, target, named, seen)) {
            return true;
        }
    }
    schemas_of_same_value(schema).any(|more| lists_within(root, more, named, seen))
}

fn follow_once<'a>(root: &'a Value, pointer: &str) -> Option<&'a Value> {
    root.pointer(pointer.strip_prefix('#')?)
}

/// Returns the schemas in `schema` that describe the same value.
fn schemas_of_same_value(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let direct = OF_THE_SAME.iter().filter_map(|keyword| schema.get(*keyword));
    let direct = direct.flat_map(|value| match value {
        Value::Array(schemas) => schemas.iter().collect::<Vec<_>>(),
        schema => vec![schema],
    });
    let dependent = schema.get("dependentSchemas").and_then(Value::as_object);
    direct.chain(dependent.into_iter().flat_map(Map::values))
}

/// Makes the schema of a whole value strict.
fn make_value_strict(root: &Value, schema: &mut Value) {
    make_parts_strict(root, schema);
    let closes = lists(root, schema, &|_| true);
    let Some(schema) = schema.as_object_mut() else { return };
    if closes && !OWN_KEYWORDS.iter().any(|keyword| schema.contains_key(*keyword)) {
        schema.insert(CLOSER.to_owned(), Value::Bool(false));
    }
}

/// Makes the schemas of the parts of a value strict, but not `schema` itself.
fn make_parts_strict(root: &Value, schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    for (keyword, value) in schema {
        match keyword.as_str() {
            keyword if OF_VALUES.contains(&keyword) => {
                one_or_more(value, &mut |schema| make_value_strict(root, schema));
            }
            keyword if MAPS_OF_VALUES.contains(&keyword) => {
                each(value, &mut |schema| make_value_strict(root, schema));
            }
            keyword if OF_THE_SAME.contains(&keyword) => {
                one_or_more(value, &mut |schema| make_parts_strict(root, schema));
            }
            keyword if MAPS_OF_THE_SAME.contains(&keyword) => {
                each(value, &mut |schema| make_parts_strict(root, schema));
            }
            _ => {}
        }
    }
}

fn each(map: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    map.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(visit);
}

fn one_or_more(value: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Array(schemas) => schemas.iter_mut().for_each(visit),
        schema => visit(schema),
    }
}
