//! Starts a run, once.
//!
//! What may have happened is not done again: the service takes no key by which it would know
//! a second request for the first. [`or_find`] looks for what was started where the answer
//! was lost, and takes nothing for it that is not proven to be.

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use twin_api::Client;
use twin_api::types::{Run, StartRunBody};

use super::wait::is_passing;
use super::{RunHandle, Wait};
use crate::clock::Clock;
use crate::error::{Detail, Error, ErrorKind, Outcome};
use crate::policy;

/// For so long a run whose answer was lost is looked for.
const SEARCH: Duration = Duration::from_secs(30);

/// So many runs are looked at before and after. Newer ones come first.
const RUNS: i64 = 100;

/// So many events of a run are looked at: what it was told is among the first.
const EVENTS: i64 = 20;

/// So many new runs are looked into at a time; more than come into question by far.
const CANDIDATES: usize = 20;

/// The body, checked before anything is sent.
pub(super) fn body<B>(body: B) -> Result<StartRunBody, Error>
where
    B: TryInto<StartRunBody>,
    B::Error: fmt::Display,
{
    body.try_into().map_err(|error| {
        let message = format!("the body of the run is not complete: {error}");
        Detail::new(ErrorKind::InvalidRequest, Outcome::NotSent, message).into()
    })
}

pub(super) async fn launch(
    client: Client,
    agent_id: String,
    body: StartRunBody,
) -> Result<RunHandle, Error> {
    let answer = client.start_run().agent_id(&*agent_id).body(body).send().await?;
    let run = answer.into_inner().run;
    if run.run_id.trim().is_empty() {
        let message = format!("agent {agent_id} has a new run, and the service does not say which");
        return Err(Detail::new(ErrorKind::Run, Outcome::Accepted, message).into());
    }
    Ok(RunHandle { client, agent_id, run_id: run.run_id.clone(), started: Some(Arc::new(run)) })
}

pub(super) async fn or_find(
    client: Client,
    agent_id: String,
    mut body: StartRunBody,
) -> Result<RunHandle, Error> {
    let clock = policy::clock_of(&client);
    let mark = mark(&*clock);
    let known = runs(&client, &agent_id).await?;
    let known = known.into_iter().map(|run| run.run_id).collect();
    body.user_message = Some(match body.user_message {
        Some(message) if !message.is_empty() => format!("{message}\n\n({mark})"),
        _ => format!("({mark})"),
    });
    let search = Search { client: &client, agent_id: &agent_id, known, mark: &mark };
    let error = match launch(client.clone(), agent_id.clone(), body).await {
        Err(error) if error.outcome() >= Outcome::Unknown => error,
        other => return other,
    };
    let found = search.run(&*clock).await;
    found.map_or(Err(error), |run| {
        let run_id = run.run_id.clone();
        Ok(RunHandle { client, agent_id, run_id, started: Some(Arc::new(run)) })
    })
}

/// What no other message has in it.
fn mark(clock: &dyn Clock) -> String {
    let mut mark = "launch-".to_owned();
    for _ in 0..2 {
        // Writing to a string does not fail.
        let _ = write!(mark, "{:016x}", clock.random());
    }
    mark
}

async fn runs(client: &Client, agent_id: &str) -> Result<Vec<Run>, Error> {
    Ok(client.list_runs().agent_id(agent_id).page_size(RUNS).send().await?.into_inner().runs)
}

/// The search for a run that may have been started.
struct Search<'a> {
    client: &'a Client,
    agent_id: &'a str,
    /// The runs that were there before.
    known: HashSet<String>,
    mark: &'a str,
}

impl Search<'_> {
    /// The run, if it shows within the time for it.
    async fn run(&self, clock: &dyn Clock) -> Option<Run> {
        let started = clock.now();
        let mut pace = Wait::default().pace();
        loop {
            match self.look().await {
                Ok(Look::Found(run)) => return Some(*run),
                Ok(Look::Nothing) => {}
                Err(error) if is_passing(&error) => {}
                Ok(Look::Several) | Err(_) => return None,
            }
            clock.sleep(pace.next(clock)).await;
            if clock.now().saturating_sub(started) >= SEARCH {
                return None;
            }
        }
    }

    async fn look(&self) -> Result<Look, Error> {
        let runs = runs(self.client, self.agent_id).await?;
        let new = runs.into_iter().filter(|run| !self.known.contains(&run.run_id));
        let mut found = Look::Nothing;
        for run in new.take(CANDIDATES) {
            if self.bears_mark(&run).await? {
                found = match found {
                    Look::Nothing => Look::Found(Box::new(run)),
                    Look::Found(_) | Look::Several => return Ok(Look::Several),
                };
            }
        }
        Ok(found)
    }

    /// Whether it was started with this launch's message, as far as the service shows.
    async fn bears_mark(&self, run: &Run) -> Result<bool, Error> {
        if run.goal.as_deref().is_some_and(|goal| goal.contains(self.mark)) {
            return Ok(true);
        }
        let asked = self.client.list_run_events().agent_id(self.agent_id).run_id(&*run.run_id);
        let page = asked.limit(EVENTS).send().await?.into_inner();
        Ok(page.events.iter().any(|event| event.event.get().contains(self.mark)))
    }
}

enum Look {
    Nothing,
    Found(Box<Run>),
    Several,
}

#[cfg(test)]
mod tests {
    use twin_api::types::RunMode;

    use super::super::RunExt as _;
    use super::*;
    use crate::clock::ManualClock;
    use crate::testing::{Service, json};

    const NONE: &str = r#"{"runs": []}"#;
    const TWO: &str = r#"{"runs": [
        {"run_id": "run_1", "agent_id": "a", "status": "in_progress", "started_at": "x"},
        {"run_id": "run_2", "agent_id": "a", "status": "in_progress", "started_at": "x"}]}"#;

    /// The events of a run that was told this.
    fn told(message: &str) -> String {
        json(
            200,
            &format!(
                r#"{{"events": [{{"index": 1, "event": {{"started": {{"m": "{message}"}}}}}}]}}"#
            ),
        )
    }

    /// What a launch comes to whose answer is lost, where two runs are new that were told this.
    async fn launch(first: &str, second: &str) -> Result<RunHandle, Error> {
        let events = [told(first), told(second)];
        let answers = [json(200, NONE), String::new(), json(200, TWO)].into_iter();
        // The search goes on: list, events, events, and so on.
        let again = std::iter::repeat_n([json(200, TWO), events[0].clone(), events[1].clone()], 20);
        let answers = answers.chain(events.clone()).chain(again.flatten());
        let (twin, _) = Service::start(answers).await.client();
        let body = StartRunBody::builder().run_mode(RunMode::Run);
        twin.launch_or_find("a", body).await
    }

    #[tokio::test]
    async fn one_run_that_shows_the_mark_is_proof() {
        // The client's clock has the same numbers.
        let mark = mark(&ManualClock::new(1));
        assert_eq!(mark.len(), "launch-".len() + 32);
        assert_eq!(launch("Go.", &mark).await.unwrap().run_id(), "run_2");
    }

    #[tokio::test]
    async fn two_runs_that_show_it_are_none_and_so_is_no_run() {
        let mark = mark(&ManualClock::new(1));
        for (first, second) in [(&*mark, &*mark), ("Go.", "launch-0")] {
            let error = launch(first, second).await.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{first} {second}");
            assert_eq!(error.operation(), Some("start_run"));
        }
    }
}
