//! A function of a program, which can be tested without an account.

use twin_ext::Error;
use twin_ext::prelude::*;
use twin_ext::twin_api::Client;

/// Deletes agents that never ran, and returns how many it deleted.
///
/// # Errors
/// Returns an error if a request fails. Agents that were deleted before the error stay deleted.
pub async fn delete_unused_agents(twin: &Client) -> Result<usize, Error> {
    let mut agents = twin.list_agents().items();
    let mut unused = Vec::new();
    while let Some(agent) = agents.try_next().await? {
        if !agent.has_runs {
            unused.push(agent.agent_id);
        }
    }
    for agent in &unused {
        twin.delete_agent().agent_id(agent).send().await?;
    }
    Ok(unused.len())
}
