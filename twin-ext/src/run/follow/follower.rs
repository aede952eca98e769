//! Polls the state and the events of a run, and decides when the stream ends.
//!
//! The [`Tally`] deduplicates events and finds missing ones. The [`Observer`] judges the state of
//! the run.

use std::sync::Arc;
use std::time::Duration;

use twin_api::types::{ListRunEventsResponse, RunEvent};
use twin_api::{Client, LenientInteger};

use super::super::budget::{Budget, asked_pause};
use super::super::observer::{Observation, Observer, is_passing, lasts};
use super::super::poll_interval::PollInterval;
use super::super::{RunHandle, Wait, failure};
use crate::clock::Clock;
use crate::error::Error;
use crate::event::RunEventExt as _;
use crate::page::{Entry, Indexed, Progress, Shortfall, Tally};
use crate::policy;

/// How long a run may be missing from the list, or have an unknown status.
const GRACE: Duration = Duration::from_secs(30);

/// How long consecutive calls may fail.
const FAULTS: Duration = Duration::from_secs(300);

/// How long no event may come, by default.
const IDLE: Duration = Duration::from_secs(3600);

/// Maximum consecutive pages that repeat known events although the total is higher.
const STUCK: u32 = 3;

/// Maximum consecutive empty pages after the end of the run although the total is higher.
const LATE: u32 = 5;

/// The state of a stream of events.
pub(super) struct Follower {
    observer: Observer,
    clock: Arc<dyn Clock>,
    tally: Tally,
    interval: PollInterval,
    idle: Budget,
    /// When the calls began to fail, if they fail.
    faulty: Option<Duration>,
    ended: bool,
    /// Whether another page may exist already.
    more: bool,
    /// How the service withholds events, and on how many consecutive pages.
    shortfall: Option<(Shortfall, u32)>,
    /// The total of the last page.
    total: Option<u64>,
}

impl Follower {
    pub(super) fn new(run: RunHandle, place: &Indexed) -> Box<Self> {
        let clock = policy::clock_of(&run.client);
        Box::new(Self {
            observer: Observer::new(run, Arc::clone(&clock), GRACE),
            tally: Tally::new(place),
            interval: Wait::default().poll_intervals(),
            idle: Budget::new(Arc::clone(&clock), IDLE),
            clock,
            faulty: None,
            ended: false,
            more: false,
            shortfall: None,
            total: None,
        })
    }

    pub(super) fn set_idle_limit(&mut self, limit: Duration) {
        self.idle = Budget::new(Arc::clone(&self.clock), limit);
    }

    /// Returns the next events; none at the end.
    pub(super) async fn step(mut self: Box<Self>) -> (Box<Self>, Result<Vec<RunEvent>, Error>) {
        // The time that the caller spent on the last events does not count.
        self.idle.restart();
        let events = self.events().await;
        (self, events)
    }

    async fn events(&mut self) -> Result<Vec<RunEvent>, Error> {
        loop {
            let last = self.idle.is_spent();
            let budget = self.idle.clone();
            let client = budget.client(&self.observer.run.client);
            let Some(answer) = budget.call(self.ask(&client)).await else {
                return Err(self.timed_out());
            };
            let asked = match answer {
                Ok(events) => {
                    self.faulty = None;
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
            // A call that failed because the time was up was also the last one.
            if last || (self.faulty.is_some() && self.idle.is_spent()) {
                return Err(self.timed_out());
            }
            let interval = self.interval.next(&*self.clock);
            self.idle.pause(interval, asked).await;
        }
    }

    /// Returns new events, if there are any.
    async fn ask(&mut self, client: &Client) -> Result<Vec<RunEvent>, Error> {
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
        Ok(self.enter(page))
    }

    /// Adds a page, and returns its new events in order of their indexes.
    fn enter(&mut self, page: ListRunEventsResponse) -> Vec<RunEvent> {
        self.total = page.total_count.as_ref().and_then(LenientInteger::get);
        let Entry { mut fresh, shortfall, .. } = self.tally.enter(page.events, self.total);
        if fresh.iter().all(|event| event.position().is_some()) {
            fresh.sort_by_key(RunEvent::position);
        }
        // A page with something new may not be the last.
        self.more = !fresh.is_empty();
        // While the run goes on, events that are counted and not shown may be late.
        let shortfall = shortfall.filter(|kind| self.ended || *kind == Shortfall::Stuck);
        let before = self.shortfall.map_or(0, |(_, times)| times);
        self.shortfall = shortfall.map(|kind| (kind, before + 1));
        fresh
    }

    /// Polls the state of the run, and returns whether the run is listed.
    async fn poll(&mut self, client: &Client) -> Result<bool, Error> {
        if self.ended {
            return Ok(true);
        }
        let observation = self.observer.poll(client).await?;
        self.ended = matches!(observation, Observation::Ended(_) | Observation::Settling);
        Ok(!matches!(observation, Observation::Missing))
    }

    /// Returns whether the stream ends after a page without new events.
    fn is_over(&self) -> Result<bool, Error> {
        match self.shortfall {
            None => Ok(self.ended),
            Some((kind @ Shortfall::Stuck, STUCK..) | (kind @ Shortfall::Short, LATE..)) => {
                Err(self.incomplete(kind))
            }
            Some(_) => Ok(false),
        }
    }

    /// Builds the error for a service that does not show all events.
    fn incomplete(&self, kind: Shortfall) -> Error {
        let progress = Progress {
            position: self.tally.position(),
            came: self.tally.came(),
            total: self.total,
        };
        Error::pagination(kind.message(), progress)
    }

    /// Returns the pause that the service asked for, or the error if it is not tolerated.
    fn tolerate(&mut self, error: Error) -> Result<Duration, Error> {
        if !is_passing(&error) {
            return Err(self.observer.refusal(error));
        }
        let (asked, error) = asked_pause(error)?;
        if lasts(&mut self.faulty, &*self.clock, FAULTS) { Err(error) } else { Ok(asked) }
    }

    fn timed_out(&self) -> Error {
        let (run, limit) = (self.observer.run.name(), self.idle.limit());
        let message = format!("no event of {run} came within {limit:?}");
        failure::timed_out(message, None)
    }
}
