//! What goes wrong: a refusal by the service, and a request that is not even sent.

use anyhow::{Context as _, ensure};
use twin_api::Client;
use twin_ext::Outcome;

use crate::say::{self, shown};

pub(crate) async fn refused(twin: &Client) -> anyhow::Result<()> {
    say::heading("A problem, and what it says");
    let refused = shown!(twin.get_agent().agent_id("agent_of_somebody_else").send().await);
    let error = refused.err().context("the service should have refused")?;
    let problem = error.problem().context("a refusal is a problem")?;
    let status = error.status().map(|status| status.as_u16()).unwrap_or_default();
    say::came(format!("error.status()       is {status}"));
    say::came(format!("error.is_forbidden() is {}", error.is_forbidden()));
    say::came(format!("error.outcome()      is {:?}", error.outcome()));
    let detail = problem.detail.as_deref().unwrap_or("nothing");
    say::came(format!("error.problem()      says: {detail}"));
    say::note("Whatever form a refusal has, it comes as this one type.");
    Ok(())
}

pub(crate) async fn not_sent(twin: &Client, agent: &str) -> anyhow::Result<()> {
    say::heading("An identifier that would hit another target");
    let refused = shown!(twin.delete_run().agent_id(agent).run_id("..").send().await);
    let error = refused.err().context("it should have been refused")?;
    ensure!(error.outcome() == Outcome::NotSent, "it was sent: {error}");
    say::came(&error);
    say::note("Nothing was sent: `..` would have deleted the agent itself.");
    let agent = shown!(twin.get_agent().agent_id(agent).send().await?).into_inner().agent;
    say::came(format!("{} is still {}", agent.agent_id, agent.deployment_state));
    Ok(())
}
