//! Launches against the emulator. A launch starts at most one run, and reports an unknown outcome.

use axum::http::StatusCode;
use serde_json::Value;
use twin_api::types::{RunMode, StartRunBody};
use twin_ext::prelude::*;
use twin_ext::{ErrorKind, Outcome};
use twin_tests::emulator::RunScript;
use twin_tests::emulator::fault::{Fault, RetryAfter, Rule, Shift};

use crate::harness::{EmulatedTwin, in_both, start_body};

async fn run_ids(twin: &EmulatedTwin) -> Vec<String> {
    let page = twin.client.list_runs().agent_id(&*twin.agent).send().await.unwrap();
    page.into_inner().runs.into_iter().map(|run| run.run_id).collect()
}

/// Returns the message of the last `start_run` request.
fn sent_message(twin: &EmulatedTwin) -> String {
    let exchanges = twin.take_exchanges();
    let started =
        exchanges.iter().rfind(|e| e.operation == Some("start_run")).expect("start_run was sent");
    let body: Value = serde_json::from_slice(&started.request.body).unwrap();
    body["user_message"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn launches_a_run_from_a_builder_and_from_a_body() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.client.launch(&*twin.agent, start_body()).await.unwrap();
        let whole: StartRunBody = start_body().try_into().unwrap();
        let other = twin.client.launch(&*twin.agent, whole).await.unwrap();
        assert_ne!(run.run_id(), other.run_id());
        assert_eq!(run.started().unwrap().run_id, run.run_id());
        assert_eq!(run.agent_id(), twin.agent);
        assert_eq!(sent_message(&twin), "Go.");
        assert_eq!(run.get().await.unwrap().run_id, run.run_id());
    })
    .await;
}

#[tokio::test]
async fn rejects_incomplete_body_before_sending() {
    let twin = EmulatedTwin::observed().await;
    let without_mode = StartRunBody::builder().user_message("Go.");
    let error = twin.client.launch(&*twin.agent, without_mode.clone()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
    let error = twin.client.launch_or_find(&*twin.agent, without_mode).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
    let error = twin.client.launch("..", start_body()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
    assert!(twin.take_exchanges().is_empty());
}

#[tokio::test]
async fn launch_with_a_lost_response_is_unknown_and_not_retried() {
    in_both(async |twin: EmulatedTwin| {
        twin.add_fault(Rule::new("start_run", Fault::Reset { at: 0 })).unwrap();
        let error = twin.client.launch(&*twin.agent, start_body()).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(!error.is_retryable());
        assert_eq!((twin.count("start_run"), run_ids(&twin).await.len()), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn launch_retries_503_with_retry_after_once() {
    in_both(async |twin: EmulatedTwin| {
        let busy = Fault::status(StatusCode::SERVICE_UNAVAILABLE, RetryAfter::Seconds(7));
        twin.add_fault(Rule::new("start_run", busy).on(1)).unwrap();
        twin.client.launch(&*twin.agent, start_body()).await.unwrap();
        assert_eq!((twin.count("start_run"), run_ids(&twin).await.len()), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn launch_on_an_unknown_agent_is_rejected() {
    in_both(async |twin: EmulatedTwin| {
        let error = twin.client.launch("agent_unknown", start_body()).await.unwrap_err();
        assert!(error.is_not_found() || error.is_forbidden());
        assert_eq!(error.outcome(), Outcome::Rejected);
    })
    .await;
}

#[tokio::test]
async fn launch_without_await_sends_nothing() {
    let twin = EmulatedTwin::observed().await;
    drop(twin.client.launch(&*twin.agent, start_body()));
    assert!(run_ids(&twin).await.is_empty());
}

#[tokio::test]
async fn launch_or_find_adopts_only_the_run_with_its_marker() {
    in_both(async |twin: EmulatedTwin| {
        for fault in [Fault::Reset { at: 0 }, Fault::CutBody { at: 30, chunked: false }] {
            twin.clear_faults();
            let sent = twin.count("start_run");
            twin.add_fault(Rule::new("start_run", fault)).unwrap();
            let before = run_ids(&twin).await;
            // Another program starts a run at the same time.
            let shift = Fault::Shift(Shift { insert: 1, remove: 0 });
            twin.add_fault(Rule::new("list_runs", shift).on(2)).unwrap();
            let run = twin.client.launch_or_find(&*twin.agent, start_body()).await.unwrap();
            assert_eq!(run_ids(&twin).await.len(), before.len() + 2);
            assert!(!before.contains(&run.run_id().to_owned()));
            assert_eq!(twin.count("start_run"), sent + 1);
            let message = sent_message(&twin);
            assert!(message.starts_with("Go.\n\n(launch-"), "{message}");
            let events =
                twin.client.list_run_events().agent_id(run.agent_id()).run_id(run.run_id());
            let first = &events.send().await.unwrap().events[0];
            assert!(first.event.get().contains(&message[6..38]), "{first:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn launch_or_find_does_not_adopt_a_run_without_its_marker() {
    in_both(async |twin: EmulatedTwin| {
        twin.with(|world| world.script_runs(RunScript::manual()));
        twin.add_fault(Rule::new("start_run", Fault::Reset { at: 0 }).taking_effect(false))
            .unwrap();
        // The second list, after the launch, has one more run.
        let shift = Fault::Shift(Shift { insert: 1, remove: 0 });
        twin.add_fault(Rule::new("list_runs", shift).on(2)).unwrap();
        let error = twin.client.launch_or_find(&*twin.agent, start_body()).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert_eq!(error.operation(), Some("start_run"));
        assert_eq!((twin.count("start_run"), run_ids(&twin).await.len()), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn launch_or_find_tolerates_late_listing_and_transient_failures() {
    in_both(async |twin: EmulatedTwin| {
        twin.add_fault(Rule::new("start_run", Fault::Reset { at: 0 })).unwrap();
        let unwell = Fault::status(StatusCode::BAD_GATEWAY, None);
        twin.add_fault(Rule::new("list_runs", unwell.clone()).on(2..=7)).unwrap();
        twin.add_fault(Rule::new("list_run_events", unwell).on(1..=3)).unwrap();
        let run = twin.client.launch_or_find(&*twin.agent, start_body()).await.unwrap();
        assert_eq!(run_ids(&twin).await, [run.run_id()]);
        assert_eq!(twin.count("start_run"), 1);
    })
    .await;
}

#[tokio::test]
async fn launch_or_find_does_not_launch_when_listing_fails() {
    in_both(async |twin: EmulatedTwin| {
        let no = Fault::status(StatusCode::BAD_REQUEST, None);
        twin.add_fault(Rule::new("list_runs", no)).unwrap();
        let error = twin.client.launch_or_find(&*twin.agent, start_body()).await.unwrap_err();
        assert_eq!((error.operation(), twin.count("start_run")), (Some("list_runs"), 0));
    })
    .await;
}

#[tokio::test]
async fn launch_or_find_without_a_failure_launches_once() {
    in_both(async |twin: EmulatedTwin| {
        let silent = StartRunBody::builder().run_mode(RunMode::Build);
        for silent in [silent.clone(), silent.user_message(String::new())] {
            let run = twin.client.launch_or_find(&*twin.agent, silent).await.unwrap();
            assert!(run.started().is_some());
            assert!(sent_message(&twin).starts_with("(launch-"));
        }
        let refused = twin.client.launch_or_find("agent_unknown", start_body()).await.unwrap_err();
        assert!(refused.outcome() <= Outcome::Rejected);
    })
    .await;
}
