//! Starts a run, waits until it has ended, and prints its result.
//!
//! `TWIN_API_KEY=… cargo run -p twin-ext --example wait_for_run AGENT_ID`
//!
//! The program stores a ticket, with which another process can wait for the same run.
//!
//! A copy of this program also needs the crate `serde_json`.

use std::time::Duration;

use twin_ext::prelude::*;
use twin_ext::twin_api::types::{RunMode, StartRunBody};
use twin_ext::{RunError, Wait};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let agent = std::env::args().nth(1).ok_or("usage: wait_for_run AGENT_ID")?;
    let twin = ClientBuilder::from_env()?.build()?;

    // If the response to the launch is lost, this finds the run by a marker in its message.
    let body = StartRunBody::builder().run_mode(RunMode::Run).user_message("Order 4711.");
    let run = twin.launch_or_find(agent, body).await?;
    let ticket = std::env::temp_dir().join(format!("{}.json", run.run_id()));
    std::fs::write(&ticket, serde_json::to_string(&run.ticket())?)?;
    println!("{} started, its ticket is {}", run.run_id(), ticket.display());

    match run.wait_with(Wait::default().deadline(Duration::from_secs(600))).await {
        Ok(done) => {
            // The handle also reads the outcome, which the run itself does not contain.
            println!("{} ended: {}", done.run_id, run.state().await?);
            if let Some(text) = run.summary().await?.and_then(|summary| summary.summary) {
                println!("{text}");
            }
        }
        Err(error) if error.is_timeout() => println!("it still runs; resume it with its ticket"),
        Err(error) if error.run_error() == Some(&RunError::Paused) => println!("it needs input"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
