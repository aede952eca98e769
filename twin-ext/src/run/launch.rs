//! Starts a run, at most once.
//!
//! A launch that may have succeeded is not repeated, because the service takes no idempotency
//! key. Where the answer was lost, [`or_find`] searches for the run, and adopts one only if it
//! carries the marker of this launch.

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use twin_api::Client;
use twin_api::types::{Run, StartRunBody};

use super::budget::{Budget, requested_pause};
use super::observer::is_transient;
use super::{RunHandle, Wait, failure};
use crate::clock::Clock;
use crate::error::{Detail, Error, ErrorKind, Outcome};
use crate::policy;

/// How long the search for a run may take after its response was lost, all calls together.
const SEARCH: Duration = Duration::from_secs(30);

/// How many runs are compared before and after the launch. Newer ones come first.
const RUNS: i64 = 100;

/// How many events of a run are searched. The message is among the first.
const EVENTS: i64 = 20;

/// How many new runs are searched at a time; far fewer start within the search.
const CANDIDATES: usize = 20;

/// Converts the body, before anything is sent.
pub(super) fn body<B>(body: B) -> Result<StartRunBody, Error>
where
    B: TryInto<StartRunBody>,
    B::Error: fmt::Display,
{
    body.try_into().map_err(|error| {
        let message = format!("the body of start_run is not complete: {error}");
        Detail::new(ErrorKind::InvalidRequest, Outcome::NotSent, message).into()
    })
}

pub(super) async fn launch(
    client: Client,
    agent_id: String,
    body: StartRunBody,
) -> Result<RunHandle, Error> {
    let answer = client.start_run().agent_id(&*agent_id).body(body).send().await;
    let run = match answer {
        Ok(answer) => answer.into_inner().run,
        Err(error) => {
            // The run was started, although the rest of the response does not decode.
            let Some(run_id) = error.run_id().map(str::to_owned) else { return Err(error.into()) };
            return Ok(RunHandle { client, agent_id, run_id, started: None });
        }
    };
    if run.run_id.trim().is_empty() {
        let agent_id = failure::redacted(&client, &agent_id);
        let message =
            format!("the run of agent {agent_id} was started, but the response has no run_id");
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
        Err(error) if error.outcome().may_have_happened() => error,
        other => return other,
    };
    let found = search.run(&clock).await;
    found.map_or(Err(error), |run| {
        let run_id = run.run_id.clone();
        Ok(RunHandle { client, agent_id, run_id, started: Some(Arc::new(run)) })
    })
}

/// Returns a random marker for one message.
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
    /// The runs that were listed before the launch.
    known: HashSet<String>,
    mark: &'a str,
}

impl Search<'_> {
    /// Returns the run if it is found within the time of the search.
    async fn run(&self, clock: &Arc<dyn Clock>) -> Option<Run> {
        let budget = Budget::new(Arc::clone(clock), SEARCH);
        let mut interval = Wait::default().poll_intervals();
        loop {
            let last = budget.is_spent();
            let client = budget.client(self.client);
            let asked = match budget.call(self.poll(&client)).await? {
                Ok(SearchResult::Found(run)) => return Some(*run),
                Ok(SearchResult::Nothing) => Duration::ZERO,
                Err(error) if is_transient(&error) => requested_pause(error).ok()?.0,
                Ok(SearchResult::Several) | Err(_) => return None,
            };
            if last || asked > budget.left() {
                return None;
            }
            budget.pause(interval.next(&**clock), asked).await;
        }
    }

    async fn poll(&self, client: &Client) -> Result<SearchResult, Error> {
        let runs = runs(client, self.agent_id).await?;
        let new = runs.into_iter().filter(|run| !self.known.contains(&run.run_id));
        let mut found = SearchResult::Nothing;
        for run in new.take(CANDIDATES) {
            if self.has_mark(client, &run).await? {
                found = match found {
                    SearchResult::Nothing => SearchResult::Found(Box::new(run)),
                    SearchResult::Found(_) | SearchResult::Several => {
                        return Ok(SearchResult::Several);
                    }
                };
            }
        }
        Ok(found)
    }

    /// Returns whether the run shows the marker of this launch. If the service refuses to show its
    /// events, the run is another one: it was deleted, or the key may not read it.
    async fn has_mark(&self, client: &Client, run: &Run) -> Result<bool, Error> {
        if run.goal.as_deref().is_some_and(|goal| goal.contains(self.mark)) {
            return Ok(true);
        }
        let list = client.list_run_events().agent_id(self.agent_id).run_id(&*run.run_id);
        match list.limit(EVENTS).send().await.map_err(Error::from) {
            Ok(page) => Ok(page.events.iter().any(|event| event.event.get().contains(self.mark))),
            Err(error) if is_transient(&error) => Err(error),
            Err(_) => Ok(false),
        }
    }
}

enum SearchResult {
    Nothing,
    Found(Box<Run>),
    Several,
}

#[cfg(test)]
mod tests {
    use twin_api::types::RunMode;

    use super::super::RunExt as _;
    use super::super::budget::LAST_CALL;
    use super::*;
    use crate::clock::ManualClock;
    use crate::testing::{Service, json};

    const NONE: &str = r#"{"runs": []}"#;
    const TWO: &str = r#"{"runs": [
        {"run_id": "run_1", "agent_id": "a", "status": "in_progress", "started_at": "x"},
        {"run_id": "run_2", "agent_id": "a", "status": "in_progress", "started_at": "x"}]}"#;

    /// The events of a run with this message.
    fn events_with(message: &str) -> String {
        json(
            200,
            &format!(
                r#"{{"events": [{{"index": 1, "event": {{"started": {{"m": "{message}"}}}}}}]}}"#
            ),
        )
    }

    /// Launches a run whose response is lost, with two new runs that have these messages.
    async fn launch(first: &str, second: &str) -> Result<RunHandle, Error> {
        let events = [events_with(first), events_with(second)];
        let answers = [json(200, NONE), String::new(), json(200, TWO)].into_iter();
        // The search goes on: list, events, events, and so on.
        let again = std::iter::repeat_n([json(200, TWO), events[0].clone(), events[1].clone()], 20);
        let answers = answers.chain(events.clone()).chain(again.flatten());
        let (twin, _) = Service::start(answers).await.client();
        let body = StartRunBody::builder().run_mode(RunMode::Run);
        twin.launch_or_find("a", body).await
    }

    #[tokio::test]
    async fn adopts_the_one_run_that_carries_the_marker() {
        // The client's clock has the same numbers.
        let mark = mark(&ManualClock::new(1));
        assert_eq!(mark.len(), "launch-".len() + 32);
        assert_eq!(launch("Go.", &mark).await.unwrap().run_id(), "run_2");
    }

    #[tokio::test]
    async fn an_ambiguous_or_missing_marker_keeps_the_outcome_unknown() {
        let mark = mark(&ManualClock::new(1));
        for (first, second) in [(&*mark, &*mark), ("Go.", "launch-0")] {
            let error = launch(first, second).await.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{first} {second}");
            assert_eq!(error.operation(), Some("start_run"));
        }
    }

    #[tokio::test]
    async fn search_continues_after_a_refusal_for_another_run() {
        let mark = mark(&ManualClock::new(1));
        for status in [403, 404, 400] {
            let refused = json(status, r#"{"detail": "you do not have access"}"#);
            let answers =
                [json(200, NONE), String::new(), json(200, TWO), refused, events_with(&mark)];
            let (twin, _) = Service::start(answers).await.client();
            let body = StartRunBody::builder().run_mode(RunMode::Run);
            assert_eq!(twin.launch_or_find("a", body).await.unwrap().run_id(), "run_2", "{status}");
        }
    }

    #[tokio::test]
    async fn search_ends_within_its_time_limit() {
        // Every request for events fails, after its retries.
        let unwell = || json(503, r#"{"detail": "not now"}"#);
        let looks = std::iter::repeat_n([json(200, TWO), unwell(), unwell(), unwell()], 40);
        let answers = [json(200, NONE), String::new()].into_iter().chain(looks.flatten());
        let service = Service::start(answers).await;
        let (twin, clock) = service.client();
        let body = StartRunBody::builder().run_mode(RunMode::Run);
        let error = twin.launch_or_find("a", body).await.unwrap_err();
        assert_eq!((error.operation(), error.outcome()), (Some("start_run"), Outcome::Unknown));
        assert!(clock.now() <= SEARCH + LAST_CALL, "{:?}", clock.now());
    }
}
