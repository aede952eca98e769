use std::io::Read as _;
use std::num::NonZeroUsize;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    AppliedFault, Attempts, Cursor, Endless, Fault, Faults, RetryAfter, Rule, Shift, StatusBody,
    WireFault,
};
use crate::exchange::BufferedResponse;

const OPERATIONS: [&str; 3] = ["get_me", "list_agents", "start_run"];

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(784_111_777, 0).unwrap()
}

fn script(rules: &Value) -> Faults {
    Faults::parse(&rules.to_string(), &OPERATIONS).unwrap()
}

/// Returns what a rule with this fault applies to the first attempt.
fn applied(fault: Fault) -> AppliedFault {
    Faults::new(vec![Rule::new("*", fault)], &[]).unwrap().next("get_me").unwrap()
}

fn rejection(rules: &Value) -> String {
    Faults::parse(&rules.to_string(), &OPERATIONS).unwrap_err().to_string()
}

fn rule(fault: &Value) -> Value {
    json!([{"operation": "get_me", "fault": fault}])
}

/// Every kind of fault, as JSON and as a Rust value.
fn kinds() -> Vec<(Value, Fault)> {
    let status = |status, retry_after, body| Fault::Status { status, retry_after, body };
    let value = HeaderValue::from_static;
    vec![
        (json!({"status": {"status": 503}}), Fault::status(StatusCode::SERVICE_UNAVAILABLE, None)),
        (
            json!({"status": {"status": 429, "retry_after": 7, "body": "text"}}),
            status(StatusCode::TOO_MANY_REQUESTS, Some(RetryAfter::Seconds(7)), StatusBody::Text),
        ),
        (
            json!({"status": {"status": 500, "retry_after": ["-1", {"date_in": -5}]}}),
            Fault::status(
                StatusCode::INTERNAL_SERVER_ERROR,
                RetryAfter::Each(vec![RetryAfter::Literal(value("-1")), RetryAfter::DateIn(-5)]),
            ),
        ),
        (json!({"delay": {"ms": 5}}), Fault::Delay { ms: 5 }),
        (json!({"refuse": {"for_ms": 5}}), Fault::Refuse { for_ms: 5 }),
        (json!({"reset": {"at": 0}}), Fault::Reset { at: 0 }),
        (json!({"close": {"at": 9}}), Fault::Close { at: 9 }),
        (json!({"cut_body": {"at": 1}}), Fault::CutBody { at: 1, chunked: false }),
        (json!({"cut_body": {"at": 1, "chunked": true}}), Fault::CutBody { at: 1, chunked: true }),
        (
            json!({"trickle": {"bytes": 1, "every_ms": 2}}),
            Fault::Trickle { bytes: NonZeroUsize::MIN, every_ms: 2, head: false },
        ),
        (json!({"endless_body": {}}), Fault::EndlessBody { of: Endless::Whitespace }),
        (json!({"endless_body": {"of": "array"}}), Fault::EndlessBody { of: Endless::Array }),
        (json!("html"), Fault::Html),
        (json!({"grpc": {"code": 12}}), Fault::Grpc { code: 12 }),
        (
            json!({"content_type": {"value": "text/plain"}}),
            Fault::ContentType { value: value("text/plain") },
        ),
        (
            json!({"redirect": {"status": 307, "to": "http://127.0.0.1:1/"}}),
            Fault::Redirect {
                status: StatusCode::TEMPORARY_REDIRECT,
                to: value("http://127.0.0.1:1/"),
            },
        ),
        (json!({"gzip_bomb": {"bytes": 9}}), Fault::GzipBomb { bytes: 9 }),
        (
            json!({"cursors": ["A", "", null, false]}),
            Fault::Cursors(vec![
                Cursor::Text("A".into()),
                Cursor::Text(String::new()),
                Cursor::Null,
                Cursor::Absent,
            ]),
        ),
        (json!({"shift": {"remove": 2}}), Fault::Shift(Shift { insert: 0, remove: 2 })),
    ]
}

#[test]
fn parses_every_fault_kind() {
    for (json, fault) in kinds() {
        assert_eq!(script(&rule(&json)).next("get_me").unwrap().fault(), &fault, "{json}");
    }
}

#[test]
fn every_fault_yields_a_response_with_and_without_effect() {
    for (_, fault) in kinds() {
        for takes_effect in [None, Some(true), Some(false)] {
            let rule = Rule { takes_effect, ..Rule::new("*", fault.clone()) };
            let applied = Faults::new(vec![rule], &[]).unwrap().next("get_me").unwrap();
            let expected = takes_effect.unwrap_or(fault.takes_effect());
            assert_eq!(applied.takes_effect(), expected);
            assert!(applied.takes_effect() || applied.replacement(now()).is_some(), "{applied:?}");
        }
    }
}

#[test]
fn rule_applies_only_to_its_attempts() {
    let cases = [
        (json!("every"), [true, true, true, true]),
        (json!(2), [false, true, false, false]),
        (json!([1, 4]), [true, false, false, true]),
        (json!({"from": 2, "to": 3}), [false, true, true, false]),
        (json!({"from": 3}), [false, false, true, true]),
    ];
    for (attempts, expected) in cases {
        let mut faults =
            script(&json!([{"operation": "get_me", "attempts": attempts, "fault": "html"}]));
        let seen = [(); 4].map(|()| faults.next("get_me").is_some());
        assert_eq!(seen, expected, "{attempts}");
    }
    assert_eq!(Attempts::from(2..=3), Attempts::Range { from: 2, to: Some(3) });
    assert_eq!(Attempts::from(3..), Attempts::Range { from: 3, to: None });
    assert_eq!(Attempts::from([1, 4]), Attempts::Listed(vec![1, 4]));
}

#[test]
fn first_matching_rule_applies_and_all_matching_rules_count() {
    let mut faults = script(&json!([
        {"operation": "get_me", "attempts": 2, "fault": "html"},
        {"operation": "*", "attempts": [2, 3, 4], "fault": {"delay": {"ms": 1}}},
        {"operation": "list_agents", "fault": {"grpc": {"code": 12}}}
    ]));
    let delay = Some(Fault::Delay { ms: 1 });
    let mut next = |operation| faults.next(operation).map(|applied| applied.fault().clone());
    assert_eq!(next("get_me"), None);
    assert_eq!(next("get_me"), Some(Fault::Html));
    assert_eq!(next("start_run"), delay);
    assert_eq!(next("list_agents"), delay);
    assert_eq!(next("list_agents"), Some(Fault::Grpc { code: 12 }));
    let counts = faults.rules().iter().map(|rule| (rule.attempts, rule.hits));
    assert_eq!(counts.collect::<Vec<_>>(), [(2, 1), (5, 2), (2, 1)]);
}

#[test]
fn rule_counts_attempts_since_it_was_added() {
    let mut faults = Faults::default();
    assert_eq!(faults.next("get_me"), None);
    faults.install(Rule::new("get_me", Fault::Html).on(1), &OPERATIONS).unwrap();
    assert!(faults.next("get_me").is_some());
    faults.clear();
    assert!(faults.rules().is_empty());
}

/// Asserts that each list of rules is rejected with an error that contains the text.
#[track_caller]
fn assert_rejected(cases: &[(Value, &str)]) {
    for (rules, expected) in cases {
        let error = rejection(rules);
        assert!(error.contains(expected), "{rules}: {error}");
        assert!(error.starts_with("line 1"), "{error}");
        for rust in ["variant", "struct", "usize", "u64", "enum", "Fault", "map", "sequence"] {
            assert!(!error.contains(rust), "{error}");
        }
    }
}

#[test]
fn rejects_unknown_names_and_suggests_known_ones() {
    assert_rejected(&[
        (
            json!([{"operation": "get_you", "fault": "html"}]),
            "[0].operation: unknown operation \"get_you\"; did you mean \"get_me\"?; use \
             get_me, list_agents, start_run, or * for all",
        ),
        (rule(&json!("nonsense")), "[0].fault: unknown fault \"nonsense\"; use status, delay"),
        (rule(&json!("dealy")), "[0].fault: unknown fault \"dealy\"; did you mean \"delay\"?"),
        (rule(&json!({"delay": {"ms": 1, "s": 1}})), "[0].fault.delay.s: unknown name \"s\""),
        (
            rule(&json!({"shift": {"add": 1}})),
            "[0].fault.shift.add: unknown name \"add\"; use insert, remove",
        ),
        (
            rule(&json!({"status": {"status": 503, "body": "htm"}})),
            "[0].fault.status.body: unknown name \"htm\"; did you mean \"html\"?",
        ),
        (
            rule(&json!({"status": {"status": 503, "retry_after": {"date": 1}}})),
            "unknown name \"date\"; did you mean \"date_in\"?",
        ),
        (
            json!([{"operation": "*", "fault": "html", "takes_efect": true}]),
            "[0].takes_efect: unknown name \"takes_efect\"; did you mean \"takes_effect\"?",
        ),
    ]);
}

#[test]
fn rejects_rule_of_wrong_shape() {
    assert_rejected(&[
        (rule(&json!("delay")), "[0].fault: \"delay\" needs a value"),
        (rule(&json!(7)), "[0].fault: expected an object, found 7"),
        (rule(&json!({})), "[0].fault: expected an object with one member, the name of a fault"),
        (
            rule(&json!({"delay": 1, "html": {}})),
            "[0].fault: expected an object with one member, the name of a fault",
        ),
        (rule(&json!({"delay": {}})), "[0].fault.delay: \"ms\" is missing"),
        (json!({"rules": []}), "line 1: expected a list, found {"),
    ]);
}

#[test]
fn rejects_invalid_fault_settings() {
    assert_rejected(&[
        (rule(&json!({"delay": "2"})), "[0].fault.delay: expected a duration such as \"2s\""),
        (
            rule(&json!({"status": {"status": 100}})),
            "[0].fault.status.status: expected a whole number from 200 to 599, found 100",
        ),
        (rule(&json!({"status": "503"})), "expected a whole number from 200 to 599"),
        (
            rule(&json!({"redirect": {"status": 200, "to": "/"}})),
            "expected a whole number from 300 to 399, found 200",
        ),
        (
            rule(&json!({"content_type": {"value": "a\nb"}})),
            "[0].fault.content_type.value: \"a\\nb\" cannot be the value of a header",
        ),
        (
            rule(&json!({"status": {"status": 503, "retry_after": -1}})),
            "expected a number of seconds, a string",
        ),
        (
            rule(&json!({"trickle": {"bytes": 0, "every_ms": 1}})),
            "[0].fault.trickle.bytes: expected a whole number of at least 1, found 0",
        ),
        (rule(&json!({"grpc": 1.5})), "[0].fault.grpc: expected a whole number"),
        (rule(&json!({"cursors": []})), "[0].fault: the list of cursors is empty"),
        (
            rule(&json!({"cursors": [true]})),
            "[0].fault.cursors[0]: expected a string, null, or false for no cursor",
        ),
        (
            rule(&json!({"gzip_bomb": {"bytes": u64::MAX}})),
            "[0].fault: the unpacked size of a gzip bomb is limited to 64 GiB",
        ),
    ]);
}

#[test]
fn rejects_invalid_attempts() {
    assert_rejected(&[
        (
            json!([{"operation": "*", "fault": "html", "attempts": 0}]),
            "[0].attempts: attempts are counted from 1",
        ),
        (
            json!([{"operation": "*", "fault": "html", "attempts": []}]),
            "the list or range contains no attempt",
        ),
        (
            json!([{"operation": "*", "fault": "html", "attempts": {"from": 3, "to": 2}}]),
            "the list or range contains no attempt",
        ),
        (
            json!([{"operation": "*", "fault": "html", "attempts": "all"}]),
            "[0].attempts: unknown name \"all\"; use every",
        ),
    ]);
}

/// Short forms and their equivalent long forms.
#[test]
fn short_forms_equal_long_forms() {
    let cases = [
        (json!({"status": 503}), json!({"status": {"status": 503}})),
        (json!({"delay": "2s"}), json!({"delay": {"ms": 2_000}})),
        (json!({"delay": 250}), json!({"delay": {"ms": 250}})),
        (json!({"refuse": "1m"}), json!({"refuse": {"for_ms": 60_000}})),
        (json!({"reset": 20}), json!({"reset": {"at": 20}})),
        (json!({"close": 0}), json!({"close": {"at": 0}})),
        (json!({"cut_body": 9}), json!({"cut_body": {"at": 9, "chunked": false}})),
        (json!({"trickle": "50ms"}), json!({"trickle": {"bytes": 1, "every_ms": 50}})),
        (
            json!({"trickle": {"bytes": 2, "every": "1s"}}),
            json!({"trickle": {"bytes": 2, "every_ms": 1_000}}),
        ),
        (json!("endless_body"), json!({"endless_body": {"of": "whitespace"}})),
        (json!({"endless_body": "array"}), json!({"endless_body": {"of": "array"}})),
        (json!({"html": {}}), json!("html")),
        (json!("grpc"), json!({"grpc": {"code": 12}})),
        (json!({"grpc": 7}), json!({"grpc": {"code": 7}})),
        (json!({"content_type": "text/csv"}), json!({"content_type": {"value": "text/csv"}})),
        (json!({"redirect": "/x"}), json!({"redirect": {"status": 307, "to": "/x"}})),
        (json!({"gzip_bomb": 9}), json!({"gzip_bomb": {"bytes": 9}})),
    ];
    for (short, long) in cases {
        let [short_fault, long_fault] =
            [&short, &long].map(|fault| script(&rule(fault)).rules()[0].rule.clone());
        assert_eq!(short_fault, long_fault, "{short}");
    }
}

#[test]
fn builds_every_form_of_retry_after() {
    let cases = [
        (json!(120), vec!["120"]),
        (json!("1e400"), vec!["1e400"]),
        (json!({"date_in": 0}), vec!["Sun, 06 Nov 1994 08:49:37 GMT"]),
        (json!({"date_in": -37}), vec!["Sun, 06 Nov 1994 08:49:00 GMT"]),
        (json!([1, "soon"]), vec!["1", "soon"]),
    ];
    for (order, expected) in cases {
        let rules = rule(&json!({"status": {"status": 503, "retry_after": order}}));
        let response = script(&rules).next("get_me").unwrap().replacement(now()).unwrap();
        let values = response.headers.get_all(header::RETRY_AFTER).iter();
        let values: Vec<_> = values.map(|value| value.to_str().unwrap()).collect();
        assert_eq!(values, expected);
    }
    for date_in in [i64::MIN, i64::MAX] {
        let fault = Fault::status(StatusCode::BAD_GATEWAY, RetryAfter::DateIn(date_in));
        let response = applied(fault).replacement(now()).unwrap();
        assert!(!response.headers[header::RETRY_AFTER].is_empty());
    }
}

#[test]
fn status_fault_has_the_requested_body() {
    let response = |body| {
        let fault = Fault::Status { status: StatusCode::BAD_GATEWAY, retry_after: None, body };
        applied(fault).replacement(now()).unwrap()
    };
    let problem: Value = serde_json::from_slice(&response(StatusBody::Problem).body).unwrap();
    assert_eq!((&problem["status"], &problem["title"]), (&json!(502), &json!("Bad Gateway")));
    let older: Value = serde_json::from_slice(&response(StatusBody::Older).body).unwrap();
    assert_eq!(older["error"]["code"], "bad_gateway");
    assert!(older["error"]["message"].is_string() && older["status"].is_null(), "{older}");
    assert_eq!(response(StatusBody::Text).body, "bad gateway");
    assert!(response(StatusBody::Html).body.starts_with(b"<html>"));
    assert!(response(StatusBody::Empty).body.is_empty());
}

#[test]
fn replacement_responses_have_their_status_and_content_type() {
    let html = applied(Fault::Html).replacement(now()).unwrap();
    assert_eq!(html.status, StatusCode::OK);
    assert_eq!(html.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");

    let grpc = applied(Fault::Grpc { code: 12 }).replacement(now()).unwrap();
    assert_eq!(grpc.status, StatusCode::OK);
    assert_eq!(grpc.headers[header::CONTENT_TYPE], "application/grpc");
    assert_eq!(grpc.headers["grpc-status"], "12");
    assert!(grpc.body.is_empty());

    let to = HeaderValue::from_static("http://other.test/");
    let fault = Fault::Redirect { status: StatusCode::FOUND, to: to.clone() };
    let redirect = applied(fault).replacement(now()).unwrap();
    assert_eq!((redirect.status, &redirect.headers[header::LOCATION]), (StatusCode::FOUND, &to));
}

#[test]
fn amended_response_keeps_all_other_bytes() {
    let body = r#"{"agents":[{"n":1.50}],"next_cursor":"real","total":1e3}"#;
    let page = BufferedResponse::new(StatusCode::OK, "application/json", body);

    let value = HeaderValue::from_static("text/csv");
    let other = applied(Fault::ContentType { value: value.clone() }).amend(page.clone());
    assert_eq!((&other.headers[header::CONTENT_TYPE], &*other.body), (&value, body.as_bytes()));

    let cursors = ["A", "B"].map(|text| Cursor::Text(text.into())).to_vec();
    let cursors = [cursors, vec![Cursor::Null, Cursor::Absent]].concat();
    let rule = Rule::new("*", Fault::Cursors(cursors)).on(2..);
    let mut faults = Faults::new(vec![rule], &[]).unwrap();
    assert_eq!(faults.next("list_agents"), None);
    let seen = [(); 5].map(|()| faults.next("list_agents").unwrap().amend(page.clone()).body);
    let with = |cursor| format!(r#"{{"agents":[{{"n":1.50}}],{cursor}"total":1e3}}"#);
    let [a, b, null, absent] =
        [r#""next_cursor":"A","#, r#""next_cursor":"B","#, r#""next_cursor":null,"#, ""].map(with);
    assert_eq!(seen, [a.clone(), b, null, absent, a]);
}

#[test]
fn cursor_fault_leaves_other_bodies_unchanged() {
    let applied = applied(Fault::Cursors(vec![Cursor::Text("A".into())]));
    for (status, body) in [(StatusCode::FORBIDDEN, "{}"), (StatusCode::OK, "[1]")] {
        let response = BufferedResponse::new(status, "application/json", body);
        assert_eq!(applied.amend(response).body, body);
    }
}

#[test]
fn applied_fault_returns_its_wire_fault() {
    let wire = |fault: Fault| applied(fault).wire_fault();
    assert_eq!(wire(Fault::Html), None);
    assert_eq!(
        wire(Fault::Delay { ms: 1_500 }),
        Some(WireFault::Delay(Duration::from_millis(1_500)))
    );
    assert_eq!(wire(Fault::Reset { at: 3 }), Some(WireFault::Reset(3)));
    assert_eq!(
        wire(Fault::EndlessBody { of: Endless::Array }),
        Some(WireFault::Endless(Endless::Array))
    );
    let shift = Shift { insert: 1, remove: 0 };
    assert_eq!(applied(Fault::Shift(shift)).shift(), Some(shift));
    assert_eq!(applied(Fault::Html).shift(), None);
}

#[test]
fn gzip_bomb_unpacks_to_exact_size_and_is_json() {
    for bytes in [0, 1, 2, 3, 1 << 20, (1 << 20) + 2, (5 << 20) + 77] {
        let response = applied(Fault::GzipBomb { bytes }).replacement(now()).unwrap();
        assert_eq!(response.headers[header::CONTENT_ENCODING], "gzip");
        let mut unpacked = Vec::new();
        // The decoder checks the length and the checksum.
        flate2::read::GzDecoder::new(&*response.body).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked.len() as u64, bytes);
        assert!(bytes < 2 || serde_json::from_slice::<Vec<u8>>(&unpacked).unwrap().is_empty());
    }
    let large = applied(Fault::GzipBomb { bytes: 512 << 20 }).replacement(now()).unwrap();
    assert!(large.body.len() < 1 << 20, "{}", large.body.len());
}
