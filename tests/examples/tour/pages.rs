//! Lists: page by page, as a stream of items, and from a stored position.

use anyhow::Context as _;
use twin_api::Client;
use twin_api::types::{Agent, Run};
use twin_ext::{Page, Paginate as _, Position};

use crate::keys::short;
use crate::say::{self, shown};

pub(crate) async fn by_cursor(twin: &Client) -> anyhow::Result<()> {
    say::heading("List agents in pages of three, by cursor");
    let mut pages = shown!(twin.list_agents().limit(3).pages());
    let first = shown!(pages.try_next().await?).context("the list has no page")?;
    say::result(names(&first));
    let stored = serde_json::to_string(&first.next.context("there are more than three agents")?)?;
    say::note("The position of the next page can be stored, so that another program can continue:");

    let position: Position = serde_json::from_str(&stored)?;
    let mut rest = shown!(twin.list_agents().limit(3).pages_from(position));
    while let Some(page) = rest.try_next().await? {
        say::result(names(&page));
    }
    Ok(())
}

pub(crate) async fn by_number(twin: &Client) -> anyhow::Result<()> {
    say::heading("List all runs of an agent as a stream, with two runs per page");
    let agent = "agent_abc123";
    let mut runs = shown!(twin.list_runs().agent_id(agent).page_size(2).items());
    while let Some(run) = runs.try_next().await? {
        say::result(describe_run(&run));
    }
    Ok(())
}

fn names(page: &Page<Agent>) -> String {
    let ids: Vec<String> = page.items.iter().map(|agent| short(&agent.agent_id)).collect();
    ids.join("  ")
}

/// Formats a run: its identifier and its status.
pub(crate) fn describe_run(run: &Run) -> String {
    format!("{} {}", short(&run.run_id), run.status)
}
