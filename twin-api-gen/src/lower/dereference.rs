//! Copies shared parameters, request bodies and responses into the operations.
//!
//! Schemas inside a shared part first become components that are named after the part, so that all
//! users of the part share the types. Parameters of a path item move to its operations. A reference
//! is rejected if it leaves the document, has no target or is part of a cycle.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::inline_types::hoist_shared;
use super::references::local_pointer;
use super::schema::{Object, as_object};
use super::{Context, CopyBudget, refuse};
use crate::METHODS;
use crate::error::Error;
use crate::limits::MAX_REFERENCE_CHAIN;
use crate::pointer::{child, resolve, unescape};
use crate::problem::Problem;

const KINDS: [&str; 3] = ["parameters", "requestBodies", "responses"];

pub(super) fn apply(context: &mut Context) {
    for kind in KINDS {
        let shared = shared(&context.document, kind);
        hoist_shared(context, kind, &shared);
    }
    let original = context.document.clone();
    let Context { budget, broken, document, .. } = context;
    let mut copier = Copier { original: &original, budget, broken };
    let items = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in items.into_iter().flatten() {
        copier.path_item(as_object(item), &child("#/paths", path));
    }
    if let Some(Value::Object(components)) = document.get_mut("components") {
        components.retain(|kind, _| kind == "schemas");
    }
}

/// Returns the components of a kind that have more than one reference.
fn shared(document: &Value, kind: &str) -> BTreeSet<String> {
    let prefix = format!("#/components/{kind}/");
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut todo = vec![&document["paths"], &document["components"]];
    while let Some(value) = todo.pop() {
        match value {
            Value::Object(members) => todo.extend(members.values()),
            Value::Array(items) => todo.extend(items),
            _ => {}
        }
        let reference = value.get("$ref").and_then(Value::as_str);
        if let Some(name) = reference.and_then(|reference| reference.strip_prefix(&prefix)) {
            *times.entry(unescape(name)).or_default() += 1;
        }
    }
    times.into_iter().filter(|(_, times)| *times > 1).map(|(name, _)| name).collect()
}

/// Replaces references by copies of their targets in the original document.
struct Copier<'a> {
    original: &'a Value,
    budget: &'a mut CopyBudget,
    broken: &'a mut Vec<Problem>,
}

impl Copier<'_> {
    fn path_item(&mut self, item: &mut Object, pointer: &str) {
        let mut common = item.remove("parameters").unwrap_or_default();
        self.list(&mut common, &child(pointer, "parameters"));
        for method in METHODS {
            let Some(Value::Object(operation)) = item.get_mut(method) else { continue };
            let pointer = child(pointer, method);
            self.operation(operation, &pointer);
            let spent = self.budget.spend(&common, &pointer);
            self.note(spent);
            inherit(operation, &common);
        }
    }

    fn operation(&mut self, operation: &mut Object, pointer: &str) {
        if let Some(list) = operation.get_mut("parameters") {
            self.list(list, &child(pointer, "parameters"));
        }
        if let Some(body) = operation.get_mut("requestBody") {
            self.copy(body, &child(pointer, "requestBody"));
        }
        let pointer = child(pointer, "responses");
        for (status, response) in
            operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten()
        {
            self.copy(response, &child(&pointer, status));
        }
    }

    fn list(&mut self, list: &mut Value, pointer: &str) {
        for (index, item) in list.as_array_mut().into_iter().flatten().enumerate() {
            self.copy(item, &child(pointer, index));
        }
    }

    fn copy(&mut self, value: &mut Value, pointer: &str) {
        let followed = self.follow(value, pointer);
        self.note(followed);
    }

    fn note(&mut self, done: Result<(), Error>) {
        if let Err(error) = done {
            self.broken.extend(error.problems().cloned());
        }
    }

    fn follow(&mut self, value: &mut Value, pointer: &str) -> Result<(), Error> {
        for _ in 0..MAX_REFERENCE_CHAIN {
            let Some(reference) = value.get("$ref") else { return Ok(()) };
            let Some(reference) = reference.as_str() else {
                return Err(refuse(pointer, "$ref is not a string"));
            };
            let target = local_pointer(reference, pointer)?;
            let Some(found) = resolve(self.original, &target).filter(|found| found.is_object())
            else {
                return Err(refuse(pointer, format!("$ref {reference:?} has no target"))
                    .help("correct the document, or add the missing part in an overlay"));
            };
            self.budget.spend(found, pointer)?;
            *value = found.clone();
        }
        Err(refuse(pointer, "the $ref refers to itself"))
    }
}

/// Adds the path item's parameters that the operation does not declare itself.
fn inherit(operation: &mut Object, common: &Value) {
    let Value::Array(common) = common else { return };
    let key = |parameter: &Value| (parameter["name"].to_string(), parameter["in"].to_string());
    let own = operation.entry("parameters").or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(own) = own else { return };
    let known: BTreeSet<_> = own.iter().map(key).collect();
    own.extend(common.iter().filter(|parameter| !known.contains(&key(parameter))).cloned());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_documents, check_refusals};

    #[test]
    fn copies_shared_parts_into_operations() {
        let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "enum": ["a"]}});
        let shared =
            json!({"name": "p", "in": "query", "schema": {"$ref": "#/components/schemas/P"}});
        let response = json!({"description": "r"});
        check_documents(
            "dereference",
            &[(
                json!({
                    "paths": {"/a": {
                        "parameters": [{"$ref": "#/components/parameters/P"}, parameter("q")],
                        "get": {"parameters": [parameter("q")], "responses": {"200": {"$ref": "#/components/responses/Two"}}},
                        "put": {"requestBody": {"$ref": "#/components/requestBodies/B"}},
                    }, "/b": {"get": {"parameters": [{"$ref": "#/components/parameters/P"}]}}},
                    "components": {
                        "parameters": {"P": parameter("p")},
                        "requestBodies": {"B": {"content": {}}},
                        "responses": {"One": response, "Two": {"$ref": "#/components/responses/One"}},
                    },
                }),
                json!({
                    "paths": {"/a": {
                        "get": {"parameters": [parameter("q"), shared], "responses": {"200": response}},
                        "put": {"requestBody": {"content": {}}, "parameters": [shared, parameter("q")]},
                    }, "/b": {"get": {"parameters": [shared]}}},
                    "components": {"schemas": {"P": {"type": "string", "enum": ["a"]}}},
                }),
                &[],
            )],
        );
    }

    #[test]
    fn rejects_dangling_external_and_cyclic_references() {
        let with = |reference: &str| {
            json!({
                "paths": {"/a": {"get": {"responses": {"200": {"$ref": reference}}}}},
                "components": {"responses": {"A": {"$ref": "#/components/responses/A"}}},
            })
        };
        check_refusals(
            "dereference",
            &[
                (
                    with("#/components/responses/B"),
                    "responses/200: $ref \"#/components/responses/B\" has no target",
                ),
                (with("other.json"), "leaves the document"),
                (with("#/components/responses/A"), "refers to itself"),
            ],
        );
    }
}
