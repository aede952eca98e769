//! Lists agents with twin-ext: every page, with retries and deadlines.

use client::prelude::*;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let twin = ClientBuilder::from_env()?.build()?;
    let mut agents = twin.list_agents().items();
    while let Some(agent) = agents.try_next().await? {
        println!("{}", agent.agent_id);
    }
    Ok(())
}
