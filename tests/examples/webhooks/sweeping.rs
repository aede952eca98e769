//! A look for finished runs that nobody told of: a delivery may be lost, or come while no
//! receiver was there.

use std::time::Duration;

use twin_api::Client;
use twin_ext::prelude::*;

use super::fetching::{Outputs, fetch};

/// Looks every few minutes, for as long as the program runs.
#[expect(dead_code, reason = "the example looks once, and ends")]
pub(crate) async fn sweep_on_a_timer(twin: Client, agent: String, outputs: Outputs) {
    loop {
        tokio::time::sleep(Duration::from_secs(300)).await;
        if let Err(error) = sweep(&twin, &agent, &outputs).await {
            eprintln!("the next look may find more: {error}");
        }
    }
}

/// Fetches the runs that have ended and were not fetched yet; tells which.
pub(crate) async fn sweep(
    twin: &Client,
    agent: &str,
    outputs: &Outputs,
) -> Result<Vec<String>, Error> {
    let mut runs = twin.list_runs().agent_id(agent).page_size(100).items();
    let mut found = Vec::new();
    while let Some(run) = runs.try_next().await? {
        if run.has_ended() && !outputs.has(&run.run_id) {
            fetch(twin, agent, &run.run_id, outputs).await?;
            found.push(run.run_id);
        }
    }
    Ok(found)
}
