//! Waiting for the end of a run, against the emulator. `scripted/wait.rs` has the responses that the
//! emulator does not send.

use std::time::Duration;

use futures_util::FutureExt as _;
use twin_api::types::RunOutcome;
use twin_ext::prelude::*;
use twin_ext::{ErrorKind, RunError, RunState, RunTicket, Wait};
use twin_tests::emulator::fault::{Fault, RetryAfter, Rule};
use twin_tests::emulator::{Outcome as Ending, RunScript, RunStep};

use crate::harness::{EmulatedTwin, in_both, within};

fn after(seconds: u64, step: RunStep) -> RunScript {
    RunScript::manual().then(Duration::from_secs(seconds), step)
}

#[tokio::test]
async fn wait_returns_for_every_kind_of_end() {
    in_both(async |twin: EmulatedTwin| {
        let ends = [
            (RunStep::Complete(Ending::Success), RunState::Finished(None)),
            (RunStep::Complete(Ending::Fail), RunState::Finished(None)),
            (RunStep::Fail, RunState::Failed),
            (RunStep::Stop, RunState::Stopped),
        ];
        for (step, state) in ends {
            let run = twin.launch(after(90, step)).await;
            let done = run.wait().await.unwrap();
            assert_eq!(done.run_id, run.run_id());
            assert_eq!(done.state(), state);
            assert_eq!(done.require_success().is_ok(), state == RunState::Finished(None));
        }
    })
    .await;
}

#[tokio::test]
async fn state_has_the_outcome_the_service_reports() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(after(1, RunStep::Complete(Ending::Partial))).await;
        run.wait().await.unwrap();
        let known = twin.is_observed().then_some(RunOutcome::Partial);
        assert_eq!(run.state().await.unwrap(), RunState::Finished(known));
        assert_eq!(run.summary().await.unwrap().is_some(), twin.is_observed());
    })
    .await;
}

#[tokio::test]
async fn wait_on_an_ended_run_polls_once() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(after(0, RunStep::Fail)).await;
        twin.advance(Duration::from_secs(1)).await;
        run.wait().await.unwrap();
        assert_eq!((twin.count("list_runs"), twin.clock.pauses().len()), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn poll_intervals_grow_with_jitter() {
    let twin = EmulatedTwin::observed().await;
    let run = twin.launch(after(300, RunStep::Fail)).await;
    run.wait().await.unwrap();
    let pauses = twin.clock.pauses();
    for (number, pause) in pauses.iter().enumerate() {
        let bound = Duration::from_millis(500 << number.min(5)).min(Duration::from_secs(15));
        assert!((bound / 2..=bound).contains(pause), "{number}: {pauses:?}");
    }
    let longest = &pauses[6..];
    assert!(longest.windows(2).any(|two| two[0] != two[1]), "{longest:?}");
    assert!(twin.count("list_runs") < 60, "{}", twin.count("list_runs"));
}

#[tokio::test]
async fn wait_times_out_at_its_deadline() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(RunScript::manual()).await;
        let error = run.wait_with(within(100)).await.unwrap_err();
        assert_eq!((error.kind(), error.run_error()), (ErrorKind::Timeout, None));
        assert!(error.is_timeout());
        let total: Duration = twin.clock.pauses().iter().sum();
        assert_eq!(total, Duration::from_secs(100));
        let id = run.run_id();
        let agent = run.agent_id();
        let text = error.to_string();
        assert_eq!(text, format!("run {id} of agent {agent} is still running after 100s"));
    })
    .await;
}

#[tokio::test]
async fn default_deadline_is_one_hour() {
    let twin = EmulatedTwin::documented().await;
    let run = twin.launch(RunScript::manual()).await;
    assert!(run.wait().await.unwrap_err().is_timeout());
    let total: Duration = twin.clock.pauses().iter().sum();
    assert_eq!(total, Duration::from_secs(3600));
}

#[tokio::test]
async fn wait_sees_an_end_at_its_deadline_but_no_later_end() {
    in_both(async |twin: EmulatedTwin| {
        for (ends, seen) in [(99, true), (100, true), (101, false)] {
            let run = twin.launch(after(ends, RunStep::Complete(Ending::Success))).await;
            assert_eq!(run.wait_with(within(100)).await.is_ok(), seen, "{ends}");
        }
    })
    .await;
}

#[tokio::test]
async fn paused_run_ends_the_wait_unless_waiting_through_pauses() {
    in_both(async |twin: EmulatedTwin| {
        let script = after(10, RunStep::Pause)
            .then(Duration::from_secs(600), RunStep::Resume)
            .then(Duration::from_secs(10), RunStep::Complete(Ending::Success));
        let run = twin.launch(script).await;
        let error = run.wait().await.unwrap_err();
        assert_eq!(error.run_error(), Some(&RunError::Paused));
        let done = run.wait_with(Wait::default().through_pauses()).await.unwrap();
        assert_eq!(done.state(), RunState::Finished(None));
    })
    .await;
}

#[tokio::test]
async fn wait_ends_with_gone_after_the_agent_is_deleted() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(RunScript::manual()).await;
        let (client, agent) = (twin.client.clone(), twin.agent.clone());
        twin.clock.after_pauses(3, move || {
            async move { drop(client.delete_agent().agent_id(agent).send().await.unwrap()) }.boxed()
        });
        let error = run.wait().await.unwrap_err();
        assert_eq!(error.run_error(), Some(&RunError::Gone));
        assert_eq!(error.status().unwrap().as_u16(), if twin.is_observed() { 403 } else { 404 });
    })
    .await;
}

#[tokio::test]
async fn wait_ends_with_gone_after_the_run_is_deleted() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(RunScript::manual()).await;
        let same = run.clone();
        twin.clock.after_pauses(3, move || async move { same.delete().await.unwrap() }.boxed());
        assert_eq!(run.wait().await.unwrap_err().run_error(), Some(&RunError::Gone));
    })
    .await;
}

#[tokio::test]
async fn wait_on_an_unknown_run_ends_with_not_found() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.client.resume(RunTicket::new(&*twin.agent, "run_unknown"));
        assert_eq!(run.wait().await.unwrap_err().run_error(), Some(&RunError::NotFound));
        assert_eq!(run.get().await.unwrap_err().run_error(), Some(&RunError::NotFound));
    })
    .await;
}

#[tokio::test]
async fn wait_survives_a_minute_of_outage() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(after(120, RunStep::Complete(Ending::Success))).await;
        let unwell = Fault::status(axum::http::StatusCode::SERVICE_UNAVAILABLE, None);
        twin.add_fault(Rule::new("list_runs", unwell).on(1..=9)).unwrap();
        let busy =
            Fault::status(axum::http::StatusCode::TOO_MANY_REQUESTS, RetryAfter::Seconds(20));
        twin.add_fault(Rule::new("list_runs", busy).on(10..=10)).unwrap();
        twin.add_fault(Rule::new("list_runs", Fault::Reset { at: 0 }).on(11..=16)).unwrap();
        twin.add_fault(
            Rule::new("list_runs", Fault::CutBody { at: 5, chunked: false }).on(17..=19),
        )
        .unwrap();
        assert!(run.wait().await.is_ok());
        assert!(twin.clock.pauses().iter().any(|pause| *pause >= Duration::from_secs(20)));
    })
    .await;
}

#[tokio::test]
async fn wait_can_be_spawned() {
    let twin = EmulatedTwin::observed().await;
    let waiting = twin.launch(RunScript::standard()).await.wait();
    let done = tokio::spawn(waiting.into_future()).await.unwrap().unwrap();
    assert!(done.has_ended());
}

#[tokio::test]
async fn dropped_wait_sends_nothing_more() {
    let twin = EmulatedTwin::observed().await;
    let run = twin.launch(RunScript::manual()).await;
    let mut waiting = run.wait().into_future();
    assert!((&mut waiting).now_or_never().is_none());
    drop(waiting);
    // Another call gives a request of the dropped wait the time to reach the emulator.
    run.get().await.unwrap();
    assert!(twin.count("list_runs") <= 2);
    assert!(twin.clock.pauses().is_empty());
}

#[tokio::test]
async fn cancel_is_idempotent_and_delete_is_not() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(RunScript::manual()).await;
        run.cancel("no longer needed").await.unwrap();
        let again = run.cancel("really").await.unwrap();
        assert_eq!(again.error.as_deref(), Some("run already completed"));
        let cancelled =
            twin.take_exchanges().into_iter().find(|e| e.operation == Some("cancel_run")).unwrap();
        assert_eq!(cancelled.request.body, r#"{"reason":"no longer needed"}"#);
        assert_eq!(run.wait().await.unwrap().state(), RunState::Stopped);
        run.delete().await.unwrap();
        let error = run.delete().await.unwrap_err();
        assert!(error.is_forbidden() || error.is_not_found());
    })
    .await;
}
