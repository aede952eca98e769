//! A command-line tool: `cli agents`, `cli show AGENT` and `cli run AGENT MESSAGE`. The key is in
//! `TWIN_API_KEY`.

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use twin_ext::prelude::*;
use twin_ext::twin_api::types::{RunMode, StartRunBody};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List all agents
    Agents,
    /// Show one agent
    Show { agent: String },
    /// Start a run and wait for its end
    Run { agent: String, message: String },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let command = Cli::parse().command;
    let twin = ClientBuilder::from_env()?.build()?;
    match command {
        Command::Agents => {
            let mut agents = twin.list_agents().items();
            while let Some(agent) = agents.try_next().await? {
                println!("{} {}", agent.agent_id, agent.deployment_state);
            }
        }
        Command::Show { agent } => {
            let response = twin.get_agent().agent_id(&agent).send().await;
            let agent = response.with_context(|| format!("cannot show {agent}"))?.into_inner().agent;
            println!("{} {}", agent.agent_id, agent.deployment_state);
        }
        Command::Run { agent, message } => {
            let body = StartRunBody::builder().run_mode(RunMode::Run).user_message(message);
            let run = twin.launch(agent, body).await?;
            let run = run.wait().await?.require_success()?;
            println!("{} is {}", run.run_id, run.state());
        }
    }
    Ok(())
}
