//! Compares the Rust types that lowered schemas generate.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{DOCUMENTATION_CHANGED, Found, Verdict};
use crate::diff::graph::DataDirection;

/// Keywords that determine the Rust type of a scalar or a list.
const TYPING: [&str; 6] = ["type", "format", "minLength", "maxLength", "pattern", "uniqueItems"];

/// Compares the components. Each generates a named type.
pub(super) fn components(old: &Value, new: &Value, found: &mut Found) {
    let empty = Map::new();
    let read = |document: &Value| {
        document.pointer("/components/schemas").and_then(Value::as_object).cloned()
    };
    let (was, is) =
        (read(old).unwrap_or_else(|| empty.clone()), read(new).unwrap_or_else(|| empty.clone()));
    let sent = sent(new, &is);
    for (name, old) in &was {
        match is.get(name) {
            None => found.add(Verdict::Major, name, "the type was removed"),
            Some(new) => {
                // The rules for requests are stricter, so they apply to a type of both directions.
                let direction = if sent.contains(name) {
                    DataDirection::Request
                } else {
                    DataDirection::Response
                };
                compare(name, old, new, direction, found);
            }
        }
    }
    for name in is.keys().filter(|name| !was.contains_key(*name)) {
        found.add(Verdict::Minor, name, "the type is new");
    }
}

/// Returns the components that requests use, directly or through other components.
fn sent(document: &Value, schemas: &Map<String, Value>) -> BTreeSet<String> {
    let mut todo = Vec::new();
    for item in document["paths"].as_object().into_iter().flat_map(Map::values) {
        for operation in item.as_object().into_iter().flat_map(Map::values) {
            todo.push(&operation["requestBody"]);
            todo.push(&operation["parameters"]);
        }
    }
    let mut sent = BTreeSet::new();
    while let Some(value) = todo.pop() {
        match value {
            Value::Object(members) => {
                if let Some(name) = members.get("$ref").and_then(component)
                    && sent.insert(name.to_owned())
                {
                    todo.extend(schemas.get(name));
                }
                todo.extend(members.values());
            }
            Value::Array(items) => todo.extend(items),
            _ => {}
        }
    }
    sent
}

fn component(reference: &Value) -> Option<&str> {
    reference.as_str()?.rsplit('/').next()
}

/// Returns the name of the component that a schema refers to, directly or through an `allOf`
/// with a single branch (the form for keywords that may not stand beside a `$ref`).
fn named(schema: &Value) -> Option<&str> {
    if let Some(reference) = schema.get("$ref") {
        return component(reference);
    }
    match schema["allOf"].as_array().map(Vec::as_slice) {
        Some([only]) => named(only),
        _ => None,
    }
}

/// Compares the old and the new schema of `place`, whose data goes in `direction`.
pub(super) fn compare(
    place: &str,
    old: &Value,
    new: &Value,
    direction: DataDirection,
    found: &mut Found,
) {
    if old == new {
        return;
    }
    texts(place, old, new, found);
    match (named(old), named(new)) {
        (Some(was), Some(is)) => {
            if was != is {
                found.add(Verdict::Major, place, format!("was of type {was} and is of type {is}"));
            }
            return;
        }
        (None, None) => {}
        (was, is) => {
            let show =
                |name: Option<&str>| name.map_or("a type without a name", |name| name).to_owned();
            let message = format!("was of {} and is of {}", show(was), show(is));
            return found.add(Verdict::Major, place, message);
        }
    }
    for keyword in TYPING {
        if old.get(keyword) != new.get(keyword) {
            let show =
                |value: &Value| value.get(keyword).map_or("absent".to_owned(), Value::to_string);
            let message = format!("`{keyword}` was {} and is {}", show(old), show(new));
            found.add(Verdict::Major, place, message);
        }
    }
    values(place, old, new, found);
    members(place, old, new, direction, found);
    bounds(place, old, new, found);
    if old.get("items").is_some() || new.get("items").is_some() {
        compare(&format!("{place}[]"), &old["items"], &new["items"], direction, found);
    }
    maps(place, old, new, direction, found);
    variants(place, old, new, direction, found);
}

fn texts(place: &str, old: &Value, new: &Value, found: &mut Found) {
    if ["description", "title"].iter().any(|name| old.get(name) != new.get(name)) {
        found.add(Verdict::Patch, place, DOCUMENTATION_CHANGED);
    }
    if (old["deprecated"] == true) != (new["deprecated"] == true) {
        found.add(Verdict::Minor, place, "the deprecation changed");
    }
}

/// Compares enum values. Generated enums are non-exhaustive, so a new value is a minor change.
fn values(place: &str, old: &Value, new: &Value, found: &mut Found) {
    match (old["enum"].as_array(), new["enum"].as_array()) {
        (Some(was), Some(is)) => {
            for value in was.iter().filter(|value| !is.contains(value)) {
                found.add(Verdict::Major, place, format!("the variant for {value} was removed"));
            }
            for value in is.iter().filter(|value| !was.contains(value)) {
                found.add(Verdict::Minor, place, format!("the variant for {value} is new"));
            }
        }
        (None, None) => {}
        (was, _) => {
            let message = if was.is_some() { "is no longer an enum" } else { "became an enum" };
            found.add(Verdict::Major, place, message);
        }
    }
}

/// Returns whether a field is an `Option`: it is nullable, or optional without a default.
fn is_option(object: &Value, name: &str) -> bool {
    let member = &object["properties"][name];
    let required =
        object["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    member["nullable"] == true || !(required || member.get("default").is_some())
}

fn is_required(object: &Value, name: &str) -> bool {
    object["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
}

fn members(place: &str, old: &Value, new: &Value, direction: DataDirection, found: &mut Found) {
    let empty = Map::new();
    let was = old["properties"].as_object().unwrap_or(&empty);
    let is = new["properties"].as_object().unwrap_or(&empty);
    for (name, before) in was {
        let place = format!("{place}.{name}");
        let Some(after) = is.get(name) else {
            found.add(Verdict::Major, &place, "the field was removed");
            continue;
        };
        match (is_option(old, name), is_option(new, name)) {
            (false, true) => found.add(Verdict::Major, &place, "became an Option"),
            (true, false) => found.add(Verdict::Major, &place, "is no longer an Option"),
            // The Rust type is the same. Only the JSON for `None` changed.
            _ if before["nullable"] != after["nullable"] => {
                found.add(Verdict::Patch, &place, "`None` changed between null and absent");
            }
            _ => {}
        }
        compare(&place, before, after, direction, found);
    }
    for name in is.keys().filter(|name| !was.contains_key(*name)) {
        let place = format!("{place}.{name}");
        if direction == DataDirection::Request && is_required(new, name) {
            found.add(Verdict::Major, &place, "the field is new and must be set");
        } else {
            found.add(Verdict::Minor, &place, "the field is new");
        }
    }
}

fn maps(place: &str, old: &Value, new: &Value, direction: DataDirection, found: &mut Found) {
    let described = |schema: &Value| schema["additionalProperties"].is_object();
    match (described(old), described(new)) {
        (true, true) => {
            let (was, is) = (&old["additionalProperties"], &new["additionalProperties"]);
            compare(&format!("{place}.*"), was, is, direction, found);
        }
        (false, false) => {}
        _ => found.add(Verdict::Major, place, "the type of additional members changed"),
    }
}

fn variants(place: &str, old: &Value, new: &Value, direction: DataDirection, found: &mut Found) {
    for keyword in ["oneOf", "anyOf", "allOf"] {
        let read = |schema: &Value| schema[keyword].as_array().cloned().unwrap_or_default();
        let (was, is) = (read(old), read(new));
        if was.len() != is.len() {
            let message = format!("had {} alternatives and has {}", was.len(), is.len());
            found.add(Verdict::Major, place, message);
            continue;
        }
        for (index, (was, is)) in was.iter().zip(&is).enumerate() {
            compare(&format!("{place} (alternative {})", index + 1), was, is, direction, found);
        }
    }
    if old.get("discriminator") != new.get("discriminator") {
        found.add(Verdict::Major, place, "the discriminator changed");
    }
}

/// Compares the limits that the client checks before it sends a request.
pub(super) fn bounds(place: &str, old: &Value, new: &Value, found: &mut Found) {
    let limits = |schema: &Value| -> Vec<(String, Option<f64>, Option<f64>)> {
        let all = schema["x-twin-bounds"].as_array().into_iter().flatten();
        let name = |bound: &Value| bound["name"].as_str().unwrap_or_default().to_owned();
        all.map(|bound| (name(bound), bound["minimum"].as_f64(), bound["maximum"].as_f64()))
            .collect()
    };
    let (was, is) = (limits(old), limits(new));
    let of = |all: &[(String, Option<f64>, Option<f64>)], name: &str| {
        let found = all.iter().find(|limit| limit.0 == name);
        found.map_or((f64::NEG_INFINITY, f64::INFINITY), |(_, low, high)| {
            (low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY))
        })
    };
    // A limit of a new field or parameter does not break existing callers.
    let was_there = |name: &&str| {
        let parameters = old["parameters"].as_array().into_iter().flatten();
        old["properties"].get(*name).is_some()
            || parameters.into_iter().any(|parameter| parameter["name"] == **name)
    };
    let names: BTreeSet<&str> = was.iter().chain(&is).map(|limit| limit.0.as_str()).collect();
    for name in names.into_iter().filter(was_there) {
        let (old, new) = (of(&was, name), of(&is, name));
        let place = format!("{place}.{name}");
        if new == (0.0, old.1) && old.0 == f64::NEG_INFINITY {
            // A count is never negative, so existing callers do not send rejected values.
            found.add(Verdict::Patch, &place, "negative values are rejected before sending");
        } else if new.0 > old.0 || new.1 < old.1 {
            found.add(Verdict::Major, &place, "a limit allows fewer values");
        } else if new.0 < old.0 || new.1 > old.1 {
            found.add(Verdict::Minor, &place, "a limit allows more values");
        }
    }
}
