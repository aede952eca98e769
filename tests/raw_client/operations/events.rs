//! The rows of run events.

use axum::http::StatusCode;
use serde_json::{Value, json};
use twin_api::LenientInteger;
use twin_tests::scripted::BufferedResponse;

use super::harness::{AGENT, RUN, TableRow, TypedRow};
use crate::service;

pub(super) fn operation_rows() -> Vec<Box<dyn TableRow>> {
    let list = TypedRow::new(
        "list_run_events",
        "GET /v1/agents/a%2Fb%20c/runs/r%3Fx=1/events?after_index=18446744073709551615&limit=50",
        async |twin| {
            let events = twin.list_run_events().agent_id(AGENT).run_id(RUN);
            events.limit(50).after_index(u64::MAX).send().await
        },
    )
    .documented(200, LIST, |answer| {
        assert_eq!((answer.events[0].index, answer.events[0].event_index), (Some(1), None));
        assert_eq!(answer.events[0].event.get(), "{\n        \"started\": {}\n      }");
        assert_eq!(answer.total_count, None);
    })
    .observed(200, observed_list(), |answer| {
        let [observed_item, unknown_values] = answer.events.as_slice() else {
            panic!("expected two items")
        };
        assert_eq!((observed_item.index, observed_item.event_index), (None, Some(157_912_706)));
        assert_eq!(
            observed_item.recorded_at.as_deref(),
            Some("2026-04-22T09:00:01.000000001+00:00")
        );
        assert_eq!(observed_item.event.get(), payload().to_string());
        assert_eq!(
            (unknown_values.event_index, unknown_values.event.get()),
            (Some(u64::MAX), "\"of another form\"")
        );
        assert_eq!(answer.total_count.as_ref().and_then(LenientInteger::get), Some(1_510));
    })
    .observed(201, json!({"events": [], "total_count": "0"}), |answer| {
        assert!(answer.events.is_empty());
        assert_eq!(answer.total_count.as_ref().and_then(LenientInteger::get), Some(0));
    });
    vec![Box::new(list)]
}

/// Returns the same operation without optional inputs.
pub(super) fn rows_without_optional_inputs() -> Vec<Box<dyn TableRow>> {
    let list = TypedRow::new("list_run_events", "GET /v1/agents/a/runs/r/events", async |twin| {
        twin.list_run_events().agent_id("a").run_id("r").send().await
    });
    let next = TypedRow::new(
        "list_run_events",
        "GET /v1/agents/a/runs/r/events?after_index=1",
        async |twin| {
            twin.list_run_events().agent_id("a").run_id("r").after_index(1_u8).send().await
        },
    );
    vec![Box::new(list), Box::new(next)]
}

/// A nested payload of an unknown kind, as the live service returns it.
fn payload() -> Value {
    json!({
        "agent_id": {"id": "0196-a"}, "run_id": {"id": "0196-r"}, "parent": null,
        "event": {"event": {"UserInfoRequested": {"questions": ["which?", null], "cost": 0.25}}},
    })
}

fn observed_list() -> Value {
    json!({
        "events": [
            {
                "event_index": 157_912_706, "event": payload(),
                "recorded_at": "2026-04-22T09:00:01.000000001+00:00",
            },
            {"event_index": u64::MAX, "event": "of another form"},
        ],
        "total_count": 1_510,
    })
}

#[tokio::test]
async fn event_payload_keeps_its_bytes() {
    let texts = [
        r#"{ "b" : 1e400, "a":[1,  2], "a": 0.10 }"#.to_owned(),
        format!("{{\"ToolCallResolved\": \"{}\"}}", "é\\u0000".repeat(12_000)),
        format!("{}{}", "[".repeat(100), "]".repeat(100)),
        "null".to_owned(),
    ];
    let (server, twin) = service().await;
    for text in texts {
        let page = format!(r#"{{"events": [{{"event_index": 1, "event": {text} }}]}}"#);
        server.answer(BufferedResponse::new(StatusCode::OK, "application/json", page));
        let answer = twin.list_run_events().agent_id("a").run_id("r").send().await.unwrap();
        assert_eq!(answer.events[0].event.get(), text);
    }
}

const LIST: &str = r#"{
  "events": [
    {
      "index": 1,
      "event": {
        "started": {}
      }
    }
  ]
}"#;
