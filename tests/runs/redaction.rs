//! The API key does not appear in the errors of runs, even if it is passed as an identifier.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use twin_ext::clock::ManualClock;
use twin_ext::prelude::*;
use twin_ext::{Retry, RunHandle, RunTicket, Wait};
use twin_tests::exchange::BufferedResponse;
use twin_tests::scripted::Scripted;

use crate::harness::start_body;

const KEY: &str = "tw_live_0123456789";

/// Returns everything that an error prints, with its causes.
fn printed(error: &Error) -> String {
    let mut text = String::new();
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        write!(text, "{error} {error:#} {error:?} ").unwrap();
        next = error.source();
    }
    write!(text, "{:?} {:?} {:?}", error.run_error(), error.path(), error.problem()).unwrap();
    text
}

/// Asserts that the error has this text and does not show the key.
fn assert_hides_key(error: &Error, part: &str) {
    let text = printed(error);
    assert!(text.contains(part), "{text}");
    assert!(!text.contains("0123456789"), "{text}");
}

/// Returns a run whose agent and identifier are the key. The server sends this response to each
/// request.
async fn run_named_like_the_key(answer: Value) -> (Scripted, RunHandle) {
    let server = Scripted::start().await.unwrap();
    for _ in 0..60 {
        server.answer(BufferedResponse::json(StatusCode::OK, &answer));
    }
    let builder = ClientBuilder::new(KEY).base_url(server.url()).retry(Retry::none());
    let twin = builder.clock(ManualClock::new(1)).build().unwrap();
    (server, twin.resume(RunTicket::new(KEY, KEY)))
}

fn listed(status: &str) -> Value {
    json!({"runs": [{"run_id": KEY, "agent_id": KEY, "status": status, "started_at": ""}]})
}

#[tokio::test]
async fn errors_of_polls_hide_a_key_used_as_identifier() {
    let (_server, missing) = run_named_like_the_key(json!({"runs": []})).await;
    assert_hides_key(&missing.get().await.unwrap_err(), "is not listed");
    assert_hides_key(&missing.wait().await.unwrap_err(), "is not listed");
    let (_server, missing) = run_named_like_the_key(json!({"runs": []})).await;
    assert_hides_key(&missing.events().try_next().await.unwrap_err(), "is not listed");

    let other = json!({"runs": [{"run_id": "other", "agent_id": "a", "status": "paused",
        "started_at": ""}], "total_runs": 9});
    let (_server, ignored) = run_named_like_the_key(other).await;
    assert_hides_key(&ignored.get().await.unwrap_err(), "ignores filter_run_id");

    let (_server, paused) = run_named_like_the_key(listed("paused")).await;
    assert_hides_key(&paused.wait().await.unwrap_err(), "is paused");
    let (_server, unknown) = run_named_like_the_key(listed(&format!("odd {KEY}"))).await;
    assert_hides_key(&unknown.wait().await.unwrap_err(), "has the status");
    let (_server, running) = run_named_like_the_key(listed(&format!("odd {KEY}"))).await;
    let wait = Wait::default().deadline(Duration::from_secs(5));
    assert_hides_key(&running.wait_with(wait).await.unwrap_err(), "in the unknown state");
}

#[tokio::test]
async fn errors_of_launch_and_follow_hide_a_key_used_as_identifier() {
    let started = json!({"run": {"run_id": "", "agent_id": KEY, "status": "paused",
        "started_at": ""}});
    let server = Scripted::start().await.unwrap();
    server.answer(BufferedResponse::json(StatusCode::OK, &started));
    let twin = ClientBuilder::new(KEY).base_url(server.url()).build().unwrap();
    assert_hides_key(&twin.launch(KEY, start_body()).await.unwrap_err(), "has no run_id");

    let empty = json!({"runs": [{"run_id": KEY, "agent_id": KEY, "status": "in_progress",
        "started_at": ""}], "events": [], "total_count": 0});
    let (_server, silent) = run_named_like_the_key(empty).await;
    let mut events = silent.events().idle_limit(Duration::from_secs(20));
    let error = events.try_next().await.unwrap_err();
    assert_hides_key(&error, "had no new event for");
}

#[test]
fn debug_of_runs_shows_identifiers_and_no_client() {
    let twin = ClientBuilder::new(KEY).base_url("http://127.0.0.1:1").build().unwrap();
    let run = twin.resume(RunTicket::new("a", "r"));
    let id = "agent_id: \"a\", run_id: \"r\"";
    assert_eq!(format!("{run:?}"), format!("RunHandle {{ {id}, .. }}"));
    assert!(format!("{:?}", run.wait()).contains(id));
    let events = run.events_after(7);
    assert_eq!(format!("{events:?}"), "RunEvents { last_index: Some(7), over: false, .. }");
    let runs = format!("{:?}", twin.finished_since("a", "2026-02-20T14:30:00Z"));
    assert!(runs.starts_with("FinishedRuns { since: ") && runs.contains("2026-02-20"), "{runs}");
    assert_eq!(format!("{:?}", twin.launch("a", start_body())), "Launching { .. }");
}
