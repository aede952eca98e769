//! How runs go: by the clock, by hand, and until somebody cancels them.

use std::time::Duration;

use serde_json::{Value, json};
use twin_emulator::{Emulator, Orders, Outcome, Profile, RunMode, Script, Step, World};

use super::harness::{Reply, Twin, in_both, list, text};

const SECOND: Duration = Duration::from_secs(1);

/// Each way in which a run can end, and the status that it then has.
fn ends(twin: &Twin) -> [(Step, &'static str); 5] {
    let completed = twin.either("finished", "completed");
    [
        (Step::Complete(Outcome::Success), completed),
        (Step::Complete(Outcome::Partial), completed),
        (Step::Complete(Outcome::Fail), completed),
        (Step::Fail, "error"),
        (Step::Stop, "stopped"),
    ]
}

async fn events(twin: &Twin, agent: &str, run: &str) -> usize {
    let path = format!("/v1/agents/{agent}/runs/{run}/events");
    list(&twin.get(&path).await.json(200)["events"]).len()
}

async fn cancel(twin: &Twin, agent: &str, run: &str) -> Value {
    twin.poke(&format!("/v1/agents/{agent}/runs/{run}/cancel")).await.json(200)
}

#[tokio::test]
async fn nothing_happens_until_time_passes() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.with(|world| world.start_run(&agent, RunMode::Run));
        for _ in 0..3 {
            assert_eq!(twin.run(&agent, &run).await["status"], "in_progress");
            assert_eq!(events(&twin, &agent, &run).await, 1);
        }
    })
    .await;
}

#[tokio::test]
async fn an_ordinary_run_takes_two_seconds_to_the_millisecond() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.with(|world| world.start_run(&agent, RunMode::Run));
        twin.advance(Duration::from_millis(1_999)).await;
        assert_eq!(twin.run(&agent, &run).await["status"], "in_progress");
        twin.advance(Duration::from_millis(1)).await;
        let ended = twin.run(&agent, &run).await;
        assert_eq!(ended["status"], twin.either("finished", "completed"));
        let time = twin.either("2026-03-11T12:00:02Z", "2026-03-11T12:00:02.000000000+00:00");
        assert_eq!(ended["finished_at"], time);
    })
    .await;
}

#[tokio::test]
async fn events_come_one_by_one() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.with(|world| world.start_run(&agent, RunMode::Run));
        let mut counts = Vec::new();
        for _ in 0..6 {
            counts.push(events(&twin, &agent, &run).await);
            twin.advance(Duration::from_millis(400)).await;
        }
        assert_eq!(counts, [1, 2, 3, 4, 5, 6]);
    })
    .await;
}

#[tokio::test]
async fn due_events_happen_at_their_own_time() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.with(|world| world.start_run(&agent, RunMode::Run));
        twin.advance(Duration::from_secs(3_600)).await;
        let time = twin.either("2026-03-11T12:00:02Z", "2026-03-11T12:00:02.000000000+00:00");
        assert_eq!(twin.run(&agent, &run).await["finished_at"], time);
    })
    .await;
}

#[tokio::test]
async fn scripts_lead_to_every_end() {
    in_both(async |twin| {
        let agent = twin.agent();
        for (end, status) in ends(&twin) {
            let run = twin.with(|world| {
                world.script_next_run(Script::by_hand().then(SECOND, end));
                world.start_run(&agent, RunMode::Run)
            });
            assert_eq!(twin.run(&agent, &run).await["status"], "in_progress");
            twin.advance(SECOND).await;
            assert_eq!(twin.run(&agent, &run).await["status"], status);
        }
    })
    .await;
}

#[tokio::test]
async fn a_test_leads_to_every_end() {
    in_both(async |twin| {
        let agent = twin.agent();
        for (end, status) in ends(&twin) {
            let run = twin.run_by_hand(&agent);
            twin.with(|world| world.happen(&agent, &run, &end));
            assert_eq!(twin.run(&agent, &run).await["status"], status);
        }
    })
    .await;
}

#[tokio::test]
async fn a_run_that_has_ended_stays_as_it_ended() {
    in_both(async |twin| {
        let agent = twin.agent();
        for (end, _) in ends(&twin) {
            let run = twin.run_by_hand(&agent);
            twin.with(|world| world.happen(&agent, &run, &end));
            let ended = twin.run(&agent, &run).await;
            twin.advance(SECOND).await;
            let later = [Step::Pause, Step::Resume, Step::Fail, Step::Event("Tick".to_owned())];
            twin.with(|world| later.iter().for_each(|step| world.happen(&agent, &run, step)));
            assert_eq!(twin.run(&agent, &run).await, ended);
        }
    })
    .await;
}

#[tokio::test]
async fn a_run_pauses_and_goes_on() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.run_by_hand(&agent);
        twin.with(|world| world.happen(&agent, &run, &Step::Pause));
        let paused = twin.run(&agent, &run).await;
        assert_eq!(paused["status"], "paused");
        assert_eq!(paused["is_paused"], twin.either(Value::Null, json!(true)));
        twin.with(|world| world.happen(&agent, &run, &Step::Resume));
        assert_eq!(twin.run(&agent, &run).await["status"], "in_progress");
    })
    .await;
}

#[tokio::test]
async fn a_script_pauses_a_run_and_lets_it_go_on() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.with(|world| {
            let script = Script::by_hand().then(SECOND, Step::Pause).then(SECOND, Step::Resume);
            world.script_next_run(script.then(SECOND, Step::Fail));
            world.start_run(&agent, RunMode::Run)
        });
        for status in ["paused", "in_progress", "error"] {
            twin.advance(SECOND).await;
            assert_eq!(twin.run(&agent, &run).await["status"], status);
        }
    })
    .await;
}

#[tokio::test]
async fn scripts_are_for_one_run_each_and_then_it_is_as_usual() {
    in_both(async |twin| {
        let agent = twin.agent();
        twin.with(|world| {
            world.script_runs(Script::by_hand().then(Duration::ZERO, Step::Stop));
            world.script_next_run(Script::by_hand().then(Duration::ZERO, Step::Fail));
            world.script_next_run(Script::by_hand());
        });
        for status in ["error", "in_progress", "stopped", "stopped"] {
            let run = twin.with(|world| world.start_run(&agent, RunMode::Run));
            twin.advance(Duration::ZERO).await;
            assert_eq!(twin.run(&agent, &run).await["status"], status);
        }
    })
    .await;
}

#[tokio::test]
async fn scripts_can_be_ordered_as_json() {
    let orders = r#"{"runs": [[
        {"after_ms": 100, "do": {"event": "ToolCallStarted"}}, {"after_ms": 0, "do": "pause"},
        {"after_ms": 100, "do": "resume"}, {"after_ms": 100, "do": {"complete": "partial"}}
    ]]}"#;
    for profile in Profile::ALL {
        let orders = Orders::parse(orders).expect("they can be read");
        let twin = Twin::of(Emulator::builder(profile).orders(orders)).await;
        let agent = twin.agent();
        let body = json!({"run_mode": "run"});
        let started = twin.post(&format!("/v1/agents/{agent}/runs"), body).await.json(201);
        let run = text(&started["run"]["run_id"]);
        for status in ["paused", "in_progress", twin.either("finished", "completed")] {
            twin.advance(Duration::from_millis(100)).await;
            assert_eq!(twin.run(&agent, &run).await["status"], status);
        }
    }
}

#[tokio::test]
async fn scripts_wait_for_runs_that_somebody_starts() {
    for profile in Profile::ALL {
        let orders = r#"{"runs": [[{"after_ms": 0, "do": "fail"}]],
            "faults": [{"operation": "list_runs", "fault": {"shift": {"insert": 1}}}]}"#;
        let orders = Orders::parse(orders).expect("they can be read");
        let twin = Twin::of(Emulator::builder(profile).orders(orders)).await;
        // Neither the run of the example nor one that a fault puts there takes the script.
        twin.with(World::add_example);
        twin.get("/v1/agents/agent_abc123/runs").await.json(200);
        twin.clear_faults();
        let started = twin.post("/v1/agents/agent_abc123/runs", json!({"run_mode": "run"})).await;
        let run = text(&started.json(201)["run"]["run_id"]);
        twin.advance(Duration::ZERO).await;
        assert_eq!(twin.run("agent_abc123", &run).await["status"], "error");
    }
}

#[tokio::test]
async fn a_cancelled_run_is_stopped() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.with(|world| world.start_run(&agent, RunMode::Run));
        let answer = twin.either(json!({"error": ""}), json!({"success": true}));
        assert_eq!(cancel(&twin, &agent, &run).await, answer);
        twin.advance(Duration::from_secs(60)).await;
        assert_eq!(twin.run(&agent, &run).await["status"], "stopped");
    })
    .await;
}

#[tokio::test]
async fn a_paused_run_can_be_cancelled() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.run_by_hand(&agent);
        twin.with(|world| world.happen(&agent, &run, &Step::Pause));
        cancel(&twin, &agent, &run).await;
        assert_eq!(twin.run(&agent, &run).await["status"], "stopped");
    })
    .await;
}

#[tokio::test]
async fn to_cancel_a_run_that_has_ended_succeeds_and_changes_nothing() {
    in_both(async |twin| {
        let agent = twin.agent();
        for (end, _) in ends(&twin) {
            let run = twin.run_by_hand(&agent);
            twin.with(|world| world.happen(&agent, &run, &end));
            let ended = twin.run(&agent, &run).await;
            twin.advance(SECOND).await;
            let error = "run already completed";
            let answer = json!({"success": true, "error": error});
            let answer = twin.either(json!({"error": error}), answer);
            assert_eq!(cancel(&twin, &agent, &run).await, answer);
            assert_eq!(twin.run(&agent, &run).await, ended);
        }
    })
    .await;
}

#[tokio::test]
async fn a_reason_to_cancel_may_be_given_or_not() {
    in_both(async |twin| {
        let agent = twin.agent();
        for body in [json!({}), json!({"reason": "User requested cancellation"})] {
            let run = twin.run_by_hand(&agent);
            twin.post(&format!("/v1/agents/{agent}/runs/{run}/cancel"), body).await.json(200);
            assert_eq!(twin.run(&agent, &run).await["status"], "stopped");
        }
    })
    .await;
}

#[tokio::test]
async fn a_cancellation_that_cannot_be_read_cancels_nothing() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.run_by_hand(&agent);
        let path = format!("/v1/agents/{agent}/runs/{run}/cancel");
        let refused = twin.post(&path, json!({"reason": 5})).await;
        assert_eq!(refused.status, twin.either(400, 422));
        let request = twin.request(axum::http::Method::POST, &path);
        let json = request.header("content-type", "application/json");
        Reply::to(json.body("{")).await.problem(400);
        assert_eq!(twin.run(&agent, &run).await["status"], "in_progress");
    })
    .await;
}
