//! Searches for finished runs whose delivery was lost, or arrived while no receiver was running.

use std::time::{Duration, SystemTime};

use twin_ext::prelude::*;
use twin_ext::twin_api::Client;

use super::fetching::{Outputs, fetch};

/// The time between two searches.
const INTERVAL: Duration = Duration::from_secs(300);
/// The overlap of two searches: clocks differ, and the service may list a run late.
const OVERLAP: Duration = Duration::from_secs(3600);

/// Searches every five minutes. `since` is the time of the last search before the program started; a
/// real program stores it with the outputs.
#[expect(dead_code, reason = "the example searches once")]
pub(crate) async fn sweep_on_a_timer(
    twin: Client,
    agent: String,
    outputs: Outputs,
    mut since: SystemTime,
) {
    loop {
        let now = SystemTime::now();
        match sweep(&twin, &agent, since, &outputs).await {
            Ok(_) => since = now - OVERLAP,
            Err(error) => eprintln!("the search failed and will be repeated: {error}"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Fetches the events of runs that ended after `since` and were not fetched yet. Returns the
/// identifiers of these runs.
pub(crate) async fn sweep(
    twin: &Client,
    agent: &str,
    since: SystemTime,
    outputs: &Outputs,
) -> Result<Vec<String>, Error> {
    let mut runs = twin.finished_since(agent, since);
    let mut found = Vec::new();
    while let Some(run) = runs.try_next().await? {
        if !outputs.has(&run.run_id) {
            fetch(twin, agent, &run.run_id, outputs).await?;
            found.push(run.run_id);
        }
    }
    Ok(found)
}
