//! The runs that schedules start, and their times.

use std::time::Duration;

use serde_json::{Value, json};
use twin_emulator::{Outcome, RunMode, RunScript, RunStep};

use super::harness::{TestEmulator, in_both, list, text};

const HOUR: Duration = Duration::from_secs(3_600);

/// The agent with the schedule.
const AGENT: &str = "agent_on_time";

/// Sets the schedule of the agent.
async fn set(twin: &TestEmulator, cron: &str) {
    let there = twin.get(&format!("/v1/agents/{AGENT}")).await.status == 200;
    if !there {
        twin.with(|world| world.add_deployed_agent(AGENT));
    }
    twin.put(&format!("/v1/agents/{AGENT}/schedule"), json!({"cron": cron})).await.assert_success();
}

/// Returns the start times of the agent's runs, as `11T18:00:00`, earliest first.
async fn starts(twin: &TestEmulator) -> Vec<String> {
    let page = twin.get(&format!("/v1/agents/{AGENT}/runs")).await.json(200);
    let start = |run: &Value| text(&run["started_at"])["2026-03-".len()..][..11].to_owned();
    list(&page["runs"]).iter().rev().map(start).collect()
}

#[tokio::test]
async fn schedule_starts_runs_at_its_times_over_a_day() {
    in_both(async |twin| {
        set(&twin, "0 30 9,18 * * * *").await;
        twin.advance(48 * HOUR).await;
        assert_eq!(
            starts(&twin).await,
            ["11T18:30:00", "12T09:30:00", "12T18:30:00", "13T09:30:00"]
        );
    })
    .await;
}

#[tokio::test]
async fn schedule_starts_run_at_the_exact_millisecond() {
    in_both(async |twin| {
        set(&twin, "10 0 12 * * * *").await;
        twin.advance(Duration::from_millis(9_999)).await;
        assert_eq!(starts(&twin).await, [""; 0]);
        twin.advance(Duration::from_millis(1)).await;
        assert_eq!(starts(&twin).await, ["11T12:00:10"]);
    })
    .await;
}

#[tokio::test]
async fn hourly_schedule_starts_24_runs_a_day() {
    in_both(async |twin| {
        set(&twin, "0 0 * * * * *").await;
        twin.advance(24 * HOUR).await;
        let starts = starts(&twin).await;
        assert_eq!(starts.len(), 24);
        assert_eq!((&*starts[0], &*starts[23]), ("11T13:00:00", "12T12:00:00"));
    })
    .await;
}

#[tokio::test]
async fn schedule_starts_no_run_at_the_time_it_is_set() {
    in_both(async |twin| {
        set(&twin, "0 0 12 * * * *").await;
        twin.advance(23 * HOUR).await;
        assert_eq!(starts(&twin).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn schedule_honours_weekdays_and_years() {
    in_both(async |twin| {
        set(&twin, "0 0 9 * * Mon 2026").await;
        twin.advance(14 * 24 * HOUR).await;
        assert_eq!(starts(&twin).await, ["16T09:00:00", "23T09:00:00"]);
    })
    .await;
}

#[tokio::test]
async fn scheduled_runs_complete() {
    in_both(async |twin| {
        set(&twin, "0 0 18 * * * *").await;
        twin.advance(7 * HOUR).await;
        let query = format!(
            "filter_policy_type=runner_v2&filter_status={}",
            twin.for_profile("finished", "completed")
        );
        let page = twin.get(&format!("/v1/agents/{AGENT}/runs?{query}")).await.json(200);
        assert_eq!(list(&page["runs"]).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn paused_schedule_starts_no_runs_and_does_not_catch_up() {
    in_both(async |twin| {
        set(&twin, "0 0 * * * * *").await;
        twin.advance(HOUR).await;
        twin.post_empty(&format!("/v1/agents/{AGENT}/schedule/pause")).await.assert_success();
        twin.advance(3 * HOUR).await;
        twin.post_empty(&format!("/v1/agents/{AGENT}/schedule/resume")).await.assert_success();
        twin.advance(HOUR).await;
        assert_eq!(starts(&twin).await, ["11T13:00:00", "11T17:00:00"]);
    })
    .await;
}

#[tokio::test]
async fn schedule_resumed_twice_starts_each_run_once() {
    in_both(async |twin| {
        set(&twin, "0 0 * * * * *").await;
        for action in ["resume", "pause", "resume", "pause", "pause", "resume", "resume"] {
            twin.post_empty(&format!("/v1/agents/{AGENT}/schedule/{action}"))
                .await
                .assert_success();
        }
        twin.advance(2 * HOUR).await;
        assert_eq!(starts(&twin).await, ["11T13:00:00", "11T14:00:00"]);
    })
    .await;
}

#[tokio::test]
async fn replaced_schedule_starts_no_runs() {
    in_both(async |twin| {
        set(&twin, "0 0 * * * * *").await;
        set(&twin, "0 30 15 * * * *").await;
        twin.advance(6 * HOUR).await;
        assert_eq!(starts(&twin).await, ["11T15:30:00"]);
    })
    .await;
}

#[tokio::test]
async fn deleted_schedule_starts_no_runs() {
    in_both(async |twin| {
        set(&twin, "0 0 * * * * *").await;
        twin.delete(&format!("/v1/agents/{AGENT}/schedule")).await.assert_success();
        twin.advance(6 * HOUR).await;
        assert_eq!(starts(&twin).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn deleted_schedule_starts_no_runs_after_a_new_one_is_set() {
    in_both(async |twin| {
        set(&twin, "0 0 * * * * *").await;
        twin.delete(&format!("/v1/agents/{AGENT}/schedule")).await.assert_success();
        set(&twin, "0 30 15 * * * *").await;
        twin.advance(6 * HOUR).await;
        assert_eq!(starts(&twin).await, ["11T15:30:00"]);
    })
    .await;
}

#[tokio::test]
async fn schedule_of_deleted_agent_starts_no_runs_of_a_new_agent_with_its_id() {
    in_both(async |twin| {
        set(&twin, "0 0 * * * * *").await;
        twin.delete(&format!("/v1/agents/{AGENT}")).await.assert_empty(204);
        set(&twin, "0 30 15 * * * *").await;
        twin.advance(6 * HOUR).await;
        assert_eq!(starts(&twin).await, ["11T15:30:00"]);
    })
    .await;
}

#[tokio::test]
async fn schedules_of_two_agents_are_independent() {
    in_both(async |twin| {
        set(&twin, "0 0 15 * * * *").await;
        twin.with(|world| world.add_deployed_agent("agent_other"));
        let body = json!({"cron": "0 0 16 * * * *"});
        twin.put("/v1/agents/agent_other/schedule", body).await.assert_success();
        twin.post_empty("/v1/agents/agent_other/schedule/pause").await.assert_success();
        twin.advance(6 * HOUR).await;
        assert_eq!(starts(&twin).await, ["11T15:00:00"]);
    })
    .await;
}

#[tokio::test]
async fn next_run_time_advances_after_each_run() {
    let twin = TestEmulator::observed().await;
    set(&twin, "0 0 * * * * *").await;
    let path = format!("/v1/agents/{AGENT}/schedule");
    for hour in 1..4 {
        let next = 1_773_230_400 + hour * 3_600;
        assert_eq!(twin.get(&path).await.json(200)["schedule"]["next_run"], next);
        twin.advance(HOUR).await;
    }
}

#[tokio::test]
async fn schedule_counts_consecutive_failures_until_success() {
    let twin = TestEmulator::observed().await;
    set(&twin, "0 0 * * * * *").await;
    let ends = [
        RunStep::Fail,
        RunStep::Complete(Outcome::Fail),
        RunStep::Complete(Outcome::Success),
        RunStep::Fail,
    ];
    twin.with(|world| {
        for end in ends {
            world.script_next_run(RunScript::manual().then(Duration::ZERO, end));
        }
    });
    for failures in [1, 2, 0, 1] {
        twin.advance(HOUR).await;
        let schedule = twin.get(&format!("/v1/agents/{AGENT}/schedule")).await.json(200);
        assert_eq!(schedule["schedule"]["consecutive_failures"], failures);
    }
}

#[tokio::test]
async fn schedule_ignores_failures_of_other_runs() {
    let twin = TestEmulator::observed().await;
    set(&twin, "0 0 * * * * *").await;
    twin.with(|world| {
        world.script_next_run(RunScript::manual().then(Duration::ZERO, RunStep::Fail));
        world.start_run(AGENT, RunMode::Run);
    });
    twin.advance(Duration::from_secs(1)).await;
    let schedule = twin.get(&format!("/v1/agents/{AGENT}/schedule")).await.json(200);
    assert_eq!(schedule["schedule"]["consecutive_failures"], 0);
}
