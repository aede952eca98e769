//! Limits the total time of a loop over several calls.
//!
//! A call that is under way when the time is up is given up, including its retries and pauses. A
//! loop may make one last call when its time is up, so that it ends with the latest state; that
//! call may take [`LAST_CALL`].

use std::sync::Arc;
use std::time::Duration;

use twin_api::Client;

use crate::clock::{Clock, before};
use crate::error::Error;
use crate::options::{CallOptions, ClientExt as _};
use crate::policy::Policy;

/// How long the call at the end of a budget may take.
pub(super) const LAST_CALL: Duration = Duration::from_secs(5);

/// Maximum `Retry-After` that a loop waits for. A longer one ends the loop with the refusal, as it
/// does for a single call.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// The time of one loop.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    clock: Arc<dyn Clock>,
    started: Duration,
    limit: Duration,
}

impl Budget {
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

    /// Returns a client whose deadline is that of the budget, so that no retry exceeds it. The
    /// last call is not retried.
    pub(super) fn client(&self, client: &Client) -> Client {
        let Some(policy) = Policy::of(client) else { return client.clone() };
        let options = match self.left() {
            Duration::ZERO => CallOptions::new().deadline(LAST_CALL).max_attempts(1),
            left => CallOptions::new().deadline(left.min(policy.limits.deadline)),
        };
        client.with(options)
    }

    /// Makes a call that ends with the budget; `None` if it was given up. A call that starts when
    /// the budget is spent is the last one.
    pub(super) async fn call<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        let left = if self.is_spent() { LAST_CALL } else { self.left() };
        before(&mut self.clock.alarm(left), call).await
    }

    /// Pauses for `interval`, or longer if the service asked for it, but not beyond the budget.
    pub(super) async fn pause(&self, interval: Duration, asked: Duration) {
        self.clock.sleep(interval.max(asked).min(self.left())).await;
    }
}

/// Returns the pause that the service asked for; the error itself if the pause is above
/// [`LONGEST_PAUSE`].
pub(super) fn requested_pause(error: Error) -> Result<(Duration, Error), Error> {
    match error.retry_after() {
        Some(asked) if asked > LONGEST_PAUSE => Err(error),
        asked => Ok((asked.unwrap_or_default(), error)),
    }
}
