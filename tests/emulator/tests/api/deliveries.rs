//! Deliveries: their content, their signatures, and the webhooks that get them.

use std::time::Duration;

use serde_json::{Value, json};
use twin_emulator::{Outcome, RunMode, RunStep};

use super::harness::{TestEmulator, in_both, members};
use super::receiver::{EVERY_EVENT, Received, TestReceiver, TestWebhook};

const MINUTE: Duration = Duration::from_secs(60);

/// Starts a run, and applies `step` a second later. Returns the run, and the delivery of the step.
async fn deliver(twin: &TestEmulator, hook: &TestWebhook, step: &RunStep) -> (String, Received) {
    let run = twin.start_manual_run(&hook.agent);
    twin.advance(Duration::from_secs(1)).await;
    hook.receiver.take();
    twin.with(|world| world.apply_step(&hook.agent, &run, step));
    twin.settled().await;
    let [received] = hook.receiver.take().try_into().expect("one delivery");
    (run, received)
}

/// Returns the time at which [`deliver`] applies its step.
fn time(twin: &TestEmulator) -> &'static str {
    twin.for_profile("2026-03-11T12:00:01Z", "2026-03-11T12:00:01.000000000+00:00")
}

/// Asserts the content of a delivery of a finished run.
async fn assert_delivery(step: RunStep, event: &str, status: &str, outcome: Option<&str>) {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        let (run, received) = deliver(&twin, &hook, &step).await;
        let mut data = json!({
            "run_id": run, "agent_id": hook.agent, "status": status, "finished_at": time(&twin),
        });
        if let Some(outcome) = outcome {
            data["outcome"] = json!(outcome);
        }
        let body = json!({"event": event, "timestamp": time(&twin), "data": data});
        assert_eq!((received.event.as_str(), received.json()), (event, body));
    })
    .await;
}

#[tokio::test]
async fn delivers_completed_run_with_outcome() {
    for (outcome, name) in
        [(Outcome::Success, "success"), (Outcome::Partial, "partial"), (Outcome::Fail, "fail")]
    {
        assert_delivery(RunStep::Complete(outcome), "run.completed", "completed", Some(name)).await;
    }
}

#[tokio::test]
async fn delivers_failed_run_without_outcome() {
    assert_delivery(RunStep::Fail, "run.failed", "error", None).await;
}

#[tokio::test]
async fn delivers_stopped_run_without_outcome() {
    assert_delivery(RunStep::Stop, "run.stopped", "stopped", None).await;
}

#[tokio::test]
async fn delivers_started_run_without_finished_at() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        let run = twin.start_manual_run(&hook.agent);
        twin.settled().await;
        let [received] = hook.receiver.take().try_into().expect("one delivery");
        let body = received.json();
        assert_eq!(
            (received.event.as_str(), &body["event"]),
            ("run.started", &json!("run.started"))
        );
        let data = json!({"run_id": run, "agent_id": hook.agent, "status": "in_progress"});
        assert_eq!(body["data"], data);
    })
    .await;
}

#[tokio::test]
async fn delivers_run_started_over_http() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        let path = format!("/v1/agents/{}/runs", hook.agent);
        twin.post(&path, json!({"run_mode": "run"})).await.json(201);
        twin.advance(MINUTE).await;
        assert_eq!(hook.receiver.take_events(), ["run.started", "run.completed"]);
    })
    .await;
}

#[tokio::test]
async fn delivers_cancelled_run_once() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &["run.stopped"]).await;
        let run = twin.start_manual_run(&hook.agent);
        let path = format!("/v1/agents/{}/runs/{run}/cancel", hook.agent);
        twin.post_empty(&path).await.json(200);
        twin.post_empty(&path).await.json(200);
        twin.settled().await;
        assert_eq!(hook.receiver.take_events(), ["run.stopped"]);
    })
    .await;
}

#[tokio::test]
async fn delivers_pause_once_after_15_minutes() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &["run.paused"]).await;
        let run = twin.start_manual_run(&hook.agent);
        twin.with(|world| world.apply_step(&hook.agent, &run, &RunStep::Pause));
        twin.advance(Duration::from_millis(15 * 60_000 - 1)).await;
        assert_eq!(hook.receiver.take(), []);
        twin.advance(Duration::from_millis(1)).await;
        let [received] = hook.receiver.take().try_into().expect("one delivery");
        let data = json!({"run_id": run, "agent_id": hook.agent, "status": "paused"});
        assert_eq!(received.json()["data"], data);
        twin.advance(60 * MINUTE).await;
        assert_eq!(hook.receiver.take(), []);
    })
    .await;
}

#[tokio::test]
async fn does_not_deliver_pause_under_15_minutes() {
    in_both(async |twin| {
        for end in [RunStep::Resume, RunStep::Stop, RunStep::Complete(Outcome::Success)] {
            let hook = TestWebhook::new(&twin, &["run.paused"]).await;
            let run = twin.start_manual_run(&hook.agent);
            twin.with(|world| world.apply_step(&hook.agent, &run, &RunStep::Pause));
            twin.advance(14 * MINUTE).await;
            twin.with(|world| world.apply_step(&hook.agent, &run, &end));
            twin.advance(60 * MINUTE).await;
            assert_eq!(hook.receiver.take(), []);
        }
    })
    .await;
}

#[tokio::test]
async fn does_not_add_up_two_short_pauses() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &["run.paused"]).await;
        let run = twin.start_manual_run(&hook.agent);
        let step = |step: RunStep| twin.with(|world| world.apply_step(&hook.agent, &run, &step));
        step(RunStep::Pause);
        twin.advance(10 * MINUTE).await;
        // Repeatedly, without time passing.
        for _ in 0..2 {
            step(RunStep::Resume);
            step(RunStep::Pause);
        }
        twin.advance(14 * MINUTE).await;
        assert_eq!(hook.receiver.take(), []);
        twin.advance(MINUTE).await;
        assert_eq!(hook.receiver.take_events(), ["run.paused"]);
    })
    .await;
}

#[tokio::test]
async fn repeated_pause_is_delivered_once() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &["run.paused"]).await;
        let run = twin.start_manual_run(&hook.agent);
        for _ in 0..3 {
            twin.with(|world| world.apply_step(&hook.agent, &run, &RunStep::Pause));
            twin.advance(5 * MINUTE).await;
        }
        assert_eq!(hook.receiver.take_events(), ["run.paused"]);
    })
    .await;
}

#[tokio::test]
async fn deliveries_have_json_body_and_event_header() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        let (_, received) = deliver(&twin, &hook, &RunStep::Fail).await;
        assert_eq!(received.content_type, "application/json");
        assert_eq!(received.json()["event"], received.event);
        assert_eq!(members(&received.json()), ["data", "event", "timestamp"]);
    })
    .await;
}

#[tokio::test]
async fn signs_bodies_with_the_whole_secret() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        let (_, received) = deliver(&twin, &hook, &RunStep::Fail).await;
        assert!(received.is_signed_with(&hook.secret), "{received:?}");
        let beginning = hook.secret.strip_prefix("whsec_").expect("the secret has its prefix");
        assert!(!received.is_signed_with(beginning));
    })
    .await;
}

#[tokio::test]
async fn signs_each_webhook_with_its_own_secret() {
    in_both(async |twin| {
        let first = TestWebhook::new(&twin, &["run.started"]).await;
        let agent = first.agent.clone();
        let second =
            TestWebhook::of(&twin, agent, &["run.started"], TestReceiver::start().await).await;
        twin.start_manual_run(&first.agent);
        twin.settled().await;
        for (hook, other) in [(&first, &second), (&second, &first)] {
            let [received] = hook.receiver.take().try_into().expect("one delivery");
            assert!(received.is_signed_with(&hook.secret));
            assert!(!received.is_signed_with(&other.secret));
        }
    })
    .await;
}

#[tokio::test]
async fn delivers_only_subscribed_events() {
    in_both(async |twin| {
        for event in EVERY_EVENT {
            let hook = TestWebhook::new(&twin, &[event]).await;
            let ends = [RunStep::Complete(Outcome::Success), RunStep::Fail, RunStep::Stop];
            for end in ends {
                let run = twin.start_manual_run(&hook.agent);
                twin.with(|world| world.apply_step(&hook.agent, &run, &RunStep::Pause));
                twin.advance(20 * MINUTE).await;
                twin.with(|world| world.apply_step(&hook.agent, &run, &end));
            }
            twin.settled().await;
            let mut events = hook.receiver.take_events();
            let count = if ["run.started", "run.paused"].contains(&event) { 3 } else { 1 };
            assert_eq!(events.len(), count, "{events:?}");
            events.dedup();
            assert_eq!(events, [event]);
        }
    })
    .await;
}

#[tokio::test]
async fn does_not_deliver_runs_of_other_agents() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        let other = twin.agent();
        twin.with(|world| world.start_run(&other, RunMode::Run));
        twin.advance(MINUTE).await;
        assert_eq!(hook.receiver.take(), []);
    })
    .await;
}

#[tokio::test]
async fn disabled_webhook_gets_no_deliveries_until_enabled() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &["run.started"]).await;
        twin.patch(&hook.path, json!({"status": "disabled"})).await.json(200);
        twin.start_manual_run(&hook.agent);
        twin.advance(10 * MINUTE).await;
        assert_eq!(hook.receiver.take(), []);
        twin.patch(&hook.path, json!({"status": "active"})).await.json(200);
        twin.start_manual_run(&hook.agent);
        twin.advance(10 * MINUTE).await;
        assert_eq!(hook.receiver.take_events(), ["run.started"]);
    })
    .await;
}

#[tokio::test]
async fn deleted_webhook_gets_no_deliveries() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        twin.delete(&hook.path).await.assert_empty(204);
        twin.start_manual_run(&hook.agent);
        twin.advance(10 * MINUTE).await;
        assert_eq!(hook.receiver.take(), []);
    })
    .await;
}

#[tokio::test]
async fn webhook_changes_apply_to_the_next_delivery() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &["run.started"]).await;
        let elsewhere = TestReceiver::start().await;
        let change = json!({"url": elsewhere.url(), "events": ["run.failed"]});
        twin.patch(&hook.path, change).await.json(200);
        let run = twin.start_manual_run(&hook.agent);
        twin.with(|world| world.apply_step(&hook.agent, &run, &RunStep::Fail));
        twin.settled().await;
        assert_eq!(hook.receiver.take(), []);
        let [received] = elsewhere.take().try_into().expect("one delivery");
        assert_eq!(received.event, "run.failed");
        assert!(received.is_signed_with(&hook.secret), "changing the URL changed the secret");
    })
    .await;
}

#[tokio::test]
async fn does_not_deliver_runs_of_deleted_agent() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        twin.with(|world| world.start_run(&hook.agent, RunMode::Run));
        twin.settled().await;
        hook.receiver.take();
        twin.delete(&format!("/v1/agents/{}", hook.agent)).await.assert_empty(204);
        twin.advance(10 * MINUTE).await;
        assert_eq!(hook.receiver.take(), []);
    })
    .await;
}

#[tokio::test]
async fn deliveries_contain_no_secrets() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        let (_, received) = deliver(&twin, &hook, &RunStep::Stop).await;
        let body: Value = received.json();
        for secret in [hook.secret.as_str(), twin.api_key()] {
            assert!(!body.to_string().contains(secret), "{body}");
        }
    })
    .await;
}
