//! Responses with a lone surrogate, which a service sends if it cuts text within a character.

use axum::http::StatusCode;
use twin_api::Client;
use twin_ext::prelude::*;
use twin_tests::exchange::BufferedResponse;
use twin_tests::scripted::Scripted;

/// A lone surrogate, which JSON can escape and a Rust string cannot hold.
const HALF: &str = r"\ud83d";

/// Starts a service that responds once, with this body.
async fn answering(body: String) -> (Scripted, Client) {
    let server = Scripted::start().await.unwrap();
    server.answer(BufferedResponse::new(StatusCode::OK, "application/json", body));
    let twin = ClientBuilder::new("tw_live_0123").base_url(server.url()).build().unwrap();
    (server, twin)
}

#[tokio::test]
async fn replaces_lone_surrogate_in_agent_name() {
    let body = format!(
        r#"{{"agents": [
            {{"agent_id": "agent_1", "agent_name": {{"name": "cut {HALF}"}}, "deployment_state": "draft",
              "has_runs": false, "latest_run_is_finished": false, "{HALF}": "{HALF}"}},
            {{"agent_id": "agent_2", "agent_name": {{"name": "whole \ud83d\ude00"}}, "deployment_state": "draft",
              "has_runs": false, "latest_run_is_finished": false}}]}}"#
    );
    let (_server, twin) = answering(body).await;
    let page = twin.list_agents().pages().try_next().await.unwrap().unwrap();
    let names: Vec<String> = page
        .items
        .iter()
        .map(|agent| agent.agent_name.as_ref().and_then(|name| name.name.clone()).unwrap())
        .collect();
    assert_eq!(names, ["cut \u{fffd}", "whole \u{1f600}"]);
}

#[tokio::test]
async fn lone_surrogate_in_an_event_keeps_the_raw_payload() {
    let payload =
        format!(r#"{{"event": {{"event": {{"Finished": {{"message": "cut {HALF}"}}}}}}}}"#);
    let (_server, twin) = answering(format!(
        r#"{{"events": [{{"event_index": 7, "event": {payload}}}], "total_count": 1}}"#
    ))
    .await;
    let list = twin.list_run_events().agent_id("a").run_id("r");
    let event = list.items().try_next().await.unwrap().unwrap();
    assert_eq!(event.event.get(), payload);
    assert!(event.kind().is("Finished"));
    assert_eq!(event.final_text().as_deref(), Some("cut \u{fffd}"));
}
