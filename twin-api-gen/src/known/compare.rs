//! Compares the JSON types of a member in the document and in `known.json`.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::identify::peel::{flatten, peel};
use crate::limits::MAX_LIST_DEPTH;

/// The JSON types that a schema accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct JsonTypes {
    /// The JSON Schema type names except `null`. An empty set means any value.
    names: BTreeSet<String>,
    pub(super) nullable: bool,
    items: Option<Box<JsonTypes>>,
}

impl JsonTypes {
    /// Returns the types of `schema`. References are resolved in `document`.
    pub(super) fn of(document: &Value, schema: &Value) -> Self {
        Self::at(document, schema, 0)
    }

    fn at(document: &Value, schema: &Value, depth: usize) -> Self {
        let peeled = peel(document, schema);
        let schema = flatten(document, &peeled.schema);
        let mut kinds = Self { nullable: peeled.nullable, ..Self::default() };
        match schema.get("type") {
            Some(Value::String(name)) => drop(kinds.names.insert(name.clone())),
            Some(Value::Array(names)) => {
                kinds.names.extend(names.iter().filter_map(Value::as_str).map(ToOwned::to_owned));
            }
            _ => kinds.names = implied(&schema),
        }
        kinds.nullable |= kinds.names.remove("null");
        let payload = schema.get("x-twin-type").is_some_and(|name| name == "payload");
        if payload {
            kinds.names.clear();
        }
        if let Some(items) =
            schema.get("items").filter(|items| items.is_object() && depth < MAX_LIST_DEPTH)
        {
            kinds.items = Some(Box::new(Self::at(document, items, depth + 1)));
        }
        kinds
    }

    /// Returns whether any JSON value is accepted.
    pub(super) fn any(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns whether several types are accepted, because document and service disagree.
    pub(super) fn lenient(&self) -> bool {
        self.names.len() > 1
    }

    /// Returns whether `other` accepts every value of `self`, ignoring null.
    pub(super) fn within(&self, other: &Self) -> bool {
        if other.any() {
            return true;
        }
        let fits = |name: &String| {
            other.names.contains(name) || (name == "integer" && other.names.contains("number"))
        };
        let items = match (&self.items, &other.items) {
            (Some(own), Some(other)) => own.within(other),
            (None, Some(other)) => other.any(),
            _ => true,
        };
        !self.any() && self.names.iter().all(fits) && items
    }

    /// Returns whether both accept the same types, ignoring null.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.within(other) && other.within(self)
    }
}

/// Infers the types of a schema without `type` from its other keywords.
fn implied(schema: &Map<String, Value>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    for value in values.chain(schema.get("const")) {
        let name = match value {
            Value::String(_) => "string",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Null => "null",
        };
        names.insert(name.to_owned());
    }
    if names.is_empty() && (schema.contains_key("properties") || schema.contains_key("required")) {
        names.insert("object".to_owned());
    }
    if names.is_empty() && schema.contains_key("items") {
        names.insert("array".to_owned());
    }
    names
}

impl fmt::Display for JsonTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.any() {
            return f.write_str("any value");
        }
        let null = self.nullable.then_some("null");
        for (index, name) in self.names.iter().map(String::as_str).chain(null).enumerate() {
            if index > 0 {
                f.write_str(" or ")?;
            }
            match (name, &self.items) {
                ("array", Some(items)) => write!(f, "list of {items}")?,
                ("array", None) => f.write_str("list")?,
                (name, _) => f.write_str(name)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn compares_types_through_references() {
        let document = json!({"components": {"schemas": {
            "S": {"enum": ["a", null]}, "L": {"type": "array", "items": {"$ref": "#/components/schemas/S"}},
        }}});
        let kinds = |schema: Value| JsonTypes::of(&document, &schema);
        let list = kinds(json!({"$ref": "#/components/schemas/L"}));
        assert_eq!(list.to_string(), "list of string or null");
        let both = kinds(json!({"type": ["string", "integer"]}));
        let integer = kinds(json!({"type": ["integer", "null"]}));
        assert!(integer.within(&both) && !both.within(&integer) && integer.nullable);
        assert!(integer.within(&kinds(json!({"type": "number"}))));
        assert!(kinds(json!({})).any() && integer.within(&kinds(json!({}))));
        assert!(kinds(json!({"type": "object", "x-twin-type": "payload"})).any());
        assert!(!list.within(&kinds(json!({"type": "array", "items": {"type": "integer"}}))));
        assert_eq!(kinds(json!({"properties": {}})).to_string(), "object");
    }
}
