//! Polls a run, and interprets a sequence of polls.
//!
//! The service may list a new run late, and an unknown status may become a known one. The observer
//! tolerates a missing run and an unknown status for a grace period each, and then returns an error.
//! [`Waiting`](super::Waiting) and [`RunEvents`](super::RunEvents) use it.

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
pub(super) enum PolledState {
    /// The run is not listed.
    Missing,
    Running,
    Paused,
    /// The run has an unknown status.
    Unclear,
    /// The run has ended, but its status is still that of a running run.
    Settling,
    Ended(Box<Run>),
}

/// The state of the polls of one run.
pub(super) struct Observer {
    pub(super) run: RunHandle,
    clock: Arc<dyn Clock>,
    grace: Duration,
    /// Whether the service has ever listed the run.
    was_listed: bool,
    /// When the run was first missing from the list.
    missing_since: Option<Duration>,
    /// When the status was first unknown or unsettled.
    unclear_since: Option<Duration>,
    state: Option<RunState>,
}

impl Observer {
    pub(super) fn new(run: RunHandle, clock: Arc<dyn Clock>, grace: Duration) -> Self {
        Self {
            run,
            clock,
            grace,
            was_listed: false,
            missing_since: None,
            unclear_since: None,
            state: None,
        }
    }

    /// Polls once. `client` is the client of the run, with a deadline.
    pub(super) async fn poll(&mut self, client: &Client) -> Result<PolledState, Error> {
        let RunHandle { agent_id, run_id, .. } = &self.run;
        match find(client, agent_id, run_id).await? {
            None => self.record_missing(),
            Some(found) => self.record_listed(found.run),
        }
    }

    /// Tolerates a missing run for the grace period.
    fn record_missing(&mut self) -> Result<PolledState, Error> {
        self.unclear_since = None;
        if !has_lasted(&mut self.missing_since, &*self.clock, self.grace) {
            return Ok(PolledState::Missing);
        }
        Err(self.run.error(if self.was_listed { RunError::Gone } else { RunError::NotFound }))
    }

    /// Interprets the state of a listed run.
    fn record_listed(&mut self, run: Run) -> Result<PolledState, Error> {
        self.was_listed = true;
        self.missing_since = None;
        let state = run.state();
        self.state = Some(state.clone());
        let settled = !run.has_ended() || state::is_settled(&run);
        if settled && !matches!(state, RunState::Unknown(_)) {
            self.unclear_since = None;
        }
        match state {
            _ if run.has_ended() && settled => Ok(PolledState::Ended(Box::new(run))),
            RunState::Paused => Ok(PolledState::Paused),
            RunState::Running => Ok(PolledState::Running),
            state => self.record_unclear(run, &state),
        }
    }

    /// Tolerates an unknown or unsettled status for the grace period.
    fn record_unclear(&mut self, run: Run, state: &RunState) -> Result<PolledState, Error> {
        let lasted = has_lasted(&mut self.unclear_since, &*self.clock, self.grace);
        match (run.has_ended(), lasted) {
            (true, true) => Ok(PolledState::Ended(Box::new(run))),
            (true, false) => Ok(PolledState::Settling),
            (false, false) => Ok(PolledState::Unclear),
            (false, true) => {
                let status = failure::redacted(&self.run.client, &state.word());
                Err(self.run.error(RunError::UnknownStatus(status)))
            }
        }
    }

    /// Converts a 403 or 404 to [`RunError::Gone`] if the run existed.
    pub(super) fn refusal(&self, error: Error) -> Error {
        let missing = error.is_not_found() || error.is_forbidden();
        if missing && (self.was_listed || self.run.started.is_some()) {
            return failure::run_error_with_status(&self.run.name(), RunError::Gone, &error);
        }
        error
    }

    /// Describes the last state: "run … is still running".
    pub(super) fn describe(&self) -> String {
        let state = match (&self.state, &self.missing_since) {
            (_, Some(_)) => "is not listed".to_owned(),
            (Some(state), None) => format!("is still {state}"),
            (None, None) => "could not be read".to_owned(),
        };
        let state = failure::redacted(&self.run.client, &state);
        format!("{} {state}", self.run.name())
    }
}

/// Returns whether a condition has lasted for `limit`. Sets `since` to now if it is `None`.
pub(super) fn has_lasted(since: &mut Option<Duration>, clock: &dyn Clock, limit: Duration) -> bool {
    let now = clock.now();
    now.saturating_sub(*since.get_or_insert(now)) >= limit
}

/// Returns whether a retry of the request may succeed.
pub(super) fn is_transient(error: &Error) -> bool {
    !error.is_permanent()
}
