//! Waits on a scripted server: late listings, unknown states, pauses, failures and `Retry-After`.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use twin_ext::clock::Clock as _;
use twin_ext::prelude::*;
use twin_ext::{ErrorKind, RunError, RunState, Wait};

use super::{ScriptedService, listed, page, retry_later};
use crate::harness::within;

#[tokio::test]
async fn wait_tolerates_a_run_that_is_listed_late() {
    let service = ScriptedService::start().await;
    service.answers(&listed(&[]), 4).answers(&page("in_progress"), 1).answers(&page("finished"), 1);
    let done = service.run().wait().await.unwrap();
    assert_eq!(done.state(), RunState::Finished(None));
    let asked = service.take_targets();
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
    let busy = |seconds| retry_later(StatusCode::TOO_MANY_REQUESTS, seconds);
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

#[tokio::test]
async fn retry_after_above_two_minutes_ends_every_loop() {
    for seconds in ["121", "31536000", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let service = ScriptedService::start().await;
        service.server.answer(retry_later(StatusCode::SERVICE_UNAVAILABLE, seconds));
        let waited = service.run().wait().await.unwrap_err();
        service.server.answer(retry_later(StatusCode::SERVICE_UNAVAILABLE, seconds));
        let followed = service.run().events().try_next().await.unwrap_err();
        for error in [waited, followed] {
            assert_eq!(error.kind(), ErrorKind::Problem, "{error}");
            assert!(error.retry_after() > Some(Duration::from_secs(120)), "{error}");
        }
        assert!(service.clock.pauses().is_empty(), "{:?}", service.clock.pauses());
    }
}

#[tokio::test]
async fn zero_deadline_polls_once() {
    let service = ScriptedService::start().await;
    service.answers(&page("finished"), 1).answers(&page("in_progress"), 1);
    let none = || Wait::default().deadline(Duration::ZERO);
    assert!(service.run().wait_with(none()).await.is_ok());
    let error = service.run().wait_with(none()).await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("is still running"), "{error}");
    assert_eq!(service.take_targets().len(), 2);
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
