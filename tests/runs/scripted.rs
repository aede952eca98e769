//! Runs against a scripted server, for responses that the emulator does not send.

// Length: one table of odd services for waits, launches and events.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use twin_api::Client;
use twin_ext::clock::{Clock as _, ManualClock};
use twin_ext::prelude::*;
use twin_ext::{ErrorKind, Outcome, Retry, RunError, RunHandle, RunState, RunTicket, Wait};
use twin_tests::exchange::BufferedResponse;
use twin_tests::scripted::Scripted;

use crate::harness::within;

/// A server, its client, and the client's clock.
struct ScriptedService {
    server: Scripted,
    twin: Client,
    clock: ManualClock,
}

impl ScriptedService {
    async fn start() -> Self {
        let server = Scripted::start().await.unwrap();
        let clock = ManualClock::new(1);
        let builder = ClientBuilder::new("tw_live_0123456789").base_url(server.url());
        let twin = builder.retry(Retry::none()).clock(clock.clone()).build().unwrap();
        Self { server, twin, clock }
    }

    fn answers(&self, body: &Value, times: usize) -> &Self {
        for _ in 0..times {
            self.server.answer(BufferedResponse::json(StatusCode::OK, body));
        }
        self
    }

    fn fails(&self, status: u16) -> &Self {
        self.server.answer(BufferedResponse::empty(StatusCode::from_u16(status).unwrap()));
        self
    }

    fn run(&self) -> RunHandle {
        self.twin.resume(RunTicket::new("agent_1", "run_1"))
    }

    fn asked(&self) -> Vec<String> {
        self.server.take_requests().into_iter().map(|request| request.target).collect()
    }
}

/// Returns a page with one run in this status.
fn page(status: &str) -> Value {
    listed(&[json!({"run_id": "run_1", "status": status})])
}

/// Returns a page with these runs.
fn listed(runs: &[Value]) -> Value {
    let runs: Vec<Value> = runs
        .iter()
        .map(|run| {
            let mut whole = json!({"agent_id": "agent_1", "started_at": "2026-02-20T14:30:00Z", "status": "completed"});
            whole.as_object_mut().unwrap().extend(run.as_object().unwrap().clone());
            whole
        })
        .collect();
    json!({"runs": runs})
}

#[tokio::test]
async fn wait_tolerates_a_run_that_is_listed_late() {
    let service = ScriptedService::start().await;
    service.answers(&listed(&[]), 4).answers(&page("in_progress"), 1).answers(&page("finished"), 1);
    let done = service.run().wait().await.unwrap();
    assert_eq!(done.state(), RunState::Finished(None));
    let asked = service.asked();
    assert_eq!(asked, vec!["/v1/agents/agent_1/runs?filter_run_id=run_1"; 6]);
}

#[tokio::test]
async fn wait_ends_with_not_found_for_a_run_never_listed() {
    let service = ScriptedService::start().await;
    service.answers(&listed(&[]), 20);
    let error = service.run().wait().await.unwrap_err();
    assert_eq!((error.kind(), error.run_error()), (ErrorKind::Run, Some(&RunError::NotFound)));
    assert!(!error.is_retryable());
    let grace = Duration::from_secs(30)..Duration::from_secs(46);
    assert!(grace.contains(&service.clock.now()), "{:?}", service.clock.now());
    let text = error.to_string();
    assert_eq!(
        text,
        "run run_1 of agent agent_1 is not listed: it does not exist, or it was deleted"
    );
}

#[tokio::test]
async fn wait_ends_with_gone_for_a_run_that_disappears() {
    let service = ScriptedService::start().await;
    service.answers(&page("in_progress"), 2).answers(&listed(&[]), 20);
    let error = service.run().wait().await.unwrap_err();
    assert_eq!((error.kind(), error.run_error()), (ErrorKind::Run, Some(&RunError::Gone)));
}

#[tokio::test]
async fn wait_tolerates_a_run_missing_for_a_moment() {
    let service = ScriptedService::start().await;
    service.answers(&page("in_progress"), 1).answers(&listed(&[]), 3);
    service.answers(&page("in_progress"), 1).answers(&listed(&[]), 3).answers(&page("error"), 1);
    assert_eq!(service.run().wait().await.unwrap().state(), RunState::Failed);
}

#[tokio::test]
async fn refusal_means_gone_only_after_the_run_was_seen() {
    for status in [403, 404] {
        let service = ScriptedService::start().await;
        service.answers(&page("in_progress"), 1).fails(status);
        let error = service.run().wait().await.unwrap_err();
        assert_eq!(error.run_error(), Some(&RunError::Gone), "{status}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));

        service.fails(status);
        let error = service.run().wait().await.unwrap_err();
        assert_eq!((error.kind(), error.run_error()), (ErrorKind::Problem, None));
        assert!(error.is_forbidden() || error.is_not_found());
    }
}

#[tokio::test]
async fn wait_reports_an_unknown_status_after_the_grace_period() {
    let service = ScriptedService::start().await;
    service.answers(&page("queued"), 3).answers(&page("completed"), 1);
    assert!(service.run().wait().await.unwrap().require_success().is_ok());

    service.answers(&page("hibernating"), 30);
    let error = service.run().wait().await.unwrap_err();
    let unknown = RunError::UnknownStatus("hibernating".to_owned());
    assert_eq!((error.kind(), error.run_error()), (ErrorKind::Run, Some(&unknown)));
    assert!(error.to_string().contains("\"hibernating\""), "{error}");
}

#[tokio::test]
async fn wait_continues_while_a_run_is_in_progress_for_longer_than_the_grace_period() {
    let service = ScriptedService::start().await;
    service.answers(&page("in_progress"), 20).answers(&page("completed"), 1);
    assert_eq!(service.run().wait().await.unwrap().state(), RunState::Finished(None));
    let waited = service.clock.now();
    assert!(waited > Duration::from_secs(60), "the wait ended after {waited:?}");
}

#[tokio::test]
async fn unknown_status_of_an_ended_run_ends_the_wait() {
    let service = ScriptedService::start().await;
    let archived = json!({"run_id": "run_1", "status": "archived", "is_finished": true});
    service.answers(&listed(&[archived]), 1);
    let done = service.run().wait().await.unwrap();
    assert_eq!(done.state(), RunState::Unknown("archived".to_owned()));
}

#[tokio::test]
async fn waits_for_the_final_status_of_an_ended_run() {
    let service = ScriptedService::start().await;
    let late = listed(&[json!({"run_id": "run_1", "status": "in_progress", "is_finished": true})]);
    service.answers(&late, 2).answers(&page("completed"), 1);
    assert_eq!(service.run().wait().await.unwrap().state(), RunState::Finished(None));

    service.answers(&late, 30);
    let done = service.run().wait().await.unwrap();
    assert_eq!(done.state(), RunState::Finished(None));
    let waited = service.clock.now();
    assert!(waited >= Duration::from_secs(30), "the wait ended after {waited:?}");
}

#[tokio::test]
async fn reports_both_forms_of_paused_at_once() {
    for paused in [json!({"status": "paused"}), json!({"status": "in_progress", "is_paused": true})]
    {
        let service = ScriptedService::start().await;
        let mut run = paused;
        run["run_id"] = json!("run_1");
        service.answers(&listed(&[run]), 1);
        let error = service.run().wait().await.unwrap_err();
        assert_eq!((error.kind(), error.run_error()), (ErrorKind::Run, Some(&RunError::Paused)));
        assert!(error.to_string().contains("paused: it waits for input"), "{error}");
        assert!(service.clock.pauses().is_empty());
    }
}

#[tokio::test]
async fn wait_retries_transient_failures_and_reports_permanent_ones() {
    let service = ScriptedService::start().await;
    for status in [500, 502, 503, 504, 429, 408] {
        service.fails(status);
    }
    service.answers(&page("stopped"), 1);
    assert_eq!(service.run().wait().await.unwrap().state(), RunState::Stopped);

    for status in [400, 401, 405, 422, 501] {
        service.fails(status);
        let error = service.run().wait().await.unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert_eq!(error.kind(), ErrorKind::Problem);
    }
}

#[tokio::test]
async fn timeout_names_the_last_failure() {
    let service = ScriptedService::start().await;
    let started = service.clock.now();
    for _ in 0..60 {
        service.fails(503);
    }
    let error = service.run().wait_with(within(90)).await.unwrap_err();
    assert!(error.is_timeout() && error.kind() == ErrorKind::Timeout);
    assert!(error.is_retryable(), "a timeout of a wait is retryable");
    assert_eq!(service.clock.now() - started, Duration::from_secs(90));
    assert_eq!(error.last_status().map(|status| status.as_u16()), Some(503));
    let text = error.to_string();
    assert!(text.contains("could not be read after 90s, and the last poll failed: 503"), "{text}");
}

#[tokio::test]
async fn retry_after_beyond_the_deadline_ends_the_wait() {
    let service = ScriptedService::start().await;
    let busy = |seconds: &'static str| {
        let header = axum::http::HeaderValue::from_static(seconds);
        BufferedResponse::empty(StatusCode::TOO_MANY_REQUESTS)
            .header(axum::http::header::RETRY_AFTER, header)
    };
    service.server.answer(busy("45"));
    service.answers(&page("finished"), 1);
    service.run().wait_with(within(60)).await.unwrap();
    assert_eq!(service.clock.pauses(), [Duration::from_secs(45)]);

    service.server.answer(busy("61"));
    let started = service.clock.now();
    let error = service.run().wait_with(within(60)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(service.clock.now(), started, "the wait did not end at once");
    let text = error.to_string();
    assert!(text.contains("could not be read after 0") && !text.contains("after 60s"), "{text}");
    assert!(text.contains("asks to wait 61s, beyond the deadline of 60s"), "{text}");
}

fn unavailable(seconds: &'static str) -> BufferedResponse {
    let header = axum::http::HeaderValue::from_static(seconds);
    BufferedResponse::empty(StatusCode::SERVICE_UNAVAILABLE)
        .header(axum::http::header::RETRY_AFTER, header)
}

#[tokio::test]
async fn retry_after_above_two_minutes_ends_every_loop() {
    for seconds in ["121", "31536000", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let service = ScriptedService::start().await;
        service.server.answer(unavailable(seconds));
        let waited = service.run().wait().await.unwrap_err();
        service.server.answer(unavailable(seconds));
        let followed = service.run().events().try_next().await.unwrap_err();
        for error in [waited, followed] {
            assert_eq!(error.kind(), ErrorKind::Problem, "{error}");
            assert!(error.retry_after() > Some(Duration::from_secs(120)), "{error}");
        }
        assert!(service.clock.pauses().is_empty(), "{:?}", service.clock.pauses());
    }
}

#[tokio::test]
async fn events_wait_for_retry_after() {
    let service = ScriptedService::start().await;
    service.server.answer(unavailable("120"));
    service.answers(&page("completed"), 1).answers(&json!({"events": []}), 1);
    assert!(service.run().events().try_next().await.unwrap().is_none());
    assert_eq!(service.clock.pauses(), [Duration::from_secs(120)]);
}

#[tokio::test]
async fn retry_after_does_not_exceed_the_idle_limit() {
    let service = ScriptedService::start().await;
    for _ in 0..3 {
        service.server.answer(unavailable("100"));
    }
    let mut events = service.run().events().idle_limit(Duration::from_secs(30));
    let error = events.try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(service.clock.now(), Duration::from_secs(30));
    assert_eq!(service.asked().len(), 2, "the last poll at the limit is missing");
}

#[tokio::test]
async fn zero_deadline_polls_once() {
    let service = ScriptedService::start().await;
    service.answers(&page("finished"), 1).answers(&page("in_progress"), 1);
    let none = || Wait::default().deadline(Duration::ZERO);
    assert!(service.run().wait_with(none()).await.is_ok());
    let error = service.run().wait_with(none()).await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("is still running"), "{error}");
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn each_missing_or_unknown_phase_has_a_new_grace_period() {
    let missing = listed(&[]);
    let unclear = page("queued");
    let known = page("in_progress");
    for [one, two] in [[&missing, &known], [&unclear, &known], [&unclear, &missing]] {
        let service = ScriptedService::start().await;
        let wait = Wait::default()
            .poll_interval(Duration::from_secs(10), Duration::from_secs(10))
            .grace(Duration::from_secs(25));
        for _ in 0..20 {
            service.answers(one, 2).answers(two, 1);
        }
        service.answers(&page("finished"), 1);
        let done = service.run().wait_with(wait).await;
        assert!(done.is_ok(), "{one} {two}: {done:?}");
        assert!(service.clock.now() > Duration::from_secs(300));
    }
}

#[tokio::test]
async fn finds_a_run_when_filter_run_id_is_ignored() {
    let service = ScriptedService::start().await;
    let others = |from: usize| -> Vec<Value> {
        (from..from + 3).map(|number| json!({"run_id": format!("other_{number}")})).collect()
    };
    let mut last = others(6);
    last.push(json!({"run_id": "run_1", "status": "error"}));
    service
        .answers(&listed(&others(0)), 1)
        .answers(&listed(&others(3)), 1)
        .answers(&listed(&last), 1);
    assert_eq!(service.run().get().await.unwrap().state(), RunState::Failed);
    let asked = service.asked();
    assert_eq!(asked.len(), 3);
    assert!(
        asked[2].contains("filter_run_id=run_1") && asked[2].contains("page=3"),
        "{}",
        asked[2]
    );
}

#[tokio::test]
async fn ignored_filter_and_page_end_the_search_in_two_requests() {
    let service = ScriptedService::start().await;
    service.answers(&listed(&[json!({"run_id": "other"})]), 9);
    let error = service.run().get().await.unwrap_err();
    assert_eq!(error.run_error(), Some(&RunError::NotFound));
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn run_is_not_reported_missing_when_more_runs_exist() {
    for total in [json!(2), json!("42")] {
        let service = ScriptedService::start().await;
        let mut page = listed(&[json!({"run_id": "other"})]);
        page["total_runs"] = total;
        service.answers(&page, 9);
        let error = service.run().get().await.unwrap_err();
        assert_eq!((error.kind(), error.run_error()), (ErrorKind::Pagination, None));
        assert!(error.to_string().contains("ignores filter_run_id"), "{error}");
        assert_eq!(service.asked().len(), 2);
    }
    // A total of the shown runs, or of all runs while the filter works.
    for (runs, total) in [(vec![json!({"run_id": "other"})], 1), (vec![], 42)] {
        let service = ScriptedService::start().await;
        let mut page = listed(&runs);
        page["total_runs"] = json!(total);
        service.answers(&page, 9);
        let error = service.run().get().await.unwrap_err();
        assert_eq!(error.run_error(), Some(&RunError::NotFound));
    }
}

#[tokio::test]
async fn search_for_a_run_stops_after_100_pages() {
    let service = ScriptedService::start().await;
    for number in 0..150 {
        service.answers(&listed(&[json!({"run_id": format!("other_{number}")})]), 1);
    }
    let error = service.run().get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Pagination);
    assert_eq!(service.asked().len(), 100);
}

#[tokio::test]
async fn rejects_blank_run_id_before_sending() {
    let service = ScriptedService::start().await;
    for blank in ["", "  "] {
        let run = service.twin.resume(RunTicket::new("agent_1", blank));
        let error = run.wait().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
    }
    assert!(service.asked().is_empty());
}

#[tokio::test]
async fn reports_outcome_only_of_the_named_run() {
    let service = ScriptedService::start().await;
    let mut one = page("completed");
    one["all_run_summaries"] = json!([{"outcome": "partial", "summary": "Half of it."}]);
    service.answers(&one, 2);
    let partial = twin_api::types::RunOutcome::Partial;
    assert_eq!(service.run().state().await.unwrap(), RunState::Finished(Some(partial)));
    let summary = service.run().summary().await.unwrap().unwrap();
    assert_eq!(summary.summary.as_deref(), Some("Half of it."));

    // A summary that names the run is found among others, and no other summary is used.
    let mut named = one.clone();
    let other = json!({"run_id": "run_2", "outcome": "success"});
    named["all_run_summaries"] = json!([other, {"run_id": "run_1", "outcome": "fail"}]);
    service.answers(&named, 1);
    let fail = twin_api::types::RunOutcome::Fail;
    assert_eq!(service.run().state().await.unwrap(), RunState::Finished(Some(fail)));

    let mut several = one.clone();
    several["all_run_summaries"].as_array_mut().unwrap().push(json!({"outcome": "success"}));
    one["all_run_summaries"] = json!([other]);
    service.answers(&several, 1).answers(&one, 1);
    assert_eq!(service.run().state().await.unwrap(), RunState::Finished(None));
    assert_eq!(service.run().state().await.unwrap(), RunState::Finished(None));
}

#[tokio::test]
async fn denied_cancel_is_an_error() {
    let service = ScriptedService::start().await;
    service.answers(&json!({"success": false, "error": "not now"}), 1);
    let error = service.run().cancel("no longer needed").await.unwrap_err();
    assert_eq!(error.run_error(), Some(&RunError::NotCancelled("not now".to_owned())));
    assert_eq!(error.outcome(), Outcome::Rejected);
}

#[tokio::test]
async fn launch_without_run_id_fails_as_accepted() {
    let service = ScriptedService::start().await;
    let run = json!({"run": {"run_id": "", "agent_id": "agent_1", "status": "in_progress", "started_at": ""}});
    service.answers(&run, 1);
    let error = service.twin.launch("agent_1", crate::harness::body()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Run, Outcome::Accepted));
}

#[tokio::test]
async fn launch_returns_a_handle_for_a_bare_run_id() {
    let service = ScriptedService::start().await;
    for answer in [
        json!({"run_id": "run_7"}),
        json!({"run": {"run_id": "run_7"}}),
        json!({"run": {"status": 7, "run_id": "run_7", "agent_id": null}}),
        json!({"a": "x".repeat(10_000), "parent": {"run_id": "run_6"}, "run_id": "run_7"}),
    ] {
        service.answers(&answer, 1);
        let run = service.twin.launch("agent_1", crate::harness::body()).await.unwrap();
        assert_eq!((run.run_id(), run.agent_id()), ("run_7", "agent_1"), "{answer}");
        assert!(run.started().is_none());
    }
    for answer in [json!({"run": {}}), json!({"run_id": ""}), json!({"run_id": 7}), json!([])] {
        service.answers(&answer, 1);
        let error = service.twin.launch("agent_1", crate::harness::body()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Accepted));
    }
}

#[tokio::test]
async fn cancel_error_hides_key_and_control_characters() {
    let service = ScriptedService::start().await;
    let why = "not \u{1b}[2J\u{202e}now, tw_live_0123456789";
    service.answers(&json!({"success": false, "error": why}), 1);
    let error = service.run().cancel("no longer needed").await.unwrap_err();
    for text in [error.to_string(), format!("{error:?}"), error.run_error().unwrap().to_string()] {
        assert!(!text.contains("tw_live_0123456789") && !text.contains('\u{1b}'), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
    }
}

#[tokio::test]
async fn finished_since_includes_ended_runs_without_an_end_time() {
    let service = ScriptedService::start().await;
    let runs = listed(&[
        json!({"run_id": "dated", "finished_at": "2026-02-20T15:00:00Z"}),
        json!({"run_id": "undated"}),
        json!({"run_id": "odd", "finished_at": "lately"}),
        json!({"run_id": "old", "finished_at": "2026-02-20T14:59:59.999999999+00:00"}),
        json!({"run_id": "running", "status": "in_progress"}),
        json!({"run_id": "cancelled", "status": "cancelled"}),
        json!({"run_id": "queued", "status": "queued"}),
    ]);
    service.answers(&runs, 1).answers(&listed(&[]), 3);
    let mut found = Vec::new();
    let mut ended = service.twin.finished_since("agent_1", "2026-02-20T15:00:00Z");
    while let Some(run) = ended.try_next().await.unwrap() {
        found.push(run.run_id);
    }
    assert_eq!(found, ["dated", "undated", "odd", "cancelled"]);
}

#[tokio::test]
async fn events_below_the_total_fail_at_the_end() {
    let service = ScriptedService::start().await;
    let event = json!({"events": [{"event_index": 7, "event": {}}], "total_count": 2});
    service.answers(&page("completed"), 1).answers(&event, 1);
    service.answers(&json!({"events": [], "total_count": 2}), 9);
    let mut events = service.run().events();
    assert!(events.next().await.unwrap().is_ok());
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Pagination);
    assert_eq!((error.items_seen(), error.items_total()), (Some(1), Some(2)));
    assert_eq!(service.asked().len(), 7);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn events_that_are_listed_late_arrive() {
    let service = ScriptedService::start().await;
    let none = json!({"events": [], "total_count": 1});
    let event = json!({"events": [{"event_index": 7, "event": {}}], "total_count": 1});
    service.answers(&page("completed"), 1).answers(&none, 3).answers(&event, 1).answers(&none, 1);
    let mut events = service.run().events();
    assert_eq!(events.try_next().await.unwrap().unwrap().event_index, Some(7));
    assert!(events.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn resumed_run_events_below_the_total_fail() {
    for (came, fails) in [(u64::MAX, false), (2, true), (3, false)] {
        let service = ScriptedService::start().await;
        service.answers(&page("completed"), 1);
        service.answers(&json!({"events": [], "total_count": 3}), 9);
        let place = json!({"version": 1, "place": {"event": {"after": 2, "came": came}}});
        let mut events = service.run().events_from(serde_json::from_value(place).unwrap());
        let end = events.try_next().await.map_err(|error| error.kind());
        assert_eq!(end.err(), fails.then_some(ErrorKind::Pagination), "{came}");
    }
}

#[tokio::test]
async fn largest_count_in_a_resumed_stream_does_not_overflow() {
    let service = ScriptedService::start().await;
    service.answers(&page("completed"), 1);
    service.answers(&json!({"events": [{"event_index": 3, "event": {}}]}), 1);
    service.answers(&json!({"events": []}), 1);
    let place = json!({"version": 1, "place": {"event": {"after": 2, "came": u64::MAX}}});
    let mut events = service.run().events_from(serde_json::from_value(place).unwrap());
    assert_eq!(events.try_next().await.unwrap().unwrap().position(), Some(3));
    assert!(events.try_next().await.unwrap().is_none());
    let position = serde_json::to_value(events.position()).unwrap();
    assert_eq!(position["place"]["event"]["came"], json!(u64::MAX));
}

#[tokio::test]
async fn rejects_position_of_another_list_for_run_events() {
    let service = ScriptedService::start().await;
    let elsewhere = r#"{"version": 1, "place": {"cursor": "after-7f"}}"#;
    let mut events = service.run().events_from(serde_json::from_str(elsewhere).unwrap());
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
    assert!(events.next().await.is_none());
    assert!(service.asked().is_empty());
}

#[tokio::test]
async fn last_index_moves_past_unordered_events_after_the_last() {
    let service = ScriptedService::start().await;
    let events =
        json!([{"event_index": 9, "event": 1}, {"event": 2}, {"event_index": 5, "event": 3}]);
    service.answers(&page("completed"), 1).answers(&json!({"events": events}), 1);
    service.answers(&json!({"events": []}), 1);
    let mut events = service.run().events();
    for last in [None, None, Some(9)] {
        events.try_next().await.unwrap().unwrap();
        assert_eq!(events.last_index(), last);
    }
    assert!(events.try_next().await.unwrap().is_none());
}
