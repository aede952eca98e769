//! The rows of webhooks.

use serde_json::{Value, json};
use twin_api::secrecy::ExposeSecret;
use twin_api::types::{CreateWebhookBody, UpdateWebhookBody, WebhookEventType, WebhookStatus};

use super::harness::{AGENT, TableRow, TypedRow, WEBHOOK};

const URL: &str = "https://example.com/webhooks/twin";

pub(super) fn operation_rows() -> Vec<Box<dyn TableRow>> {
    let list = TypedRow::new("list_webhooks", "GET /v1/agents/a%2Fb%20c/webhooks", async |twin| {
        twin.list_webhooks().agent_id(AGENT).send().await
    })
    .documented(200, LIST, |answer| {
        assert_eq!(answer.webhooks[0].user_id, "user_123");
        assert_eq!(answer.webhooks[0].status, WebhookStatus::Active);
    })
    .observed(201, json!({"webhooks": [webhook("active"), webhook("melted")]}), |answer| {
        assert_eq!(answer.webhooks[0].status, WebhookStatus::Active);
        assert_eq!(answer.webhooks[1].status, WebhookStatus::Unknown("melted".to_owned()));
        assert_eq!(answer.webhooks[1].events[1].as_str(), "run.teleported");
    });
    let get = TypedRow::new(
        "get_webhook",
        "GET /v1/agents/a%2Fb%20c/webhooks/w%23%C3%A9",
        async |twin| twin.get_webhook().agent_id(AGENT).webhook_id(WEBHOOK).send().await,
    )
    .documented(200, ONE, |webhook| {
        assert_eq!(webhook.webhook_id, "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(webhook.events, [WebhookEventType::RunCompleted, WebhookEventType::RunFailed]);
    })
    .observed(202, webhook("melted"), |webhook| {
        assert_eq!(webhook.events[0], WebhookEventType::RunPaused);
        assert_eq!(webhook.status.to_string(), "melted");
    });
    let delete = TypedRow::new(
        "delete_webhook",
        "DELETE /v1/agents/a%2Fb%20c/webhooks/w%23%C3%A9",
        async |twin| twin.delete_webhook().agent_id(AGENT).webhook_id(WEBHOOK).send().await,
    )
    .without_content();
    vec![Box::new(create()), Box::new(list), Box::new(get), Box::new(update()), Box::new(delete)]
}

fn create() -> impl TableRow {
    TypedRow::new("create_webhook", "POST /v1/agents/a%2Fb%20c/webhooks", async |twin| {
        let body = CreateWebhookBody::builder().url(URL).events(vec![
            WebhookEventType::RunStarted,
            WebhookEventType::RunCompleted,
            WebhookEventType::RunFailed,
            WebhookEventType::RunStopped,
            WebhookEventType::RunPaused,
            "run.teleported".into(),
        ]);
        twin.create_webhook().agent_id(AGENT).body(body).send().await
    })
    .sends(json!({"url": URL, "events": [
        "run.started", "run.completed", "run.failed", "run.stopped", "run.paused",
        "run.teleported",
    ]}))
    .documented(201, CREATED, |answer| {
        assert_eq!(answer.signing_secret.expose_secret(), "whsec_a1b2c3d4e5f6...");
        assert!(!format!("{answer:?}").contains("whsec_"), "a secret is shown");
        assert_eq!(answer.status, WebhookStatus::Active);
    })
    .observed(200, observed_created(), |answer| {
        assert_eq!(answer.signing_secret.expose_secret(), "whsec_canary");
        assert!(!format!("{answer:?}").contains("canary"), "a secret is shown");
        assert_eq!(answer.events, [WebhookEventType::Unknown("run.teleported".to_owned())]);
        assert_eq!(answer.status, WebhookStatus::from("warming up"));
    })
}

fn update() -> impl TableRow {
    let line = "PATCH /v1/agents/a%2Fb%20c/webhooks/w%23%C3%A9";
    TypedRow::new("update_webhook", line, async |twin| {
        let body = UpdateWebhookBody::builder()
            .url(URL)
            .events(vec![WebhookEventType::RunCompleted])
            .status(WebhookStatus::Disabled);
        twin.update_webhook().agent_id(AGENT).webhook_id(WEBHOOK).body(body).send().await
    })
    .sends(json!({"url": URL, "events": ["run.completed"], "status": "disabled"}))
    .documented(200, UPDATED, |webhook| {
        assert_eq!(webhook.status, WebhookStatus::Disabled);
        assert_eq!(webhook.updated_at, "2026-03-11T13:00:00Z");
    })
    .observed(201, webhook("melted"), |webhook| assert_eq!(webhook.status.as_str(), "melted"))
}

/// Returns the same operations without optional inputs.
pub(super) fn rows_without_optional_inputs() -> Vec<Box<dyn TableRow>> {
    let status = TypedRow::new("update_webhook", "PATCH /v1/agents/a/webhooks/w", async |twin| {
        let body = UpdateWebhookBody::builder().status("disabled");
        twin.update_webhook().agent_id("a").webhook_id("w").body(body).send().await
    })
    .sends(json!({"status": "disabled"}));
    let nothing = TypedRow::new("update_webhook", "PATCH /v1/agents/a/webhooks/w", async |twin| {
        twin.update_webhook().agent_id("a").webhook_id("w").send().await
    })
    .sends(json!({}));
    vec![Box::new(status), Box::new(nothing)]
}

/// A webhook as the live service returns it.
fn webhook(status: &str) -> Value {
    json!({
        "webhook_id": "0196-w", "agent_id": "0196-a", "user_id": "user_1", "url": URL,
        "events": ["run.paused", "run.teleported"], "status": status,
        "created_at": "2026-04-22T09:00:00.123456789+00:00",
        "updated_at": "2026-04-22T09:00:00.123456789+00:00",
    })
}

fn observed_created() -> Value {
    json!({
        "webhook_id": "0196-w", "url": URL, "events": ["run.teleported"],
        "signing_secret": "whsec_canary", "status": "warming up",
        "created_at": "2026-04-22T09:00:00.123456789+00:00",
    })
}

const CREATED: &str = r#"{
  "webhook_id": "01234567-89ab-cdef-0123-456789abcdef",
  "url": "https://example.com/webhooks/twin",
  "events": ["run.completed", "run.failed"],
  "signing_secret": "whsec_a1b2c3d4e5f6...",
  "status": "active",
  "created_at": "2026-03-11T12:00:00Z"
}"#;

const LIST: &str = r#"{
  "webhooks": [
    {
      "webhook_id": "01234567-89ab-cdef-0123-456789abcdef",
      "agent_id": "agent_abc123",
      "user_id": "user_123",
      "url": "https://example.com/webhooks/twin",
      "events": ["run.completed", "run.failed"],
      "status": "active",
      "created_at": "2026-03-11T12:00:00Z",
      "updated_at": "2026-03-11T12:00:00Z"
    }
  ]
}"#;

const ONE: &str = r#"{
  "webhook_id": "01234567-89ab-cdef-0123-456789abcdef",
  "agent_id": "agent_abc123",
  "user_id": "user_123",
  "url": "https://example.com/webhooks/twin",
  "events": ["run.completed", "run.failed"],
  "status": "active",
  "created_at": "2026-03-11T12:00:00Z",
  "updated_at": "2026-03-11T12:00:00Z"
}"#;

const UPDATED: &str = r#"{
  "webhook_id": "01234567-89ab-cdef-0123-456789abcdef",
  "agent_id": "agent_abc123",
  "user_id": "user_123",
  "url": "https://example.com/webhooks/twin",
  "events": ["run.completed", "run.failed"],
  "status": "disabled",
  "created_at": "2026-03-11T12:00:00Z",
  "updated_at": "2026-03-11T13:00:00Z"
}"#;
