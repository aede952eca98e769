//! Decides what to do after a failure: stop, try again later, or check what happened.
//!
//! `TWIN_API_KEY=… cargo run -p twin-ext --example handle_errors AGENT_ID`

use twin_ext::prelude::*;
use twin_ext::twin_api::types::{RunMode, StartRunBody};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let agent = std::env::args().nth(1).ok_or("usage: handle_errors AGENT_ID")?;
    let twin = ClientBuilder::from_env()?.build()?;

    let body = StartRunBody::builder().run_mode(RunMode::Run);
    match twin.start_run().agent_id(&agent).body(body).send().await {
        Ok(started) => println!("{} started", started.run.run_id),
        Err(error) if error.is_unauthorized() => println!("the API key is not valid"),
        // The service also answers 403 for an agent that was deleted.
        Err(error) if error.is_not_found() || error.is_forbidden() => println!("no such agent"),
        // No run was started, and the cause may pass.
        Err(error) if error.is_retryable() => println!("try again later: {error}"),
        Err(error) if error.outcome().may_have_happened() => {
            println!("a run may have started: {error}");
            let newest = twin.list_runs().agent_id(&agent).page_size(5).send().await?.into_inner();
            newest.runs.iter().for_each(|run| println!("{} at {}", run.run_id, run.started_at));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
