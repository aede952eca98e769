//! Makes the schemas of a document strict: a member that they do not list is not valid.
//!
//! An object may be described in several places at once, by `allOf` or a `$ref` with
//! something beside it, and none of them knows the others. So it is closed where a value
//! is described as a whole: the schema of a member, of an element, of a body. There
//! `unevaluatedProperties` sees through references and `allOf`.
//!
//! Left alone are schemas that list no member at all, which say that they describe anything,
//! and those that speak of further members themselves. Nothing inside `not` is closed:
//! there, less valid would be more.

use serde_json::{Map, Value};

use super::document::decoded;

const CLOSER: &str = "unevaluatedProperties";

/// Keywords beside which a schema needs no closing.
const OUTSPOKEN: [&str; 2] = ["additionalProperties", CLOSER];

/// Keywords whose value describes another value, or lists schemas that do.
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
/// Keywords whose schemas say more of the same value.
const OF_THE_SAME: [&str; 6] = ["allOf", "anyOf", "else", "if", "oneOf", "then"];
/// Keywords whose value maps names to schemas that say more of the same value, or are
/// there to be referred to.
const MAPS_OF_THE_SAME: [&str; 2] = ["$defs", "dependentSchemas"];

/// Closes the schemas in `copy`, which is a copy of the document `root` or of a part of it.
/// What only looks like one, in an example, is closed as well, and nobody asks it.
pub(super) fn close(root: &Value, copy: &mut Value) {
    match copy {
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "schema" => whole(root, member),
                    "schemas" => each(member, &mut |schema| parts(root, schema)),
                    _ => close(root, member),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| close(root, element)),
        _ => {}
    }
}

/// Whether `schema`, or what says more of the same value, lists a member that `named` wants.
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
    same(schema).any(|more| lists_within(root, more, named, seen))
}

fn follow_once<'a>(root: &'a Value, pointer: &str) -> Option<&'a Value> {
    root.pointer(pointer.strip_prefix('#')?)
}

/// The schemas in `schema` that say more of the same value.
fn same(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let direct = OF_THE_SAME.iter().filter_map(|keyword| schema.get(*keyword));
    let direct = direct.flat_map(|value| match value {
        Value::Array(schemas) => schemas.iter().collect::<Vec<_>>(),
        schema => vec![schema],
    });
    let dependent = schema.get("dependentSchemas").and_then(Value::as_object);
    direct.chain(dependent.into_iter().flat_map(Map::values))
}

/// Closes a schema that describes a value as a whole.
fn whole(root: &Value, schema: &mut Value) {
    parts(root, schema);
    let closes = lists(root, schema, &|_| true);
    let Some(schema) = schema.as_object_mut() else { return };
    if closes && !OUTSPOKEN.iter().any(|keyword| schema.contains_key(*keyword)) {
        schema.insert(CLOSER.to_owned(), Value::Bool(false));
    }
}

/// Closes what `schema` says of the parts of a value, but not `schema` itself.
fn parts(root: &Value, schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    for (keyword, value) in schema {
        match keyword.as_str() {
            keyword if OF_VALUES.contains(&keyword) => {
                one_or_more(value, &mut |schema| whole(root, schema));
            }
            keyword if MAPS_OF_VALUES.contains(&keyword) => {
                each(value, &mut |schema| whole(root, schema));
            }
            keyword if OF_THE_SAME.contains(&keyword) => {
                one_or_more(value, &mut |schema| parts(root, schema));
            }
            keyword if MAPS_OF_THE_SAME.contains(&keyword) => {
                each(value, &mut |schema| parts(root, schema));
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
