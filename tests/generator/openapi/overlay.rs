//! Holds the overlay against `openapi.json` and against the documents that may take its
//! place: with other names, other words, or more than the overlay knows of.

use serde_json::{Map, Value, json};
use twin_api_gen::{Error, overlay};

use super::{document, elements, faults, members, operations, refused_examples, validator};

fn apply(document: &mut Value) -> Result<Vec<overlay::Applied>, Error> {
    overlay::apply(document, twin_tests::vendored::OVERLAY.as_bytes())
}

fn overlaid(mut document: Value) -> Value {
    apply(&mut document).expect("the overlay applies");
    document
}

fn actions() -> Vec<Value> {
    let overlay: Value =
        serde_json::from_str(twin_tests::vendored::OVERLAY).expect("the overlay is JSON");
    elements(&overlay["actions"]).cloned().collect()
}

/// Replaces what `pointer` names by what `change` makes of it.
fn edit(document: &mut Value, pointer: &str, change: impl FnOnce(&mut Map<String, Value>)) {
    let found = document.pointer_mut(pointer).and_then(Value::as_object_mut);
    change(found.expect("the pointer names an object"));
}

/// Takes away every text that is there for people only.
fn without_words(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for name in ["summary", "description", "example", "examples"] {
                if members.get(name).is_some_and(|value| !value.is_object()) {
                    members.remove(name);
                }
            }
            members.values_mut().for_each(without_words);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_words),
        _ => {}
    }
}

#[test]
fn every_action_applies_and_the_result_is_valid() {
    let mut document = document();
    let applied = apply(&mut document).unwrap();
    assert_eq!(applied.len(), actions().len());
    assert!(applied.iter().all(|action| !action.pointers.is_empty()));
    assert_eq!(faults(&document), Vec::<String>::new());
}

#[test]
fn what_the_reference_shows_stays_valid() {
    let (refused, _) = refused_examples(&overlaid(document()));
    assert_eq!(refused, Vec::<String>::new());
}

#[test]
fn what_was_observed_is_valid_too() {
    let run = json!({"run_id": "r", "agent_id": "a", "status": "completed", "goal": null,
        "started_at": "2026-04-22T09:00:00.123456789+00:00", "run_number": 0});
    let agent = json!({"agent_id": "a", "latest_run_is_finished": false, "has_runs": false,
        "deployment_state": "draft", "icon_config": "{}", "agent_name": {"name": "A"}});
    let event = json!({"event_index": 157_912_706, "recorded_at": "2026-04-22T09:00:00+00:00",
        "event": {"agent_id": {"id": "a"}, "event": {"event": {"Started": {}}}}});
    let table = [
        ("ListAgentsResponse", json!({"agents": [agent]})),
        ("ListAgentsResponse", json!({"agents": [], "next_cursor": "c"})),
        (
            "ListRunsResponse",
            json!({"runs": [run], "total_runs": 42, "all_run_summaries":
            [{"credits_consumed": 1.5, "outcome": "success", "tool_icons": ["i"]}]}),
        ),
        ("StartRunResponse", json!({"run": run})),
        ("CancelRunResponse", json!({"success": true})),
        ("CancelRunResponse", json!({"success": true, "error": "run already completed"})),
        ("ListRunEventsResponse", json!({"events": [event], "total_count": 1510})),
        ("GetScheduleResponse", json!({})),
        (
            "GetScheduleResponse",
            json!({"schedule": {"cron": "0 0 9 * * * *", "paused": false,
            "agent_id": "a", "auto_paused": false, "consecutive_failures": 0,
            "next_run": 1_776_934_800}}),
        ),
        ("GetInstructionsResponse", json!({})),
        (
            "ListApiKeysResponse",
            json!({"keys": [{"key_id": "00", "name": "n",
            "display_prefix": "abcdefgh", "created_at": 1_706_000_000}]}),
        ),
        ("Problem", json!({"status": 403, "detail": "no access", "code": "forbidden"})),
    ];
    let document = overlaid(document());
    for (component, answer) in table {
        let schema = json!({ "$ref": format!("#/components/schemas/{component}") });
        let outcome = validator(&document, &schema).validate(&answer).map_err(|e| e.to_string());
        assert_eq!(outcome, Ok(()), "{component}: {answer}");
    }
}

#[test]
fn a_run_needs_a_mode() {
    let document = overlaid(document());
    let body = validator(&document, &document["components"]["schemas"]["StartRunBody"]);
    for refused in [json!({}), json!({"run_mode": null}), json!({"run_mode": "Run"})] {
        assert!(!body.is_valid(&refused), "{refused}");
    }
    assert!(body.is_valid(&json!({"run_mode": "build"})));
}

#[test]
fn operations_keep_their_names_whatever_the_document_calls_them() {
    let mut scrambled = document();
    let places: Vec<String> = operations(&scrambled)
        .map(|(method, path, _)| format!("/paths/{}/{method}", path.replace('/', "~1")))
        .collect();
    // Every operation takes the name of the next but six, and one has no name at all.
    let names: Vec<Value> = places
        .iter()
        .map(|place| scrambled.pointer(place).unwrap()["operationId"].clone())
        .collect();
    for (index, place) in places.iter().enumerate() {
        let name = names[(index + 7) % names.len()].clone();
        edit(&mut scrambled, place, |operation| drop(operation.insert("operationId".into(), name)));
    }
    edit(&mut scrambled, &places[0], |operation| drop(operation.remove("operationId")));
    assert_eq!(overlaid(scrambled), overlaid(document()));
}

#[test]
fn no_action_hangs_on_wording() {
    let mut silent = document();
    without_words(&mut silent);
    assert_ne!(silent, document());
    apply(&mut silent).unwrap();
}

#[test]
fn both_forms_of_the_mode_become_one() {
    let mut other = document();
    edit(&mut other, "/components/schemas", |schemas| drop(schemas.remove("RunMode")));
    edit(&mut other, "/components/schemas/StartRunBody/properties", |properties| {
        properties.insert("run_mode".into(), json!({ "type": ["string", "null"] }));
    });
    assert_eq!(overlaid(other), overlaid(document()));
}

#[test]
fn an_operation_that_is_gone_is_named() {
    let document = document();
    for (method, path, _) in operations(&document) {
        let mut smaller = document.clone();
        let item = format!("/paths/{}", path.replace('/', "~1"));
        edit(&mut smaller, &item, |item| drop(item.remove(method)));
        let before = smaller.clone();

        let error = apply(&mut smaller).unwrap_err();

        assert_eq!(error.pointer(), Some(format!("#{item}").as_str()));
        assert!(error.cause().contains(&format!("$.paths['{path}'].{method}")), "{error}");
        assert_eq!(smaller, before);
    }
}

#[test]
fn a_member_that_upstream_documents_at_last_is_named() {
    let mut tried = 0;
    for action in actions() {
        let target = action["target"].as_str().unwrap();
        let Some(place) = target.strip_prefix("$.components") else { continue };
        let place = format!("/components{}", place.replace('.', "/"));
        let absent = members(&action["x-expects"]).filter(|(_, template)| template.is_null());
        for (name, _) in absent.filter(|(name, _)| action["update"][*name].is_object()) {
            let mut newer = document();
            edit(&mut newer, &place, |members| drop(members.insert(name.clone(), json!({}))));
            if newer == document() {
                continue; // it stands in the document already, for an earlier action to replace
            }
            let error = apply(&mut newer).unwrap_err();
            assert_eq!(error.pointer(), Some(format!("#{place}/{name}").as_str()), "{error}");
            tried += 1;
        }
    }
    assert!(tried > 30, "only {tried} members were tried");
}

#[test]
fn every_action_says_what_it_saw() {
    for action in actions() {
        let evidence = action["x-evidence"].as_str().unwrap();
        let call = ["GET /", "POST /", "PUT /", "PATCH /", "DELETE /", "Refusals of many"];
        assert!(call.iter().any(|call| evidence.contains(call)), "{evidence}");
    }
}
