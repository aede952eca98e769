//! An incomplete or invalid request fails before it is sent.

use twin_api::types::{
    CreateApiKeyBody, CreateWebhookBody, RunMode, StartRunBody, UpdateWorkspaceBody,
    WebhookEventType,
};
use twin_api::{ErrorKind, Outcome};

use super::harness::{BoxedCall, boxed_call};
use crate::service;

/// Returns names of required inputs, each with a call that lacks it.
fn calls_without_an_input() -> Vec<(&'static str, BoxedCall<()>)> {
    vec![
        ("run_mode", boxed_call(async |twin| twin.start_run().agent_id("a").send().await)),
        (
            "run_mode",
            boxed_call(async |twin| {
                let body = StartRunBody::builder().user_message("hello");
                twin.start_run().agent_id("a").body(body).send().await
            }),
        ),
        (
            "agent_id",
            boxed_call(async |twin| {
                let body = StartRunBody::builder().run_mode(RunMode::Run);
                twin.start_run().body(body).send().await
            }),
        ),
        (
            "url",
            boxed_call(async |twin| {
                let body =
                    CreateWebhookBody::builder().events(vec![WebhookEventType::RunCompleted]);
                twin.create_webhook().agent_id("a").body(body).send().await
            }),
        ),
        (
            "events",
            boxed_call(async |twin| {
                let body = CreateWebhookBody::builder().url("https://example.com");
                twin.create_webhook().agent_id("a").body(body).send().await
            }),
        ),
        (
            "name",
            boxed_call(async |twin| {
                let body = UpdateWorkspaceBody::builder().icon_config("{}");
                twin.update_workspace().workspace_id("w").body(body).send().await
            }),
        ),
        ("name", boxed_call(async |twin| twin.create_api_key().send().await)),
        ("name", boxed_call(async |twin| twin.create_workspace().send().await)),
        ("cron", boxed_call(async |twin| twin.set_schedule().agent_id("a").send().await)),
        ("content", boxed_call(async |twin| twin.update_instructions().agent_id("a").send().await)),
        ("workspace_id", boxed_call(async |twin| twin.move_agent().agent_id("a").send().await)),
        ("workspace_ids", boxed_call(async |twin| twin.reorder_workspaces().send().await)),
        ("run_id", boxed_call(async |twin| twin.cancel_run().agent_id("a").send().await)),
        ("webhook_id", boxed_call(async |twin| twin.get_webhook().agent_id("a").send().await)),
        ("key_id", boxed_call(async |twin| twin.revoke_api_key().send().await)),
    ]
}

#[tokio::test]
async fn missing_required_input_fails_before_sending() {
    let (server, twin) = service().await;
    for (missing, call) in calls_without_an_input() {
        let error = call(&twin).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
        assert!(error.to_string().contains(missing), "without {missing}: {error:?}");
        assert!(error.operation().is_some() && error.attempts() == 0, "{error:?}");
    }
    assert!(server.take_requests().is_empty());
}

#[tokio::test]
async fn api_key_name_has_1_to_128_characters() {
    let (server, twin) = service().await;
    for (name, is_sent) in
        [("", false), ("é", true), (&"é".repeat(128), true), (&"n".repeat(129), false)]
    {
        let body = CreateApiKeyBody::builder().name(name);
        let error = twin.create_api_key().body(body).send().await.unwrap_err();
        assert_eq!(error.kind() == ErrorKind::InvalidRequest, !is_sent, "{name}: {error:?}");
        assert_eq!(server.take_requests().len(), usize::from(is_sent), "{name}");
    }
}
