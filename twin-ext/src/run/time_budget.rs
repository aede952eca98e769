//! Limits the total time of a loop that makes several calls.
//!
//! When the budget is spent, the call in flight is cancelled, including its retries. If no call is
//! in flight, a loop may make one last call of up to [`LAST_CALL`], to return the latest state.

use std::sync::Arc;
use std::time::Duration;

use twin_api::Client;

use crate::clock::{Clock, before};
use crate::error::Error;
use crate::options::{CallOptions, ClientExt as _};
use crate::policy::Policy;
use crate::retry::LONGEST_RETRY_AFTER;

/// Maximum time of the call after the budget is spent.
pub(super) const LAST_CALL: Duration = Duration::from_secs(5);

/// The time budget of one loop.
#[derive(Debug, Clone)]
pub(super) struct TimeBudget {
    clock: Arc<dyn Clock>,
    started: Duration,
    limit: Duration,
}

impl TimeBudget {
    /// Creates a budget that starts now.
    pub(super) fn new(clock: Arc<dyn Clock>, limit: Duration) -> Self {
        let started = clock.now();
        Self { clock, started, limit }
    }

    /// Restarts the budget now.
    pub(super) fn restart(&mut self) {
        self.started = self.clock.now();
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.clock.now().saturating_sub(self.started)
    }

    pub(super) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.elapsed())
    }

    pub(super) fn is_spent(&self) -> bool {
        self.left().is_zero()
    }

    /// Returns a client whose deadline is the end of the budget. It does not retry the last call.
    pub(super) fn client(&self, client: &Client) -> Client {
        let Some(policy) = Policy::of(client) else { return client.clone() };
        let options = match self.left() {
            Duration::ZERO => CallOptions::new().deadline(LAST_CALL).max_attempts(1),
            left => CallOptions::new().deadline(left.min(policy.limits.deadline)),
        };
        client.with(options)
    }

    /// Awaits a call until the budget is spent. Returns `None` if the call was cancelled. A call
    /// that starts after the budget is spent may take up to [`LAST_CALL`].
    pub(super) async fn call<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        let left = if self.is_spent() { LAST_CALL } else { self.left() };
        before(&mut self.clock.alarm(left), call).await
    }

    /// Pauses for the longer of `interval` and `requested`, but not beyond the budget.
    pub(super) async fn pause(&self, interval: Duration, requested: Duration) {
        self.clock.sleep(interval.max(requested).min(self.left())).await;
    }
}

/// Returns the `Retry-After` of an error, or zero, together with the error.
///
/// # Errors
/// The error itself, if its `Retry-After` is above [`LONGEST_RETRY_AFTER`]. The loop then ends.
pub(super) fn requested_pause(error: Error) -> Result<(Duration, Error), Error> {
    match error.retry_after() {
        Some(requested) if requested > LONGEST_RETRY_AFTER => Err(error),
        requested => Ok((requested.unwrap_or_default(), error)),
    }
}
