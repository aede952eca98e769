//! Starts a run at most once.
//!
//! The service accepts no idempotency key, so a launch that may have succeeded is never retried. If
//! the response is lost, [`launch_or_find`] searches for the run, and adopts it only if it carries
//! the marker of this launch.

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use twin_api::Client;
use twin_api::types::{Run, StartRunBody};

use super::observer::is_transient;
use super::time_budget::{TimeBudget, requested_pause};
use super::{RunHandle, Wait, failure};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Failure, Outcome};
use crate::policy;

/// Maximum time of the search for a run whose response was lost.
const SEARCH: Duration = Duration::from_secs(30);

/// Number of runs to list before and after the launch. The list starts with the newest.
const RUNS: i64 = 100;

/// Number of events to search in a run. The message is in one of the first events.
const EVENTS: i64 = 20;

/// Maximum number of new runs to search in one poll. Far fewer start within the search.
const CANDIDATES: usize = 20;

/// Converts the body of the request.
pub(super) fn body<B>(body: B) -> Result<StartRunBody, Error>
where
    B: TryInto<StartRunBody>,
    B::Error: fmt::Display,
{
    body.try_into().map_err(|error| {
        let message = format!("the body of start_run is incomplete: {error}");
        Failure::new(ErrorKind::InvalidRequest, Outcome::NotSent, message).into()
    })
}

/// Starts a run.
pub(super) async fn launch(
    client: Client,
    agent_id: String,
    body: StartRunBody,
) -> Result<RunHandle, Error> {
    let response = client.start_run().agent_id(&*agent_id).body(body).send().await;
    let run = match response {
        Ok(response) => response.into_inner().run,
        Err(error) => {
            // If the response has a `run_id`, the run has started, even if nothing else decodes.
            let Some(run_id) = error.run_id().map(str::to_owned) else { return Err(error.into()) };
            return Ok(RunHandle { client, agent_id, run_id, started: None });
        }
    };
    if run.run_id.trim().is_empty() {
        let agent_id = failure::redacted(&client, &agent_id);
        let message =
            format!("a run of agent {agent_id} was started, but the response has no run_id");
        return Err(Failure::new(ErrorKind::Run, Outcome::Accepted, message).into());
    }
    Ok(RunHandle { client, agent_id, run_id: run.run_id.clone(), started: Some(Arc::new(run)) })
}

/// Starts a run with a marker in its message, and searches for the run if the outcome is unknown.
pub(super) async fn launch_or_find(
    client: Client,
    agent_id: String,
    mut body: StartRunBody,
) -> Result<RunHandle, Error> {
    let clock = policy::clock_of(&client);
    let marker = marker(&*clock);
    let known = list_runs(&client, &agent_id).await?;
    let known = known.into_iter().map(|run| run.run_id).collect();
    body.user_message = Some(match body.user_message {
        Some(message) if !message.is_empty() => format!("{message}\n\n({marker})"),
        _ => format!("({marker})"),
    });
    let search = Search { client: &client, agent_id: &agent_id, known, marker: &marker };
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

/// Returns a random marker for the message of one launch.
fn marker(clock: &dyn Clock) -> String {
    let mut marker = "launch-".to_owned();
    for _ in 0..2 {
        // Writing to a string does not fail.
        let _ = write!(marker, "{:016x}", clock.random());
    }
    marker
}

async fn list_runs(client: &Client, agent_id: &str) -> Result<Vec<Run>, Error> {
    Ok(client.list_runs().agent_id(agent_id).page_size(RUNS).send().await?.into_inner().runs)
}

/// The search for a run that may have been started.
struct Search<'a> {
    client: &'a Client,
    agent_id: &'a str,
    /// The identifiers of the runs before the launch.
    known: HashSet<String>,
    marker: &'a str,
}

impl Search<'_> {
    /// Polls until the run is found or the time of the search is over.
    async fn run(&self, clock: &Arc<dyn Clock>) -> Option<Run> {
        let budget = TimeBudget::new(Arc::clone(clock), SEARCH);
        let mut interval = Wait::default().poll_intervals();
        loop {
            let last = budget.is_spent();
            let client = budget.client(self.client);
            let requested = match budget.call(self.poll(&client)).await? {
                Ok(SearchResult::Found(run)) => return Some(*run),
                Ok(SearchResult::Nothing) => Duration::ZERO,
                Err(error) if is_transient(&error) => requested_pause(error).ok()?.0,
                Ok(SearchResult::Several) | Err(_) => return None,
            };
            if last || requested > budget.left() {
                return None;
            }
            budget.pause(interval.next(&**clock), requested).await;
        }
    }

    /// Searches the current runs once.
    async fn poll(&self, client: &Client) -> Result<SearchResult, Error> {
        let runs = list_runs(client, self.agent_id).await?;
        let new = runs.into_iter().filter(|run| !self.known.contains(&run.run_id));
        let mut found = SearchResult::Nothing;
        for run in new.take(CANDIDATES) {
            if self.has_marker(client, &run).await? {
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

    /// Returns whether the run carries the marker of this launch.
    ///
    /// A run whose events the service refuses to list does not count: it was deleted, or the API key
    /// may not read it.
    async fn has_marker(&self, client: &Client, run: &Run) -> Result<bool, Error> {
        if run.goal.as_deref().is_some_and(|goal| goal.contains(self.marker)) {
            return Ok(true);
        }
        let list = client.list_run_events().agent_id(self.agent_id).run_id(&*run.run_id);
        match list.limit(EVENTS).send().await.map_err(Error::from) {
            Ok(page) => Ok(page.events.iter().any(|event| event.event.get().contains(self.marker))),
            Err(error) if is_transient(&error) => Err(error),
            Err(_) => Ok(false),
        }
    }
}

/// The runs that carry the marker.
enum SearchResult {
    Nothing,
    Found(Box<Run>),
    Several,
}

#[cfg(test)]
mod tests {
    use twin_api::types::RunMode;

    use super::super::RunExt as _;
    use super::super::time_budget::LAST_CALL;
    use super::*;
    use crate::clock::ManualClock;
    use crate::testing::{Service, json, response};

    const NONE: &str = r#"{"runs": []}"#;
    const TWO: &str = r#"{"runs": [
        {"run_id": "run_1", "agent_id": "a", "status": "in_progress", "started_at": "x"},
        {"run_id": "run_2", "agent_id": "a", "status": "in_progress", "started_at": "x"}]}"#;

    /// Returns a response with the events of a run that has this message.
    fn events_with(message: &str) -> String {
        json(
            200,
            &format!(
                r#"{{"events": [{{"index": 1, "event": {{"started": {{"m": "{message}"}}}}}}]}}"#
            ),
        )
    }

    /// Launches a run and loses the response. Afterwards the list has two new runs with these
    /// messages.
    async fn launch(first: &str, second: &str) -> Result<RunHandle, Error> {
        let events = [events_with(first), events_with(second)];
        let responses = [json(200, NONE), String::new(), json(200, TWO)].into_iter();
        // The search polls again: the list, then the events of both runs.
        let polls = std::iter::repeat_n([json(200, TWO), events[0].clone(), events[1].clone()], 20);
        let responses = responses.chain(events.clone()).chain(polls.flatten());
        let (twin, _) = Service::start(responses).await.client();
        let body = StartRunBody::builder().run_mode(RunMode::Run);
        twin.launch_or_find("a", body).await
    }

    #[tokio::test]
    async fn adopts_the_one_run_that_carries_the_marker() {
        // The clock of the client has the same seed, and so the same random numbers.
        let marker = marker(&ManualClock::new(1));
        assert_eq!(marker.len(), "launch-".len() + 32);
        assert_eq!(launch("Go.", &marker).await.unwrap().run_id(), "run_2");
    }

    #[tokio::test]
    async fn an_ambiguous_or_missing_marker_keeps_the_outcome_unknown() {
        let marker = marker(&ManualClock::new(1));
        for (first, second) in [(&*marker, &*marker), ("Go.", "launch-0")] {
            let error = launch(first, second).await.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{first} {second}");
            assert_eq!(error.operation(), Some("start_run"));
        }
    }

    #[tokio::test]
    async fn search_continues_if_the_service_rejects_a_request_for_another_run() {
        let marker = marker(&ManualClock::new(1));
        for status in [403, 404, 400] {
            let rejected = json(status, r#"{"detail": "you do not have access"}"#);
            let responses =
                [json(200, NONE), String::new(), json(200, TWO), rejected, events_with(&marker)];
            let (twin, _) = Service::start(responses).await.client();
            let body = StartRunBody::builder().run_mode(RunMode::Run);
            assert_eq!(twin.launch_or_find("a", body).await.unwrap().run_id(), "run_2", "{status}");
        }
    }

    #[tokio::test]
    async fn search_ends_within_its_time_limit() {
        // Every request for events fails, also its retries.
        let unavailable = || json(503, r#"{"detail": "not now"}"#);
        let poll = [json(200, TWO), unavailable(), unavailable(), unavailable()];
        let polls = std::iter::repeat_n(poll, 40);
        let responses = [json(200, NONE), String::new()].into_iter().chain(polls.flatten());
        let service = Service::start(responses).await;
        let (twin, clock) = service.client();
        let body = StartRunBody::builder().run_mode(RunMode::Run);
        let error = twin.launch_or_find("a", body).await.unwrap_err();
        assert_eq!((error.operation(), error.outcome()), (Some("start_run"), Outcome::Unknown));
        assert!(clock.now() <= SEARCH + LAST_CALL, "{:?}", clock.now());
    }

    /// Launches and searches. Returns the result, the number of requests and the pauses.
    async fn search(
        responses: impl IntoIterator<Item = String>,
    ) -> (Result<RunHandle, Error>, usize, Vec<Duration>) {
        let service = Service::start(responses).await;
        let (twin, clock) = service.client();
        let body = StartRunBody::builder().run_mode(RunMode::Run);
        let result = twin.launch_or_find("a", body).await;
        (result, service.requests().len(), clock.pauses())
    }

    #[tokio::test]
    async fn launch_that_was_rejected_is_not_searched() {
        let (result, requests, _) = search([json(200, NONE), json(403, "{}")]).await;
        assert!(result.unwrap_err().is_forbidden());
        assert_eq!(requests, 2);
    }

    #[tokio::test]
    async fn search_ends_at_a_permanent_failure_of_the_list() {
        let responses = [json(200, NONE), String::new(), json(403, "{}")];
        let (result, requests, pauses) = search(responses).await;
        assert_eq!(result.unwrap_err().outcome(), Outcome::Unknown);
        assert_eq!((requests, pauses.len()), (3, 0));
    }

    #[tokio::test]
    async fn search_waits_as_long_as_the_service_asks_up_to_its_time_limit() {
        let found = [json(200, TWO), events_with(&marker(&ManualClock::new(1))), events_with("")];
        for (asked, finds) in [(SEARCH, true), (SEARCH + Duration::from_secs(1), false)] {
            let busy = response(429, &format!("retry-after: {}\r\n", asked.as_secs()), "{}");
            let responses = [json(200, NONE), String::new(), busy].into_iter();
            let (result, requests, pauses) = search(responses.chain(found.clone())).await;
            assert_eq!((result.is_ok(), requests == 3), (finds, !finds), "{asked:?} {result:?}");
            assert_eq!(pauses.len(), usize::from(finds));
        }
    }

    #[tokio::test]
    async fn run_whose_events_are_unavailable_is_checked_at_the_next_poll() {
        let unavailable = json(503, "{}");
        let marked = events_with(&marker(&ManualClock::new(1)));
        let responses = [
            [json(200, NONE), String::new(), json(200, TWO)],
            [unavailable.clone(), unavailable.clone(), unavailable],
            [json(200, TWO), marked, events_with("Go.")],
        ];
        let (result, ..) = search(responses.into_iter().flatten()).await;
        assert_eq!(result.unwrap().run_id(), "run_1");
    }
}
