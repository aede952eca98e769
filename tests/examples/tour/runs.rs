//! A run: started, and followed until it ends.
//!
//! The API has no GET for one run; where it stands, its list says.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use twin_api::types::{Run, RunEvent, RunMode, StartRunBody};
use twin_api::{Client, Payload};

use crate::say::{self, shown};

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(150);

/// A run of the tour takes a second.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn start(twin: &Client, agent: &str) -> anyhow::Result<String> {
    say::heading("A run that builds the agent");
    let started = shown!(
        twin.start_run()
            .agent_id(agent)
            .body(StartRunBody::builder().run_mode(RunMode::Build).user_message("Read my mail."))
            .send()
            .await?
    );
    let run = started.into_inner().run;
    say::came(format!("run {} is {}", run.run_id, run.status));
    Ok(run.run_id)
}

/// Shows each event of a run once, until the run has ended and there are no more.
pub(crate) async fn follow(twin: &Client, agent: &str, run: &str) -> anyhow::Result<()> {
    say::heading("Its events, as they come");
    say::call("twin.list_run_events().agent_id(agent).run_id(run).after_index(last).send().await?");
    let deadline = Instant::now() + PATIENCE;
    let mut last = 0;
    loop {
        // Asked before the events are: all that led to the end is then among them.
        let state = find(twin, agent, run).await?;
        let events = twin.list_run_events().agent_id(agent).run_id(run);
        let page = events.after_index(last).send().await?;
        let before = last;
        for event in &page.events {
            let index = index(event)?;
            // Not twice, even from a service that ignores `after_index`.
            if index > last {
                say::came(format!("{index}  {}", kind(&event.event)));
                last = index;
            }
        }
        if state.is_finished == Some(true) && last == before {
            say::note(format!("The run is {}: asked again, it had nothing new.", state.status));
            return built(twin, agent).await;
        }
        if Instant::now() > deadline {
            bail!("run {run} is still {} after {PATIENCE:?}", state.status);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn find(twin: &Client, agent: &str, run: &str) -> anyhow::Result<Run> {
    let found = twin.list_runs().agent_id(agent).filter_run_id(run).send().await?.into_inner();
    found.runs.into_iter().next().with_context(|| format!("run {run} is gone"))
}

async fn built(twin: &Client, agent: &str) -> anyhow::Result<()> {
    let agent = shown!(twin.get_agent().agent_id(agent).send().await?).into_inner().agent;
    say::came(format!("the agent is {} now", agent.deployment_state));
    Ok(())
}

/// An event's place, by either of its names.
pub(crate) fn index(event: &RunEvent) -> anyhow::Result<u64> {
    event.event_index.or(event.index).context("an event came without an index")
}

/// What kind of event it is: the first name that is none of the wrappings.
pub(crate) fn kind(payload: &Payload) -> String {
    let mut value: Value = payload.parse().unwrap_or_default();
    while let Some(inner) = value.get_mut("event") {
        value = inner.take();
    }
    let name = value.as_object().and_then(|members| members.keys().next());
    name.cloned().unwrap_or_else(|| "an event of another form".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_in_either_form() {
        let seen = r#"{"agent_id": {"id": "a"}, "event": {"event": {"Tick": {"n": 1}}}}"#;
        for (text, name) in
            [(seen, "Tick"), (r#"{"started": {}}"#, "started"), ("[]", "an event of another form")]
        {
            let payload: Payload = serde_json::from_str(text).unwrap();
            assert_eq!(kind(&payload), name);
        }
    }
}
