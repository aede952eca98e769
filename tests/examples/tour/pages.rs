//! Lists, page after page: agents by cursor, runs by number.

use std::collections::HashSet;

use anyhow::ensure;
use twin_api::types::Run;
use twin_api::{Client, LenientInteger};

use crate::keys::short;
use crate::say::{self, shown};

pub(crate) async fn by_cursor(twin: &Client) -> anyhow::Result<()> {
    say::heading("All agents, three at a time, by cursor");
    let mut page = shown!(twin.list_agents().limit(3).send().await?).into_inner();
    let mut seen = HashSet::new();
    loop {
        let ids: Vec<String> = page.agents.iter().map(|agent| short(&agent.agent_id)).collect();
        say::came(ids.join("  "));
        let Some(cursor) = page.next_cursor else { return Ok(()) };
        // A service that begins again would be followed for ever.
        ensure!(seen.insert(cursor.clone()), "the cursor {cursor} came twice");
        let next = shown!(twin.list_agents().limit(3).cursor(cursor).send().await?);
        page = next.into_inner();
    }
}

pub(crate) async fn by_number(twin: &Client) -> anyhow::Result<()> {
    say::heading("All runs of an agent, two at a time, by page number");
    let agent = "agent_abc123";
    for number in 1.. {
        let page = shown!(twin.list_runs().agent_id(agent).page_size(2).page(number).send().await?);
        let runs: Vec<String> = page.runs.iter().map(one).collect();
        let total = page.total_runs.as_ref().and_then(LenientInteger::get);
        let total = total.map(|total| format!(" (of {total})")).unwrap_or_default();
        say::came(format!("page {number}: {}{total}", runs.join(", ")));
        if page.runs.len() < 2 {
            break;
        }
    }
    Ok(())
}

/// A run in two words.
pub(crate) fn one(run: &Run) -> String {
    format!("{} {}", short(&run.run_id), run.status)
}
