//! Lists all agents with the state of their deployment.
//!
//! `TWIN_API_KEY=… cargo run -p twin-ext --example list_agents`

use twin_ext::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let twin = ClientBuilder::from_env()?.build()?;
    let mut agents = twin.list_agents().items();
    let mut count = 0;
    while let Some(agent) = agents.try_next().await? {
        let name = agent.agent_name.and_then(|it| it.name).unwrap_or_else(|| "no name".to_owned());
        println!("{}: {name}, {}", agent.agent_id, agent.deployment_state);
        count += 1;
    }
    println!("{count} agents");
    Ok(())
}
