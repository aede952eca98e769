//! A run: launched, followed until it ends, found again after a restart.

use std::time::Duration;

use twin_api::Client;
use twin_api::types::{RunEvent, RunMode, StartRunBody};
use twin_ext::{RunEventExt as _, RunExt as _, RunHandle, RunState, RunTicket, Wait};

use crate::say::{self, shown};

/// A run of the tour takes a second.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn launch(twin: &Client, agent: &str) -> anyhow::Result<RunHandle> {
    say::heading("A run that builds the agent");
    let body = StartRunBody::builder();
    let run = shown!(
        twin.launch(agent, body.run_mode(RunMode::Build).user_message("Read my mail.")).await?
    );
    say::came(format!("run {} is {}", run.run_id(), shown!(run.state().await?)));
    Ok(run)
}

/// Shows each event of a run, until the run has ended and there are no more.
pub(crate) async fn follow(run: &RunHandle) -> anyhow::Result<()> {
    say::heading("Its events, as they come");
    say::call("run.events(), and events.try_next().await?");
    let mut events = run.events();
    while let Some(event) = events.try_next().await? {
        say::came(format!("{}  {}", event.position().unwrap_or_default(), kind(&event)));
        if let Some(text) = event.final_text() {
            say::note(format!("It says: {text}"));
        }
    }
    Ok(())
}

/// A program that was started anew knows the run by its ticket.
pub(crate) async fn resume(twin: &Client, run: RunHandle, agent: &str) -> anyhow::Result<()> {
    say::heading("The run, found again by a program that was restarted");
    let stored = serde_json::to_string(&run.ticket())?;
    drop(run);
    let ticket: RunTicket = serde_json::from_str(&stored)?;
    let run = shown!(twin.resume(ticket));
    let done = shown!(run.wait_with(Wait::default().deadline(PATIENCE)).await?);
    say::came(format!("{} is {}", done.run_id, done.status));
    if let RunState::Finished(Some(outcome)) = shown!(run.state().await?) {
        say::came(format!("and how well it did: {outcome}"));
    }
    let agent = shown!(twin.get_agent().agent_id(agent).send().await?).into_inner().agent;
    say::came(format!("the agent is {} now", agent.deployment_state));
    Ok(())
}

/// What kind of event it is.
pub(crate) fn kind(event: &RunEvent) -> String {
    event.kind().name().unwrap_or("an event of another form").to_owned()
}
