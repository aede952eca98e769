//! Webhooks: create, get, list, update and delete. The module `deliveries` tests their deliveries.

use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{TestEmulator, in_both, list, members, text, texts};

const URL: &str = "https://example.com/webhooks/twin";
const SHOWN: [&str; 8] =
    ["agent_id", "created_at", "events", "status", "updated_at", "url", "user_id", "webhook_id"];

/// Creates a webhook and returns the response and the path of the webhook.
async fn create(twin: &TestEmulator) -> (Value, String) {
    let hooks = format!("/v1/agents/{}/webhooks", twin.agent());
    let body = json!({"url": URL, "events": ["run.completed", "run.failed"]});
    let created = twin.post(&hooks, body).await.json(201);
    let path = format!("{hooks}/{}", text(&created["webhook_id"]));
    (created, path)
}

/// Returns the path of the list that contains this webhook.
fn list_path(path: &str) -> &str {
    path.rsplit_once('/').expect("the path has segments").0
}

#[tokio::test]
async fn new_webhook_has_the_documented_members() {
    in_both(async |twin| {
        let (created, _) = create(&twin).await;
        let names = ["created_at", "events", "signing_secret", "status", "url", "webhook_id"];
        assert_eq!(members(&created), names);
        assert_eq!((&created["url"], &created["status"]), (&json!(URL), &json!("active")));
        assert_eq!(created["events"], json!(["run.completed", "run.failed"]));
        assert!(text(&created["signing_secret"]).starts_with("whsec_"), "{created}");
        let time = twin.for_profile("2026-03-11T12:00:00Z", "2026-03-11T12:00:00.000000000+00:00");
        assert_eq!(created["created_at"], time);
    })
    .await;
}

#[tokio::test]
async fn shows_webhook_secret_only_on_creation() {
    in_both(async |twin| {
        let (created, path) = create(&twin).await;
        let secret = text(&created["signing_secret"]);
        for shown in [
            twin.get(&path).await,
            twin.get(list_path(&path)).await,
            twin.patch(&path, json!({"status": "disabled"})).await,
        ] {
            shown.json(200);
            assert!(!shown.text().contains(&secret), "{}", shown.text());
        }
    })
    .await;
}

#[tokio::test]
async fn every_webhook_has_its_own_secret() {
    in_both(async |twin| {
        let [(first, _), (second, _)] = [create(&twin).await, create(&twin).await];
        assert_ne!(first["signing_secret"], second["signing_secret"]);
    })
    .await;
}

#[tokio::test]
async fn get_webhook_and_list_webhooks_return_the_same() {
    in_both(async |twin| {
        let (created, path) = create(&twin).await;
        let shown = twin.get(&path).await.json(200);
        assert_eq!(members(&shown), SHOWN);
        assert_eq!(shown["webhook_id"], created["webhook_id"]);
        assert_eq!(twin.get(list_path(&path)).await.json(200), json!({"webhooks": [shown]}));
    })
    .await;
}

#[tokio::test]
async fn lists_only_webhooks_of_the_agent() {
    in_both(async |twin| {
        let [(first, path), _] = [create(&twin).await, create(&twin).await];
        let listed = twin.get(list_path(&path)).await.json(200);
        assert_eq!(texts(&listed["webhooks"], "webhook_id"), [text(&first["webhook_id"])]);
    })
    .await;
}

#[tokio::test]
async fn updates_each_webhook_field_alone() {
    let changes = [
        json!({"url": "http://127.0.0.1:1/other"}),
        json!({"events": ["run.paused"]}),
        json!({"status": "disabled"}),
        json!({"url": "http://localhost/", "events": ["run.started"], "status": "disabled"}),
    ];
    in_both(async |twin| {
        for change in &changes {
            let (_, path) = create(&twin).await;
            let mut wanted = twin.get(&path).await.json(200);
            for (name, value) in change.as_object().expect("the value is an object") {
                wanted[name] = value.clone();
            }
            assert_eq!(twin.patch(&path, change.clone()).await.json(200), wanted);
            assert_eq!(twin.get(&path).await.json(200), wanted);
        }
    })
    .await;
}

#[tokio::test]
async fn webhook_update_keeps_absent_members() {
    in_both(async |twin| {
        let (_, path) = create(&twin).await;
        let before = twin.get(&path).await.json(200);
        assert_eq!(twin.patch(&path, json!({})).await.json(200), before);
    })
    .await;
}

#[tokio::test]
async fn webhook_update_changes_updated_at_but_not_created_at() {
    in_both(async |twin| {
        let (created, path) = create(&twin).await;
        twin.advance(Duration::from_secs(3_600)).await;
        let changed = twin.patch(&path, json!({"status": "disabled"})).await.json(200);
        assert_eq!(changed["created_at"], created["created_at"]);
        let time = twin.for_profile("2026-03-11T13:00:00Z", "2026-03-11T13:00:00.000000000+00:00");
        assert_eq!(changed["updated_at"], time);
    })
    .await;
}

#[tokio::test]
async fn enables_disabled_webhook() {
    in_both(async |twin| {
        let (_, path) = create(&twin).await;
        for status in ["disabled", "active"] {
            assert_eq!(
                twin.patch(&path, json!({"status": status})).await.json(200)["status"],
                status
            );
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_webhook_url_without_http_or_https() {
    in_both(async |twin| {
        let (_, path) = create(&twin).await;
        for url in
            ["", "example.com", "/webhooks", "ftp://example.com", "file:///etc/passwd", "http://"]
        {
            let body = json!({"url": url, "events": ["run.failed"]});
            twin.post(list_path(&path), body).await.problem(400);
            twin.patch(&path, json!({"url": url})).await.problem(400);
        }
        assert_eq!(twin.get(&path).await.json(200)["url"], URL);
    })
    .await;
}

#[tokio::test]
async fn rejects_webhook_without_events() {
    in_both(async |twin| {
        let (_, path) = create(&twin).await;
        twin.post(list_path(&path), json!({"url": URL, "events": []})).await.problem(400);
        twin.patch(&path, json!({"events": []})).await.problem(400);
        assert_eq!(list(&twin.get(&path).await.json(200)["events"]).len(), 2);
    })
    .await;
}

#[tokio::test]
async fn rejects_unknown_events_and_statuses() {
    in_both(async |twin| {
        let (_, path) = create(&twin).await;
        let refused = twin.for_profile(400, 422);
        let body = json!({"url": URL, "events": ["run.teleported"]});
        assert_eq!(twin.post(list_path(&path), body).await.status, refused);
        for change in [json!({"events": ["run.*"]}), json!({"status": "paused"})] {
            assert_eq!(twin.patch(&path, change).await.status, refused);
        }
    })
    .await;
}

#[tokio::test]
async fn rejected_update_changes_nothing() {
    in_both(async |twin| {
        let (_, path) = create(&twin).await;
        let before = twin.get(&path).await.json(200);
        let change = json!({"status": "disabled", "events": ["run.started"], "url": "nowhere"});
        twin.patch(&path, change).await.problem(400);
        assert_eq!(twin.get(&path).await.json(200), before);
    })
    .await;
}

#[tokio::test]
async fn all_operations_on_deleted_webhook_fail() {
    in_both(async |twin| {
        let (_, path) = create(&twin).await;
        twin.delete(&path).await.assert_empty(204);
        assert_eq!(twin.get(list_path(&path)).await.json(200), json!({"webhooks": []}));
        twin.get(&path).await.problem(twin.not_found_status());
        twin.patch(&path, json!({})).await.problem(twin.not_found_status());
        twin.delete(&path).await.problem(twin.not_found_status());
    })
    .await;
}

#[tokio::test]
async fn rejects_webhook_of_another_agent() {
    in_both(async |twin| {
        let (created, path) = create(&twin).await;
        let id = text(&created["webhook_id"]);
        let other = format!("/v1/agents/{}/webhooks/{id}", twin.agent());
        twin.get(&other).await.problem(twin.not_found_status());
        twin.delete(&other).await.problem(twin.not_found_status());
        twin.get(&path).await.json(200);
    })
    .await;
}
