//! Small questions about one schema. It changes nothing but what it is handed.

use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// Where the component schemas are.
pub(super) const SCHEMAS: &str = "#/components/schemas/";

/// Keywords that say nothing about which values a schema takes.
pub(super) const ANNOTATIONS: [&str; 12] = [
    // It says how alternatives are told apart, not which values they take.
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
    // What a rule tells a later one; none of them stays in the document.
    "x-twin-base",
    "x-twin-const",
];

/// The object of a value; anything else becomes an empty one.
pub(super) fn as_object(value: &mut Value) -> &mut Object {
    if !value.is_object() {
        *value = Value::Object(Object::new());
    }
    match value {
        Value::Object(members) => members,
        _ => unreachable!("it was just made an object"),
    }
}

/// The object under `key`; made where it is missing.
pub(super) fn object_at<'a>(members: &'a mut Object, key: &str) -> &'a mut Object {
    as_object(members.entry(key).or_insert(Value::Null))
}

/// The text under `key`.
pub(super) fn text<'a>(members: &'a Object, key: &str) -> Option<&'a str> {
    members.get(key)?.as_str()
}

/// Whether `key` is there and true.
pub(super) fn is_true(members: &Object, key: &str) -> bool {
    members.get(key) == Some(&Value::Bool(true))
}

/// The component that a bare reference names.
pub(super) fn ref_name(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()?.strip_prefix(SCHEMAS)
}

/// A bare reference to a component schema.
pub(super) fn ref_to(name: &str) -> Value {
    let reference = Value::String(format!("{SCHEMAS}{name}"));
    Value::Object(Object::from_iter([("$ref".to_owned(), reference)]))
}

/// The component that a schema is nothing but another view of: a bare reference, or an
/// `allOf` of one, beside annotations at most.
pub(super) fn alias(value: &Value) -> Option<&str> {
    let members = value.as_object()?;
    if members.contains_key("$ref") {
        return ref_name(value);
    }
    let [only] = members.get("allOf")?.as_array()?.as_slice() else { return None };
    let bare = members.keys().all(|key| key == "allOf" || ANNOTATIONS.contains(&key.as_str()));
    if bare { alias(only) } else { None }
}

/// The schema behind any number of aliases.
pub(super) fn behind<'a>(schemas: &'a Object, value: &'a Value) -> &'a Value {
    let mut current = value;
    // A longer chain is nobody's, and not worth its time at every use.
    for _ in 0..64 {
        match alias(current).and_then(|name| schemas.get(name)) {
            Some(next) => current = next,
            None => break,
        }
    }
    current
}

/// The reason in words, with the keywords in a fixed order.
pub(super) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
