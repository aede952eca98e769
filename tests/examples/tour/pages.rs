//! Lists: page after page, as one stream, and gone on with where another program left off.

use anyhow::Context as _;
use twin_api::Client;
use twin_api::types::{Agent, Run};
use twin_ext::{Page, Paginate as _, Position};

use crate::keys::short;
use crate::say::{self, shown};

pub(crate) async fn by_cursor(twin: &Client) -> anyhow::Result<()> {
    say::heading("All agents, three at a time, by cursor");
    let mut pages = shown!(twin.list_agents().limit(3).pages());
    let first = shown!(pages.try_next().await?).context("a list has a page")?;
    say::came(names(&first));
    let stored = serde_json::to_string(&first.next.context("there are more agents than three")?)?;
    say::note("Where it goes on can be stored; from there, as another program would:");

    let position: Position = serde_json::from_str(&stored)?;
    let mut rest = shown!(twin.list_agents().limit(3).pages_from(position));
    while let Some(page) = rest.try_next().await? {
        say::came(names(&page));
    }
    Ok(())
}

pub(crate) async fn by_number(twin: &Client) -> anyhow::Result<()> {
    say::heading("All runs of an agent, as one stream over pages of two");
    let agent = "agent_abc123";
    let mut runs = shown!(twin.list_runs().agent_id(agent).page_size(2).items());
    while let Some(run) = runs.try_next().await? {
        say::came(one(&run));
    }
    Ok(())
}

fn names(page: &Page<Agent>) -> String {
    let ids: Vec<String> = page.items.iter().map(|agent| short(&agent.agent_id)).collect();
    ids.join("  ")
}

/// A run in two words.
pub(crate) fn one(run: &Run) -> String {
    format!("{} {}", short(&run.run_id), run.status)
}
