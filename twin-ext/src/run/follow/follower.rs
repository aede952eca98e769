//! Asks for the events of a run, and for where it stands, until neither has anything more.
//!
//! It decides how long to go on; what is new, and what is lacking, the [`Ledger`] says.

use std::sync::Arc;
use std::time::Duration;

use twin_api::types::RunEvent;

use super::super::failure::{self, RunError};
use super::super::find::find;
use super::super::poll_interval::PollInterval;
use super::super::wait::is_passing;
use super::super::{RunHandle, RunState, RunStateExt as _, Wait};
use super::ledger::{Ledger, Page, Shortfall};
use crate::clock::Clock;
use crate::error::Error;
use crate::page::Indexed;
use crate::policy;

/// For so long what may pass is borne: a run that is not listed, a status that nobody knows.
const GRACE: Duration = Duration::from_secs(30);

/// For so long calls may fail, one after the other.
const FAULTS: Duration = Duration::from_secs(300);

/// For so long nothing may happen.
const IDLE: Duration = Duration::from_secs(3600);

/// So often events that are counted, and not shown, are asked for: when others are shown
/// again in their place, and when nothing is, after the end of the run.
const STUCK: u32 = 3;
const LATE: u32 = 5;

/// Who asks for the events, and what was seen so far.
pub(super) struct Follower {
    run: RunHandle,
    clock: Arc<dyn Clock>,
    ledger: Ledger,
    pace: PollInterval,
    pub(super) idle: Duration,
    /// Since when each of these lasts, if it does.
    quiet: Option<Duration>,
    missing: Option<Duration>,
    unclear: Option<Duration>,
    faulty: Option<Duration>,
    seen: bool,
    ended: bool,
    /// Whether another page may be there already.
    more: bool,
    /// How events are kept back, and how often that was seen, one time after the other.
    lack: Option<(Shortfall, u32)>,
}

impl Follower {
    pub(super) fn new(run: RunHandle, place: &Indexed) -> Box<Self> {
        let clock = policy::clock_of(&run.client);
        Box::new(Self {
            run,
            clock,
            ledger: Ledger::new(place),
            pace: Wait::default().pace(),
            idle: IDLE,
            quiet: None,
            missing: None,
            unclear: None,
            faulty: None,
            seen: false,
            ended: false,
            more: false,
            lack: None,
        })
    }

    /// The next events; none when there are no more.
    pub(super) async fn step(mut self: Box<Self>) -> (Box<Self>, Result<Vec<RunEvent>, Error>) {
        let events = self.events().await;
        (self, events)
    }

    async fn events(&mut self) -> Result<Vec<RunEvent>, Error> {
        loop {
            let answer = self.ask().await;
            if answer.is_ok() {
                self.faulty = None;
            }
            let asked = match answer {
                Ok(Some(events)) => {
                    self.quiet = None;
                    self.pace.restart();
                    return Ok(events);
                }
                Ok(None) if self.is_over()? => return Ok(Vec::new()),
                Ok(None) => Duration::ZERO,
                Err(error) => self.tolerate(error)?,
            };
            self.check_idle()?;
            let pause = self.pace.next(&*self.clock).max(asked);
            self.clock.sleep(pause).await;
        }
    }

    /// New events, if there are any.
    async fn ask(&mut self) -> Result<Option<Vec<RunEvent>>, Error> {
        if !self.more && !self.look().await? {
            return Ok(None);
        }
        let RunHandle { client, agent_id, run_id, .. } = &self.run;
        let asked = client.list_run_events().agent_id(&**agent_id).run_id(&**run_id);
        let asked = match self.ledger.after() {
            Some(after) => asked.after_index(after),
            None => asked,
        };
        let page = asked.send().await?.into_inner();
        let Page { fresh, lack } = self.ledger.enter(page);
        // A page with something new may not be the last.
        self.more = !fresh.is_empty();
        // What is not shown while the run goes on will be.
        let lack = lack.filter(|lack| self.ended || *lack == Shortfall::Stuck);
        let before = self.lack.map_or(0, |(_, times)| times);
        self.lack = lack.map(|lack| (lack, before + 1));
        Ok(Some(fresh).filter(|fresh| !fresh.is_empty()))
    }

    /// Whether the run is there; and notes where it stands.
    async fn look(&mut self) -> Result<bool, Error> {
        if self.ended {
            return Ok(true);
        }
        let RunHandle { client, agent_id, run_id, .. } = &self.run;
        let Some(found) = find(client, agent_id, run_id).await? else {
            let over = self.lasts(|this| &mut this.missing, GRACE);
            let error = if self.seen { RunError::Gone } else { RunError::NotFound };
            return if over { Err(self.run.error(error)) } else { Ok(false) };
        };
        self.missing = None;
        self.seen = true;
        self.ended = found.run.has_ended();
        match found.run.state() {
            RunState::Unknown(status) if !self.ended => {
                if self.lasts(|this| &mut this.unclear, GRACE) {
                    return Err(self.run.error(RunError::UnknownStatus(status)));
                }
            }
            _ => self.unclear = None,
        }
        Ok(true)
    }

    /// Whether nothing will follow, now that nothing is new.
    fn is_over(&self) -> Result<bool, Error> {
        match self.lack {
            None => Ok(self.ended),
            Some((lack @ Shortfall::Stuck, STUCK..) | (lack @ Shortfall::Short, LATE..)) => {
                Err(self.ledger.error(lack))
            }
            Some(_) => Ok(false),
        }
    }

    /// For how long the service asked to be left alone, of a failure that may pass.
    fn tolerate(&mut self, error: Error) -> Result<Duration, Error> {
        if is_passing(&error) {
            let asked = error.retry_after().unwrap_or_default();
            return if self.lasts(|this| &mut this.faulty, FAULTS) {
                Err(error)
            } else {
                Ok(asked)
            };
        }
        let missing = error.is_not_found() || error.is_forbidden();
        if missing && (self.seen || self.run.started.is_some()) {
            let RunHandle { agent_id, run_id, .. } = &self.run;
            return Err(failure::refused(agent_id, run_id, RunError::Gone, &error));
        }
        Err(error)
    }

    fn check_idle(&mut self) -> Result<(), Error> {
        let limit = self.idle;
        if !self.lasts(|this| &mut this.quiet, limit) {
            return Ok(());
        }
        let RunHandle { agent_id, run_id, .. } = &self.run;
        let message =
            format!("nothing has happened in run {run_id} of agent {agent_id} for {limit:?}");
        Err(failure::timed_out(message, None))
    }

    /// Whether something has lasted for `limit`; from now on, if it had not begun.
    fn lasts(
        &mut self,
        since: impl Fn(&mut Self) -> &mut Option<Duration>,
        limit: Duration,
    ) -> bool {
        let now = self.clock.now();
        let since = *since(self).get_or_insert(now);
        now.saturating_sub(since) >= limit
    }
}
