//! The key of an event depends on the bytes of the body alone. Numbers keep every digit. A lone
//! surrogate is replaced in a value, but still distinguishes two keys.
//!
//! With the feature `serde-json-features` of this package, the same tests run while `serde_json`'s
//! `arbitrary_precision`, `float_roundtrip`, `preserve_order` and `unbounded_depth` are on.

use http::HeaderMap;
use serde_json::{Value, json};
use twin_ext::webhook::{Delivery, DeliveryKey, Event, SIGNATURE_HEADER, sign};

use crate::signed::{SECRET, verifier};

/// Signs and verifies a body. It is text, because a [`Value`] cannot hold every number exactly.
fn verify(body: &str) -> Delivery {
    let mut headers = HeaderMap::new();
    headers.insert(SIGNATURE_HEADER, sign(SECRET, body).parse().unwrap());
    verifier().verify(&headers, body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"))
}

fn unknown(data: &str) -> Delivery {
    verify(&format!(r#"{{"event": "ping", "timestamp": "2026-03-11T14:32:15Z", "data": {data}}}"#))
}

fn key(data: &str) -> DeliveryKey {
    unknown(data).key()
}

fn data(data: &str) -> Value {
    match unknown(data).event {
        Event::Unknown { data, .. } => data,
        event => panic!("{event:?}"),
    }
}

fn completed(data: &str) -> Delivery {
    let timestamp = "2026-03-11T14:32:15Z";
    verify(&format!(r#"{{"event": "run.completed", "timestamp": "{timestamp}", "data": {data}}}"#))
}

#[test]
fn key_of_unknown_event_depends_on_every_digit() {
    for (one, two) in [
        ("9007199254740992", "9007199254740993"),
        ("18446744073709551616", "18446744073709551617"),
        ("123456789012345678901234567890", "123456789012345678901234567891"),
        ("0.1", "0.10000000000000000001"),
        ("1e400", "1e401"),
        ("-9223372036854775809", "-9223372036854775810"),
        (r#""\ud800""#, r#""\ud801""#),
        (r#""\ud800""#, "\"\u{fffd}\""),
    ] {
        for wrap in [|id: &str| format!(r#"{{"id": {id}}}"#), |id: &str| format!("[[{id}]]")] {
            let (one, two) = (key(&wrap(one)), key(&wrap(two)));
            assert_ne!(one, two);
            assert_ne!(one.digest(), two.digest());
            assert_ne!(one.to_string(), two.to_string());
        }
    }
}

#[test]
fn key_ignores_member_order_and_whitespace() {
    let one = key(r#"{"b": {"y": 1, "x": [1, 2]}, "a": "é"}"#);
    let two = key("{\"a\":\"\\u00e9\",\n\"b\":{\"x\":[1,2],\"y\":1}}");
    assert_eq!(one, two);
    assert_eq!(one.digest(), two.digest());
    assert_ne!(one, key(r#"{"b": {"y": 1, "x": [2, 1]}, "a": "é"}"#));
}

/// If this fails, stores lose their entries, or two builds of a program have different keys.
#[test]
fn digest_of_unknown_event_is_stable_across_features_and_versions() {
    let hex = |data: &str| base16ct::lower::encode_string(&key(data).digest());
    assert_eq!(
        hex(r#"{"id": 12345678901234567890123, "b": 1e3, "a": [0.1, -0, "\ud800"]}"#),
        "1d665c08f20dadaedf60395c321037e83883ceb3867b27b61585b325c3e030ac"
    );
    assert_eq!(
        hex(r#"{"x": 1}"#),
        "1f9123356880f961f8925b37bd8fbdc70a8d9dbd89b86589e8d0e343f2073e80"
    );
}

#[test]
fn numbers_beyond_u64_and_f64_are_kept_as_strings() {
    let kept = data(
        r#"{"a": 18446744073709551616, "b": 1e400, "c": -1e-400, "d": 1.5, "e": 7, "f": 1e3}"#,
    );
    let expected = json!({
        "a": "18446744073709551616", "b": "1e400", "c": "-1e-400", "d": 1.5, "e": 7, "f": 1e3,
    });
    assert_eq!(kept, expected);
    let run = completed(
        r#"{"run_id": "r", "agent_id": "a", "status": "completed", "cost": 1e999, "steps": 3}"#,
    );
    let Event::RunCompleted(run) = run.event else { panic!("another event") };
    assert_eq!(Value::Object(run.extra), json!({"cost": "1e999", "steps": 3}));
}

#[test]
fn lone_surrogate_is_replaced_and_other_members_are_kept() {
    let delivery = completed(
        r#"{"run_id": "r", "agent_id": "a", "status": "completed", "outcome": "\ud800!",
            "agent_name": "Zo\ud83d \ud83d\ude00", "\udfff": 1}"#,
    );
    let Event::RunCompleted(run) = &delivery.event else { panic!("another event") };
    assert_eq!(run.run_id, "r");
    assert_eq!(run.outcome.as_ref().unwrap().as_str(), "\u{fffd}!");
    let expected = json!({"agent_name": "Zo\u{fffd} \u{1f600}", "\u{fffd}": 1});
    assert_eq!(Value::Object(run.extra.clone()), expected);
    assert_eq!(delivery.key().to_string(), "a/r/run.completed");
    let top = verify(r#"{"event": "p\ud800", "timestamp": "\udc00", "x": "\ud800"}"#);
    assert_eq!((top.event.name(), top.timestamp.as_str()), ("p\u{fffd}", "\u{fffd}"));
    assert_eq!(Value::Object(top.extra), json!({"x": "\u{fffd}"}));
}

#[test]
fn key_distinguishes_lone_surrogates() {
    let run = |run: &str, agent: &str, end: &str| {
        completed(&format!(
            r#"{{"run_id": "{run}", "agent_id": "{agent}", "status": "x", "finished_at": "{end}"}}"#
        ))
        .key()
    };
    let keys = [
        run(r"\ud800", "a", "e"),
        run(r"\ud801", "a", "e"),
        run("r", r"\ud800", "e"),
        run("r", r"\ud801", "e"),
        run("r", "a", r"\ud800"),
        run("r", "a", r"\ud801"),
        run("\u{fffd}", "a", "e"),
        verify(r#"{"event": "p\ud800", "timestamp": ""}"#).key(),
        verify(r#"{"event": "p\ud801", "timestamp": ""}"#).key(),
        verify("{\"event\": \"p\u{fffd}\", \"timestamp\": \"\"}").key(),
    ];
    for (index, key) in keys.iter().enumerate() {
        assert!(keys[..index].iter().all(|other| other.digest() != key.digest()), "{key}");
    }
    assert_eq!(run(r"\ud800", "a", "e").digest(), run(r"\uD800", "a", "e").digest());
}

#[test]
fn delivery_key_is_the_same_for_every_spelling_of_finished_at() {
    let spellings = [
        "2026-03-11T14:32:15.5Z",
        "2026-03-11T14:32:15.500000000+00:00",
        "2026-03-11T15:32:15.50+01:00",
        "2026-03-11t14:32:15.500z",
    ];
    let run = |end: &str| {
        completed(&format!(
            r#"{{"run_id": "r", "agent_id": "a", "status": "x", "finished_at": "{end}"}}"#
        ))
        .key()
    };
    let ping = |end: &str| key(&format!(r#"{{"run_id": "r", "finished_at": "{end}"}}"#));
    for spelling in spellings {
        for (one, other) in
            [(run(spellings[0]), run(spelling)), (ping(spellings[0]), ping(spelling))]
        {
            assert_eq!(one, other, "{spelling}");
            assert_eq!(one.digest(), other.digest(), "{spelling}");
            assert_eq!(one.to_string(), other.to_string(), "{spelling}");
        }
    }
    for other in [
        "2026-03-11T14:32:15.500000001Z",
        "2026-03-11T14:32:15.5000000001Z",
        "2026-03-11T14:32:15.5",
        "2026-03-11T14:32:15.5 Z",
    ] {
        assert_ne!(run(other), run(spellings[0]), "{other}");
        assert_ne!(ping(other), ping(spellings[0]), "{other}");
    }
    assert_ne!(run("2026-03-11T14:32:15.5000000001Z"), run("2026-03-11T14:32:15.5000000002Z"));
    assert_eq!(run(spellings[2]).finished_at(), Some("2026-03-11T14:32:15.500Z"));
}
