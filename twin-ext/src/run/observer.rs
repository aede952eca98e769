//! Polls a run, and judges the results of several polls.
//!
//! A run that is not listed may be listed late, and an unknown status may become a known one. The
//! observer tolerates each for a grace period, which starts anew each time, and then returns an
//! error. Waiting for a run and following its events use it.

use std::sync::Arc;
use std::time::Duration;

use twin_api::Client;
use twin_api::types::Run;

use super::failure::{self, RunError};
use super::find::find;
use super::{RunHandle, RunState, RunStateExt as _, state};
use crate::clock::Clock;
use crate::error::Error;

/// The result of one poll.
#[derive(Debug)]
pub(super) enum Observation {
    /// The run is not listed.
    Missing,
    Running,
    Paused,
    /// The run has an unknown status.
    Unclear,
    /// The run has ended, but its status does not say so yet.
    Settling,
    Ended(Box<Run>),
}

/// The history of the polls of one run.
pub(super) struct Observer {
    pub(super) run: RunHandle,
    clock: Arc<dyn Clock>,
    grace: Duration,
    /// Whether the run was ever listed.
    seen: bool,
    /// Since when the run is missing from the list.
    missing: Option<Duration>,
    /// Since when the status is unknown.
    unclear: Option<Duration>,
    state: Option<RunState>,
}

impl Observer {
    pub(super) fn new(run: RunHandle, clock: Arc<dyn Clock>, grace: Duration) -> Self {
        Self { run, clock, grace, seen: false, missing: None, unclear: None, state: None }
    }

    /// Polls once. `client` is the run's client, limited to the time that is left.
    pub(super) async fn poll(&mut self, client: &Client) -> Result<Observation, Error> {
        let RunHandle { agent_id, run_id, .. } = &self.run;
        match find(client, agent_id, run_id).await? {
            None => self.missing(),
            Some(found) => self.seen(found.run),
        }
    }

    fn missing(&mut self) -> Result<Observation, Error> {
        self.unclear = None;
        if !has_lasted(&mut self.missing, &*self.clock, self.grace) {
            return Ok(Observation::Missing);
        }
        Err(self.run.error(if self.seen { RunError::Gone } else { RunError::NotFound }))
    }

    fn seen(&mut self, run: Run) -> Result<Observation, Error> {
        self.seen = true;
        self.missing = None;
        let state = run.state();
        self.state = Some(state.clone());
        let settled = !run.has_ended() || state::is_settled(&run);
        if settled && !matches!(state, RunState::Unknown(_)) {
            self.unclear = None;
        }
        match state {
            _ if run.has_ended() && settled => Ok(Observation::Ended(Box::new(run))),
            RunState::Paused => Ok(Observation::Paused),
            RunState::Running => Ok(Observation::Running),
            state => self.unclear(run, &state),
        }
    }

    fn unclear(&mut self, run: Run, state: &RunState) -> Result<Observation, Error> {
        let lasts = has_lasted(&mut self.unclear, &*self.clock, self.grace);
        match (run.has_ended(), lasts) {
            (true, true) => Ok(Observation::Ended(Box::new(run))),
            (true, false) => Ok(Observation::Settling),
            (false, false) => Ok(Observation::Unclear),
            (false, true) => {
                let status = failure::redacted(&self.run.client, &state.word());
                Err(self.run.error(RunError::UnknownStatus(status)))
            }
        }
    }

    /// Converts a permanent 403 or 404 into [`RunError::Gone`] if the run existed.
    pub(super) fn refusal(&self, error: Error) -> Error {
        let missing = error.is_not_found() || error.is_forbidden();
        if missing && (self.seen || self.run.started.is_some()) {
            return failure::refused(&self.run.name(), RunError::Gone, &error);
        }
        error
    }

    /// Describes the last observation: "run … is still running".
    pub(super) fn standing(&self) -> String {
        let standing = match (&self.state, &self.missing) {
            (_, Some(_)) => "is not listed".to_owned(),
            (Some(state), None) => format!("is still {state}"),
            (None, None) => "has not been seen".to_owned(),
        };
        let standing = failure::redacted(&self.run.client, &standing);
        format!("{} {standing}", self.run.name())
    }
}

/// Returns whether a condition has lasted for `limit`. It starts now if `since` is `None`.
pub(super) fn has_lasted(since: &mut Option<Duration>, clock: &dyn Clock, limit: Duration) -> bool {
    let now = clock.now();
    now.saturating_sub(*since.get_or_insert(now)) >= limit
}

/// Returns whether the same call may succeed later.
pub(super) fn is_transient(error: &Error) -> bool {
    !error.is_permanent()
}
