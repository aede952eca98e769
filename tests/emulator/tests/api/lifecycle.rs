//! Runs: scripts, steps and cancellation.

use std::time::Duration;

use serde_json::{Value, json};
use twin_emulator::{Emulator, FaultFile, Outcome, Profile, RunMode, RunScript, RunStep, World};

use super::harness::{ApiResponse, TestEmulator, in_both, list, text};

const SECOND: Duration = Duration::from_secs(1);

/// Returns every step that ends a run, with the resulting status.
fn ends(twin: &TestEmulator) -> [(RunStep, &'static str); 5] {
    let completed = twin.for_profile("finished", "completed");
    [
        (RunStep::Complete(Outcome::Success), completed),
        (RunStep::Complete(Outcome::Partial), completed),
        (RunStep::Complete(Outcome::Fail), completed),
        (RunStep::Fail, "error"),
        (RunStep::Stop, "stopped"),
    ]
}

async fn events(twin: &TestEmulator, agent: &str, run: &str) -> usize {
    let path = format!("/v1/agents/{agent}/runs/{run}/events");
    list(&twin.get(&path).await.json(200)["events"]).len()
}

async fn cancel(twin: &TestEmulator, agent: &str, run: &str) -> Value {
    twin.post_empty(&format!("/v1/agents/{agent}/runs/{run}/cancel")).await.json(200)
}

#[tokio::test]
async fn run_does_not_change_while_the_clock_stands_still() {
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
async fn default_run_completes_after_exactly_two_seconds() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.with(|world| world.start_run(&agent, RunMode::Run));
        twin.advance(Duration::from_millis(1_999)).await;
        assert_eq!(twin.run(&agent, &run).await["status"], "in_progress");
        twin.advance(Duration::from_millis(1)).await;
        let ended = twin.run(&agent, &run).await;
        assert_eq!(ended["status"], twin.for_profile("finished", "completed"));
        let time = twin.for_profile("2026-03-11T12:00:02Z", "2026-03-11T12:00:02.000000000+00:00");
        assert_eq!(ended["finished_at"], time);
    })
    .await;
}

#[tokio::test]
async fn records_scripted_events_one_by_one() {
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
async fn steps_have_the_time_at_which_they_are_due() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.with(|world| world.start_run(&agent, RunMode::Run));
        twin.advance(Duration::from_secs(3_600)).await;
        let time = twin.for_profile("2026-03-11T12:00:02Z", "2026-03-11T12:00:02.000000000+00:00");
        assert_eq!(twin.run(&agent, &run).await["finished_at"], time);
    })
    .await;
}

#[tokio::test]
async fn script_can_end_run_in_every_status() {
    in_both(async |twin| {
        let agent = twin.agent();
        for (end, status) in ends(&twin) {
            let run = twin.with(|world| {
                world.script_next_run(RunScript::manual().then(SECOND, end));
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
async fn apply_step_can_end_run_in_every_status() {
    in_both(async |twin| {
        let agent = twin.agent();
        for (end, status) in ends(&twin) {
            let run = twin.start_manual_run(&agent);
            twin.with(|world| world.apply_step(&agent, &run, &end));
            assert_eq!(twin.run(&agent, &run).await["status"], status);
        }
    })
    .await;
}

#[tokio::test]
async fn finished_run_does_not_change() {
    in_both(async |twin| {
        let agent = twin.agent();
        for (end, _) in ends(&twin) {
            let run = twin.start_manual_run(&agent);
            twin.with(|world| world.apply_step(&agent, &run, &end));
            let ended = twin.run(&agent, &run).await;
            twin.advance(SECOND).await;
            let later =
                [RunStep::Pause, RunStep::Resume, RunStep::Fail, RunStep::Event("Tick".to_owned())];
            twin.with(|world| later.iter().for_each(|step| world.apply_step(&agent, &run, step)));
            assert_eq!(twin.run(&agent, &run).await, ended);
        }
    })
    .await;
}

#[tokio::test]
async fn run_pauses_and_resumes() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.start_manual_run(&agent);
        twin.with(|world| world.apply_step(&agent, &run, &RunStep::Pause));
        let paused = twin.run(&agent, &run).await;
        assert_eq!(paused["status"], "paused");
        assert_eq!(paused["is_paused"], twin.for_profile(Value::Null, json!(true)));
        twin.with(|world| world.apply_step(&agent, &run, &RunStep::Resume));
        assert_eq!(twin.run(&agent, &run).await["status"], "in_progress");
    })
    .await;
}

#[tokio::test]
async fn script_pauses_and_resumes_run() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.with(|world| {
            let script =
                RunScript::manual().then(SECOND, RunStep::Pause).then(SECOND, RunStep::Resume);
            world.script_next_run(script.then(SECOND, RunStep::Fail));
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
async fn each_script_applies_to_one_run() {
    in_both(async |twin| {
        let agent = twin.agent();
        twin.with(|world| {
            world.script_runs(RunScript::manual().then(Duration::ZERO, RunStep::Stop));
            world.script_next_run(RunScript::manual().then(Duration::ZERO, RunStep::Fail));
            world.script_next_run(RunScript::manual());
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
async fn reads_run_scripts_from_fault_file() {
    let fault_file = r#"{"runs": [[
        {"after_ms": 100, "do": {"event": "ToolCallStarted"}}, {"after_ms": 0, "do": "pause"},
        {"after_ms": 100, "do": "resume"}, {"after_ms": 100, "do": {"complete": "partial"}}
    ]]}"#;
    for profile in Profile::ALL {
        let fault_file = FaultFile::parse(fault_file).expect("the fault file is valid");
        let twin =
            TestEmulator::from_builder(Emulator::builder(profile).fault_file(fault_file)).await;
        let agent = twin.agent();
        let body = json!({"run_mode": "run"});
        let started = twin.post(&format!("/v1/agents/{agent}/runs"), body).await.json(201);
        let run = text(&started["run"]["run_id"]);
        for status in ["paused", "in_progress", twin.for_profile("finished", "completed")] {
            twin.advance(Duration::from_millis(100)).await;
            assert_eq!(twin.run(&agent, &run).await["status"], status);
        }
    }
}

#[tokio::test]
async fn example_and_shifted_runs_take_no_script() {
    for profile in Profile::ALL {
        let fault_file = r#"{"runs": [[{"after_ms": 0, "do": "fail"}]],
            "faults": [{"operation": "list_runs", "fault": {"shift": {"insert": 1}}}]}"#;
        let fault_file = FaultFile::parse(fault_file).expect("the fault file is valid");
        let twin =
            TestEmulator::from_builder(Emulator::builder(profile).fault_file(fault_file)).await;
        // The run of the example and the run that a fault inserts do not take the script.
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
async fn cancel_stops_run() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.with(|world| world.start_run(&agent, RunMode::Run));
        let response = twin.for_profile(json!({"error": ""}), json!({"success": true}));
        assert_eq!(cancel(&twin, &agent, &run).await, response);
        twin.advance(Duration::from_secs(60)).await;
        assert_eq!(twin.run(&agent, &run).await["status"], "stopped");
    })
    .await;
}

#[tokio::test]
async fn cancels_paused_run() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.start_manual_run(&agent);
        twin.with(|world| world.apply_step(&agent, &run, &RunStep::Pause));
        cancel(&twin, &agent, &run).await;
        assert_eq!(twin.run(&agent, &run).await["status"], "stopped");
    })
    .await;
}

#[tokio::test]
async fn cancel_of_finished_run_succeeds_without_effect() {
    in_both(async |twin| {
        let agent = twin.agent();
        for (end, _) in ends(&twin) {
            let run = twin.start_manual_run(&agent);
            twin.with(|world| world.apply_step(&agent, &run, &end));
            let ended = twin.run(&agent, &run).await;
            twin.advance(SECOND).await;
            let error = "run already completed";
            let response = json!({"success": true, "error": error});
            let response = twin.for_profile(json!({"error": error}), response);
            assert_eq!(cancel(&twin, &agent, &run).await, response);
            assert_eq!(twin.run(&agent, &run).await, ended);
        }
    })
    .await;
}

#[tokio::test]
async fn cancel_accepts_optional_reason() {
    in_both(async |twin| {
        let agent = twin.agent();
        for body in [json!({}), json!({"reason": "User requested cancellation"})] {
            let run = twin.start_manual_run(&agent);
            twin.post(&format!("/v1/agents/{agent}/runs/{run}/cancel"), body).await.json(200);
            assert_eq!(twin.run(&agent, &run).await["status"], "stopped");
        }
    })
    .await;
}

#[tokio::test]
async fn malformed_cancel_body_does_not_cancel() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.start_manual_run(&agent);
        let path = format!("/v1/agents/{agent}/runs/{run}/cancel");
        let refused = twin.post(&path, json!({"reason": 5})).await;
        assert_eq!(refused.status, twin.for_profile(400, 422));
        let request = twin.request(axum::http::Method::POST, &path);
        let json = request.header("content-type", "application/json");
        ApiResponse::to(json.body("{")).await.problem(400);
        assert_eq!(twin.run(&agent, &run).await["status"], "in_progress");
    })
    .await;
}
