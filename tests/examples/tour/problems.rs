//! What goes wrong: a refusal by the service, and a request that is not even sent.

use anyhow::bail;
use twin_api::{Client, Error};

use crate::say::{self, shown};

pub(crate) async fn refused(twin: &Client) -> anyhow::Result<()> {
    say::heading("A problem, and what it says");
    match shown!(twin.get_agent().agent_id("agent_of_somebody_else").send().await) {
        Err(Error::ErrorResponse(problem)) => {
            say::came(format!("status  {}", problem.status().as_u16()));
            say::came(format!("title   {}", problem.title.as_deref().unwrap_or("(none)")));
            say::came(format!("detail  {}", problem.detail.as_deref().unwrap_or("(none)")));
            say::note("Whatever form a refusal has, it comes as this one type.");
            Ok(())
        }
        other => bail!("the service should have refused, but: {other:?}"),
    }
}

pub(crate) async fn not_sent(twin: &Client, agent: &str) -> anyhow::Result<()> {
    say::heading("An identifier that would hit another target");
    match shown!(twin.delete_run().agent_id(agent).run_id("..").send().await) {
        Err(Error::InvalidRequest(reason)) => {
            say::came(reason);
            say::note("Nothing was sent: `..` would have deleted the agent itself.");
        }
        other => bail!("it should have been refused before it was sent, but: {other:?}"),
    }
    let agent = shown!(twin.get_agent().agent_id(agent).send().await?).into_inner().agent;
    say::came(format!("{} is still {}", agent.agent_id, agent.deployment_state));
    Ok(())
}
