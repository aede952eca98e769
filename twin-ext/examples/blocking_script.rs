//! A script without async: starts a run of each deployed agent and waits for the results.
//!
//! `TWIN_API_KEY=… cargo run -p twin-ext --features blocking --example blocking_script`

use twin_ext::prelude::*;
use twin_ext::twin_api::types::{DeploymentState, RunMode, StartRunBody};

fn main() -> Result<(), Error> {
    let twin = ClientBuilder::from_env()?.build()?;
    println!("I am {}", twin.get_me().blocking()?.user_id);

    for agent in twin.list_agents().items().blocking()? {
        let agent = agent?;
        if agent.deployment_state != DeploymentState::Deployed {
            continue;
        }
        let body = StartRunBody::builder().run_mode(RunMode::Run);
        let run = twin.launch(agent.agent_id, body).blocking()?;
        let done = run.wait().blocking()?;
        println!("{}: {}", done.run_id, done.state());
    }
    Ok(())
}
