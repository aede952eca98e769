//! Polls until a run ends or the deadline passes.
//!
//! Apart from webhooks, the API does not report the end of a run, so that a wait lists the run in
//! growing intervals. It starts no task. The [guide](crate::guide::runs) has a table of the
//! results of a wait.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use twin_api::types::Run;

use super::RunHandle;
use super::budget::{Budget, requested_pause};
use super::failure::{self, RunError};
use super::observer::{Observation, Observer, is_transient};
use super::poll_interval::PollInterval;
use crate::error::Error;
use crate::policy;

/// The limits and intervals of a wait.
///
/// The default polls at once, then in intervals that double from 0.5 s to 15 s with jitter (each
/// is between half of its bound and all of it), for one hour.
///
/// ```no_run
/// use std::time::Duration;
/// use twin_ext::prelude::*;
/// use twin_ext::{RunHandle, Wait};
/// # async fn example(run: RunHandle) -> Result<(), Error> {
/// let patience = Wait::default().deadline(Duration::from_secs(600));
/// let done = run.wait_with(patience).await?;
/// # drop(done);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    deadline: Duration,
    first: Duration,
    longest: Duration,
    grace: Duration,
    through_pauses: bool,
}

impl Default for Wait {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(3600),
            first: Duration::from_millis(500),
            longest: Duration::from_secs(15),
            grace: Duration::from_secs(30),
            through_pauses: false,
        }
    }
}

impl Wait {
    /// Sets how long to wait in all. The default is 1 h.
    ///
    /// A call that is under way at the deadline is given up. Otherwise the run is polled once
    /// more at the deadline; that call has 5 s.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let wait = twin_ext::Wait::default().deadline(Duration::from_secs(600));
    /// # drop(wait);
    /// ```
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Sets the bound of the first interval between two polls, which doubles each time, and
    /// the bound of every interval. The defaults are 0.5 s and 15 s, the minimum is 10 ms.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let wait = twin_ext::Wait::default().poll_interval(Duration::from_secs(5), Duration::from_secs(60));
    /// # drop(wait);
    /// ```
    #[must_use]
    pub fn poll_interval(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// Sets for how long a run may be missing from the list, or have a status that this crate
    /// does not know, before that is an error. The default is 30 s.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let wait = twin_ext::Wait::default().grace(Duration::from_secs(5));
    /// # drop(wait);
    /// ```
    #[must_use]
    pub fn grace(mut self, limit: Duration) -> Self {
        self.grace = limit;
        self
    }

    /// Waits while the run is paused, instead of ending with [`RunError::Paused`].
    ///
    /// ```
    /// let wait = twin_ext::Wait::default().through_pauses();
    /// # drop(wait);
    /// ```
    #[must_use]
    pub fn through_pauses(mut self) -> Self {
        self.through_pauses = true;
        self
    }

    pub(super) fn poll_intervals(&self) -> PollInterval {
        PollInterval::new(self.first, self.longest)
    }
}

/// A wait for the end of a run; `.await` starts it.
///
/// It borrows nothing, so that it can be spawned. Dropping the future ends the wait and leaves
/// the run as it is.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// use twin_ext::RunHandle;
/// # async fn example(run: RunHandle) -> Result<(), Error> {
/// let done: twin_api::types::Run = run.wait().await?;
/// # drop(done);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a wait does nothing until it is awaited"]
pub struct Waiting {
    pub(super) run: RunHandle,
    pub(super) wait: Wait,
}

impl IntoFuture for Waiting {
    type Output = Result<Run, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl Waiting {
    async fn run(self) -> Result<Run, Error> {
        let Self { run, wait } = self;
        let clock = policy::clock_of(&run.client);
        let budget = Budget::new(Arc::clone(&clock), wait.deadline);
        let mut interval = wait.poll_intervals();
        let mut attempt = Attempt {
            observer: Observer::new(run, Arc::clone(&clock), wait.grace),
            wait,
            budget,
            fault: None,
        };
        loop {
            // The poll at the deadline is the last one.
            let last = attempt.budget.is_spent();
            let asked = match attempt.poll().await? {
                PollResult::Ended(run) => return Ok(*run),
                PollResult::GoesOn { asked } => asked,
                PollResult::GivenUp => return Err(attempt.timed_out(None)),
            };
            // A call that failed because the time was up was also the last one.
            if last || (attempt.fault.is_some() && attempt.budget.is_spent()) {
                return Err(attempt.timed_out(None));
            }
            if asked > attempt.budget.left() {
                return Err(attempt.timed_out(Some(asked)));
            }
            attempt.budget.pause(interval.next(&*clock), asked).await;
        }
    }
}

/// The result of one poll.
enum PollResult {
    Ended(Box<Run>),
    /// The run goes on, or the poll had a transient failure. The service asked for a pause of this
    /// length.
    GoesOn {
        asked: Duration,
    },
    /// The time was up before the response arrived.
    GivenUp,
}

/// A wait that is under way.
struct Attempt {
    observer: Observer,
    wait: Wait,
    budget: Budget,
    /// The failure of the last poll.
    fault: Option<Error>,
}

impl Attempt {
    async fn poll(&mut self) -> Result<PollResult, Error> {
        let client = self.budget.client(&self.observer.run.client);
        let Some(observation) = self.budget.call(self.observer.poll(&client)).await else {
            return Ok(PollResult::GivenUp);
        };
        let going = PollResult::GoesOn { asked: Duration::ZERO };
        match observation {
            Ok(observation) => {
                self.fault = None;
                match observation {
                    Observation::Ended(run) => Ok(PollResult::Ended(run)),
                    Observation::Paused if !self.wait.through_pauses => {
                        Err(self.observer.run.error(RunError::Paused))
                    }
                    Observation::Missing
                    | Observation::Running
                    | Observation::Paused
                    | Observation::Unclear
                    | Observation::Settling => Ok(going),
                }
            }
            Err(error) if is_transient(&error) => {
                let (asked, error) = requested_pause(error)?;
                self.fault = Some(error);
                Ok(PollResult::GoesOn { asked })
            }
            Err(error) => Err(self.observer.refusal(error)),
        }
    }

    /// Builds the error at the deadline, or before it if the service asked for a pause beyond it.
    fn timed_out(&mut self, asked: Option<Duration>) -> Error {
        let standing = self.observer.standing();
        let deadline = self.wait.deadline;
        let mut message = match asked {
            None => format!("{standing} after {deadline:?}"),
            Some(asked) => {
                let elapsed = Duration::from_millis(
                    u64::try_from(self.budget.elapsed().as_millis()).unwrap_or(u64::MAX),
                );
                format!(
                    "{standing} after {elapsed:?}; the service asks to wait {asked:?}, beyond \
                     the deadline of {deadline:?}"
                )
            }
        };
        if let Some(fault) = &self.fault {
            message.push_str(", and the last poll failed: ");
            message.push_str(&fault.to_string());
        }
        failure::timed_out(message, self.fault.take())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{RunExt as _, RunTicket};
    use super::*;
    use crate::testing::Service;

    #[tokio::test]
    async fn gives_up_a_call_that_hangs_at_the_deadline() {
        // The response begins and never continues.
        let service = Service::start(["HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{…"]).await;
        let (twin, clock) = service.client();
        let limit = Duration::from_secs(20);
        let waiting =
            twin.resume(RunTicket::new("a", "r")).wait_with(Wait::default().deadline(limit));
        let waiting = tokio::spawn(waiting.into_future());
        while service.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(clock.limits().contains(&limit));
        clock.advance(limit.saturating_sub(Duration::from_millis(1)));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_millis(1));
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Timeout);
        assert_eq!(service.requests().len(), 1);
    }
}
