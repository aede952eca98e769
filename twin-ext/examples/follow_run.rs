//! Starts a run of an agent and prints its events until it ends.
//!
//! `TWIN_API_KEY=… cargo run -p twin-ext --example follow_run AGENT_ID`

use std::time::Duration;

use twin_ext::prelude::*;
use twin_ext::twin_api::types::{RunMode, StartRunBody};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let agent = std::env::args().nth(1).ok_or("usage: follow_run AGENT_ID")?;
    let twin = ClientBuilder::from_env()?.build()?;

    let body = StartRunBody::builder().run_mode(RunMode::Run).user_message("Read my mail.");
    let run = twin.launch(agent, body).await?;
    println!("{} started", run.run_id());

    // The stream ends when the run ends; it fails if nothing happens for ten minutes.
    let mut events = run.events().idle_limit(Duration::from_secs(600));
    while let Some(event) = events.try_next().await? {
        println!("{}", event.kind().name().unwrap_or("an event without a name"));
        if let Some(text) = event.final_text() {
            println!("{text}");
        }
    }
    println!("{}: {}", run.run_id(), run.state().await?);
    Ok(())
}
