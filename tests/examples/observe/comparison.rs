//! Compares a response with its schema: members, types, null and enum values.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::facts::Facts;

/// The comparison of one response with its schema.
pub(crate) struct Comparison<'d, 'f> {
    document: &'d Value,
    facts: &'f mut Facts,
    call: String,
}

impl<'d, 'f> Comparison<'d, 'f> {
    pub(crate) fn new(document: &'d Value, facts: &'f mut Facts, call: &str) -> Self {
        Self { document, facts, call: call.to_owned() }
    }

    /// Compares the whole body.
    pub(crate) fn compare(&mut self, schema: &'d Value, body: &Value) {
        let owner = self.call.clone();
        self.value(&owner, "", schema, body);
    }

    /// Compares `value`, which is at `place` in the type `owner`, with `schema`.
    fn value(&mut self, owner: &str, place: &str, schema: &'d Value, value: &Value) {
        let resolved = self.resolve(schema);
        let owner = match resolved.name {
            Some(name) => name.to_owned(),
            None if place.is_empty() => owner.to_owned(),
            None => format!("{owner}.{place}"),
        };
        if !resolved.allows(value) {
            let expected = resolved.types.iter().copied().collect::<Vec<_>>().join(" or ");
            self.facts.contradict(
                &owner,
                &self.call,
                &format!("{expected} is documented, {} was sent", type_of(value)),
            );
            return;
        }
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    self.member(&owner, &resolved, name, value);
                }
                for name in resolved.required.iter().filter(|name| !members.contains_key(**name)) {
                    self.facts.absent(&owner, name, &self.call);
                }
            }
            Value::Array(items) => {
                for item in items {
                    if let Some(schema) = resolved.items {
                        self.value(&owner, "[]", schema, item);
                    }
                }
            }
            Value::String(text) if !resolved.values.is_empty() => {
                if resolved.values.contains(text.as_str()) {
                    self.facts.confirm(&owner, text);
                } else {
                    self.facts.new_value(&owner, text, &self.call);
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, owner: &str, resolved: &ResolvedSchema<'d>, name: &str, value: &Value) {
        match resolved.members.iter().find(|(other, _)| *other == name) {
            Some((_, schema)) => {
                let resolved = self.resolve(schema);
                if resolved.allows(value) {
                    self.facts.confirm(owner, name);
                    self.value(owner, name, schema, value);
                } else {
                    let expected = resolved.types.iter().copied().collect::<Vec<_>>().join(" or ");
                    let found = type_of(value);
                    let message = format!("`{name}`: {expected} is documented, {found} was sent");
                    self.facts.contradict(owner, &self.call, &message);
                }
            }
            // The names in a map, or in an object without a description, are data.
            None if resolved.is_open() => {}
            None => self.facts.new_member(owner, name, value, &self.call),
        }
    }

    fn resolve(&self, schema: &'d Value) -> ResolvedSchema<'d> {
        let mut resolved = ResolvedSchema::default();
        let mut todo = vec![schema];
        let mut remaining = 64;
        while let Some(schema) = todo.pop() {
            remaining -= 1;
            if remaining == 0 {
                break;
            }
            if let Some(reference) = schema["$ref"].as_str() {
                resolved.name = resolved.name.or(reference.rsplit('/').next());
                todo.extend(self.document.pointer(reference.trim_start_matches('#')));
            }
            todo.extend(schema["allOf"].as_array().into_iter().flatten());
            resolved.read(schema);
            for union in ["oneOf", "anyOf"] {
                resolved.alternatives(schema[union].as_array(), &mut todo);
            }
        }
        resolved
    }
}

/// The content of a schema, including that of its references and of `allOf`.
#[derive(Default)]
struct ResolvedSchema<'d> {
    name: Option<&'d str>,
    types: BTreeSet<&'d str>,
    members: Vec<(&'d str, &'d Value)>,
    required: BTreeSet<&'d str>,
    values: BTreeSet<&'d str>,
    items: Option<&'d Value>,
    has_map: bool,
    /// Whether there are several alternatives, so that any value is allowed.
    open: bool,
}

impl<'d> ResolvedSchema<'d> {
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

    /// Follows the only alternative that is not null. Several alternatives are not followed.
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
        let name = type_of(value);
        self.open
            || self.types.is_empty()
            || self.types.contains(name)
            || (name == "integer" && self.types.contains("number"))
    }

    fn is_open(&self) -> bool {
        self.open || self.has_map || self.members.is_empty()
    }
}

/// Returns the type of a value, as JSON Schema names it.
pub(crate) fn type_of(value: &Value) -> &'static str {
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
