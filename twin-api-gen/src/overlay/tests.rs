use serde_json::{Value, json};

use super::{ActionKind, apply};
use crate::error::{Error, Stage};

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "paths": { "/v1/me": { "get": { "operationId": "whoami", "tags": ["A", "B"] } } },
        "components": { "schemas": { "Key": { "required": ["id", "at"], "type": "object" } } }
    })
}

/// An overlay with `actions`, and with the other required members.
fn overlay(actions: &[Value]) -> Vec<u8> {
    json!({
        "overlay": "1.0.0",
        "info": { "title": "T", "version": "1" },
        "actions": actions
    })
    .to_string()
    .into_bytes()
}

fn action(target: &str, expects: &Value) -> Value {
    json!({
        "target": target,
        "description": "why",
        "x-evidence": "seen",
        "x-expects": expects,
        "update": { "added": true }
    })
}

fn refused(overlay: &[u8]) -> Error {
    let mut changed = document();
    let error = apply(&mut changed, overlay).unwrap_err();
    assert_eq!(changed, document(), "a refused overlay must change nothing");
    assert_eq!(error.stage(), Stage::Overlay);
    error
}

#[test]
fn applies_actions_in_order_and_returns_their_effects() {
    let mut changed = document();
    let mut removal = action("$.components.schemas.*.required", &json!({"x-only": ["at", "id"]}));
    removal["remove"] = json!(true);
    removal.as_object_mut().unwrap().remove("update");
    let mut update = action("$.components.schemas.Key", &json!({"required": null}));
    update["update"] = json!({"required": ["id"]});

    let applied = apply(&mut changed, &overlay(&[removal, update])).unwrap();

    assert_eq!(changed["components"]["schemas"]["Key"]["required"], json!(["id"]));
    assert_eq!(applied[0].kind, ActionKind::Remove);
    assert_eq!(applied[0].pointers, ["#/components/schemas/Key/required"]);
    assert_eq!(applied[1].kind, ActionKind::Update);
    assert_eq!(applied[1].target, "$.components.schemas.Key");
    assert_eq!((applied[1].index, applied[1].description.as_str()), (1, "why"));
}

#[test]
fn two_updates_replace_a_value_of_any_type() {
    for mut changed in [json!({"a": {"b": ["old"]}}), json!({"a": {}})] {
        let mut clear = action("$.a", &json!({"b": {"x-any-of": [null, ["old"]]}}));
        clear["update"] = json!({"b": null});
        let mut set = action("$.a", &json!({"b": null}));
        set["update"] = json!({"b": ["new"]});
        apply(&mut changed, &overlay(&[clear, set])).unwrap();
        assert_eq!(changed, json!({"a": {"b": ["new"]}}));
    }
}

#[test]
fn checks_expectations() {
    let operation = "#/paths/~1v1~1me/get";
    let tags = "#/paths/~1v1~1me/get/tags";
    let id = "#/paths/~1v1~1me/get/operationId";
    // A template for the operation, and the pointer of the first difference.
    let table = [
        (json!({}), None),
        (json!({"operationId": "whoami", "tags": []}), None),
        (json!({"operationId": "me"}), Some(id)),
        (json!({"operationId": {}}), Some(id)),
        (json!({"operationId": null}), Some(id)),
        (json!({"summary": null}), None),
        (json!({"summary": {}}), Some("#/paths/~1v1~1me/get/summary")),
        (json!({"tags": ["B"]}), None),
        (json!({"tags": ["B", "C"]}), Some(tags)),
        (json!({"tags": "A"}), Some(tags)),
        (json!({"tags": {"x-only": ["B", "A"]}}), None),
        (json!({"tags": {"x-only": ["A"]}}), Some(tags)),
        (json!({"tags": {"x-only": ["A", "B", "C"]}}), Some(tags)),
        (json!({"operationId": {"x-only": []}}), Some(id)),
        (json!({"operationId": {"x-any-of": ["me", "whoami"]}}), None),
        (json!({"operationId": {"x-any-of": ["me", null]}}), Some(id)),
        (json!({"summary": {"x-any-of": ["me", null]}}), None),
        (json!({"x-any-of": [{"tags": ["A"]}], "operationId": "whoami"}), None),
        (json!({"x-any-of": [{"tags": ["A"]}], "operationId": "me"}), Some(id)),
        (json!([]), Some(operation)),
        (json!("whoami"), Some(operation)),
    ];
    for (expects, differs) in table {
        let overlay = overlay(&[action("$.paths['/v1/me'].get", &expects)]);
        let outcome = apply(&mut document(), &overlay);
        let pointer = outcome.as_ref().err().and_then(Error::pointer);
        assert_eq!(pointer, differs, "{expects}: {outcome:?}");
    }
}

#[test]
fn failed_expectation_reports_expected_and_found_values() {
    let expects = json!({"operationId": "me"});
    let error = refused(&overlay(&[action("$.paths['/v1/me'].get", &expects)]));
    assert_eq!(
        error.to_string(),
        "overlay: #/paths/~1v1~1me/get/operationId: action 0 of the overlay, on \
         $.paths['/v1/me'].get, expects \"me\", but finds \"whoami\"; its description: why (upstream \
         changed; update or delete this action in twin-api-gen/overlay.json)"
    );
}

#[test]
fn reports_the_longest_matching_prefix_of_a_target_that_matches_nothing() {
    let table = [
        ("$.paths['/v1/me'].put", "#/paths/~1v1~1me", "no .put here"),
        ("$.paths['/v1.[x]'].get", "#/paths", "no ['/v1.[x]'].get here"),
        ("$.webhooks.*.post", "#", "no .webhooks.*.post here"),
        ("$.paths['/v1/me'].get.tags[7]", "#/paths/~1v1~1me/get/tags", "no [7] here"),
        ("$..nowhere", "#", "no ..nowhere here"),
    ];
    for (target, pointer, says) in table {
        let good = action("$.paths", &json!({}));
        let error = refused(&overlay(&[good, action(target, &json!({}))]));
        assert_eq!(error.pointer(), Some(pointer), "{target}");
        assert!(error.cause().contains(says), "{target}: {error}");
        assert!(error.cause().contains("action 1 "), "{error}");
    }
}

#[test]
fn refuses_an_action_without_description_evidence_or_expectation() {
    for member in ["description", "x-evidence", "x-expects"] {
        for value in [None, Some(json!(null)), Some(json!(" "))] {
            if member == "x-expects" && value == Some(json!(" ")) {
                continue; // a template like any other
            }
            let mut action = action("$.paths", &json!({}));
            action.as_object_mut().unwrap().remove(member);
            if let Some(value) = value {
                action[member] = value;
            }
            let error = refused(&overlay(&[action]));
            assert!(error.cause().contains(&format!("lacks `{member}`")), "{error}");
        }
    }
}

#[test]
fn refuses_files_that_are_not_overlays() {
    let mut no_effect = action("$.paths", &json!({}));
    no_effect.as_object_mut().unwrap().remove("update");
    let mut whole = no_effect.clone();
    whole["target"] = json!("$");
    whole["remove"] = json!(true);
    let table: [(Vec<u8>, &str); 8] = [
        (b"overlay: 1.0.0".to_vec(), "is not JSON"),
        (b"".to_vec(), "is not JSON"),
        (b"[]".to_vec(), "is not an OpenAPI Overlay 1.0"),
        (
            br#"{"overlay":"1.1.0","info":{"title":"T","version":"1"},"actions":[]}"#.to_vec(),
            "1.1.0",
        ),
        (overlay(&[no_effect]), "update"),
        (overlay(&[whole]), "the whole document"),
        (overlay(&[action("paths", &json!({}))]), "JSONPath"),
        (
            overlay(&[action("$.paths", &json!({"a": {"x-only": "b"}}))]),
            "`x-only` that is not an array",
        ),
    ];
    for (overlay, says) in table {
        let error = refused(&overlay);
        assert!(error.cause().contains(says), "{says}: {error}");
    }
}

#[test]
fn overlay_without_actions_changes_nothing() {
    let mut changed = document();
    assert_eq!(apply(&mut changed, &overlay(&[])), Ok(Vec::new()));
    assert_eq!(changed, document());
}

#[test]
fn reports_every_failed_action_with_an_edit() {
    let fine = action("$.paths", &json!({}));
    let overlay = overlay(&[action("$.nothing", &json!({})), fine, action("$.info", &json!(1))]);
    let error = refused(&overlay);
    let edits: Vec<String> =
        error.problems().filter_map(|it| it.edit.as_ref()).map(ToString::to_string).collect();
    assert_eq!(
        edits,
        [
            "in twin-api-gen/overlay.json, remove /actions/0",
            "in twin-api-gen/overlay.json, remove /actions/2",
        ]
    );
}

#[test]
fn rejects_an_update_of_a_scalar() {
    let error = refused(&overlay(&[action("$.openapi", &json!("3.1.0"))]));
    assert!(error.cause().contains("cannot be applied"), "{error}");
}
