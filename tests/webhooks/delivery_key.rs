//! The key of an event: repeated deliveries have the same key, different events have different keys.

use std::collections::HashSet;

use serde_json::{Value, json};
use twin_ext::webhook::DeliveryKey;

use crate::signed::{completed, event, verify};

fn key(body: &Value) -> DeliveryKey {
    verify(body).unwrap().key()
}

#[test]
fn key_consists_of_agent_run_event_and_finished_at() {
    let key = key(&completed());
    assert_eq!((key.agent_id(), key.run_id()), ("agent_abc123", "run_xyz789"));
    assert_eq!((key.event(), key.finished_at()), ("run.completed", Some("2026-03-11T14:32:15Z")));
    assert_eq!(key.to_string(), "agent_abc123/run_xyz789/run.completed/2026-03-11T14:32:15Z");
}

#[test]
fn key_of_unknown_event_has_its_agent_run_and_end() {
    let data = json!({"agent_id": "a", "run_id": "r", "finished_at": "2026-03-11T14:32:15Z"});
    let key = key(&event("run.resumed", data));
    assert_eq!((key.agent_id(), key.run_id()), ("a", "r"));
    assert_eq!((key.event(), key.finished_at()), ("run.resumed", Some("2026-03-11T14:32:15Z")));
}

#[test]
fn key_ignores_timestamp_of_delivery() {
    let mut later = completed();
    later["timestamp"] = json!("2026-03-12T00:00:00Z");
    later["attempt"] = json!(2);
    assert_eq!(key(&later), key(&completed()));
    assert_eq!(key(&later).digest(), key(&completed()).digest());
    let (one, mut two) = (event("ping", json!({"x": 1})), event("ping", json!({"x": 1})));
    two["timestamp"] = json!("2026-03-12T00:00:00Z");
    assert_eq!(key(&one), key(&two));
}

#[test]
fn different_events_have_different_keys_and_digests() {
    let data = |run: &str, agent: &str| json!({"run_id": run, "agent_id": agent, "status": "x"});
    let mut bodies = vec![completed(), event("ping", json!({})), event("ping", json!({"x": 1}))];
    for (run, agent) in
        [("r", "a"), ("ra", ""), ("", "ra"), ("r/a", ""), ("r", "/a"), ("r", "a%2F")]
    {
        bodies.push(event("run.started", data(run, agent)));
    }
    bodies.push(event("run.paused", data("r", "a")));
    bodies.push(event("runs.started", data("r", "a")));
    for member in ["run_id", "agent_id", "finished_at"] {
        let mut body = completed();
        body["data"][member] = json!("another");
        bodies.push(body);
    }
    let mut empty = completed();
    empty["data"]["finished_at"] = json!("");
    bodies.push(empty);
    let mut none = completed();
    none["data"].as_object_mut().unwrap().remove("finished_at");
    bodies.push(none);
    let keys: Vec<DeliveryKey> = bodies.iter().map(key).collect();
    let different = |number: usize| assert_eq!(number, bodies.len());
    different(keys.iter().collect::<HashSet<_>>().len());
    different(keys.iter().map(ToString::to_string).collect::<HashSet<_>>().len());
    different(keys.iter().map(DeliveryKey::digest).collect::<HashSet<_>>().len());
}

#[test]
fn key_displays_as_percent_encoded_ascii() {
    let data = json!({"run_id": "r\n/\u{202e}%", "agent_id": "ä a", "status": "x"});
    assert_eq!(
        key(&event("run.started", data)).to_string(),
        "%C3%A4%20a/r%0A%2F%E2%80%AE%25/run.started"
    );
}

/// Stores keep digests across versions of the crate. If this test fails, they lose all entries.
#[test]
fn key_digest_is_stable_across_versions() {
    let hex = |body: &Value| base16ct::lower::encode_string(&key(body).digest());
    assert_eq!(
        hex(&completed()),
        "633c6f80f0b07dac64998842358514c84ba29f4bdd6ffb80a89e719052f823fc"
    );
    assert_eq!(
        hex(&event("ping", json!({"x": 1}))),
        "1f9123356880f961f8925b37bd8fbdc70a8d9dbd89b86589e8d0e343f2073e80"
    );
}
