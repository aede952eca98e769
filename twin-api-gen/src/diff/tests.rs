//! Tests that every rule finds its change in both directions, and that no rule finds a change
//! between equivalent spellings of a document.

mod operations;
mod schemas;
mod spelling;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Change, Level, compare, rules};

/// A document with one operation, `POST /things/{id}`, whose request and response bodies are `body`.
pub(super) fn document(body: &Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": "https://things.example"}],
        "paths": {"/things/{id}": {"post": {
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
                {"name": "limit", "in": "query", "schema": {"type": "integer"}},
            ],
            "requestBody": {"content": {"application/json": {"schema": body}}},
            "responses": {"200": {"description": "d", "content": {"application/json": {
                "schema": body,
            }}}},
        }}},
    })
}

/// The identifiers of the rules that find something.
pub(super) fn rules_of(old: &Value, new: &Value) -> BTreeSet<&'static str> {
    compare(old, new).iter().map(|change| change.rule).collect()
}

/// The document after `edit` of the operation.
pub(super) fn edited(edit: impl FnOnce(&mut Value)) -> Value {
    let mut document = document(&json!({"type": "object"}));
    edit(&mut document["paths"]["/things/{id}"]["post"]);
    document
}

#[test]
fn rule_identifiers_are_unique() {
    let all: Vec<&str> = rules::all().map(|rule| rule.id).collect();
    let unique: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(unique.len(), all.len());
}

#[test]
fn every_rule_has_a_case() {
    let tried: BTreeSet<&str> = schemas::tried().into_iter().chain(operations::tried()).collect();
    let missing: Vec<&str> =
        rules::all().map(|rule| rule.id).filter(|id| !tried.contains(id)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn equal_documents_have_no_changes() {
    let one = document(&json!({"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}}));
    assert!(compare(&one, &one).is_empty());
}

#[test]
fn change_names_operation_pointer_and_message() {
    let old = document(&json!({"properties": {"list": {"items": {"properties": {
        "name": {"type": "string"}, "gone": {}}}}}}));
    let new = document(&json!({"properties": {"list": {"items": {"properties": {
        "name": {"type": "integer"}}}}}}));
    let changes = compare(&old, &new);
    let schema = "#/paths/~1things~1{id}/post/requestBody/content/application~1json/schema";
    let items = format!("{schema}/properties/list/items/properties");
    let expected = [
        ("request-member-removed", format!("{items}/gone"), "`list[].gone` was removed"),
        (
            "request-type-changed",
            format!("{items}/name"),
            "`list[].name` was string and is integer",
        ),
    ];
    for (rule, pointer, message) in expected {
        let change = changes.iter().find(|change| change.rule == rule).unwrap();
        assert_eq!(
            change,
            &Change {
                rule,
                level: Level::Breaking,
                operation: Some("POST /things/{id}".into()),
                pointer,
                message: format!("request body: {message}"),
            }
        );
    }
}

#[test]
fn breaking_changes_come_first() {
    let old = document(&json!({"properties": {"a": {"type": "string", "description": "x"}}}));
    let new = document(&json!({"properties": {"a": {"type": "integer"}, "b": {}}}));
    let levels: Vec<Level> = compare(&old, &new).iter().map(|change| change.level).collect();
    assert!(levels.is_sorted(), "{levels:?}");
    assert_eq!(BTreeSet::from_iter(levels).len(), 3);
}

#[test]
fn compares_recursive_schemas() {
    let tree = |kind: &str| {
        let mut document = document(&json!({"$ref": "#/components/schemas/Tree"}));
        document["components"] = json!({"schemas": {
            "Tree": {"properties": {
                "leaf": {"type": kind},
                "children": {"items": {"$ref": "#/components/schemas/Tree"}},
            }},
            "Loop": {"$ref": "#/components/schemas/Loop"},
        }});
        document
    };
    let expected = ["request-type-changed", "response-type-changed"];
    assert_eq!(rules_of(&tree("string"), &tree("integer")), BTreeSet::from(expected));
    let looped = document(&json!({"$ref": "#/components/schemas/Loop"}));
    assert!(compare(&looped, &looped).is_empty());
}
