//! All 33 operations of the generated client against the emulator, in both profiles. The emulator
//! checks every request and response against the document.

#![expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]

use std::time::Duration;

use serde_json::Value;
use twin_api::Client;
use twin_api::types::{
    CancelRunBody, CreateAgentBody, CreateApiKeyBody, CreateWebhookBody, CreateWorkspaceBody,
    MoveAgentBody, ReorderWorkspacesBody, RunMode, RunStatus, SetScheduleBody, StartRunBody,
    UpdateInstructionsBody, UpdateWebhookBody, UpdateWorkspaceBody, WebhookEventType,
    WebhookStatus,
};
use twin_tests::emulator::{Emulator, Profile};

const AGENT: &str = "agent_abc123";
const WHILE_A_RUN_TAKES: Duration = Duration::from_secs(3);

#[tokio::test]
async fn every_operation_works_against_both_emulator_profiles() {
    for profile in Profile::ALL {
        let emulator = Emulator::builder(profile).start().await.expect("a free port");
        emulator.with(twin_tests::emulator::World::add_example);
        let twin = twin_api::connect(&emulator.url(), emulator.api_key())
            .expect("the URL is a loopback URL");
        keys(&twin).await;
        workspaces(&twin).await;
        instructions(&twin).await;
        runs(&twin, &emulator).await;
        schedules(&twin, &emulator).await;
        webhooks(&twin).await;
        agents(&twin).await;
        let left_out: Vec<String> =
            operations().into_iter().filter(|id| emulator.count(id) == 0).collect();
        assert!(left_out.is_empty(), "{profile}: {left_out:?} were not called");
    }
}

/// Returns the names of all operations of the document.
pub(crate) fn operations() -> Vec<String> {
    let document: Value =
        serde_json::from_str(twin_tests::vendored::CONTRACT).expect("the text is JSON");
    let paths = document["paths"].as_object().expect("the document has paths");
    let operations =
        paths.values().flat_map(|item| item.as_object().expect("the value is an object").values());
    let ids: Vec<String> =
        operations.filter_map(|o| o["operationId"].as_str().map(str::to_owned)).collect();
    assert_eq!(ids.len(), 33);
    ids
}

async fn keys(twin: &Client) {
    assert_eq!(twin.get_me().send().await.expect("the request succeeds").user_id, "user_123");
    let body = CreateApiKeyBody::builder().name("second");
    let key = twin.create_api_key().body(body).send().await.expect("the request succeeds");
    let keys = || async {
        twin.list_api_keys().send().await.expect("the list is returned").into_inner().keys
    };
    assert_eq!(keys().await.len(), 2);
    let revoked =
        twin.revoke_api_key().key_id(&key.key_id).send().await.expect("the request succeeds");
    assert!(revoked.revoked);
    assert_eq!(keys().await.len(), 1);
}

async fn workspaces(twin: &Client) {
    let body = CreateWorkspaceBody::builder().name("Marketing");
    let created = twin.create_workspace().body(body).send().await.expect("the request succeeds");
    let id = created.into_inner().workspace.workspace_id;
    let body = UpdateWorkspaceBody::builder().name("Sales");
    let updated = twin.update_workspace().workspace_id(&id).body(body).send().await;
    assert_eq!(updated.expect("the request succeeds").workspace.name, "Sales");
    let body = ReorderWorkspacesBody::builder().workspace_ids([id.clone()]);
    twin.reorder_workspaces().body(body).send().await.expect("the request succeeds");
    let listed = twin.list_workspaces().send().await.expect("the list is returned").into_inner();
    assert_eq!(listed.workspaces[0].workspace_id, id);
    let body = MoveAgentBody::builder().workspace_id(&id);
    twin.move_agent().agent_id(AGENT).body(body).send().await.expect("the request succeeds");
    let inside = twin.list_agents().workspace_id(&id).send().await.expect("the list is returned");
    assert_eq!(inside.agents.len(), 1);
    let body = MoveAgentBody::builder().workspace_id("ws_001");
    twin.move_agent().agent_id(AGENT).body(body).send().await.expect("the request succeeds");
    let deleted =
        twin.delete_workspace().workspace_id(&id).send().await.expect("the request succeeds");
    assert!(deleted.deleted);
}

async fn instructions(twin: &Client) {
    for content in ["Check email.", "Check email and Slack."] {
        let body = UpdateInstructionsBody::builder().content(content);
        twin.update_instructions()
            .agent_id(AGENT)
            .body(body)
            .send()
            .await
            .expect("the request succeeds");
    }
    let now = twin.get_instructions().agent_id(AGENT).send().await.expect("the request succeeds");
    let now = now.into_inner().instructions.expect("the instructions exist");
    assert_eq!(now.content, "Check email and Slack.");
    let versions = twin.list_instruction_versions().agent_id(AGENT).send().await;
    assert_eq!(versions.expect("the list is returned").instruction_versions.len(), 2);
}

async fn runs(twin: &Client, emulator: &Emulator) {
    let body = StartRunBody::builder().run_mode(RunMode::Run).user_message("Go.");
    let started = twin.start_run().agent_id(AGENT).body(body).send().await.expect("the run starts");
    let run = started.into_inner().run.run_id;
    let status = || async {
        let listed = twin.list_runs().agent_id(AGENT).filter_run_id(&run).send().await;
        listed.expect("the list is returned").runs[0].status.clone()
    };
    assert_eq!(status().await, RunStatus::InProgress);
    emulator.advance(WHILE_A_RUN_TAKES).await;
    let ended = [RunStatus::Finished, RunStatus::Completed];
    assert!(ended.contains(&status().await));
    let events = twin.list_run_events().agent_id(AGENT).run_id(&run).limit(100).send().await;
    assert!(events.expect("the list is returned").events.len() > 2);
    let body = CancelRunBody::builder().reason("too late");
    let late = twin.cancel_run().agent_id(AGENT).run_id(&run).body(body).send().await;
    assert_eq!(
        late.expect("the cancellation is idempotent").error.as_deref(),
        Some("run already completed")
    );
    twin.delete_run().agent_id(AGENT).run_id(&run).send().await.expect("the request succeeds");
}

async fn schedules(twin: &Client, emulator: &Emulator) {
    let body = SetScheduleBody::builder().cron("0 0 * * * * *");
    twin.set_schedule().agent_id(AGENT).body(body).send().await.expect("the request succeeds");
    let runs = || async {
        twin.list_runs().agent_id(AGENT).send().await.expect("the list is returned").runs.len()
    };
    let before = runs().await;
    emulator.advance(Duration::from_secs(3_600)).await;
    assert_eq!(runs().await, before + 1);
    twin.pause_schedule().agent_id(AGENT).send().await.expect("the request succeeds");
    emulator.advance(Duration::from_secs(3_600)).await;
    assert_eq!(runs().await, before + 1);
    twin.resume_schedule().agent_id(AGENT).send().await.expect("the request succeeds");
    let listed = twin.list_schedules().send().await.expect("the list is returned").into_inner();
    assert_eq!(listed.schedules.len(), 1);
    twin.delete_schedule().agent_id(AGENT).send().await.expect("the request succeeds");
    let none = twin
        .get_schedule()
        .agent_id(AGENT)
        .send()
        .await
        .expect("the request succeeds")
        .into_inner();
    assert!(none.schedule.is_none());
}

async fn webhooks(twin: &Client) {
    let events = [WebhookEventType::RunCompleted];
    let body = CreateWebhookBody::builder().url("https://example.com/webhooks").events(events);
    let created = twin.create_webhook().agent_id(AGENT).body(body).send().await;
    let id = created.expect("the request succeeds").into_inner().webhook_id;
    let body = UpdateWebhookBody::builder().status(WebhookStatus::Disabled);
    let updated = twin.update_webhook().agent_id(AGENT).webhook_id(&id).body(body).send().await;
    assert_eq!(updated.expect("the request succeeds").status, WebhookStatus::Disabled);
    let read = twin.get_webhook().agent_id(AGENT).webhook_id(&id).send().await;
    assert_eq!(read.expect("the request succeeds").status, WebhookStatus::Disabled);
    let listed = || async {
        let listed = twin.list_webhooks().agent_id(AGENT).send().await;
        listed.expect("the list is returned").webhooks.len()
    };
    assert_eq!(listed().await, 1);
    twin.delete_webhook()
        .agent_id(AGENT)
        .webhook_id(&id)
        .send()
        .await
        .expect("the request succeeds");
    assert_eq!(listed().await, 0);
}

async fn agents(twin: &Client) {
    let body = CreateAgentBody::builder().agent_id("agent_of_mine");
    let created = twin.create_agent().body(body).send().await.expect("the request succeeds");
    assert_eq!(created.agent.agent_id, "agent_of_mine");
    twin.delete_agent().agent_id("agent_of_mine").send().await.expect("the request succeeds");
    twin.get_agent().agent_id("agent_of_mine").send().await.expect_err("the agent was deleted");
}
