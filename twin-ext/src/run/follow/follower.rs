//! Asks where a run stands and for its events, until neither has anything more.
//!
//! It decides how long to go on. What is new and what is missing, the [`Tally`] tells; what a
//! look at the run means, the [`Observer`].

use std::sync::Arc;
use std::time::Duration;

use twin_api::types::{ListRunEventsResponse, RunEvent};
use twin_api::{Client, LenientInteger};

use super::super::budget::{Budget, asked_pause};
use super::super::observer::{Observer, Sight, is_passing, lasts};
use super::super::poll_interval::PollInterval;
use super::super::{RunHandle, Wait, failure};
use crate::clock::Clock;
use crate::error::Error;
use crate::event::RunEventExt as _;
use crate::page::{Entry, Indexed, Progress, Shortfall, Tally};
use crate::policy;

/// How long a run may be missing from the list, or have a status that nobody knows.
const GRACE: Duration = Duration::from_secs(30);

/// How long calls may fail, one after the other.
const FAULTS: Duration = Duration::from_secs(300);

/// How long nothing may happen, unless the caller says otherwise.
const IDLE: Duration = Duration::from_secs(3600);

/// How many pages in a row may show old events in place of counted ones.
const STUCK: u32 = 3;

/// How many pages in a row may, after the end of the run, show nothing of what is counted.
const LATE: u32 = 5;

/// The state of a stream of events.
pub(super) struct Follower {
    observer: Observer,
    clock: Arc<dyn Clock>,
    tally: Tally,
    interval: PollInterval,
    idle: Budget,
    /// Since when calls fail, if they do.
    faulty: Option<Duration>,
    ended: bool,
    /// Whether another page may be there already.
    more: bool,
    /// How events are kept back, and on how many pages in a row.
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

    /// The next events; none when there are no more.
    pub(super) async fn step(mut self: Box<Self>) -> (Box<Self>, Result<Vec<RunEvent>, Error>) {
        // The time that the caller took for the events before is not the run's.
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
            // A call that failed because the time was up was the last one, too.
            if last || (self.faulty.is_some() && self.idle.is_spent()) {
                return Err(self.timed_out());
            }
            let interval = self.interval.next(&*self.clock);
            self.idle.pause(interval, asked).await;
        }
    }

    /// New events, if there are any.
    async fn ask(&mut self, client: &Client) -> Result<Vec<RunEvent>, Error> {
        if !self.more && !self.look(client).await? {
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

    /// Takes a page in: its new events, by their indexes.
    fn enter(&mut self, page: ListRunEventsResponse) -> Vec<RunEvent> {
        self.total = page.total_count.as_ref().and_then(LenientInteger::get);
        let Entry { mut fresh, shortfall, .. } = self.tally.enter(page.events, self.total);
        if fresh.iter().all(|event| event.position().is_some()) {
            fresh.sort_by_key(RunEvent::position);
        }
        // A page with something new may not be the last.
        self.more = !fresh.is_empty();
        // Events that are counted and not shown may only be late while the run goes on.
        let shortfall = shortfall.filter(|kind| self.ended || *kind == Shortfall::Stuck);
        let before = self.shortfall.map_or(0, |(_, times)| times);
        self.shortfall = shortfall.map(|kind| (kind, before + 1));
        fresh
    }

    /// Notes where the run stands; false where it is not listed.
    async fn look(&mut self, client: &Client) -> Result<bool, Error> {
        if self.ended {
            return Ok(true);
        }
        let sight = self.observer.look(client).await?;
        self.ended = matches!(sight, Sight::Ended(_) | Sight::Settling);
        Ok(!matches!(sight, Sight::Missing))
    }

    /// Whether nothing will follow, now that nothing is new.
    fn is_over(&self) -> Result<bool, Error> {
        match self.shortfall {
            None => Ok(self.ended),
            Some((kind @ Shortfall::Stuck, STUCK..) | (kind @ Shortfall::Short, LATE..)) => {
                Err(self.incomplete(kind))
            }
            Some(_) => Ok(false),
        }
    }

    /// The error of a service that does not show all events.
    fn incomplete(&self, kind: Shortfall) -> Error {
        let progress = Progress {
            position: self.tally.position(),
            came: self.tally.came(),
            total: self.total,
        };
        Error::pagination(kind.message(), progress)
    }

    /// How long the service asked to wait, of a failure that may pass.
    fn tolerate(&mut self, error: Error) -> Result<Duration, Error> {
        if !is_passing(&error) {
            return Err(self.observer.refusal(error));
        }
        let (asked, error) = asked_pause(error)?;
        if lasts(&mut self.faulty, &*self.clock, FAULTS) { Err(error) } else { Ok(asked) }
    }

    fn timed_out(&self) -> Error {
        let RunHandle { agent_id, run_id, .. } = &self.observer.run;
        let limit = self.idle.limit();
        let message =
            format!("nothing has happened in run {run_id} of agent {agent_id} for {limit:?}");
        failure::timed_out(message, None)
    }
}
