//! Copies shared path items, parameters, request bodies and responses into the operations.
//!
//! After this step, their names in `components` do not matter. A reference without a target
//! stays, and the lowering reports it.

use serde_json::{Value, json};

use super::reference::resolve;
use crate::METHODS;
use crate::Object;
use crate::limits::MAX_REFERENCE_CHAIN;
use crate::limits::MAX_SHARED_BYTES;

pub(super) fn inline(document: &mut Value) {
    let mut paths = document["paths"].take();
    let mut webhooks = document.get_mut("webhooks").map(Value::take).unwrap_or_default();
    let mut inliner = Inliner { document, budget: MAX_SHARED_BYTES };
    for items in [&mut paths, &mut webhooks] {
        items.as_object_mut().into_iter().flatten().for_each(|(_, item)| inliner.item(item));
    }
    document["paths"] = paths;
    if !webhooks.is_null() {
        document["webhooks"] = webhooks;
    }
    if let Some(Value::Object(components)) = document.get_mut("components") {
        for kind in ["pathItems", "parameters", "requestBodies", "responses"] {
            components.remove(kind);
        }
    }
}

/// Replaces references by copies of their targets.
struct Inliner<'a> {
    document: &'a Value,
    /// The number of bytes that may still be copied.
    budget: usize,
}

impl Inliner<'_> {
    fn item(&mut self, item: &mut Value) {
        self.follow(item);
        let Value::Object(item) = item else { return };
        let shared = item.remove("parameters").unwrap_or_default();
        for method in METHODS {
            if let Some(Value::Object(operation)) = item.get_mut(method) {
                self.parameters(operation, &shared);
                self.bodies(operation);
            }
        }
        // If there is no operation, the parameters stay, so that the lowering reports invalid ones.
        if !METHODS.iter().any(|method| item.contains_key(*method)) && !shared.is_null() {
            item.insert("parameters".to_owned(), shared);
        }
    }

    /// Adds the path item's parameters before those of the operation, which take precedence.
    fn parameters(&mut self, operation: &mut Object, shared: &Value) {
        let own = match operation.remove("parameters") {
            None => Vec::new(),
            Some(Value::Array(own)) => own,
            Some(odd) => {
                operation.insert("parameters".to_owned(), odd);
                return;
            }
        };
        let own: Vec<Value> = own.into_iter().map(|it| self.followed(it)).collect();
        let mut all: Vec<Value> = shared.as_array().into_iter().flatten().cloned().collect();
        all = all.into_iter().map(|parameter| self.followed(parameter)).collect();
        all.retain(|parameter| !own.iter().any(|own| same_parameter(own, parameter)));
        all.extend(own);
        if !all.is_empty() {
            operation.insert("parameters".to_owned(), Value::Array(all));
        }
    }

    fn bodies(&mut self, operation: &mut Object) {
        if let Some(body) = operation.get_mut("requestBody") {
            self.follow(body);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        responses.into_iter().flatten().for_each(|(_, response)| self.follow(response));
        let callbacks = operation.get_mut("callbacks").and_then(Value::as_object_mut);
        let items = callbacks.into_iter().flatten().filter_map(|(_, it)| it.as_object_mut());
        items.flatten().for_each(|(_, item)| {
            if item.get("$ref").is_none() {
                self.item(item);
            }
        });
    }

    fn followed(&mut self, mut value: Value) -> Value {
        self.follow(&mut value);
        value
    }

    /// Replaces a reference by a copy of its target. Members beside the `$ref` are kept.
    fn follow(&mut self, value: &mut Value) {
        for _ in 0..MAX_REFERENCE_CHAIN {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return };
            let found = resolve(self.document, reference)
                .and_then(|pointer| self.document.pointer(&pointer))
                .filter(|found| found.is_object());
            let Some(found) = found else { return };
            let size = size(found);
            if size > self.budget {
                return;
            }
            self.budget -= size;
            let mut copy = found.clone();
            if let (Value::Object(own), Value::Object(copy)) = (value.take(), &mut copy) {
                copy.extend(own.into_iter().filter(|(name, _)| name != "$ref"));
            }
            *value = copy;
        }
        *value = json!({ "$ref": "#/a-chain-of-references-without-end" });
    }
}

fn same_parameter(one: &Value, two: &Value) -> bool {
    one["name"] == two["name"] && one["in"] == two["in"]
}

/// Estimates the memory of a copy in bytes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 24,
        Value::Array(items) => items.iter().map(size).sum::<usize>() + 24,
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + size(value) + 48).sum::<usize>() + 24
        }
        _ => 24,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_parts_are_copied_and_own_parameters_win() {
        let mut document = json!({
            "paths": {"/a/{id}": {"$ref": "#/components/pathItems/A"}},
            "components": {
                "pathItems": {"A": {
                    "parameters": [{"$ref": "#/components/parameters/Id"},
                        {"name": "q", "in": "query", "x": 1}],
                    "get": {
                        "parameters": [{"name": "q", "in": "query", "x": 2}],
                        "requestBody": {"$ref": "#/components/requestBodies/B"},
                        "responses": {"200": {"$ref": "#/components/responses/R"},
                            "400": {"$ref": "#/components/responses/Gone"}},
                    },
                }},
                "parameters": {"Id": {"name": "id", "in": "path"}},
                "requestBodies": {"B": {"content": {}}},
                "responses": {"R": {"description": "r"}, "Loop": {"$ref": "#/components/responses/Loop"}},
                "schemas": {},
            },
        });
        inline(&mut document);
        assert_eq!(
            document,
            json!({
                "paths": {"/a/{id}": {"get": {
                    "parameters": [{"name": "id", "in": "path"}, {"name": "q", "in": "query", "x": 2}],
                    "requestBody": {"content": {}},
                    "responses": {"200": {"description": "r"},
                        "400": {"$ref": "#/components/responses/Gone"}},
                }}},
                "components": {"schemas": {}},
            })
        );
    }
}
