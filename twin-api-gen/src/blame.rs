//! Finds the part of a document that makes a stage fail.
//!
//! It runs the stage on small documents: first each schema with its references, then each
//! operation. A time limit bounds the search, so that the error is not delayed for long.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::METHODS;
use crate::limits::MAX_BLAME_TIME;
use crate::pointer::child;

/// Returns the JSON pointers of the smallest parts for which `failure` returns a cause, with the
/// causes. A part that only refers to a failing part is not listed.
pub(crate) fn find(
    document: &Value,
    failure: impl Fn(&Value) -> Option<String>,
) -> Vec<(String, String)> {
    let started = Instant::now();
    let mut found: Vec<(String, String)> = Vec::new();
    for (pointer, part) in schemas(document).into_iter().chain(operations(document)) {
        if started.elapsed() > MAX_BLAME_TIME {
            break;
        }
        let uses_culprit =
            found.iter().any(|(culprit, _)| crate::pointer::resolve(&part, culprit).is_some());
        if !uses_culprit && let Some(cause) = failure(&part) {
            found.push((pointer, cause));
        }
    }
    found
}

type PartialDocument = (String, Value);

/// Returns each schema as a document, those with the fewest references first, so that a failing
/// schema precedes the schemas that use it.
fn schemas(document: &Value) -> Vec<PartialDocument> {
    let Some(schemas) = document.pointer("/components/schemas").and_then(Value::as_object) else {
        return Vec::new();
    };
    let mut found: Vec<(usize, PartialDocument)> = schemas
        .iter()
        .map(|(name, schema)| {
            let wanted = closure(document, schema, Some(("schemas", name)));
            let pointer = child("#/components/schemas", name);
            (wanted.len(), (pointer, part(document, &json!({}), &wanted)))
        })
        .collect();
    found.sort_by_key(|(size, _)| *size);
    found.into_iter().map(|(_, part)| part).collect()
}

fn operations(document: &Value) -> Vec<PartialDocument> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let mut alone = Map::new();
            if let Some(parameters) = item.get("parameters") {
                alone.insert("parameters".to_owned(), parameters.clone());
            }
            alone.insert(method.to_owned(), operation.clone());
            let item = Value::Object(alone);
            let wanted = closure(document, &item, None);
            let pointer = child(&child("#/paths", path), method);
            found.push((pointer, part(document, &json!({ path.as_str(): item }), &wanted)));
        }
    }
    found
}

type ComponentSet = BTreeSet<(String, String)>;

/// Returns the components that `value` refers to, directly or indirectly.
fn closure(document: &Value, value: &Value, own: Option<(&str, &str)>) -> ComponentSet {
    let mut names: ComponentSet =
        own.map(|(kind, name)| (kind.to_owned(), name.to_owned())).into_iter().collect();
    let mut todo = vec![value];
    while let Some(value) = todo.pop() {
        match value {
            Value::Array(items) => todo.extend(items),
            Value::Object(members) => {
                todo.extend(members.values());
                let reference = members.get("$ref").and_then(Value::as_str);
                let Some((kind, name)) = reference
                    .and_then(|text| text.strip_prefix("#/components/"))
                    .and_then(|rest| rest.split_once('/'))
                else {
                    continue;
                };
                if names.insert((kind.to_owned(), name.to_owned())) {
                    todo.extend(document.pointer(&format!("/components/{kind}/{name}")));
                }
            }
            _ => {}
        }
    }
    names
}

/// Returns a document without paths and components.
pub(crate) fn empty_document(document: &Value) -> Value {
    part(document, &json!({}), &ComponentSet::new())
}

/// Returns a document with these paths and components.
fn part(document: &Value, paths: &Value, wanted: &ComponentSet) -> Value {
    let mut components = Map::new();
    for (kind, name) in wanted {
        let Some(value) = document.pointer(&format!("/components/{kind}/{name}")) else { continue };
        if let Value::Object(kinds) = components.entry(kind).or_insert_with(|| json!({})) {
            kinds.insert(name.clone(), value.clone());
        }
    }
    json!({
        "openapi": document["openapi"],
        "info": document["info"],
        "paths": paths,
        "components": components,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_failing_schema_and_not_its_users() {
        let document = json!({
            "openapi": "3.0.3", "info": {},
            "paths": {"/a": {"get": {"schema": {"$ref": "#/components/schemas/User"}}}},
            "components": {"schemas": {
                "Innocent": {"type": "string"},
                "User": {"allOf": [{"$ref": "#/components/schemas/Wicked"}]},
                "Wicked": {"bad": true},
            }},
        });
        let found = find(&document, |part| {
            part.pointer("/components/schemas/Wicked").map(|_| "bad".to_owned())
        });
        assert_eq!(found, [("#/components/schemas/Wicked".to_owned(), "bad".to_owned())]);
    }

    #[test]
    fn names_the_failing_operation() {
        let document = json!({
            "openapi": "3.0.3", "info": {},
            "paths": {"/a/b": {"get": {"x": 1}, "post": {"bad": 1}}},
        });
        let found = find(&document, |part| {
            part["paths"].to_string().contains("bad").then(|| "bad".to_owned())
        });
        assert_eq!(found, [("#/paths/~1a~1b/post".to_owned(), "bad".to_owned())]);
    }
}
