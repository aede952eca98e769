//! The rows of runs.

use serde_json::{Value, json};
use twin_api::types::{CancelRunBody, RunMode, RunOutcome, RunStatus, StartRunBody};

use super::harness::{AGENT, RUN, TableRow, TypedRow};

/// Every filter, in the order of the query.
const LIST_LINE: &str = "GET /v1/agents/a%2Fb%20c/runs?filter_policy_group=runner\
    &filter_policy_type=runner_v2&filter_run_id=run%2F1\
    &filter_started_after=2026-02-20T00%3A00%3A00Z\
    &filter_started_before=2026-02-21T00%3A00%3A00%2B00%3A00\
    &filter_status=finished&page=2&page_size=50";

pub(super) fn operation_rows() -> Vec<Box<dyn TableRow>> {
    vec![Box::new(list()), Box::new(start()), Box::new(delete()), Box::new(cancel())]
}

fn list() -> impl TableRow {
    TypedRow::new("list_runs", LIST_LINE, async |twin| {
        twin.list_runs()
            .agent_id(AGENT)
            .page(2)
            .page_size(50)
            .filter_status("finished")
            .filter_run_id("run/1")
            .filter_started_after("2026-02-20T00:00:00Z")
            .filter_started_before("2026-02-21T00:00:00+00:00")
            .filter_policy_type("runner_v2")
            .filter_policy_group("runner")
            .send()
            .await
    })
    .documented(200, LIST, |answer| {
        assert_eq!(answer.runs[0].status, RunStatus::Finished);
        assert_eq!(answer.runs[0].finished_at.as_deref(), Some("2026-02-20T14:32:15Z"));
        let total = answer.total_runs.as_ref().map(|total| (total.as_json(), total.get()));
        assert_eq!(total, Some(("\"42\"", Some(42))));
        assert_eq!((answer.page, answer.page_size), (Some(1), Some(10)));
    })
    .observed(201, observed_list(), |answer| {
        let total = answer.total_runs.as_ref().map(|total| (total.as_json(), total.get()));
        assert_eq!(total, Some(("42", Some(42))));
        assert_eq!(answer.runs[0].status, RunStatus::Completed);
        assert_eq!(answer.runs[1].status, RunStatus::Unknown("dreaming".to_owned()));
        let summaries = answer.all_run_summaries.as_deref();
        let Some([good, unknown_values]) = summaries else { panic!("expected two items") };
        assert_eq!(good.outcome, Some(RunOutcome::Success));
        assert_eq!(good.credits_consumed, Some(json!(1.5)));
        assert_eq!(good.total_action_count, Some(7.into()));
        assert_eq!(unknown_values.outcome, Some(RunOutcome::Unknown("enlightenment".to_owned())));
        assert_eq!(unknown_values.total_action_count, Some(7.into()));
    })
    .observed(200, json!({"runs": []}), |answer| {
        assert!(answer.runs.is_empty() && answer.all_run_summaries.is_none());
        assert_eq!(answer.total_runs, None);
    })
}

fn start() -> impl TableRow {
    TypedRow::new("start_run", "POST /v1/agents/a%2Fb%20c/runs", async |twin| {
        let body = StartRunBody::builder()
            .run_mode(RunMode::Run)
            .user_message("hello")
            .skip_deploy_check(true);
        twin.start_run().agent_id(AGENT).body(body).send().await
    })
    .sends(json!({"run_mode": "run", "user_message": "hello", "skip_deploy_check": true}))
    .documented(201, STARTED, |answer| {
        assert_eq!(answer.run.status, RunStatus::InProgress);
        assert_eq!((answer.run.is_finished, answer.run.is_paused), (Some(false), Some(false)));
        assert_eq!(answer.run.run_number, Some(1));
        assert_eq!(answer.run.policy_type.as_deref(), Some("runner_v2"));
    })
    .observed(201, json!({"run": observed_item("in_progress", &json!(""))}), |answer| {
        assert_eq!(answer.run.run_number, Some(0));
        assert_eq!(answer.run.is_paused, None);
        assert_eq!(answer.run.goal.as_deref(), Some(""));
        assert_eq!(answer.run.event_count, Some(0.into()));
    })
    .observed(200, json!({"run": observed_item("pondering", &Value::Null)}), |answer| {
        assert_eq!(answer.run.status.as_str(), "pondering");
        assert_eq!(answer.run.goal, None);
    })
}

fn delete() -> impl TableRow {
    TypedRow::new("delete_run", "DELETE /v1/agents/a%2Fb%20c/runs/r%3Fx=1", async |twin| {
        twin.delete_run().agent_id(AGENT).run_id(RUN).send().await
    })
    .without_content()
}

fn cancel() -> impl TableRow {
    TypedRow::new("cancel_run", "POST /v1/agents/a%2Fb%20c/runs/r%3Fx=1/cancel", async |twin| {
        let body = CancelRunBody::builder().reason("User requested cancellation");
        twin.cancel_run().agent_id(AGENT).run_id(RUN).body(body).send().await
    })
    .sends(json!({"reason": "User requested cancellation"}))
    .documented(200, CANCELLED, |answer| {
        assert_eq!((answer.error.as_deref(), answer.success), (Some(""), None));
    })
    .observed(200, json!({"success": true}), |answer| {
        assert_eq!((answer.error.as_deref(), answer.success), (None, Some(true)));
    })
    .observed(201, json!({"success": true, "error": "run already completed"}), |answer| {
        assert_eq!(answer.error.as_deref(), Some("run already completed"));
    })
}

/// Returns the same operations without optional inputs, and with unknown enum values.
pub(super) fn rows_without_optional_inputs() -> Vec<Box<dyn TableRow>> {
    let list = TypedRow::new("list_runs", "GET /v1/agents/a/runs", async |twin| {
        twin.list_runs().agent_id("a").send().await
    });
    let list_odd = TypedRow::new(
        "list_runs",
        "GET /v1/agents/a/runs?filter_policy_group=critic&filter_status=dreaming",
        async |twin| {
            let runs = twin.list_runs().agent_id("a");
            runs.filter_policy_group("critic").filter_status("dreaming").send().await
        },
    );
    let start = TypedRow::new("start_run", "POST /v1/agents/a/runs", async |twin| {
        let body = StartRunBody::builder().run_mode(RunMode::Build);
        twin.start_run().agent_id("a").body(body).send().await
    })
    .sends(json!({"run_mode": "build"}));
    let start_odd = TypedRow::new("start_run", "POST /v1/agents/a/runs", async |twin| {
        let start = twin.start_run().agent_id("a");
        start.body_map(|body| body.run_mode("rehearse").user_message("hello")).send().await
    })
    .sends(json!({"run_mode": "rehearse", "user_message": "hello"}));
    let cancel = TypedRow::new("cancel_run", "POST /v1/agents/a/runs/r/cancel", async |twin| {
        twin.cancel_run().agent_id("a").run_id("r").send().await
    })
    .sends(json!({}));
    vec![Box::new(list), Box::new(list_odd), Box::new(start), Box::new(start_odd), Box::new(cancel)]
}

/// A run that was just started, as the live service returns it.
fn observed_item(status: &str, goal: &Value) -> Value {
    json!({
        "run_id": "0196-r", "agent_id": "0196-a", "status": status, "goal": goal,
        "started_at": "2026-04-22T09:00:00.123456789+00:00", "is_finished": false,
        "run_number": 0, "policy_type": "runner_v2", "event_bytes": 0, "event_count": 0,
        "last_event_at": "2026-04-22T09:00:00.123456789+00:00", "step_count": 0,
        "user_id": "user_1", "user_email": "someone@example.com", "wrote_instructions": false,
    })
}

fn observed_list() -> Value {
    json!({
        "runs": [observed_item("completed", &Value::Null), observed_item("dreaming", &json!("sleep"))],
        "total_runs": 42,
        "all_run_summaries": [
            {
                "credits_consumed": 1.5, "outcome": "success", "policy_model": "m-1",
                "run_kind": "manual", "run_phase": "done", "summary": "It is done.",
                "tool_icons": ["https://example.com/icon.svg", "mail"], "total_action_count": 7,
            },
            {
                "credits_consumed": "1.5", "outcome": "enlightenment", "tool_icons": null,
                "total_action_count": "7",
            },
        ],
        "page": 1, "page_size": 100,
    })
}

const LIST: &str = r#"{
  "runs": [
    {
      "run_id": "run_xyz789",
      "agent_id": "agent_abc123",
      "status": "finished",
      "started_at": "2026-02-20T14:30:00Z",
      "finished_at": "2026-02-20T14:32:15Z"
    }
  ],
  "total_runs": "42",
  "page": 1,
  "page_size": 10
}"#;

const STARTED: &str = r#"{
  "run": {
    "run_id": "run_xyz789",
    "agent_id": "agent_abc123",
    "status": "in_progress",
    "started_at": "2026-02-20T14:30:00Z",
    "is_finished": false,
    "is_paused": false,
    "run_number": 1,
    "policy_type": "runner_v2"
  }
}"#;

const CANCELLED: &str = r#"{
  "error": ""
}"#;
