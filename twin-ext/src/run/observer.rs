//! Looks at a run, and judges what is seen over several looks.
//!
//! A run that is not listed may only be late, and a status that nobody knows may be known a
//! moment later. The observer tolerates both for a grace period, each time from its beginning,
//! and then ends with the error of it. Waiting for a run and following its events share it.

use std::sync::Arc;
use std::time::Duration;

use twin_api::Client;
use twin_api::types::Run;

use super::failure::{self, RunError};
use super::find::find;
use super::{RunHandle, RunState, RunStateExt as _, state};
use crate::clock::Clock;
use crate::error::Error;

/// What one look has shown.
#[derive(Debug)]
pub(super) enum Sight {
    /// The run is not listed.
    Missing,
    Running,
    Paused,
    /// The run has a status that nobody knows.
    Unclear,
    /// The run has ended, but its status does not say so yet.
    Settling,
    Ended(Box<Run>),
}

/// What was seen of a run so far.
pub(super) struct Observer {
    pub(super) run: RunHandle,
    clock: Arc<dyn Clock>,
    grace: Duration,
    /// Whether the run was listed once.
    seen: bool,
    /// Since when the run is not listed, if it is not.
    missing: Option<Duration>,
    /// Since when the status is unclear, if it is.
    unclear: Option<Duration>,
    state: Option<RunState>,
}

impl Observer {
    pub(super) fn new(run: RunHandle, clock: Arc<dyn Clock>, grace: Duration) -> Self {
        Self { run, clock, grace, seen: false, missing: None, unclear: None, state: None }
    }

    /// Looks once, by `client`, which is the run's with the time that is left.
    pub(super) async fn look(&mut self, client: &Client) -> Result<Sight, Error> {
        let RunHandle { agent_id, run_id, .. } = &self.run;
        match find(client, agent_id, run_id).await? {
            None => self.missing(),
            Some(found) => self.seen(found.run),
        }
    }

    fn missing(&mut self) -> Result<Sight, Error> {
        self.unclear = None;
        if !lasts(&mut self.missing, &*self.clock, self.grace) {
            return Ok(Sight::Missing);
        }
        Err(self.run.error(if self.seen { RunError::Gone } else { RunError::NotFound }))
    }

    fn seen(&mut self, run: Run) -> Result<Sight, Error> {
        self.seen = true;
        self.missing = None;
        let state = run.state();
        self.state = Some(state.clone());
        let settled = !run.has_ended() || state::is_settled(&run);
        if settled && !matches!(state, RunState::Unknown(_)) {
            self.unclear = None;
        }
        match state {
            _ if run.has_ended() && settled => Ok(Sight::Ended(Box::new(run))),
            RunState::Paused => Ok(Sight::Paused),
            RunState::Running => Ok(Sight::Running),
            state => self.unclear(run, &state),
        }
    }

    fn unclear(&mut self, run: Run, state: &RunState) -> Result<Sight, Error> {
        let lasts = lasts(&mut self.unclear, &*self.clock, self.grace);
        match (run.has_ended(), lasts) {
            (true, true) => Ok(Sight::Ended(Box::new(run))),
            (true, false) => Ok(Sight::Settling),
            (false, false) => Ok(Sight::Unclear),
            (false, true) => Err(self.run.error(RunError::UnknownStatus(state.word()))),
        }
    }

    /// What a refusal that does not pass says of the run: that it is gone, if it was there.
    pub(super) fn refusal(&self, error: Error) -> Error {
        let missing = error.is_not_found() || error.is_forbidden();
        if missing && (self.seen || self.run.started.is_some()) {
            let RunHandle { agent_id, run_id, .. } = &self.run;
            return failure::refused(agent_id, run_id, RunError::Gone, &error);
        }
        error
    }

    /// Where the run stands, as in "run … is still running".
    pub(super) fn standing(&self) -> String {
        match (&self.state, &self.missing) {
            (_, Some(_)) => "is not listed".to_owned(),
            (Some(state), None) => format!("is still {state}"),
            (None, None) => "has not been seen".to_owned(),
        }
    }
}

/// Whether something has lasted for `limit`; it begins now, if it had not.
pub(super) fn lasts(since: &mut Option<Duration>, clock: &dyn Clock, limit: Duration) -> bool {
    let now = clock.now();
    now.saturating_sub(*since.get_or_insert(now)) >= limit
}

/// Whether the same call may succeed later.
pub(super) fn is_passing(error: &Error) -> bool {
    !error.is_permanent()
}
