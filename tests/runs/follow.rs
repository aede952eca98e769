//! Following the events of a run, against the emulator.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::stream::FusedStream;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use twin_api::types::RunEvent;
use twin_ext::prelude::*;
use twin_ext::{ErrorKind, RunError, RunTicket};
use twin_ext::{RunEvents, RunHandle};
use twin_tests::emulator::fault::{Fault, Rule};
use twin_tests::emulator::{Emulator, Outcome as Ending, Profile, RunScript, RunStep};

use crate::harness::{EmulatedTwin, in_both};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Returns a script with this many events, a few seconds apart, and a success.
fn run_with_events(events: usize) -> RunScript {
    (0..events)
        .fold(RunScript::manual(), |script, number| {
            script.then(seconds(number as u64 % 7), RunStep::Event(format!("ToolCall{number}")))
        })
        .then(seconds(3), RunStep::Complete(Ending::Success))
}

/// Returns a script with `count` events, `interval` apart, and a failure.
fn ticking(count: usize, interval: Duration) -> RunScript {
    let tick = |script: RunScript, _| script.then(interval, RunStep::Event("Tick".to_owned()));
    (0..count).fold(RunScript::manual(), tick).then(seconds(1), RunStep::Fail)
}

/// Starts the observed profile with a working `after_index`.
async fn with_after_index() -> EmulatedTwin {
    let builder = Emulator::builder(Profile::Observed);
    EmulatedTwin::start(builder.switches(|switches| switches.ignore_after_index = false)).await
}

fn indexes(events: &[RunEvent]) -> Vec<u64> {
    events.iter().map(|event| event.position().unwrap()).collect()
}

async fn all_indexes(twin: &EmulatedTwin, run: &RunHandle) -> Vec<u64> {
    let page = twin.client.list_run_events().agent_id(run.agent_id()).run_id(run.run_id()).send();
    indexes(&page.await.unwrap().events)
}

#[test]
fn run_events_are_send_and_unpin() {
    fn assert_send_unpin<T: Send + Unpin + FusedStream>() {}
    assert_send_unpin::<RunEvents>();
}

#[tokio::test]
async fn events_arrive_once_until_the_run_ends() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(run_with_events(40)).await;
        let events: Vec<RunEvent> = run.events().try_collect().await.unwrap();
        assert_eq!(indexes(&events), all_indexes(&twin, &run).await);
        assert_eq!(events.len(), 42);
        assert!(events[0].kind().is("Started") && events[41].kind().is("Finished"));
        assert_eq!(events[41].final_text().as_deref(), Some("The emulated work is done."));
        assert!(twin.clock.pauses().len() > 5, "the run had ended before its events were read");
    })
    .await;
}

#[tokio::test]
async fn events_of_an_ended_run_are_read_without_a_pause() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(run_with_events(3)).await;
        twin.advance(seconds(60)).await;
        let events: Vec<RunEvent> = run.events().try_collect().await.unwrap();
        assert_eq!(events.len(), 5);
        assert!(twin.clock.pauses().is_empty());
        assert_eq!(twin.count("list_runs"), 1);
    })
    .await;
}

#[tokio::test]
async fn follows_more_events_than_a_page_holds() {
    let twin = with_after_index().await;
    let run = twin.launch(run_with_events(2)).await;
    twin.add_events(&run, 1_510);
    let events: Vec<RunEvent> = run.events().try_collect().await.unwrap();
    assert_eq!(events.len(), 1_514);
    assert!(indexes(&events).is_sorted_by(|one, two| one < two));
}

#[tokio::test]
async fn events_fail_with_counts_when_after_index_is_ignored() {
    let twin = EmulatedTwin::observed().await;
    let run = twin.launch(run_with_events(0)).await;
    twin.add_events(&run, 1_508);
    twin.advance(seconds(60)).await;
    let mut events = run.events();
    let mut came = 0;
    let error = loop {
        match events.next().await {
            Some(Ok(_)) => came += 1,
            Some(Err(error)) => break error,
            None => panic!("the stream ended without an error"),
        }
    };
    assert_eq!((came, error.kind()), (500, ErrorKind::Pagination));
    assert!(error.to_string().contains("500 of 1510 items were read"), "{error}");
    assert_eq!((error.items_seen(), error.items_total()), (Some(500), Some(1510)));
    assert!(events.is_terminated() && events.next().await.is_none());
    assert!(twin.count("list_run_events") <= 5);
}

#[tokio::test]
async fn events_after_an_index_repeat_nothing() {
    for twin in
        [EmulatedTwin::documented().await, EmulatedTwin::observed().await, with_after_index().await]
    {
        let run = twin.launch(run_with_events(20)).await;
        let mut events = run.events();
        let mut shown = Vec::new();
        for _ in 0..9 {
            shown.push(events.next().await.unwrap().unwrap());
            assert_eq!(events.last_index(), shown.last().unwrap().position());
        }
        let last = events.last_index().unwrap();
        drop(events);

        let ticket = serde_json::to_string(&run.ticket()).unwrap();
        let resumed = twin.client.resume(serde_json::from_str(&ticket).unwrap());
        let rest: Vec<RunEvent> = resumed.events_after(last).try_collect().await.unwrap();
        shown.extend(rest);
        assert_eq!(indexes(&shown), all_indexes(&twin, &run).await);
    }
}

#[tokio::test]
async fn events_from_a_position_continue_and_count() {
    for twin in
        [EmulatedTwin::documented().await, EmulatedTwin::observed().await, with_after_index().await]
    {
        let run = twin.launch(run_with_events(20)).await;
        let mut events = run.events();
        let mut shown = Vec::new();
        for _ in 0..9 {
            shown.push(events.next().await.unwrap().unwrap());
        }
        let stored = serde_json::to_string(&events.position()).unwrap();
        drop(events);
        let rest = run.events_from(serde_json::from_str(&stored).unwrap());
        shown.extend(rest.try_collect::<Vec<RunEvent>>().await.unwrap());
        assert_eq!(indexes(&shown), all_indexes(&twin, &run).await);
        let again: Vec<RunEvent> =
            run.events_from(run.events().position()).try_collect().await.unwrap();
        assert_eq!(again.len(), shown.len());
    }
}

#[tokio::test]
async fn resumed_events_fail_when_after_index_is_ignored() {
    let twin = EmulatedTwin::observed().await;
    let run = twin.launch(run_with_events(0)).await;
    twin.add_events(&run, 700);
    twin.advance(seconds(60)).await;
    let last = all_indexes(&twin, &run).await[499];
    let error = run.events_after(last).try_collect::<Vec<RunEvent>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Pagination);
    assert_eq!((error.items_seen(), error.items_total()), (Some(0), Some(702)));
}

#[tokio::test]
async fn events_of_an_unknown_run_fail_with_not_found() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.client.resume(RunTicket::new(&*twin.agent, "run_unknown"));
        let mut events = run.events();
        let error = events.next().await.unwrap().unwrap_err();
        assert_eq!(error.run_error(), Some(&RunError::NotFound));
        assert!(events.next().await.is_none());
    })
    .await;
}

#[tokio::test]
async fn events_end_with_gone_after_the_run_is_deleted() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(RunScript::manual()).await;
        let same = run.clone();
        twin.clock.after_pauses(3, move || async move { same.delete().await.unwrap() }.boxed());
        let events: Vec<_> = run.events().collect().await;
        assert_eq!(events.len(), 2);
        assert_eq!(events[1].as_ref().unwrap_err().run_error(), Some(&RunError::Gone));
    })
    .await;
}

#[tokio::test]
async fn events_continue_through_a_pause() {
    in_both(async |twin: EmulatedTwin| {
        let script = RunScript::manual()
            .then(seconds(5), RunStep::Pause)
            .then(seconds(1_000), RunStep::Resume)
            .then(seconds(5), RunStep::Complete(Ending::Success));
        let run = twin.launch(script).await;
        let events: Vec<RunEvent> = run.events().try_collect().await.unwrap();
        let kinds: Vec<bool> = ["Started", "UserInfoRequested", "UserTick", "Finished"]
            .iter()
            .zip(&events)
            .map(|(name, event)| event.kind().is(name))
            .collect();
        assert_eq!(kinds, [true; 4]);
    })
    .await;
}

#[tokio::test]
async fn events_time_out_at_the_idle_limit() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(RunScript::manual()).await;
        let mut events = run.events().idle_limit(seconds(120));
        assert!(events.next().await.unwrap().is_ok());
        let error = events.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("had no new event for 120s"), "{error}");
        let total: Duration = twin.clock.pauses().iter().sum();
        assert!((seconds(120)..seconds(150)).contains(&total), "{total:?}");
    })
    .await;
}

#[tokio::test]
async fn events_survive_transient_failures_and_report_permanent_ones() {
    in_both(async |twin: EmulatedTwin| {
        let unwell = Fault::status(StatusCode::SERVICE_UNAVAILABLE, None);
        let run = twin.launch(run_with_events(30)).await;
        twin.add_fault(Rule::new("list_runs", unwell.clone()).on(2..=6)).unwrap();
        twin.add_fault(Rule::new("list_run_events", unwell).on(3..=11)).unwrap();
        let events: Vec<RunEvent> = run.events().try_collect().await.unwrap();
        assert_eq!(indexes(&events), all_indexes(&twin, &run).await);

        let refused = Fault::status(StatusCode::BAD_REQUEST, None);
        twin.clear_faults();
        twin.add_fault(Rule::new("list_run_events", refused)).unwrap();
        let error = run.events().next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Problem);
    })
    .await;
}

#[tokio::test]
async fn events_give_up_after_five_minutes_of_failures() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(run_with_events(3)).await;
        twin.add_fault(Rule::new("list_runs", Fault::status(StatusCode::BAD_GATEWAY, None)))
            .unwrap();
        let error = run.events().next().await.unwrap().unwrap_err();
        assert_eq!(error.status(), Some(StatusCode::BAD_GATEWAY));
        let total: Duration = twin.clock.pauses().iter().sum();
        assert!((seconds(300)..seconds(400)).contains(&total), "{total:?}");
    })
    .await;
}

#[tokio::test]
async fn dropped_next_future_loses_no_event() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(run_with_events(25)).await;
        let (mut events, mut came) = (run.events(), Vec::new());
        loop {
            // Drops the future at every point at which it waits.
            match events.next().now_or_never() {
                Some(Some(event)) => came.push(event.unwrap()),
                Some(None) => break,
                None => tokio::task::yield_now().await,
            }
        }
        assert_eq!(indexes(&came), all_indexes(&twin, &run).await);
    })
    .await;
}

#[tokio::test]
async fn each_event_restarts_the_idle_limit() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(ticking(9, seconds(100))).await;
        let events = run.events().idle_limit(seconds(130));
        assert_eq!(events.try_collect::<Vec<RunEvent>>().await.unwrap().len(), 11);
    })
    .await;
}

#[tokio::test]
async fn success_resets_the_failure_limit_of_events() {
    in_both(async |twin: EmulatedTwin| {
        let run = twin.launch(ticking(400, seconds(2))).await;
        // Of two consecutive calls, the first fails with all its attempts.
        let unwell = Fault::status(StatusCode::BAD_GATEWAY, None);
        let attempts: Vec<u64> = (1..4_000).filter(|attempt| attempt % 4 != 0).collect();
        let attempts = twin_tests::emulator::fault::Attempts::Listed(attempts);
        twin.add_fault(Rule::new("list_runs", unwell).on(attempts)).unwrap();
        assert_eq!(run.events().try_collect::<Vec<RunEvent>>().await.unwrap().len(), 402);
        let total: Duration = twin.clock.pauses().iter().sum();
        assert!(total > seconds(600), "{total:?}");
    })
    .await;
}
