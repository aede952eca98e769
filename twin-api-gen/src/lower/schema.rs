//! Helper functions for single schemas.

use serde_json::Value;

pub(super) use crate::Object;

/// The prefix of references to component schemas.
pub(super) const SCHEMAS: &str = "#/components/schemas/";

/// Keywords that do not affect which values a schema accepts.
pub(super) const ANNOTATIONS: [&str; 12] = [
    // It identifies alternatives, and does not restrict their values.
    "discriminator",
    "title",
    "description",
    "default",
    "example",
    "deprecated",
    "readOnly",
    "writeOnly",
    "nullable",
    "x-twin-type",
    // A rule sets these for a later rule, which removes them.
    "x-twin-base",
    "x-twin-const",
];

/// Returns the object in `value`. A value of another type is first replaced by an empty object.
pub(super) fn as_object(value: &mut Value) -> &mut Object {
    if !value.is_object() {
        *value = Value::Object(Object::new());
    }
    match value {
        Value::Object(members) => members,
        _ => unreachable!("it was just made an object"),
    }
}

/// Returns the object under `key`. An absent one is created.
pub(super) fn object_at<'a>(members: &'a mut Object, key: &str) -> &'a mut Object {
    as_object(members.entry(key).or_insert(Value::Null))
}

/// Returns the string under `key`.
pub(super) fn text<'a>(members: &'a Object, key: &str) -> Option<&'a str> {
    members.get(key)?.as_str()
}

/// Returns whether `key` is `true`.
pub(super) fn is_true(members: &Object, key: &str) -> bool {
    members.get(key) == Some(&Value::Bool(true))
}

/// Returns the component that a `$ref` refers to.
pub(super) fn ref_name(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()?.strip_prefix(SCHEMAS)
}

/// Builds a reference to a component schema.
pub(super) fn ref_to(name: &str) -> Value {
    let reference = Value::String(format!("{SCHEMAS}{name}"));
    Value::Object(Object::from_iter([("$ref".to_owned(), reference)]))
}

/// Returns the component that a schema is an alias of: a `$ref`, or an `allOf` of one `$ref`
/// with only annotations beside it.
pub(super) fn alias(value: &Value) -> Option<&str> {
    let members = value.as_object()?;
    if members.contains_key("$ref") {
        return ref_name(value);
    }
    let [only] = members.get("allOf")?.as_array()?.as_slice() else { return None };
    let bare = members.keys().all(|key| key == "allOf" || ANNOTATIONS.contains(&key.as_str()));
    if bare { alias(only) } else { None }
}

/// Follows aliases, and returns the schema behind them.
pub(super) fn behind<'a>(schemas: &'a Object, value: &'a Value) -> &'a Value {
    let mut current = value;
    // The limit bounds the time of a call, and ends cycles.
    for _ in 0..64 {
        match alias(current).and_then(|name| schemas.get(name)) {
            Some(next) => current = next,
            None => break,
        }
    }
    current
}

/// Joins `names` for a message, each in backquotes.
pub(super) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
