//! Polls the state and the events of a run, and decides when the stream ends.
//!
//! The [`Tally`] deduplicates events and detects missing ones. The [`Observer`] interprets the
//! state of the run.

use std::sync::Arc;
use std::time::Duration;

use twin_api::builder::ListRunEvents;
use twin_api::types::{ListRunEventsResponse, RunEvent};
use twin_api::{Call as _, Client, LenientInteger};

use super::super::observer::{Observer, PolledState, has_lasted, is_transient};
use super::super::poll_interval::PollInterval;
use super::super::time_budget::{TimeBudget, requested_pause};
use super::super::{RunHandle, Wait, failure};
use crate::clock::Clock;
use crate::error::Error;
use crate::event::RunEventExt as _;
use crate::page::{EventLocation, NewEvents, Progress, Shortfall, Tally};
use crate::policy;

/// Maximum time that a run is missing from the list, or has an unknown status.
const GRACE: Duration = Duration::from_secs(30);

/// Maximum time for which all calls fail.
const MAX_FAILURE_TIME: Duration = Duration::from_secs(300);

/// The default of [`RunEvents::idle_limit`](super::RunEvents::idle_limit).
const IDLE: Duration = Duration::from_secs(3600);

/// Consecutive pages of known events below the total after which the stream fails.
const MAX_REPEATED_PAGES: u32 = 3;

/// Consecutive empty pages below the total after which the stream of an ended run fails.
const MAX_MISSING_PAGES: u32 = 5;

/// The state of a stream of events.
pub(super) struct Follower {
    observer: Observer,
    clock: Arc<dyn Clock>,
    tally: Tally,
    interval: PollInterval,
    idle: TimeBudget,
    /// The time of the first failure since the last successful call.
    failing_since: Option<Duration>,
    ended: bool,
    /// Whether the last page had new events, so that another page may exist already.
    more: bool,
    /// The shortfall of the last page, and the number of consecutive pages with one.
    shortfall: Option<(Shortfall, u32)>,
    /// The total of the last page.
    total: Option<u64>,
}

impl Follower {
    pub(super) fn new(run: RunHandle, location: &EventLocation) -> Box<Self> {
        let clock = policy::clock_of(&run.client);
        Box::new(Self {
            observer: Observer::new(run, Arc::clone(&clock), GRACE),
            tally: Tally::new(location),
            interval: Wait::default().poll_intervals(),
            idle: TimeBudget::new(Arc::clone(&clock), IDLE),
            clock,
            failing_since: None,
            ended: false,
            more: false,
            shortfall: None,
            total: None,
        })
    }

    pub(super) fn set_idle_limit(&mut self, limit: Duration) {
        self.idle = TimeBudget::new(Arc::clone(&self.clock), limit);
    }

    /// Returns the next events, or an empty list when the stream ends.
    pub(super) async fn step(mut self: Box<Self>) -> (Box<Self>, Result<Vec<RunEvent>, Error>) {
        // The idle limit excludes the time that the caller spent on the last events.
        self.idle.restart();
        let events = self.events().await;
        (self, events)
    }

    async fn events(&mut self) -> Result<Vec<RunEvent>, Error> {
        loop {
            let last = self.idle.is_spent();
            let budget = self.idle.clone();
            let client = budget.client(&self.observer.run.client);
            let Some(response) = budget.call(self.fetch(&client)).await else {
                return Err(self.timed_out());
            };
            let requested = match response {
                Ok(events) => {
                    self.failing_since = None;
                    if !events.is_empty() {
                        self.interval.restart();
                        return Ok(events);
                    }
                    if self.is_over()? {
                        return Ok(Vec::new());
                    }
                    Duration::ZERO
                }
                Err(error) => self.tolerate(error)?,
            };
            // The deadline may also be the reason for the failure.
            if last || (self.failing_since.is_some() && self.idle.is_spent()) {
                return Err(self.timed_out());
            }
            let interval = self.interval.next(&*self.clock);
            self.idle.pause(interval, requested).await;
        }
    }

    /// Polls the run if necessary, and returns its new events.
    async fn fetch(&mut self, client: &Client) -> Result<Vec<RunEvent>, Error> {
        if !self.more && !self.poll(client).await? {
            return Ok(Vec::new());
        }
        let RunHandle { agent_id, run_id, .. } = &self.observer.run;
        let list = client.list_run_events().agent_id(&**agent_id).run_id(&**run_id);
        let list = match self.tally.after_index() {
            Some(after) => list.after_index(after),
            None => list,
        };
        let page = list.send().await?.into_inner();
        Ok(self.add(page))
    }

    /// Adds a page, and returns its new events sorted by index.
    fn add(&mut self, page: ListRunEventsResponse) -> Vec<RunEvent> {
        self.total = page.total_count.as_ref().and_then(LenientInteger::get);
        let NewEvents { mut new, shortfall, .. } = self.tally.add(page.events, self.total);
        if new.iter().all(|event| event.position().is_some()) {
            new.sort_by_key(RunEvent::position);
        }
        self.more = !new.is_empty();
        // While the run is in progress, the service may list an event later than it counts it.
        let shortfall = shortfall.filter(|kind| self.ended || *kind == Shortfall::Repeated);
        let before = self.shortfall.map_or(0, |(_, times)| times);
        self.shortfall = shortfall.map(|kind| (kind, before + 1));
        new
    }

    /// Polls the state of the run, and returns whether the run is listed.
    async fn poll(&mut self, client: &Client) -> Result<bool, Error> {
        if self.ended {
            return Ok(true);
        }
        let state = self.observer.poll(client).await?;
        self.ended = matches!(state, PolledState::Ended(_) | PolledState::Settling);
        Ok(!matches!(state, PolledState::Missing))
    }

    /// Returns whether the stream ends after a page without new events.
    fn is_over(&self) -> Result<bool, Error> {
        match self.shortfall {
            None => Ok(self.ended),
            Some(
                (kind @ Shortfall::Repeated, MAX_REPEATED_PAGES..)
                | (kind @ Shortfall::Missing, MAX_MISSING_PAGES..),
            ) => Err(self.incomplete(kind)),
            Some(_) => Ok(false),
        }
    }

    /// Builds the error for a service that counts more events than it returns.
    fn incomplete(&self, kind: Shortfall) -> Error {
        let progress = Progress {
            position: self.tally.position(),
            received: self.tally.received(),
            total: self.total,
        };
        Error::pagination(ListRunEvents::OPERATION, kind.message(), progress)
    }

    /// Returns the requested pause of a transient failure, or the error if polling must stop.
    fn tolerate(&mut self, error: Error) -> Result<Duration, Error> {
        if !is_transient(&error) {
            return Err(self.observer.refusal(error));
        }
        let (requested, error) = requested_pause(error)?;
        if has_lasted(&mut self.failing_since, &*self.clock, MAX_FAILURE_TIME) {
            Err(error)
        } else {
            Ok(requested)
        }
    }

    fn timed_out(&self) -> Error {
        let (run, limit) = (self.observer.run.name(), self.idle.limit());
        let message = format!("{run} had no new event for {limit:?}");
        failure::timed_out(message, None)
    }
}
