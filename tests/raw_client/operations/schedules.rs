//! The rows of schedules.

use serde_json::{Value, json};
use twin_api::types::SetScheduleBody;

use super::harness::{AGENT, DONE, TableRow, TypedRow};

pub(super) fn operation_rows() -> Vec<Box<dyn TableRow>> {
    let set = TypedRow::new("set_schedule", "PUT /v1/agents/a%2Fb%20c/schedule", async |twin| {
        let body = SetScheduleBody::builder().cron("0 0 9 * * * *");
        twin.set_schedule().agent_id(AGENT).body(body).send().await
    })
    .sends(json!({"cron": "0 0 9 * * * *"}))
    .documented(200, DONE, |done| assert!(done.success))
    .observed(201, done(), |done| assert!(done.success));
    let delete =
        TypedRow::new("delete_schedule", "DELETE /v1/agents/a%2Fb%20c/schedule", async |twin| {
            twin.delete_schedule().agent_id(AGENT).send().await
        })
        .documented(200, DONE, |done| assert!(done.success))
        .observed(202, done(), |done| assert!(done.success));
    let pause =
        TypedRow::new("pause_schedule", "POST /v1/agents/a%2Fb%20c/schedule/pause", async |twin| {
            twin.pause_schedule().agent_id(AGENT).send().await
        })
        .documented(200, DONE, |done| assert!(done.success))
        .observed(201, done(), |done| assert!(done.success));
    let resume = TypedRow::new(
        "resume_schedule",
        "POST /v1/agents/a%2Fb%20c/schedule/resume",
        async |twin| twin.resume_schedule().agent_id(AGENT).send().await,
    )
    .documented(200, DONE, |done| assert!(done.success))
    .observed(201, done(), |done| assert!(done.success));
    vec![
        Box::new(get()),
        Box::new(set),
        Box::new(delete),
        Box::new(pause),
        Box::new(resume),
        Box::new(list()),
    ]
}

fn get() -> impl TableRow {
    TypedRow::new("get_schedule", "GET /v1/agents/a%2Fb%20c/schedule", async |twin| {
        twin.get_schedule().agent_id(AGENT).send().await
    })
    .documented(200, ONE, |answer| {
        let schedule = answer.schedule.as_ref().expect("the response has a schedule");
        assert_eq!((schedule.cron.as_str(), schedule.paused), ("0 0 9 * * * *", false));
    })
    .documented(200, r#"{"schedule": null}"#, |answer| assert!(answer.schedule.is_none()))
    .observed(200, json!({}), |answer| assert!(answer.schedule.is_none()))
    .observed(201, json!({"schedule": observed_item()}), |answer| {
        let schedule = answer.schedule.as_ref().expect("the response has a schedule");
        assert_eq!(schedule.agent_id.as_deref(), Some("0196-a"));
        assert_eq!(schedule.next_run, Some(1_776_934_800));
        assert_eq!(schedule.auto_paused, Some(true));
        assert_eq!(schedule.consecutive_failures, Some(3.into()));
    })
}

fn list() -> impl TableRow {
    TypedRow::new("list_schedules", "GET /v1/schedules", async |twin| {
        twin.list_schedules().send().await
    })
    .documented(200, LIST, |answer| {
        assert_eq!(answer.schedules[0].agent_id.as_deref(), Some("agent_abc123"));
    })
    .observed(201, json!({"schedules": [observed_item()]}), |answer| {
        assert_eq!(answer.schedules[0].next_run, Some(1_776_934_800));
    })
}

fn done() -> Value {
    json!({"success": true})
}

/// A schedule as the live service returns it.
fn observed_item() -> Value {
    json!({
        "agent_id": "0196-a", "cron": "0 0 9 * * * *", "paused": true, "auto_paused": true,
        "consecutive_failures": 3, "next_run": 1_776_934_800,
    })
}

const ONE: &str = r#"{
  "schedule": {
    "cron": "0 0 9 * * * *",
    "paused": false
  }
}"#;

const LIST: &str = r#"{
  "schedules": [
    {
      "agent_id": "agent_abc123",
      "cron": "0 0 9 * * * *",
      "paused": false
    }
  ]
}"#;
