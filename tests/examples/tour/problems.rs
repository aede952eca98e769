//! Errors: an error response of the service, and a request that the client refuses to send.

use anyhow::{Context as _, ensure};
use twin_api::Client;
use twin_ext::Outcome;

use crate::say::{self, shown};

pub(crate) async fn refused(twin: &Client) -> anyhow::Result<()> {
    say::heading("Read the problem details of an error");
    let refused = shown!(twin.get_agent().agent_id("agent_of_somebody_else").send().await);
    let error = refused.err().context("the service returned an agent that does not exist")?;
    let problem = error.problem().context("the error has no problem details")?;
    let status = error.status().map(|status| status.as_u16()).unwrap_or_default();
    say::result(format!("error.status()       is {status}"));
    say::result(format!("error.is_forbidden() is {}", error.is_forbidden()));
    say::result(format!("error.outcome()      is {:?}", error.outcome()));
    let detail = problem.detail.as_deref().unwrap_or("nothing");
    say::result(format!("error.problem()      has the detail: {detail}"));
    say::note("The client converts every form of error response to this type.");
    Ok(())
}

pub(crate) async fn not_sent(twin: &Client, agent: &str) -> anyhow::Result<()> {
    say::heading("Reject an identifier that would change the path");
    let refused = shown!(twin.delete_run().agent_id(agent).run_id("..").send().await);
    let error = refused.err().context("the client accepted `..` as an identifier")?;
    ensure!(error.outcome() == Outcome::NotSent, "the client sent the request: {error}");
    say::result(&error);
    say::note(
        "The client sent no request: with `..`, it would have deleted the agent instead of a run.",
    );
    let agent = shown!(twin.get_agent().agent_id(agent).send().await?).into_inner().agent;
    say::result(format!("agent {} is still {}", agent.agent_id, agent.deployment_state));
    Ok(())
}
