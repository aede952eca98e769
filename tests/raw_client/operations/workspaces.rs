//! The rows of workspaces.

use serde_json::{Value, json};
use twin_api::types::{
    CreateWorkspaceBody, MoveAgentBody, ReorderWorkspacesBody, UpdateWorkspaceBody,
};

use super::harness::{AGENT, DONE, TableRow, TypedRow, WORKSPACE};

pub(super) fn operation_rows() -> Vec<Box<dyn TableRow>> {
    let list = TypedRow::new("list_workspaces", "GET /v1/workspaces", async |twin| {
        twin.list_workspaces().send().await
    })
    .documented(200, LIST, |answer| assert_eq!(answer.workspaces[0].name, "My Workspace"))
    .observed(201, json!({"workspaces": [observed_item()]}), |answer| {
        assert_eq!(answer.workspaces[0].agent_count, Some(12.into()));
        assert_eq!(answer.workspaces[0].position, Some(0.into()));
    });
    let create = TypedRow::new("create_workspace", "POST /v1/workspaces", async |twin| {
        let body = CreateWorkspaceBody::builder().name("Marketing Agents");
        twin.create_workspace().body(body).send().await
    })
    .sends(json!({"name": "Marketing Agents"}))
    .documented(201, CREATED, |answer| assert_eq!(answer.workspace.workspace_id, "ws_002"))
    .observed(200, json!({"workspace": observed_item()}), |answer| {
        assert_eq!(answer.workspace.icon_config.as_deref(), Some(ICON));
    });
    let delete =
        TypedRow::new("delete_workspace", "DELETE /v1/workspaces/ws%252F%C3%B6", async |twin| {
            twin.delete_workspace().workspace_id(WORKSPACE).send().await
        })
        .documented(200, DELETED, |answer| assert!(answer.deleted))
        .observed(202, json!({"deleted": true}), |answer| assert!(answer.deleted));
    vec![
        Box::new(list),
        Box::new(create),
        Box::new(update()),
        Box::new(delete),
        Box::new(reorder()),
        Box::new(move_agent()),
    ]
}

fn update() -> impl TableRow {
    TypedRow::new("update_workspace", "PUT /v1/workspaces/ws%252F%C3%B6", async |twin| {
        let body = UpdateWorkspaceBody::builder().name("Renamed Workspace").icon_config(ICON);
        twin.update_workspace().workspace_id(WORKSPACE).body(body).send().await
    })
    .sends(json!({"name": "Renamed Workspace", "icon_config": ICON}))
    .documented(200, UPDATED, |answer| assert_eq!(answer.workspace.name, "Renamed Workspace"))
    .observed(201, json!({"workspace": observed_item()}), |answer| {
        let updated_at = answer.workspace.updated_at.as_deref();
        assert_eq!(updated_at, Some("2026-04-22T09:00:00.123456789+00:00"));
    })
}

fn reorder() -> impl TableRow {
    TypedRow::new("reorder_workspaces", "POST /v1/workspaces/reorder", async |twin| {
        let order = vec!["proj_002".to_owned(), "proj_001".to_owned()];
        let body = ReorderWorkspacesBody::builder().workspace_ids(order);
        twin.reorder_workspaces().body(body).send().await
    })
    .sends(json!({"workspace_ids": ["proj_002", "proj_001"]}))
    .documented(200, DONE, |done| assert!(done.success))
    .observed(201, json!({"success": true}), |done| assert!(done.success))
}

fn move_agent() -> impl TableRow {
    TypedRow::new("move_agent", "POST /v1/agents/a%2Fb%20c/move", async |twin| {
        let body = MoveAgentBody::builder().workspace_id("proj_002");
        twin.move_agent().agent_id(AGENT).body(body).send().await
    })
    .sends(json!({"workspace_id": "proj_002"}))
    .documented(200, DONE, |done| assert!(done.success))
    .observed(201, json!({"success": true}), |done| assert!(done.success))
}

/// Returns the same operation without optional inputs.
pub(super) fn rows_without_optional_inputs() -> Vec<Box<dyn TableRow>> {
    let update = TypedRow::new("update_workspace", "PUT /v1/workspaces/w", async |twin| {
        let body = UpdateWorkspaceBody::builder().name("n");
        twin.update_workspace().workspace_id("w").body(body).send().await
    })
    .sends(json!({"name": "n"}));
    let order = TypedRow::new("reorder_workspaces", "POST /v1/workspaces/reorder", async |twin| {
        let body = ReorderWorkspacesBody::builder().workspace_ids(Vec::new());
        twin.reorder_workspaces().body(body).send().await
    })
    .sends(json!({"workspace_ids": []}));
    vec![Box::new(update), Box::new(order)]
}

const ICON: &str = r##"{"color": "#fff"}"##;

/// A workspace as the live service returns it.
fn observed_item() -> Value {
    json!({
        "workspace_id": "0196-w", "name": "Mail", "agent_count": 12, "position": 0,
        "icon_config": ICON, "created_at": "2026-04-22T09:00:00.123456789+00:00",
        "updated_at": "2026-04-22T09:00:00.123456789+00:00",
    })
}

const LIST: &str = r#"{
  "workspaces": [
    {
      "workspace_id": "ws_001",
      "name": "My Workspace"
    }
  ]
}"#;

const CREATED: &str = r#"{
  "workspace": {
    "workspace_id": "ws_002",
    "name": "Marketing Agents"
  }
}"#;

const UPDATED: &str = r#"{
  "workspace": {
    "workspace_id": "ws_002",
    "name": "Renamed Workspace"
  }
}"#;

const DELETED: &str = r#"{
  "deleted": true
}"#;
