//! A look for finished runs that nobody told of: a delivery may be lost, or come while no
//! receiver was there.

use std::time::{Duration, SystemTime};

use twin_api::Client;
use twin_ext::prelude::*;

use super::fetching::{Outputs, fetch};

/// How often it looks, and how far a look goes back before the one before it: clocks differ,
/// and a run may show late.
const PAUSE: Duration = Duration::from_secs(300);
const OVERLAP: Duration = Duration::from_secs(3600);

/// Looks every few minutes, for as long as the program runs. `since` is when it last looked, in
/// an earlier life; a program stores it with the outputs.
#[expect(dead_code, reason = "the example looks once, and ends")]
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
            Err(error) => eprintln!("the next look goes as far back: {error}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Fetches the runs that ended since then and were not fetched yet; tells which.
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
