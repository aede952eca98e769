//! The rows of agents.

use serde_json::{Value, json};
use twin_api::types::{CreateAgentBody, DeploymentState, RunStatus};

use super::harness::{AGENT, TableRow, TypedRow};

pub(super) fn operation_rows() -> Vec<Box<dyn TableRow>> {
    vec![Box::new(list()), Box::new(create()), Box::new(get()), Box::new(delete())]
}

fn list() -> impl TableRow {
    TypedRow::new(
        "list_agents",
        "GET /v1/agents?cursor=c%2F%2B%3D&limit=20&workspace_id=ws+1%261",
        async |twin| {
            twin.list_agents().workspace_id("ws 1&1").cursor("c/+=").limit(20).send().await
        },
    )
    .documented(200, LIST, |answer| {
        assert_eq!(answer.agents[0].agent_id, "agent_abc123");
        assert_eq!(answer.agents[0].deployment_state, DeploymentState::Deployed);
        assert_eq!(answer.next_cursor, None);
    })
    .observed(
        200,
        json!({"agents": [observed_item(), unknown_values()], "next_cursor": "c2"}),
        |answer| {
            let [observed_item, unknown_values] = answer.agents.as_slice() else {
                panic!("expected two items")
            };
            let name = observed_item.agent_name.as_ref().and_then(|name| name.name.as_deref());
            assert_eq!(name, Some("Mail"));
            assert_eq!(observed_item.deployment_state, DeploymentState::Draft);
            assert_eq!(observed_item.latest_run_status, Some(RunStatus::Completed));
            assert_eq!(
                unknown_values.deployment_state,
                DeploymentState::Unknown("hibernating".to_owned())
            );
            assert_eq!(unknown_values.latest_run_status, Some(RunStatus::from("dreaming")));
            assert_eq!(unknown_values.latest_run_id, None);
            assert_eq!(answer.next_cursor.as_deref(), Some("c2"));
        },
    )
}

fn create() -> impl TableRow {
    TypedRow::new("create_agent", "POST /v1/agents", async |twin| {
        let body = CreateAgentBody::builder()
            .workspace_id("proj_001")
            .owner_user_id("user_123")
            .is_subagent(false)
            .derived_from_agent_id("agent_0")
            .agent_id("agent_1");
        twin.create_agent().body(body).send().await
    })
    .sends(json!({
        "workspace_id": "proj_001", "owner_user_id": "user_123", "is_subagent": false,
        "derived_from_agent_id": "agent_0", "agent_id": "agent_1",
    }))
    .documented(201, CREATED, |answer| {
        assert_eq!(answer.agent.latest_run_id.as_deref(), Some(""));
        assert_eq!(answer.agent.deployment_state, DeploymentState::NotDeployed);
    })
    .observed(200, json!({"agent": unknown_values()}), |answer| {
        assert_eq!(answer.agent.latest_run_id, None);
        assert!(answer.agent.agent_name.is_none());
    })
}

fn get() -> impl TableRow {
    TypedRow::new("get_agent", "GET /v1/agents/a%2Fb%20c", async |twin| {
        twin.get_agent().agent_id(AGENT).send().await
    })
    .documented(200, ONE, |answer| {
        assert_eq!(answer.agent.last_activity_at.as_deref(), Some("2026-02-20T14:30:00Z"));
        assert_eq!(answer.agent.deployed_at.as_deref(), Some("2026-02-18T10:00:00Z"));
    })
    .observed(201, json!({"agent": observed_item()}), |answer| {
        assert_eq!(answer.agent.icon_config.as_deref(), Some(ICON));
        assert_eq!(answer.agent.latest_run_has_pending_input, Some(true));
        assert_eq!(answer.agent.has_instruction_build, Some(true));
    })
}

fn delete() -> impl TableRow {
    TypedRow::new("delete_agent", "DELETE /v1/agents/a%2Fb%20c", async |twin| {
        twin.delete_agent().agent_id(AGENT).send().await
    })
    .without_content()
}

/// Returns the same operations without optional inputs.
pub(super) fn rows_without_optional_inputs() -> Vec<Box<dyn TableRow>> {
    let list = TypedRow::new("list_agents", "GET /v1/agents", async |twin| {
        twin.list_agents().send().await
    });
    let limited = TypedRow::new("list_agents", "GET /v1/agents?limit=20", async |twin| {
        twin.list_agents().limit(20).send().await
    });
    let create = TypedRow::new("create_agent", "POST /v1/agents", async |twin| {
        twin.create_agent().send().await
    })
    .sends(json!({}));
    vec![Box::new(list), Box::new(limited), Box::new(create)]
}

const ICON: &str = r#"{"emoji": "📬"}"#;

/// An agent that has run, as the live service returns it.
fn observed_item() -> Value {
    json!({
        "agent_id": "0196-a", "agent_name": {"name": "Mail"}, "workspace_id": "ws_1",
        "has_runs": true, "has_instruction_build": true, "deployment_state": "draft",
        "latest_run_id": "0196-r", "latest_run_status": "completed",
        "latest_run_is_finished": true, "latest_run_has_pending_input": true,
        "latest_instruction_build_run_id": "0196-b", "icon_config": ICON,
        "last_activity_at": "2026-04-22T09:00:00.123456789+00:00",
    })
}

/// A new agent, with unknown values of its enums.
fn unknown_values() -> Value {
    json!({
        "agent_id": "0196-n", "has_runs": false, "deployment_state": "hibernating",
        "latest_run_status": "dreaming", "latest_run_is_finished": false,
        "workspace_id": null,
    })
}

const LIST: &str = r#"{
  "agents": [
    {
      "agent_id": "agent_abc123",
      "latest_run_id": "run_xyz789",
      "latest_run_is_finished": true,
      "has_runs": true,
      "deployment_state": "deployed"
    }
  ]
}"#;

const CREATED: &str = r#"{
  "agent": {
    "agent_id": "agent_abc123",
    "latest_run_id": "",
    "latest_run_is_finished": false,
    "has_runs": false,
    "workspace_id": "proj_001",
    "deployment_state": "not_deployed"
  }
}"#;

const ONE: &str = r#"{
  "agent": {
    "agent_id": "agent_abc123",
    "latest_run_id": "run_xyz789",
    "last_activity_at": "2026-02-20T14:30:00Z",
    "latest_run_is_finished": true,
    "has_runs": true,
    "workspace_id": "proj_001",
    "deployment_state": "deployed",
    "deployed_at": "2026-02-18T10:00:00Z"
  }
}"#;
