//! Authentic bodies: the events that are read from them, and the errors of those that cannot be read.

use serde_json::{Value, json};
use twin_api::types::{RunOutcome, RunStatus, WebhookEventData};
use twin_ext::webhook::{Event, RunChange, sign};
use twin_ext::{ErrorKind, Outcome};

use crate::signed::{SECRET, completed, event, headers, verifier, verify};

#[test]
fn reads_the_example_of_the_reference() {
    let delivery = verify(&completed()).unwrap();
    assert_eq!(delivery.timestamp, "2026-03-11T14:32:15Z");
    assert!(delivery.extra.is_empty());
    let Event::RunCompleted(run) = delivery.event else { panic!("{delivery:?}") };
    assert_eq!((run.run_id.as_str(), run.agent_id.as_str()), ("run_xyz789", "agent_abc123"));
    assert_eq!((run.status, run.outcome), (RunStatus::Completed, Some(RunOutcome::Success)));
    assert_eq!(run.finished_at.as_deref(), Some("2026-03-11T14:32:15Z"));
    assert!(run.extra.is_empty());
}

#[test]
fn each_known_event_name_has_its_variant() {
    type Is = fn(&Event) -> bool;
    let is: [(&str, Is); 5] = [
        ("run.started", |event| matches!(event, Event::RunStarted(_))),
        ("run.completed", |event| matches!(event, Event::RunCompleted(_))),
        ("run.failed", |event| matches!(event, Event::RunFailed(_))),
        ("run.stopped", |event| matches!(event, Event::RunStopped(_))),
        ("run.paused", |event| matches!(event, Event::RunPaused(_))),
    ];
    for (name, is) in is {
        let data = json!({"run_id": "r", "agent_id": "a", "status": "x"});
        let delivery = verify(&event(name, data)).unwrap();
        assert!(is(&delivery.event), "{delivery:?}");
        assert_eq!(delivery.event.name(), name);
        assert_eq!(delivery.event.run().unwrap().status, RunStatus::Unknown("x".to_owned()));
    }
}

#[test]
fn keeps_unknown_enum_values_and_members() {
    let mut body = event(
        "run.failed",
        json!({
            "run_id": "r", "agent_id": "a", "status": "exploded", "outcome": "meh",
            "finished_at": null, "blame": {"who": ["b", 1e3, 18_446_744_073_709_551_615_u64]},
        }),
    );
    body["region"] = json!("eu");
    let delivery = verify(&body).unwrap();
    assert_eq!(Value::Object(delivery.extra), json!({"region": "eu"}));
    let Event::RunFailed(run) = delivery.event else { panic!("{:?}", delivery.event) };
    assert_eq!(run.outcome, Some(RunOutcome::Unknown("meh".to_owned())));
    assert_eq!(run.finished_at, None);
    assert_eq!(
        Value::Object(run.extra),
        json!({"blame": {"who": ["b", 1e3, 18_446_744_073_709_551_615_u64]}})
    );
}

#[test]
fn keeps_unknown_event_with_its_data() {
    for data in [json!({"run_id": 7, "x": [null]}), json!("text"), json!(null)] {
        let delivery = verify(&event("run.resumed", data.clone())).unwrap();
        assert!(delivery.event.run().is_none());
        let Event::Unknown { name, data: kept, .. } = delivery.event else { panic!("known") };
        assert_eq!((name.as_str(), kept), ("run.resumed", data));
    }
    let delivery = verify(&json!({"event": "ping", "timestamp": ""})).unwrap();
    let Event::Unknown { data, .. } = delivery.event else { panic!("known") };
    assert_eq!(data, Value::Null);
}

/// If the OpenAPI document adds a member to a delivery, this fails until [`RunChange`] has it.
#[test]
fn every_documented_member_of_data_is_a_field() {
    let full = WebhookEventData {
        agent_id: "a".to_owned(),
        finished_at: Some("f".to_owned()),
        outcome: Some(RunOutcome::Partial),
        run_id: "r".to_owned(),
        status: RunStatus::Stopped,
    };
    let delivery = verify(&event("run.stopped", serde_json::to_value(&full).unwrap())).unwrap();
    let Event::RunStopped(RunChange { extra, .. }) = delivery.event else {
        panic!("not run.stopped")
    };
    assert!(extra.is_empty(), "{extra:?}");
}

/// Signs these bytes, asserts that the verifier cannot read them, and returns the JSON path and
/// the text of the error.
fn read_error(body: &[u8]) -> (String, String) {
    let headers = headers(&[&sign(SECRET, body)], &[]);
    let error = verifier().verify(&headers, body).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::NotSent), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    (error.json_path().unwrap().to_owned(), error.to_string())
}

#[test]
fn rejects_signed_body_that_is_not_a_json_object() {
    for body in [
        &b""[..],
        b"canary",
        b"{\"event\": canary}",
        b"[]",
        b"null",
        b"\"canary\"",
        b"{} {}",
        b"\xff",
        b"{\"event\": \"\xff\"}",
        b"\xef\xbb\xbf{}",
        b"7",
    ] {
        let (path, text) = read_error(body);
        assert_eq!(path, ".", "{text}");
        assert!(
            text.starts_with("the webhook delivery is authentic, but cannot be read: it is not "),
            "{text}"
        );
    }
}

#[test]
fn rejects_signed_body_with_repeated_member() {
    let once = completed().to_string();
    let rest = once.strip_prefix('{').unwrap();
    for twice in [
        format!("{{\"event\": \"run.failed\", {rest}"),
        format!("{{\"\\u0065vent\": \"run.completed\", {rest}"),
        format!("{{\"x\": [{{\"canary\": 1, \"canary\": 1}}], {rest}"),
    ] {
        let (path, text) = read_error(twice.as_bytes());
        assert_eq!(path, ".");
        assert!(text.contains("a member is named twice (line 1, column "), "{text}");
    }
}

#[test]
fn error_names_the_member_of_the_wrong_type() {
    for (pointer, path) in [
        ("/event", "event"),
        ("/timestamp", "timestamp"),
        ("/data/run_id", "data.run_id"),
        ("/data/agent_id", "data.agent_id"),
        ("/data/status", "data.status"),
        ("/data/outcome", "data.outcome"),
        ("/data/finished_at", "data.finished_at"),
        ("/data", "data"),
    ] {
        let mut body = completed();
        *body.pointer_mut(pointer).unwrap() = json!(["canary"]);
        let (found, text) = read_error(body.to_string().as_bytes());
        assert_eq!(found, path);
        assert!(text.contains(&format!("cannot be read at {path}: ")), "{text}");
    }
    for member in ["event", "timestamp", "data"] {
        let mut body = completed();
        body.as_object_mut().unwrap().remove(member);
        assert_eq!(read_error(body.to_string().as_bytes()).0, member);
    }
    for member in ["run_id", "agent_id", "status"] {
        let mut body = completed();
        body["data"].as_object_mut().unwrap().remove(member);
        assert_eq!(read_error(body.to_string().as_bytes()).0, format!("data.{member}"));
    }
}
