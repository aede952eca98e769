//! Creates an agent.

use twin_api::Client;
use twin_api::types::CreateAgentBody;

use crate::say::{self, shown};

pub(crate) async fn create(twin: &Client) -> anyhow::Result<String> {
    say::heading("Create an agent");
    let created = shown!(twin.create_agent().body(CreateAgentBody::builder()).send().await?);
    let agent = created.into_inner().agent;
    say::result(format!("agent {} is {}", agent.agent_id, agent.deployment_state));
    Ok(agent.agent_id)
}
