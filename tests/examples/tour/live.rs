//! The read-only part of the tour, for a real account.
//!
//! It shows only the kinds of events, because the payloads of an account are private.

use twin_api::types::Agent;
use twin_api::{Client, LenientInteger};
use twin_ext::Paginate as _;

use crate::keys::{self, short};
use crate::say::{self, shown};
use crate::{pages, runs, schedules};

/// The maximum number of pages of agents to read.
const MAX_PAGES: usize = 3;

/// The maximum number of items of a list to show.
const MAX_SHOWN: usize = 5;

pub(crate) async fn read_account(twin: &Client) -> anyhow::Result<()> {
    keys::show_owner(twin).await?;
    let agents = first_agents(twin).await?;
    match agents.iter().find(|agent| agent.has_runs).or(agents.first()) {
        Some(agent) => read_agent(twin, &agent.agent_id).await?,
        None => say::note(
            "The account has no agent, so there are no runs, events and webhooks to show.",
        ),
    }
    all_schedules(twin).await?;
    workspaces(twin).await
}

async fn first_agents(twin: &Client) -> anyhow::Result<Vec<Agent>> {
    say::heading("The first agents, by cursor");
    let mut agents = Vec::new();
    let mut pages = shown!(twin.list_agents().pages());
    for _ in 0..MAX_PAGES {
        let Some(mut page) = pages.try_next().await? else { return Ok(agents) };
        list(&page.items, |agent| {
            format!("{} is {}", short(&agent.agent_id), agent.deployment_state)
        });
        agents.append(&mut page.items);
        if page.next.is_none() {
            return Ok(agents);
        }
    }
    say::note("There are more pages.");
    Ok(agents)
}

/// Shows the latest runs of an agent, the events of the latest run, and the webhooks.
async fn read_agent(twin: &Client, agent: &str) -> anyhow::Result<()> {
    say::heading(&format!("The latest runs of {}", short(agent)));
    let page = shown!(twin.list_runs().agent_id(agent).page_size(5).send().await?).into_inner();
    list(&page.runs, pages::describe_run);
    if let Some(total) = page.total_runs.as_ref().and_then(LenientInteger::get) {
        say::note(format!("{total} runs in total"));
    }
    if let Some(run) = page.runs.first() {
        events(twin, agent, &run.run_id).await?;
    }
    say::heading("The webhooks of the agent");
    let webhooks = shown!(twin.list_webhooks().agent_id(agent).send().await?).into_inner();
    list(&webhooks.webhooks, |webhook| {
        format!("{} is {}", short(&webhook.webhook_id), webhook.status)
    });
    Ok(())
}

async fn events(twin: &Client, agent: &str, run: &str) -> anyhow::Result<()> {
    say::heading("The events of the latest run");
    let events = twin.list_run_events().agent_id(agent).run_id(run);
    let page = shown!(events.limit(20).send().await?).into_inner();
    list(&page.events, runs::kind);
    Ok(())
}

async fn all_schedules(twin: &Client) -> anyhow::Result<()> {
    say::heading("All schedules");
    let page = shown!(twin.list_schedules().send().await?).into_inner();
    list(&page.schedules, schedules::describe);
    Ok(())
}

async fn workspaces(twin: &Client) -> anyhow::Result<()> {
    say::heading("The workspaces");
    let page = shown!(twin.list_workspaces().send().await?).into_inner();
    list(&page.workspaces, |workspace| workspace.name.clone());
    Ok(())
}

fn list<T>(items: &[T], mut line: impl FnMut(&T) -> String) {
    items.iter().take(MAX_SHOWN).for_each(|item| say::result(line(item)));
    match items.len().saturating_sub(MAX_SHOWN) {
        0 if items.is_empty() => say::result("none"),
        0 => {}
        more => say::note(format!("and {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use twin_emulator::{Emulator, Profile, World};

    use super::*;
    use crate::read_only::{self, ReadOnly};

    #[tokio::test]
    async fn live_tour_sends_only_get_requests_in_both_profiles() {
        for profile in Profile::ALL {
            let emulator = Emulator::builder(profile).start().await.unwrap();
            emulator.with(|world| world.add_agents(20));
            emulator.with(World::add_example);
            let transport = ReadOnly::default();
            let twin =
                read_only::connect(&emulator.url(), emulator.api_key(), transport.clone()).unwrap();
            read_account(&twin).await.unwrap();
            let exchanges = emulator.take_exchanges();
            assert_eq!(exchanges.len(), transport.sent());
            assert!(exchanges.iter().all(|exchange| exchange.request.method == "GET"));
            for operation in ["get_me", "list_run_events", "list_webhooks", "list_workspaces"] {
                assert_eq!(emulator.count(operation), 1, "{operation} under {profile}");
            }
        }
    }

    #[tokio::test]
    async fn live_tour_accepts_empty_account() {
        let emulator = Emulator::builder(Profile::Observed).start().await.unwrap();
        let twin = twin_api::connect(&emulator.url(), emulator.api_key()).unwrap();
        read_account(&twin).await.unwrap();
        assert_eq!(emulator.count("list_runs"), 0);
    }
}
