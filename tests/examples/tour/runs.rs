//! Runs: start a run, read its events, and resume it after a restart.

use std::time::Duration;

use twin_api::Client;
use twin_api::types::{RunEvent, RunMode, StartRunBody};
use twin_ext::{RunEventExt as _, RunExt as _, RunHandle, RunState, RunTicket, Wait};

use crate::say::{self, shown};

/// The deadline of a run, which takes a second in the tour.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) async fn launch(twin: &Client, agent: &str) -> anyhow::Result<RunHandle> {
    say::heading("Start a run that builds the agent");
    let body = StartRunBody::builder();
    let run = shown!(
        twin.launch(agent, body.run_mode(RunMode::Build).user_message("Read my mail.")).await?
    );
    say::result(format!("run {} is {}", run.run_id(), shown!(run.state().await?)));
    Ok(run)
}

/// Prints each event of a run until the run ends.
pub(crate) async fn follow(run: &RunHandle) -> anyhow::Result<()> {
    say::heading("Follow the events of the run");
    say::call("run.events(), and events.try_next().await?");
    let mut events = run.events();
    while let Some(event) = events.try_next().await? {
        say::result(format!("{}  {}", event.position().unwrap_or_default(), kind(&event)));
        if let Some(text) = event.final_text() {
            say::note(format!("final text: {text}"));
        }
    }
    Ok(())
}

/// Resumes the run from its ticket, as a restarted program would.
pub(crate) async fn resume(twin: &Client, run: RunHandle, agent: &str) -> anyhow::Result<()> {
    say::heading("Resume the run after a restart");
    let stored = serde_json::to_string(&run.ticket())?;
    drop(run);
    let ticket: RunTicket = serde_json::from_str(&stored)?;
    let run = shown!(twin.resume(ticket));
    let done = shown!(run.wait_with(Wait::default().deadline(DEADLINE)).await?);
    say::result(format!("run {} is {}", done.run_id, done.status));
    if let RunState::Finished(Some(outcome)) = shown!(run.state().await?) {
        say::result(format!("outcome: {outcome}"));
    }
    let agent = shown!(twin.get_agent().agent_id(agent).send().await?).into_inner().agent;
    say::result(format!("the agent is now {}", agent.deployment_state));
    Ok(())
}

/// Returns the kind of an event, such as `ToolCallStarted`.
pub(crate) fn kind(event: &RunEvent) -> String {
    event.kind().name().unwrap_or("unknown kind").to_owned()
}
