//! Agents: creation, moves and deletion.

use axum::http::Method;
use serde_json::{Value, json};

use super::harness::{ApiResponse, TestEmulator, in_both, list, text, texts};

async fn create(twin: &TestEmulator, body: Value) -> Value {
    twin.post("/v1/agents", body).await.json(201)["agent"].take()
}

#[tokio::test]
async fn creates_agent_in_first_workspace_by_default() {
    in_both(async |twin| {
        twin.workspace("Another").await;
        let first = twin.get("/v1/workspaces").await.json(200)["workspaces"][0].take();
        assert_eq!(create(&twin, json!({})).await["workspace_id"], first["workspace_id"]);
    })
    .await;
}

#[tokio::test]
async fn creates_agent_with_given_identifier() {
    in_both(async |twin| {
        let agent = create(&twin, json!({"agent_id": "agent_mine"})).await;
        assert_eq!(agent["agent_id"], "agent_mine");
        assert_eq!(twin.get("/v1/agents/agent_mine").await.json(200)["agent"], agent);
    })
    .await;
}

#[tokio::test]
async fn creates_agent_with_all_fields() {
    in_both(async |twin| {
        let source = twin.agent();
        let workspace = twin.workspace("Another").await;
        let agent = create(
            &twin,
            json!({
                "workspace_id": workspace, "owner_user_id": "user_456", "is_subagent": true,
                "derived_from_agent_id": source, "agent_id": "a b/c",
            }),
        )
        .await;
        assert_eq!(
            (&agent["agent_id"], &agent["workspace_id"]),
            (&json!("a b/c"), &workspace.into())
        );
        assert_eq!(twin.get("/v1/agents/a%20b%2Fc").await.json(200)["agent"], agent);
    })
    .await;
}

#[tokio::test]
async fn rejects_duplicate_agent_identifier() {
    in_both(async |twin| {
        create(&twin, json!({"agent_id": "agent_mine"})).await;
        twin.post("/v1/agents", json!({"agent_id": "agent_mine"})).await.problem(409);
        assert_eq!(list(&twin.get("/v1/agents").await.json(200)["agents"]).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn rejects_empty_agent_identifier() {
    in_both(async |twin| {
        twin.post("/v1/agents", json!({"agent_id": ""})).await.problem(400);
    })
    .await;
}

#[tokio::test]
async fn derived_agent_has_name_of_its_source() {
    let twin = TestEmulator::observed().await;
    let source = twin.agent();
    twin.with(|world| world.deploy(&source));
    let name =
        twin.get(&format!("/v1/agents/{source}")).await.json(200)["agent"]["agent_name"].take();
    assert!(name["name"].is_string(), "{name}");
    let derived = create(&twin, json!({"derived_from_agent_id": source})).await;
    assert_eq!(derived["agent_name"], name);
}

#[tokio::test]
async fn rejects_creation_from_unknown_agent_or_workspace() {
    in_both(async |twin| {
        for lacking in ["derived_from_agent_id", "workspace_id"] {
            twin.post("/v1/agents", json!({lacking: "none"}))
                .await
                .problem(twin.not_found_status());
        }
        assert_eq!(twin.get("/v1/agents").await.json(200), json!({"agents": []}));
    })
    .await;
}

#[tokio::test]
async fn moved_agent_is_listed_only_in_new_workspace() {
    in_both(async |twin| {
        let agent = twin.agent();
        let [from, to] = [twin.workspace("From").await, twin.workspace("To").await];
        for workspace in [&from, &to] {
            let body = json!({"workspace_id": workspace});
            twin.post(&format!("/v1/agents/{agent}/move"), body).await.assert_success();
        }
        let shown = twin.get(&format!("/v1/agents/{agent}")).await.json(200);
        assert_eq!(shown["agent"]["workspace_id"], to);
        for (workspace, agents) in [(from, Vec::new()), (to, vec![agent])] {
            let page = twin.get(&format!("/v1/agents?workspace_id={workspace}")).await.json(200);
            assert_eq!(texts(&page["agents"], "agent_id"), agents);
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_move_to_unknown_workspace() {
    in_both(async |twin| {
        let agent = twin.agent();
        let path = format!("/v1/agents/{agent}/move");
        twin.post(&path, json!({"workspace_id": "none"})).await.problem(twin.not_found_status());
        let shown = twin.get(&format!("/v1/agents/{agent}")).await.json(200);
        assert_eq!(shown["agent"]["workspace_id"], "ws_001");
    })
    .await;
}

#[tokio::test]
async fn deleted_agent_is_not_listed() {
    in_both(async |twin| {
        let [kept, deleted] = [twin.agent(), twin.agent()];
        twin.delete(&format!("/v1/agents/{deleted}")).await.assert_empty(204);
        assert_eq!(texts(&twin.get("/v1/agents").await.json(200)["agents"], "agent_id"), [kept]);
    })
    .await;
}

/// Every request that concerns one agent, as method, path below the agent, and body.
fn requests() -> Vec<(Method, &'static str, Value)> {
    let no = Value::Null;
    vec![
        (Method::GET, "", no.clone()),
        (Method::DELETE, "", no.clone()),
        (Method::POST, "/move", json!({"workspace_id": "ws_001"})),
        (Method::GET, "/runs", no.clone()),
        (Method::POST, "/runs", json!({"run_mode": "run"})),
        (Method::DELETE, "/runs/r", no.clone()),
        (Method::POST, "/runs/r/cancel", json!({})),
        (Method::GET, "/runs/r/events", no.clone()),
        (Method::POST, "/webhooks", json!({"url": "http://localhost", "events": ["run.failed"]})),
        (Method::GET, "/webhooks", no.clone()),
        (Method::GET, "/webhooks/w", no.clone()),
        (Method::PATCH, "/webhooks/w", json!({})),
        (Method::DELETE, "/webhooks/w", no.clone()),
        (Method::GET, "/schedule", no.clone()),
        (Method::PUT, "/schedule", json!({"cron": "0 0 9 * * * *"})),
        (Method::DELETE, "/schedule", no.clone()),
        (Method::POST, "/schedule/pause", no.clone()),
        (Method::POST, "/schedule/resume", no.clone()),
        (Method::GET, "/instructions", no.clone()),
        (Method::PUT, "/instructions", json!({"content": "c"})),
        (Method::GET, "/instructions/history", no),
    ]
}

#[tokio::test]
async fn all_operations_on_deleted_agent_fail() {
    in_both(async |twin| {
        let agent = twin.agent();
        twin.delete(&format!("/v1/agents/{agent}")).await.assert_empty(204);
        for (method, below, body) in requests() {
            let request = twin.request(method, &format!("/v1/agents/{agent}{below}"));
            let request = if body.is_null() { request } else { request.json(&body) };
            let problem = ApiResponse::to(request).await.problem(twin.not_found_status());
            let detail = text(&problem["detail"]);
            let seen = detail == "you do not have access to this agent";
            assert_eq!(seen, twin.is_observed(), "{below}: {detail}");
        }
    })
    .await;
}

#[tokio::test]
async fn agent_with_reused_identifier_has_no_old_data() {
    in_both(async |twin| {
        create(&twin, json!({"agent_id": "agent_mine"})).await;
        twin.start_manual_run("agent_mine");
        twin.delete("/v1/agents/agent_mine").await.assert_empty(204);
        let again = create(&twin, json!({"agent_id": "agent_mine"})).await;
        assert_eq!(again["has_runs"], false);
    })
    .await;
}
