//! Seeds: the same seed and the same calls give the same responses and deliveries.

use std::time::Duration;

use axum::http::header;
use serde_json::json;
use twin_emulator::{Emulator, Profile};

use super::harness::{ApiResponse, TestEmulator, text};
use super::receiver::{Received, TestReceiver, TestWebhook};

/// Makes a fixed sequence of calls. Returns all responses and deliveries.
async fn run_fixed_calls(profile: Profile, seed: u64) -> (Vec<ApiResponse>, Vec<Received>) {
    let twin = TestEmulator::from_builder(Emulator::builder(profile).seed(seed)).await;
    let mut replies = Vec::new();
    let mut note = |mut reply: ApiResponse| {
        // hyper sets the `Date` header.
        reply.headers.remove(header::DATE);
        replies.push(reply.clone());
        reply
    };
    note(twin.post("/api/public/v1/access-api-keys", json!({"name": "k"})).await);
    let created = note(twin.post("/v1/agents", json!({})).await).json(201);
    let agent = text(&created["agent"]["agent_id"]);
    let hook =
        TestWebhook::of(&twin, agent.clone(), &["run.completed"], TestReceiver::start().await)
            .await;
    note(twin.post(&format!("/v1/agents/{agent}/runs"), json!({"run_mode": "build"})).await);
    twin.advance(Duration::from_secs(10)).await;
    let runs = note(twin.get(&format!("/v1/agents/{agent}/runs")).await).json(200);
    let run = text(&runs["runs"][0]["run_id"]);
    note(twin.get(&format!("/v1/agents/{agent}/runs/{run}/events")).await);
    note(twin.put(&format!("/v1/agents/{agent}/schedule"), json!({"cron": "0 0 * * * * *"})).await);
    twin.advance(Duration::from_secs(86_400)).await;
    for path in ["/v1/agents", "/v1/schedules", "/v1/workspaces", "/v1/none"] {
        note(twin.get(path).await);
    }
    note(twin.get(&format!("/v1/agents/{agent}/runs?page=2&page_size=7")).await);
    (replies, hook.receiver.take())
}

#[tokio::test]
async fn same_seed_gives_same_responses_and_deliveries() {
    for profile in Profile::ALL {
        let [first, second] =
            [run_fixed_calls(profile, 7).await, run_fixed_calls(profile, 7).await];
        assert_eq!(first, second);
        assert_eq!(first.1.len(), 25);
    }
}

#[tokio::test]
async fn other_seed_gives_other_identifiers_and_secrets() {
    for profile in Profile::ALL {
        let [(first, _), (second, _)] =
            [run_fixed_calls(profile, 7).await, run_fixed_calls(profile, 8).await];
        let key = |replies: &[ApiResponse]| text(&replies[0].json(200)["api_key"]);
        let agent = |replies: &[ApiResponse]| text(&replies[1].json(201)["agent"]["agent_id"]);
        assert_ne!(key(&first), key(&second));
        assert_ne!(agent(&first), agent(&second));
    }
}

#[tokio::test]
async fn given_api_key_changes_nothing_else() {
    for profile in Profile::ALL {
        let given = TestEmulator::from_builder(Emulator::builder(profile).api_key("mine")).await;
        let generated = TestEmulator::start(profile).await;
        assert_eq!(given.api_key(), "mine");
        assert_eq!(given.agent(), generated.agent());
    }
}

#[tokio::test]
async fn runs_100_emulators_in_one_process() {
    let mut twins = Vec::new();
    for seed in 0..50 {
        for profile in Profile::ALL {
            twins.push(TestEmulator::from_builder(Emulator::builder(profile).seed(seed)).await);
        }
    }
    for twin in &twins {
        let agent = twin.agent();
        twin.get(&format!("/v1/agents/{agent}")).await.json(200);
        assert_eq!(twin.take_exchanges().len(), 1);
    }
    let mut urls: Vec<String> = twins.iter().map(|twin| twin.url()).collect();
    urls.sort();
    urls.dedup();
    assert_eq!(urls.len(), 100);
}
