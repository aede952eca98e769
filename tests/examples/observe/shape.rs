//! Compares one answer with its schema: members, types, null, values of enums.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::facts::Facts;

/// The comparison of one answer.
pub(crate) struct Shape<'d, 'f> {
    document: &'d Value,
    facts: &'f mut Facts,
    call: String,
}

impl<'d, 'f> Shape<'d, 'f> {
    pub(crate) fn new(document: &'d Value, facts: &'f mut Facts, call: &str) -> Self {
        Self { document, facts, call: call.to_owned() }
    }

    /// Compares the whole answer.
    pub(crate) fn compare(&mut self, schema: &'d Value, body: &Value) {
        let owner = self.call.clone();
        self.value(&owner, "", schema, body);
    }

    /// Compares `value`, which stands at `place` of the type `owner`.
    fn value(&mut self, owner: &str, place: &str, schema: &'d Value, value: &Value) {
        let parts = self.parts(schema);
        let owner = match parts.name {
            Some(name) => name.to_owned(),
            None if place.is_empty() => owner.to_owned(),
            None => format!("{owner}.{place}"),
        };
        if !parts.allows(value) {
            let expected = parts.types.iter().copied().collect::<Vec<_>>().join(" or ");
            self.facts.contradict(
                &owner,
                &self.call,
                &format!("{expected} is documented, {} was sent", name_of(value)),
            );
            return;
        }
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    self.member(&owner, &parts, name, value);
                }
                for name in parts.required.iter().filter(|name| !members.contains_key(**name)) {
                    self.facts.absent(&owner, name, &self.call);
                }
            }
            Value::Array(items) => {
                for item in items {
                    if let Some(schema) = parts.items {
                        self.value(&owner, "[]", schema, item);
                    }
                }
            }
            Value::String(text) if !parts.values.is_empty() => {
                if parts.values.contains(text.as_str()) {
                    self.facts.confirm(&owner, text);
                } else {
                    self.facts.new_value(&owner, text, &self.call);
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, owner: &str, parts: &Parts<'d>, name: &str, value: &Value) {
        match parts.members.iter().find(|(other, _)| *other == name) {
            Some((_, schema)) => {
                let parts = self.parts(schema);
                if parts.allows(value) {
                    self.facts.confirm(owner, name);
                    self.value(owner, name, schema, value);
                } else {
                    let expected = parts.types.iter().copied().collect::<Vec<_>>().join(" or ");
                    let found = name_of(value);
                    let message = format!("`{name}`: {expected} is documented, {found} was sent");
                    self.facts.contradict(owner, &self.call, &message);
                }
            }
            // A map, or a payload that is not described: its names are data.
            None if parts.is_open() => {}
            None => self.facts.new_member(owner, name, value, &self.call),
        }
    }

    fn parts(&self, schema: &'d Value) -> Parts<'d> {
        let mut parts = Parts::default();
        let mut todo = vec![schema];
        let mut budget = 64;
        while let Some(schema) = todo.pop() {
            budget -= 1;
            if budget == 0 {
                break;
            }
            if let Some(reference) = schema["$ref"].as_str() {
                parts.name = parts.name.or(reference.rsplit('/').next());
                todo.extend(self.document.pointer(reference.trim_start_matches('#')));
            }
            todo.extend(schema["allOf"].as_array().into_iter().flatten());
            parts.read(schema);
            for union in ["oneOf", "anyOf"] {
                parts.alternatives(schema[union].as_array(), &mut todo);
            }
        }
        parts
    }
}

/// What a schema says, with references and `allOf` followed.
#[derive(Default)]
struct Parts<'d> {
    name: Option<&'d str>,
    types: BTreeSet<&'d str>,
    members: Vec<(&'d str, &'d Value)>,
    required: BTreeSet<&'d str>,
    values: BTreeSet<&'d str>,
    items: Option<&'d Value>,
    has_map: bool,
    /// More than one alternative: anything may stand here.
    open: bool,
}

impl<'d> Parts<'d> {
    fn read(&mut self, schema: &'d Value) {
        match &schema["type"] {
            Value::String(name) => drop(self.types.insert(name)),
            Value::Array(names) => self.types.extend(names.iter().filter_map(Value::as_str)),
            _ => {}
        }
        if schema["nullable"] == true {
            self.types.insert("null");
        }
        let members = schema["properties"].as_object().into_iter().flatten();
        self.members.extend(members.map(|(name, schema)| (name.as_str(), schema)));
        let texts =
            |name: &str| schema[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        self.required.extend(texts("required"));
        self.values.extend(texts("enum"));
        self.items = self.items.or(schema.get("items"));
        self.has_map |= schema["additionalProperties"].is_object();
    }

    /// Follows the only alternative beside null.
    fn alternatives(&mut self, all: Option<&'d Vec<Value>>, todo: &mut Vec<&'d Value>) {
        let Some(all) = all else { return };
        let others: Vec<&Value> = all.iter().filter(|one| one["type"] != "null").collect();
        if others.len() < all.len() {
            self.types.insert("null");
        }
        match others[..] {
            [only] => todo.push(only),
            _ => self.open = true,
        }
    }

    fn allows(&self, value: &Value) -> bool {
        let name = name_of(value);
        self.open
            || self.types.is_empty()
            || self.types.contains(name)
            || (name == "integer" && self.types.contains("number"))
    }

    fn is_open(&self) -> bool {
        self.open || self.has_map || self.members.is_empty()
    }
}

/// The type of a value, by JSON Schema's names.
pub(crate) fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
