//! Tests the rules about operations, parameters, bodies, responses, security and the document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{document, edited, rules_of};

/// Old document, new document, rules from old to new, rules from new to old.
type OperationRow = (Value, Value, &'static [&'static str], &'static [&'static str]);

fn plain() -> Value {
    document(&json!({"type": "object"}))
}

/// The plain document and an edit of its operation.
fn operation(
    edit: impl FnOnce(&mut Value),
    forwards: &'static [&'static str],
    backwards: &'static [&'static str],
) -> OperationRow {
    (plain(), edited(edit), forwards, backwards)
}

/// The plain document and an edit of the whole.
fn whole(
    edit: impl FnOnce(&mut Value),
    forwards: &'static [&'static str],
    backwards: &'static [&'static str],
) -> OperationRow {
    let mut document = plain();
    edit(&mut document);
    (plain(), document, forwards, backwards)
}

fn add_parameter(operation: &mut Value, parameter: Value) {
    operation["parameters"].as_array_mut().unwrap().push(parameter);
}

fn parameters() -> Vec<OperationRow> {
    let query = |required: bool| json!({"name": "q", "in": "query", "required": required, "schema": {"type": "string"}});
    vec![
        operation(
            |it| add_parameter(it, query(true)),
            &["required-parameter-added"],
            &["parameter-removed"],
        ),
        operation(
            |it| add_parameter(it, query(false)),
            &["optional-parameter-added"],
            &["parameter-removed"],
        ),
        operation(
            |it| it["parameters"][1]["required"] = json!(true),
            &["parameter-became-required"],
            &["parameter-became-optional"],
        ),
        operation(
            |it| it["parameters"][1]["in"] = json!("header"),
            &["parameter-moved"],
            &["parameter-moved"],
        ),
        operation(
            |it| it["parameters"][1]["explode"] = json!(false),
            &["parameter-encoding-changed"],
            &["parameter-encoding-changed"],
        ),
        operation(
            |it| it["parameters"][1]["deprecated"] = json!(true),
            &["parameter-deprecated"],
            &["parameter-reactivated"],
        ),
        operation(
            |it| it["parameters"][1]["description"] = json!("new"),
            &["parameter-description-changed"],
            &["parameter-description-changed"],
        ),
        operation(
            |it| it["parameters"][1]["schema"]["type"] = json!("string"),
            &["request-type-changed"],
            &["request-type-changed"],
        ),
        operation(
            |it| it["parameters"][1]["name"] = json!("size"),
            &["parameter-removed", "optional-parameter-added"],
            &["parameter-removed", "optional-parameter-added"],
        ),
    ]
}

fn bodies() -> Vec<OperationRow> {
    let no_body = edited(|it| drop(it.as_object_mut().unwrap().remove("requestBody")));
    let required = edited(|it| it["requestBody"]["required"] = json!(true));
    vec![
        (no_body.clone(), plain(), &["optional-request-body-added"], &["request-body-removed"]),
        (no_body, required, &["required-request-body-added"], &["request-body-removed"]),
        operation(
            |it| it["requestBody"]["required"] = json!(true),
            &["request-body-became-required"],
            &["request-body-became-optional"],
        ),
        operation(
            |it| it["requestBody"]["content"]["text/plain"] = json!({}),
            &["request-media-type-added"],
            &["request-media-type-removed"],
        ),
        operation(
            |it| {
                it["requestBody"]["content"]["application/json"]["encoding"] =
                    json!({"a": {"style": "form"}});
            },
            &["request-encoding-changed"],
            &["request-encoding-changed"],
        ),
        operation(
            |it| it["requestBody"]["description"] = json!("new"),
            &["request-body-description-changed"],
            &["request-body-description-changed"],
        ),
    ]
}

fn responses() -> Vec<OperationRow> {
    let header = |required: bool| json!({"x-total": {"required": required, "schema": {}}});
    vec![
        operation(
            |it| it["responses"]["202"] = json!({"description": "d"}),
            &["response-success-status-added"],
            &["response-success-status-removed"],
        ),
        operation(
            |it| it["responses"]["404"] = json!({"description": "d"}),
            &["response-error-status-added"],
            &["response-error-status-removed"],
        ),
        operation(
            |it| it["responses"]["200"]["content"]["text/csv"] = json!({}),
            &["response-media-type-added"],
            &["response-media-type-removed"],
        ),
        operation(
            |it| it["responses"]["200"]["content"] = json!({}),
            &["response-body-removed"],
            &["response-body-added"],
        ),
        operation(
            |it| it["responses"]["200"]["description"] = json!("new"),
            &["response-description-changed"],
            &["response-description-changed"],
        ),
        operation(
            |it| it["responses"]["200"]["headers"] = header(false),
            &["response-header-added"],
            &["response-header-removed"],
        ),
        (
            edited(|it| it["responses"]["200"]["headers"] = header(false)),
            edited(|it| it["responses"]["200"]["headers"] = header(true)),
            &["response-header-became-required"],
            &["response-header-became-optional"],
        ),
    ]
}

/// The plain document with the named schemes, required as `security` says.
fn secured(security: &Value) -> Value {
    let mut document = plain();
    document["components"] = json!({"securitySchemes": {
        "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "oauth": {"type": "oauth2", "flows": {"implicit": {}}},
    }});
    document["security"] = security.clone();
    document
}

fn security() -> Vec<OperationRow> {
    let key = secured(&json!([{"key": []}]));
    vec![
        (secured(&json!([])), key.clone(), &["security-added"], &["security-removed"]),
        (
            secured(&json!([{"key": []}, {}])),
            key.clone(),
            &["security-added"],
            &["security-removed"],
        ),
        (
            key.clone(),
            secured(&json!([{"key": []}, {"bearer": []}])),
            &["security-alternative-added"],
            &["security-alternative-removed"],
        ),
        (
            key,
            secured(&json!([{"bearer": []}])),
            &["security-alternative-added", "security-alternative-removed"],
            &["security-alternative-added", "security-alternative-removed"],
        ),
        (
            secured(&json!([{"oauth": ["read"]}])),
            secured(&json!([{"oauth": ["read", "write"]}])),
            &["security-scope-added"],
            &["security-scope-removed"],
        ),
    ]
}

fn wholes() -> Vec<OperationRow> {
    vec![
        whole(
            |it| it["info"]["version"] = json!("2"),
            &["api-version-changed"],
            &["api-version-changed"],
        ),
        whole(|it| it["info"]["title"] = json!("T"), &["api-info-changed"], &["api-info-changed"]),
        whole(
            |it| {
                let server = json!({"url": "https://other.example"});
                it["servers"].as_array_mut().unwrap().push(server);
            },
            &["server-added"],
            &["server-removed"],
        ),
        whole(
            |it| it["paths"]["/more"] = json!({"get": {"responses": {}}}),
            &["operation-added"],
            &["operation-removed"],
        ),
        operation(
            |it| it["deprecated"] = json!(true),
            &["operation-deprecated"],
            &["operation-reactivated"],
        ),
        operation(
            |it| it["description"] = json!("new"),
            &["operation-description-changed"],
            &["operation-description-changed"],
        ),
        whole(
            |it| it["webhooks"] = json!({"done": {"post": {"responses": {}}}}),
            &["webhook-added"],
            &["webhook-removed"],
        ),
        operation(
            |it| {
                let item = json!({"post": {"responses": {}}});
                it["callbacks"] = json!({"done": {"{$request.body#/url}": item}});
            },
            &["webhook-added"],
            &["webhook-removed"],
        ),
    ]
}

fn rows() -> Vec<OperationRow> {
    [parameters(), bodies(), responses(), security(), wholes()].concat()
}

pub(super) fn tried() -> BTreeSet<&'static str> {
    rows().iter().flat_map(|row| [row.2, row.3]).flatten().copied().collect()
}

#[test]
fn each_change_is_found_by_its_rule_in_both_directions() {
    for (old, new, forwards, backwards) in rows() {
        let set = |rules: &[&'static str]| rules.iter().copied().collect::<BTreeSet<_>>();
        assert_eq!(rules_of(&old, &new), set(forwards), "{forwards:?}");
        assert_eq!(rules_of(&new, &old), set(backwards), "{backwards:?}");
    }
}

/// The service sends the request of a webhook, so the rules for responses apply to its body.
#[test]
fn webhook_bodies_are_compared_as_responses() {
    let webhook = |members: Value| {
        json!({"openapi": "3.1.0", "webhooks": {"done": {"post": {
            "requestBody": {"content": {"application/json": {
                "schema": {"type": "object", "properties": members}}}},
            "responses": {},
        }}}})
    };
    let (old, new) = (webhook(json!({})), webhook(json!({"at": {"type": "string"}})));
    assert_eq!(rules_of(&old, &new), BTreeSet::from(["response-member-added"]));
    assert_eq!(rules_of(&new, &old), BTreeSet::from(["response-member-removed"]));
}

#[test]
fn removed_parameter_suggests_the_new_name() {
    let new = edited(|it| it["parameters"][1]["name"] = json!("size"));
    let changes = crate::diff::compare(&plain(), &new);
    assert!(changes[0].message.ends_with("was it renamed to `size`?"), "{}", changes[0].message);
}
