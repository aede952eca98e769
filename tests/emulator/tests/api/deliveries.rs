//! Deliveries: what arrives, how it is signed, and what is not told to whom.

use std::time::Duration;

use serde_json::{Value, json};
use twin_emulator::{Outcome, RunMode, Step};

use super::harness::{Twin, in_both, members};
use super::receiver::{EVERY_EVENT, Hook, Received, Receiver};

const MINUTE: Duration = Duration::from_secs(60);

/// Makes something happen to a new run, a second after its start; tells the run, and what
/// arrives then.
async fn deliver(twin: &Twin, hook: &Hook, step: &Step) -> (String, Received) {
    let run = twin.run_by_hand(&hook.agent);
    twin.advance(Duration::from_secs(1)).await;
    hook.receiver.take();
    twin.with(|world| world.happen(&hook.agent, &run, step));
    twin.settled().await;
    let [received] = hook.receiver.take().try_into().expect("one delivery");
    (run, received)
}

/// The time at which [`deliver`] makes something happen.
fn time(twin: &Twin) -> &'static str {
    twin.either("2026-03-11T12:00:01Z", "2026-03-11T12:00:01.000000000+00:00")
}

/// Claims what a delivery of a run that has ended says.
async fn says(step: Step, event: &str, status: &str, outcome: Option<&str>) {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &EVERY_EVENT).await;
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
async fn a_run_that_completes_is_told_with_its_outcome() {
    for (outcome, name) in
        [(Outcome::Success, "success"), (Outcome::Partial, "partial"), (Outcome::Fail, "fail")]
    {
        says(Step::Complete(outcome), "run.completed", "completed", Some(name)).await;
    }
}

#[tokio::test]
async fn a_run_that_fails_is_told_without_an_outcome() {
    says(Step::Fail, "run.failed", "error", None).await;
}

#[tokio::test]
async fn a_run_that_is_stopped_is_told_without_an_outcome() {
    says(Step::Stop, "run.stopped", "stopped", None).await;
}

#[tokio::test]
async fn a_run_that_begins_is_told_without_an_end() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &EVERY_EVENT).await;
        let run = twin.run_by_hand(&hook.agent);
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
async fn a_run_that_is_started_over_http_is_told() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &EVERY_EVENT).await;
        let path = format!("/v1/agents/{}/runs", hook.agent);
        twin.post(&path, json!({"run_mode": "run"})).await.json(201);
        twin.advance(MINUTE).await;
        assert_eq!(hook.receiver.take_events(), ["run.started", "run.completed"]);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_cancelled_is_told_once() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &["run.stopped"]).await;
        let run = twin.run_by_hand(&hook.agent);
        let path = format!("/v1/agents/{}/runs/{run}/cancel", hook.agent);
        twin.poke(&path).await.json(200);
        twin.poke(&path).await.json(200);
        twin.settled().await;
        assert_eq!(hook.receiver.take_events(), ["run.stopped"]);
    })
    .await;
}

#[tokio::test]
async fn a_pause_is_told_after_15_minutes_and_once() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &["run.paused"]).await;
        let run = twin.run_by_hand(&hook.agent);
        twin.with(|world| world.happen(&hook.agent, &run, &Step::Pause));
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
async fn a_pause_that_ends_in_time_is_not_told() {
    in_both(async |twin| {
        for end in [Step::Resume, Step::Stop, Step::Complete(Outcome::Success)] {
            let hook = Hook::new(&twin, &["run.paused"]).await;
            let run = twin.run_by_hand(&hook.agent);
            twin.with(|world| world.happen(&hook.agent, &run, &Step::Pause));
            twin.advance(14 * MINUTE).await;
            twin.with(|world| world.happen(&hook.agent, &run, &end));
            twin.advance(60 * MINUTE).await;
            assert_eq!(hook.receiver.take(), []);
        }
    })
    .await;
}

#[tokio::test]
async fn two_pauses_are_not_added_up() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &["run.paused"]).await;
        let run = twin.run_by_hand(&hook.agent);
        let step = |step: Step| twin.with(|world| world.happen(&hook.agent, &run, &step));
        step(Step::Pause);
        twin.advance(10 * MINUTE).await;
        // Again and again, at one time.
        for _ in 0..2 {
            step(Step::Resume);
            step(Step::Pause);
        }
        twin.advance(14 * MINUTE).await;
        assert_eq!(hook.receiver.take(), []);
        twin.advance(MINUTE).await;
        assert_eq!(hook.receiver.take_events(), ["run.paused"]);
    })
    .await;
}

#[tokio::test]
async fn a_pause_is_one_pause_however_often_it_is_said() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &["run.paused"]).await;
        let run = twin.run_by_hand(&hook.agent);
        for _ in 0..3 {
            twin.with(|world| world.happen(&hook.agent, &run, &Step::Pause));
            twin.advance(5 * MINUTE).await;
        }
        assert_eq!(hook.receiver.take_events(), ["run.paused"]);
    })
    .await;
}

#[tokio::test]
async fn bodies_are_json_and_headers_name_the_event() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &EVERY_EVENT).await;
        let (_, received) = deliver(&twin, &hook, &Step::Fail).await;
        assert_eq!(received.content_type, "application/json");
        assert_eq!(received.json()["event"], received.event);
        assert_eq!(members(&received.json()), ["data", "event", "timestamp"]);
    })
    .await;
}

#[tokio::test]
async fn bodies_are_signed_with_all_of_the_secret() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &EVERY_EVENT).await;
        let (_, received) = deliver(&twin, &hook, &Step::Fail).await;
        assert!(received.is_signed_with(&hook.secret), "{received:?}");
        let beginning = hook.secret.strip_prefix("whsec_").expect("it begins so");
        assert!(!received.is_signed_with(beginning));
    })
    .await;
}

#[tokio::test]
async fn each_webhook_has_a_secret_of_its_own() {
    in_both(async |twin| {
        let first = Hook::new(&twin, &["run.started"]).await;
        let agent = first.agent.clone();
        let second = Hook::of(&twin, agent, &["run.started"], Receiver::start().await).await;
        twin.run_by_hand(&first.agent);
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
async fn only_what_was_subscribed_to_is_told() {
    in_both(async |twin| {
        for event in EVERY_EVENT {
            let hook = Hook::new(&twin, &[event]).await;
            let ends = [Step::Complete(Outcome::Success), Step::Fail, Step::Stop];
            for end in ends {
                let run = twin.run_by_hand(&hook.agent);
                twin.with(|world| world.happen(&hook.agent, &run, &Step::Pause));
                twin.advance(20 * MINUTE).await;
                twin.with(|world| world.happen(&hook.agent, &run, &end));
            }
            twin.settled().await;
            let mut told = hook.receiver.take_events();
            let count = if ["run.started", "run.paused"].contains(&event) { 3 } else { 1 };
            assert_eq!(told.len(), count, "{told:?}");
            told.dedup();
            assert_eq!(told, [event]);
        }
    })
    .await;
}

#[tokio::test]
async fn runs_of_other_agents_are_not_told() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &EVERY_EVENT).await;
        let other = twin.agent();
        twin.with(|world| world.start_run(&other, RunMode::Run));
        twin.advance(MINUTE).await;
        assert_eq!(hook.receiver.take(), []);
    })
    .await;
}

#[tokio::test]
async fn a_disabled_webhook_is_told_nothing_until_it_is_enabled() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &["run.started"]).await;
        twin.patch(&hook.path, json!({"status": "disabled"})).await.json(200);
        twin.run_by_hand(&hook.agent);
        twin.advance(10 * MINUTE).await;
        assert_eq!(hook.receiver.take(), []);
        twin.patch(&hook.path, json!({"status": "active"})).await.json(200);
        twin.run_by_hand(&hook.agent);
        twin.advance(10 * MINUTE).await;
        assert_eq!(hook.receiver.take_events(), ["run.started"]);
    })
    .await;
}

#[tokio::test]
async fn a_deleted_webhook_is_told_nothing() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &EVERY_EVENT).await;
        twin.delete(&hook.path).await.is_empty(204);
        twin.run_by_hand(&hook.agent);
        twin.advance(10 * MINUTE).await;
        assert_eq!(hook.receiver.take(), []);
    })
    .await;
}

#[tokio::test]
async fn changes_hold_for_the_next_delivery() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &["run.started"]).await;
        let elsewhere = Receiver::start().await;
        let change = json!({"url": elsewhere.url(), "events": ["run.failed"]});
        twin.patch(&hook.path, change).await.json(200);
        let run = twin.run_by_hand(&hook.agent);
        twin.with(|world| world.happen(&hook.agent, &run, &Step::Fail));
        twin.settled().await;
        assert_eq!(hook.receiver.take(), []);
        let [received] = elsewhere.take().try_into().expect("one delivery");
        assert_eq!(received.event, "run.failed");
        assert!(received.is_signed_with(&hook.secret), "a change of the URL changes no secret");
    })
    .await;
}

#[tokio::test]
async fn the_run_of_a_deleted_agent_is_told_no_further() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &EVERY_EVENT).await;
        twin.with(|world| world.start_run(&hook.agent, RunMode::Run));
        twin.settled().await;
        hook.receiver.take();
        twin.delete(&format!("/v1/agents/{}", hook.agent)).await.is_empty(204);
        twin.advance(10 * MINUTE).await;
        assert_eq!(hook.receiver.take(), []);
    })
    .await;
}

#[tokio::test]
async fn secrets_are_not_in_what_is_delivered() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &EVERY_EVENT).await;
        let (_, received) = deliver(&twin, &hook, &Step::Stop).await;
        let body: Value = received.json();
        for secret in [hook.secret.as_str(), twin.api_key()] {
            assert!(!body.to_string().contains(secret), "{body}");
        }
    })
    .await;
}
