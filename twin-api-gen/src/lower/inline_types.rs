//! Moves every inline schema that becomes a named Rust type to a component with a unique name.
//!
//! If two inline schemas have the same generated name, typify treats them as one type. The names are
//! those of progenitor and typify: `<Operation>Body`, `<Operation>Response` and `<Type><Property>`,
//! with a number if the name is taken. Error types are named `<Operation>Error`; progenitor would
//! name them `<Operation>Response`, too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::schema::{Object, ref_to, text};
use super::walk::SchemaPosition;
use super::{Context, Diagnostics};
use crate::METHODS;
use crate::names::{pascal, type_name};
use crate::pointer::{child, unescape};

pub(super) fn apply(context: &mut Context) {
    let mut namer = Namer::new(&context.document);
    let mut hoisted = Vec::new();
    context.each_schema(|_, value, place| {
        if place.position != SchemaPosition::Component && is_type(value) {
            hoisted.push(hoist(value, namer.name(place.pointer)));
        }
        Ok(())
    });
    context.put_schemas(hoisted);
}

/// Moves the schemas of shared responses, parameters or bodies to components named after them, so
/// that all operations use the same types.
pub(super) fn hoist_shared(context: &mut Context, kind: &str, shared: &BTreeSet<String>) {
    let mut names = Namer::new(&context.document);
    let mut hoisted = Vec::new();
    let prefix = format!("#/components/{kind}/");
    context.each_schema(|_: &mut Diagnostics, value, place| {
        let inside = place.pointer.strip_prefix(&prefix);
        let owner = inside.and_then(|rest| rest.split('/').next());
        let is_shared = owner.is_some_and(|owner| shared.contains(&unescape(owner)));
        if is_shared && is_type(value) {
            hoisted.push(hoist(value, names.name(place.pointer)));
        }
        Ok(())
    });
    context.put_schemas(hoisted);
}

/// Moves a schema to a component. Annotations of the place stay beside the reference.
fn hoist(value: &mut Value, name: String) -> (String, Value) {
    let mut schema = std::mem::replace(value, ref_to(&name));
    if let Value::Object(members) = &mut schema {
        let mut around = Object::new();
        for keyword in ["nullable", "description", "default", "readOnly", "writeOnly"] {
            if keyword == "description" {
                around.extend(members.get(keyword).map(|text| (keyword.to_owned(), text.clone())));
            } else {
                around.extend(members.remove_entry(keyword));
            }
        }
        if !around.is_empty() {
            around.insert("allOf".to_owned(), json!([value.take()]));
            *value = Value::Object(around);
        }
    }
    (name, schema)
}

/// Returns whether typify generates a named type: a struct, an enum or a constrained string.
fn is_type(value: &Value) -> bool {
    let Value::Object(members) = value else { return false };
    let named_members = || {
        ["properties", "required"].iter().any(|key| match members.get(*key) {
            Some(Value::Object(all)) => !all.is_empty(),
            Some(Value::Array(all)) => !all.is_empty(),
            _ => false,
        })
    };
    match text(members, "type") {
        Some("object") => {
            named_members() || members.get("additionalProperties") == Some(&json!(false))
        }
        Some("string") => {
            ["enum", "minLength", "maxLength"].iter().any(|key| members.contains_key(*key))
        }
        Some(_) => false,
        None => ["oneOf", "anyOf"].iter().any(|key| members.contains_key(*key)),
    }
}

/// Returns whether the generated code uses a name for another type or variant.
pub(super) fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 12] = [
        "Result", "Option", "String", "Vec", "Box", "Some", "None", "Ok", "Err", "Default", "From",
        "Self_",
    ];
    RESERVED.contains(&name)
}

/// The type names that are in use.
#[derive(Debug, Default)]
pub(super) struct TypeNames {
    taken: BTreeSet<String>,
    /// The last number that was added to each name.
    numbers: BTreeMap<String, usize>,
}

impl TypeNames {
    pub(super) fn of_components(document: &Value) -> Self {
        let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
        let taken = schemas.into_iter().flat_map(Object::keys).map(|name| pascal(name)).collect();
        Self { taken, numbers: BTreeMap::new() }
    }

    /// Marks a name as used. Returns whether it was free.
    pub(super) fn take(&mut self, name: String) -> bool {
        !is_reserved(&name) && self.taken.insert(name)
    }

    /// Returns a free name and marks it as used: `wanted`, or `wanted` with a number.
    pub(super) fn free(&mut self, wanted: &str) -> String {
        let wanted = type_name(wanted);
        let mut name = wanted.clone();
        while !self.take(name.clone()) {
            let number = self.numbers.entry(wanted.clone()).or_insert(1);
            *number += 1;
            name = type_name(&format!("{wanted}{number}"));
        }
        name
    }
}

/// Derives type names from pointers.
pub(super) struct Namer {
    names: TypeNames,
    /// The names of operations and parameters, by pointer.
    known: BTreeMap<String, String>,
}

impl Namer {
    pub(super) fn new(document: &Value) -> Self {
        let mut known = BTreeMap::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            let pointer = child("#/paths", path);
            parameters(item, &pointer, &mut known);
            for method in METHODS {
                let Some(operation) = item.get(method) else { continue };
                let pointer = child(&pointer, method);
                parameters(operation, &pointer, &mut known);
                let own = operation["operationId"].as_str();
                let name = own.map_or_else(|| format!("{method}-{path}"), str::to_owned);
                known.insert(pointer, name);
            }
        }
        Self { names: TypeNames::of_components(document), known }
    }

    /// Returns a free name for the type at a pointer, and marks it as used.
    pub(super) fn name(&mut self, pointer: &str) -> String {
        let wanted = self.wanted(pointer);
        self.names.free(&wanted)
    }

    fn wanted(&self, pointer: &str) -> String {
        let tokens: Vec<&str> = pointer.split('/').skip(1).collect();
        let (mut name, rest) = match tokens.as_slice() {
            ["components", _, name, rest @ ..] => (unescape(name), rest),
            ["paths", path, method, "requestBody", rest @ ..] => {
                (format!("{}-body", self.operation(path, method)), rest)
            }
            ["paths", path, method, "responses", status, rest @ ..] => {
                let kind = if status.starts_with('2') { "response" } else { "error" };
                (format!("{}-{kind}", self.operation(path, method)), rest)
            }
            ["paths", path, method, "parameters", index, rest @ ..] => {
                let parameter = format!("#/paths/{path}/{method}/parameters/{index}");
                let name = self.known.get(&parameter).map_or("parameter", String::as_str);
                (format!("{}-{name}", self.operation(path, method)), rest)
            }
            ["paths", path, "parameters", index, rest @ ..] => {
                let parameter = format!("#/paths/{path}/parameters/{index}");
                (self.known.get(&parameter).cloned().unwrap_or_default(), rest)
            }
            _ => ("type".to_owned(), tokens.as_slice()),
        };
        let rest = if let ["content", _, rest @ ..] = rest { rest } else { rest };
        let rest = rest.strip_prefix(&["schema"]).unwrap_or(rest);
        inner(&mut name, rest);
        name
    }

    fn operation(&self, path: &str, method: &str) -> &str {
        self.known.get(&format!("#/paths/{path}/{method}")).map_or("operation", String::as_str)
    }
}

/// Appends the words for the path inside a schema to `name`.
fn inner(name: &mut String, rest: &[&str]) {
    match rest {
        ["properties", property, rest @ ..] => {
            name.push('-');
            name.push_str(&unescape(property));
            inner(name, rest);
        }
        ["oneOf" | "anyOf", index, rest @ ..] => {
            name.push_str("-variant");
            name.push_str(index);
            inner(name, rest);
        }
        ["allOf", _, rest @ ..] => inner(name, rest),
        [keyword, rest @ ..] => {
            name.push_str(if *keyword == "items" { "-item" } else { "-value" });
            inner(name, rest);
        }
        [] => {}
    }
}

fn parameters(owner: &Value, pointer: &str, known: &mut BTreeMap<String, String>) {
    let list = owner.get("parameters").and_then(Value::as_array).into_iter().flatten();
    for (index, parameter) in list.enumerate() {
        if let Some(name) = parameter["name"].as_str() {
            known.insert(format!("{pointer}/parameters/{index}"), name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_documents, with_schemas};

    #[test]
    fn moves_inline_types_to_components_with_unique_names() {
        let object = json!({"type": "object", "properties": {"a": {}}});
        let json_of = |schema| json!({"application/json": {"schema": schema}});
        let name = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        check_documents(
            "inline-types",
            &[
                (
                    json!({"paths": {"/a": {"post": {
                        "operationId": "startRun",
                        "parameters": [{"name": "mode", "schema": {"type": "string", "enum": ["a"]}}],
                        "requestBody": {"content": json_of(object.clone())},
                        "responses": {
                            "2XX": {"content": json_of(json!({"type": "array", "items": object}))},
                            "4XX": {"content": json_of(object.clone())},
                        },
                    }}}}),
                    json!({"paths": {"/a": {"post": {
                        "operationId": "startRun",
                        "parameters": [{"name": "mode", "schema": name("StartRunMode")}],
                        "requestBody": {"content": json_of(name("StartRunBody"))},
                        "responses": {
                            "2XX": {"content": json_of(json!({"type": "array", "items": name("StartRunResponseItem")}))},
                            "4XX": {"content": json_of(name("StartRunError"))},
                        },
                    }}}, "components": {"schemas": {
                        "StartRunMode": {"type": "string", "enum": ["a"]},
                        "StartRunBody": object, "StartRunResponseItem": object, "StartRunError": object,
                    }}}),
                    &[],
                ),
                (
                    with_schemas(json!({
                        "A": {"type": "object", "properties": {
                            "b": {"type": "string", "enum": ["x"], "nullable": true, "description": "d"},
                            "c": {"type": "object", "additionalProperties": {"type": "string"}},
                        }},
                        "Ab": {"type": "string"},
                    })),
                    with_schemas(json!({
                        "A": {"type": "object", "properties": {
                            "b": {"allOf": [name("Ab2")], "nullable": true, "description": "d"},
                            "c": {"type": "object", "additionalProperties": {"type": "string"}},
                        }},
                        "Ab": {"type": "string"},
                        "Ab2": {"type": "string", "enum": ["x"], "description": "d"},
                    })),
                    &[],
                ),
            ],
        );
    }
}
