//! All operations: the call, the expected request, and a response to it.

use std::pin::Pin;

use twin_api::Client;
use twin_api::types::{
    CancelRunBody, CreateAgentBody, CreateApiKeyBody, CreateWebhookBody, CreateWorkspaceBody,
    MoveAgentBody, ReorderWorkspacesBody, RunMode, SetScheduleBody, StartRunBody,
    UpdateInstructionsBody, UpdateWebhookBody, UpdateWorkspaceBody, WebhookEventType,
};
use twin_ext::Error;
use twin_tests::raw::{Script, answer, json};

/// A secret in the responses. Only `expose_secret` may show it.
pub(crate) const SECRET: &str = "whsec_canary";

/// The error of the raw client.
pub(crate) type RawError = twin_api::Error;

type PendingText = Pin<Box<dyn Future<Output = Result<String, RawError>> + Send>>;

/// An operation and a call of it.
pub(crate) struct SampleOperation {
    pub(crate) name: &'static str,
    /// Method and target.
    pub(crate) line: &'static str,
    pub(crate) status: u16,
    /// The shortest complete response.
    pub(crate) body: &'static str,
    /// Calls the operation and formats the result with `Debug`.
    call: fn(Client) -> PendingText,
    /// Formats the builder with `Debug`.
    pub(crate) shown: fn(&Client) -> String,
}

impl SampleOperation {
    /// Returns the operation with this name.
    pub(crate) fn of(name: &str) -> &'static Self {
        let found = OPERATIONS.iter().find(|operation| operation.name == name);
        found.unwrap_or_else(|| panic!("no operation is called {name}"))
    }

    pub(crate) async fn call(&self, twin: &Client) -> Result<String, Error> {
        Ok(self.call_raw(twin).await?)
    }

    pub(crate) async fn call_raw(&self, twin: &Client) -> Result<String, RawError> {
        (self.call)(twin.clone()).await
    }

    pub(crate) fn method(&self) -> &'static str {
        self.line.split(' ').next().unwrap_or_default()
    }

    /// Whether the operation may be retried after an unknown outcome.
    pub(crate) fn is_idempotent(&self) -> bool {
        matches!(self.method(), "GET" | "PUT" | "DELETE") || self.name == "cancel_run"
    }

    /// Returns a script that sends the response.
    pub(crate) fn answer(&self) -> Script {
        match self.body {
            "" => answer(self.status, "", ""),
            body => json(self.status, body),
        }
    }
}

macro_rules! operations {
    ($($name:ident: $line:literal, $status:literal, $body:expr, |$twin:ident| $call:expr;)*) => {
        &[$(SampleOperation {
            name: stringify!($name),
            line: $line,
            status: $status,
            body: $body,
            call: |$twin| Box::pin(async move {
                Ok(format!("{:?}", $call.send().await?.into_inner()))
            }),
            shown: |$twin| format!("{:?} {:#?}", $call, $call),
        }),*]
    };
}

// Objects that occur in several responses.
macro_rules! agent {
    () => {
        r#"{"agent_id":"a","deployment_state":"draft","has_runs":true,"latest_run_is_finished":true}"#
    };
}
macro_rules! run {
    () => {
        r#"{"agent_id":"a","run_id":"r","started_at":"t","status":"in_progress"}"#
    };
}
macro_rules! webhook {
    () => {
        r#"{"agent_id":"a","created_at":"t","events":[],"status":"active","updated_at":"t","url":"u","user_id":"u","webhook_id":"w"}"#
    };
}

const DONE: &str = r#"{"success":true}"#;

pub(crate) const OPERATIONS: &[SampleOperation] = operations! {
    list_api_keys: "GET /api/public/v1/access-api-keys", 200,
        r#"{"keys":[{"created_at":1,"display_prefix":"p","key_id":"k","name":"n"}]}"#,
        |twin| twin.list_api_keys();
    create_api_key: "POST /api/public/v1/access-api-keys", 201,
        r#"{"api_key":"whsec_canary","created_at":1,"display_prefix":"p","key_id":"k","name":"n"}"#,
        |twin| twin.create_api_key().body(CreateApiKeyBody::builder().name("n"));
    revoke_api_key: "DELETE /api/public/v1/access-api-keys/k", 200, r#"{"revoked":true}"#,
        |twin| twin.revoke_api_key().key_id("k");
    get_me: "GET /v1/me", 200, r#"{"user_id":"u"}"#, |twin| twin.get_me();
    list_agents: "GET /v1/agents?limit=2", 200,
        concat!(r#"{"agents":["#, agent!(), r#"],"next_cursor":"c"}"#),
        |twin| twin.list_agents().limit(2);
    create_agent: "POST /v1/agents", 201, concat!(r#"{"agent":"#, agent!(), "}"),
        |twin| twin.create_agent().body(CreateAgentBody::builder());
    get_agent: "GET /v1/agents/a", 200, concat!(r#"{"agent":"#, agent!(), "}"),
        |twin| twin.get_agent().agent_id("a");
    delete_agent: "DELETE /v1/agents/a", 204, "", |twin| twin.delete_agent().agent_id("a");
    move_agent: "POST /v1/agents/a/move", 200, DONE,
        |twin| twin.move_agent().agent_id("a").body(MoveAgentBody::builder().workspace_id("ws"));
    list_runs: "GET /v1/agents/a/runs", 200,
        concat!(r#"{"runs":["#, run!(), r#"],"total_runs":"1"}"#),
        |twin| twin.list_runs().agent_id("a");
    start_run: "POST /v1/agents/a/runs", 201, concat!(r#"{"run":"#, run!(), "}"),
        |twin| twin.start_run().agent_id("a").body(StartRunBody::builder().run_mode(RunMode::Run));
    delete_run: "DELETE /v1/agents/a/runs/r", 204, "",
        |twin| twin.delete_run().agent_id("a").run_id("r");
    cancel_run: "POST /v1/agents/a/runs/r/cancel", 200, DONE,
        |twin| twin.cancel_run().agent_id("a").run_id("r").body(CancelRunBody::builder());
    list_run_events: "GET /v1/agents/a/runs/r/events", 200,
        r#"{"events":[{"event_index":7,"event":{"a":[1]}}],"total_count":1}"#,
        |twin| twin.list_run_events().agent_id("a").run_id("r");
    create_webhook: "POST /v1/agents/a/webhooks", 201,
        r#"{"created_at":"t","events":[],"signing_secret":"whsec_canary","status":"active","url":"u","webhook_id":"w"}"#,
        |twin| twin.create_webhook().agent_id("a").body(
            CreateWebhookBody::builder().url("https://x.test").events(vec![WebhookEventType::RunCompleted]));
    list_webhooks: "GET /v1/agents/a/webhooks", 200,
        concat!(r#"{"webhooks":["#, webhook!(), "]}"),
        |twin| twin.list_webhooks().agent_id("a");
    get_webhook: "GET /v1/agents/a/webhooks/w", 200, webhook!(),
        |twin| twin.get_webhook().agent_id("a").webhook_id("w");
    update_webhook: "PATCH /v1/agents/a/webhooks/w", 200, webhook!(),
        |twin| twin.update_webhook().agent_id("a").webhook_id("w").body(UpdateWebhookBody::builder());
    delete_webhook: "DELETE /v1/agents/a/webhooks/w", 204, "",
        |twin| twin.delete_webhook().agent_id("a").webhook_id("w");
    get_schedule: "GET /v1/agents/a/schedule", 200,
        r#"{"schedule":{"cron":"* * * * *","paused":false}}"#,
        |twin| twin.get_schedule().agent_id("a");
    set_schedule: "PUT /v1/agents/a/schedule", 200, DONE,
        |twin| twin.set_schedule().agent_id("a").body(SetScheduleBody::builder().cron("* * * * *"));
    delete_schedule: "DELETE /v1/agents/a/schedule", 200, DONE,
        |twin| twin.delete_schedule().agent_id("a");
    pause_schedule: "POST /v1/agents/a/schedule/pause", 200, DONE,
        |twin| twin.pause_schedule().agent_id("a");
    resume_schedule: "POST /v1/agents/a/schedule/resume", 200, DONE,
        |twin| twin.resume_schedule().agent_id("a");
    list_schedules: "GET /v1/schedules", 200,
        r#"{"schedules":[{"cron":"* * * * *","paused":true}]}"#,
        |twin| twin.list_schedules();
    get_instructions: "GET /v1/agents/a/instructions", 200,
        r#"{"instructions":{"content":"c"}}"#,
        |twin| twin.get_instructions().agent_id("a");
    update_instructions: "PUT /v1/agents/a/instructions", 200, DONE,
        |twin| twin.update_instructions().agent_id("a").body(
            UpdateInstructionsBody::builder().content("c"));
    list_instruction_versions: "GET /v1/agents/a/instructions/history", 200,
        r#"{"instruction_versions":[{"content":"c","created_at":"t"}]}"#,
        |twin| twin.list_instruction_versions().agent_id("a");
    list_workspaces: "GET /v1/workspaces", 200,
        r#"{"workspaces":[{"name":"n","workspace_id":"ws"}]}"#,
        |twin| twin.list_workspaces();
    create_workspace: "POST /v1/workspaces", 201,
        r#"{"workspace":{"name":"n","workspace_id":"ws"}}"#,
        |twin| twin.create_workspace().body(CreateWorkspaceBody::builder().name("n"));
    update_workspace: "PUT /v1/workspaces/ws", 200,
        r#"{"workspace":{"name":"n","workspace_id":"ws"}}"#,
        |twin| twin.update_workspace().workspace_id("ws").body(UpdateWorkspaceBody::builder().name("n"));
    delete_workspace: "DELETE /v1/workspaces/ws", 200, r#"{"deleted":true}"#,
        |twin| twin.delete_workspace().workspace_id("ws");
    reorder_workspaces: "POST /v1/workspaces/reorder", 200, DONE,
        |twin| twin.reorder_workspaces().body(
            ReorderWorkspacesBody::builder().workspace_ids(vec!["ws".to_owned()]));
};

/// Returns the operations that must not be retried after an unknown outcome, such as `start_run`.
pub(crate) fn non_idempotent() -> impl Iterator<Item = &'static SampleOperation> {
    OPERATIONS.iter().filter(|operation| !operation.is_idempotent())
}

/// Returns the idempotent operations.
pub(crate) fn idempotent() -> impl Iterator<Item = &'static SampleOperation> {
    OPERATIONS.iter().filter(|operation| operation.is_idempotent())
}

mod tests {
    use twin_tests::raw::RawRequest;

    use super::*;
    use crate::harness::ClientRig;

    #[tokio::test]
    async fn every_operation_sends_its_request_and_names_its_path_in_errors() {
        let rig = ClientRig::new().await;
        assert_eq!(OPERATIONS.len(), 33);
        for operation in OPERATIONS {
            rig.raw.always(operation.answer());
            operation.call(&rig.twin).await.expect(operation.name);
            let requests = rig.raw.take_requests();
            assert_eq!(requests.iter().map(RawRequest::line).collect::<Vec<_>>(), [operation.line]);
            let (error, failed_call) =
                rig.expect_failure(operation, json(403, r#"{"detail":"no"}"#)).await;
            assert!(error.is_forbidden() && failed_call.sent == 1, "{error}");
            let target = operation.line.split(' ').nth(1).unwrap_or_default();
            assert_eq!(error.path(), target.split('?').next(), "{error}");
        }
        assert!(rig.clock.pauses().is_empty());
        assert_eq!(non_idempotent().count(), 10);
    }
}
