//! Instructions, and their versions.

use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{TestEmulator, in_both, list, members, texts};

/// Writes these versions, a minute apart, for a new agent. Returns the path of its instructions.
async fn write(twin: &TestEmulator, contents: &[&str]) -> String {
    let path = format!("/v1/agents/{}/instructions", twin.agent());
    for content in contents {
        twin.put(&path, json!({"content": content})).await.assert_success();
        twin.advance(Duration::from_secs(60)).await;
    }
    path
}

async fn history(twin: &TestEmulator, path: &str, query: &str) -> Value {
    let page = twin.get(&format!("{path}/history{query}")).await;
    page.json(200)["instruction_versions"].take()
}

#[tokio::test]
async fn agent_without_instructions_returns_empty_text_or_null() {
    in_both(async |twin| {
        let path = write(&twin, &[]).await;
        let empty = twin.for_profile(json!({"instructions": {"content": ""}}), json!({}));
        assert_eq!(twin.get(&path).await.json(200), empty);
        assert_eq!(history(&twin, &path, "").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn latest_instructions_are_current() {
    in_both(async |twin| {
        let path = write(&twin, &["Check email.", "Check email and Slack."]).await;
        let shown = twin.get(&path).await.json(200);
        assert_eq!(shown["instructions"]["content"], "Check email and Slack.");
    })
    .await;
}

#[tokio::test]
async fn instructions_have_the_members_of_their_profile() {
    in_both(async |twin| {
        let path = write(&twin, &["Check email."]).await;
        let observed = [
            "agent_id",
            "content",
            "content_hash",
            "source_id",
            "storage_key",
            "updated_at",
            "user_email",
            "user_id",
        ];
        let shown = twin.get(&path).await.json(200);
        let wanted = twin.for_profile(["content"].as_slice(), observed.as_slice());
        assert_eq!(members(&shown["instructions"]), wanted);
    })
    .await;
}

#[tokio::test]
async fn lists_instruction_versions_newest_first() {
    in_both(async |twin| {
        let path = write(&twin, &["one", "two", "one"]).await;
        let versions = history(&twin, &path, "").await;
        assert_eq!(texts(&versions, "content"), ["one", "two", "one"]);
        let times = texts(&versions, "created_at");
        assert!(times.is_sorted_by(|newer, older| newer > older), "{times:?}");
    })
    .await;
}

#[tokio::test]
async fn instruction_versions_have_the_members_of_their_profile() {
    in_both(async |twin| {
        let path = write(&twin, &["one"]).await;
        let observed = [
            "content",
            "content_hash",
            "created_at",
            "id",
            "source_id",
            "source_type",
            "storage_key",
        ];
        let versions = history(&twin, &path, "").await;
        let wanted = twin.for_profile(["content", "created_at"].as_slice(), observed.as_slice());
        assert_eq!(members(&versions[0]), wanted);
        assert_eq!(versions[0]["id"].is_number(), twin.is_observed());
    })
    .await;
}

#[tokio::test]
async fn version_limit_returns_the_newest() {
    in_both(async |twin| {
        let path = write(&twin, &["one", "two", "three"]).await;
        let versions = history(&twin, &path, "?limit=2").await;
        assert_eq!(texts(&versions, "content"), ["three", "two"]);
        assert_eq!(list(&history(&twin, &path, "?limit=10").await).len(), 3);
    })
    .await;
}

#[tokio::test]
async fn rejects_invalid_version_limit() {
    in_both(async |twin| {
        let path = write(&twin, &["one"]).await;
        for limit in ["0", "-1", "all", ""] {
            twin.get(&format!("{path}/history?limit={limit}")).await.problem(400);
        }
    })
    .await;
}

#[tokio::test]
async fn keeps_source_of_instructions() {
    let twin = TestEmulator::observed().await;
    let path = write(&twin, &["one"]).await;
    let body = json!({"content": "two", "source_type": "builder", "source_id": "run_1"});
    twin.put(&path, body).await.assert_success();
    let versions = history(&twin, &path, "").await;
    assert_eq!(texts(&versions, "source_type"), ["builder", "api"]);
    assert_eq!(texts(&versions, "source_id"), ["run_1", ""]);
}

#[tokio::test]
async fn instruction_hash_depends_only_on_the_text() {
    let twin = TestEmulator::observed().await;
    let path = write(&twin, &["one", "two", "one"]).await;
    let [third, second, first] =
        texts(&history(&twin, &path, "").await, "content_hash").try_into().expect("three versions");
    assert_eq!(first, third);
    assert_ne!(first, second);
}

#[tokio::test]
async fn returns_instruction_text_unchanged() {
    in_both(async |twin| {
        let content = "Über \"alles\"\n\t\u{202e}🦀\u{0}</script>";
        let path = write(&twin, &[content, ""]).await;
        assert_eq!(texts(&history(&twin, &path, "").await, "content"), ["", content]);
    })
    .await;
}

#[tokio::test]
async fn instructions_of_one_agent_do_not_change_another() {
    in_both(async |twin| {
        write(&twin, &["one"]).await;
        let other = write(&twin, &[]).await;
        assert_eq!(history(&twin, &other, "").await, json!([]));
    })
    .await;
}
