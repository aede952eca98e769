//! Polls until a run ends or the deadline passes.
//!
//! The API reports the end of a run only by webhook, so a wait polls the run with growing
//! intervals. It starts no task. The [guide](crate::guide::runs) has a table of its results.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use twin_api::types::Run;

use super::RunHandle;
use super::failure::{self, RunError};
use super::observer::{Observer, PolledState, is_transient};
use super::poll_interval::PollInterval;
use super::time_budget::{TimeBudget, requested_pause};
use crate::error::Error;
use crate::policy;

/// The limits and intervals of a wait.
///
/// The default polls at once, then in intervals that double from 0.5 s to 15 s, for one hour. Jitter
/// shortens each interval by up to a half.
///
/// ```no_run
/// use std::time::Duration;
/// use twin_ext::prelude::*;
/// use twin_ext::{RunHandle, Wait};
/// # async fn example(run: RunHandle) -> Result<(), Error> {
/// // A run that may wait for a person over the weekend.
/// let wait = Wait::default()
///     .deadline(Duration::from_secs(3 * 86_400))
///     .poll_interval(Duration::from_secs(60), Duration::from_secs(600))
///     .through_pauses();
/// match run.wait_with(wait).await {
///     Ok(done) => println!("{}", done.state()),
///     Err(error) if error.is_timeout() => println!("it still runs"),
///     Err(error) => return Err(error),
/// }
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
    /// Sets the maximum time of the wait. The default is 1 h. With zero, the wait polls once.
    ///
    /// A request in flight at the deadline is cancelled. If none is in flight, the wait polls the
    /// run one last time, for up to 5 s. At the deadline the wait ends with
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout), and the run continues.
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Sets the first and the longest interval between two polls. Intervals double from `first` to
    /// `longest`. The defaults are 0.5 s and 15 s, and the minimum is 10 ms. If `longest` is below
    /// `first`, all intervals are `first`.
    ///
    /// Raise both for runs that take hours, so that the polls do not use up the rate limit.
    #[must_use]
    pub fn poll_interval(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// Sets how long the wait tolerates that the run is missing from the list, or that its status is
    /// unknown or outdated. The default is 30 s.
    ///
    /// The service may list a new run late, and update the status after the end of a run. After this
    /// time the wait ends: with [`RunError::NotFound`], [`RunError::Gone`] or
    /// [`RunError::UnknownStatus`], or with the run if it has ended.
    #[must_use]
    pub fn grace(mut self, limit: Duration) -> Self {
        self.grace = limit;
        self
    }

    /// Continues to wait while the run is paused, instead of ending with [`RunError::Paused`].
    ///
    /// Use it if somebody answers the run in Twin before the deadline.
    #[must_use]
    pub fn through_pauses(mut self) -> Self {
        self.through_pauses = true;
        self
    }

    pub(super) fn poll_intervals(&self) -> PollInterval {
        PollInterval::new(self.first, self.longest)
    }
}

/// A wait for the end of a run. [`RunHandle::wait`] creates it, and `.await` starts it.
///
/// It borrows nothing, so it can be spawned as a task. Dropping the future stops the wait and does
/// not affect the run.
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
        let budget = TimeBudget::new(Arc::clone(&clock), wait.deadline);
        let mut interval = wait.poll_intervals();
        let mut poller = Poller {
            observer: Observer::new(run, Arc::clone(&clock), wait.grace),
            wait,
            budget,
            fault: None,
        };
        loop {
            // The poll at the deadline is the last one.
            let last = poller.budget.is_spent();
            let requested = match poller.poll().await? {
                PollResult::Ended(run) => return Ok(*run),
                PollResult::Continues { requested } => requested,
                PollResult::Cancelled => return Err(poller.timed_out(None)),
            };
            // The deadline may also be the reason for the failure.
            if last || (poller.fault.is_some() && poller.budget.is_spent()) {
                return Err(poller.timed_out(None));
            }
            if requested > poller.budget.left() {
                return Err(poller.timed_out(Some(requested)));
            }
            poller.budget.pause(interval.next(&*clock), requested).await;
        }
    }
}

/// The result of one poll.
enum PollResult {
    Ended(Box<Run>),
    /// The run continues, or the poll had a transient failure.
    Continues {
        /// The pause that the service requested, or zero.
        requested: Duration,
    },
    /// The deadline passed before the response arrived.
    Cancelled,
}

/// Polls one run for a wait.
struct Poller {
    observer: Observer,
    wait: Wait,
    budget: TimeBudget,
    /// The failure of the last poll.
    fault: Option<Error>,
}

impl Poller {
    async fn poll(&mut self) -> Result<PollResult, Error> {
        let client = self.budget.client(&self.observer.run.client);
        let Some(state) = self.budget.call(self.observer.poll(&client)).await else {
            return Ok(PollResult::Cancelled);
        };
        let continues = PollResult::Continues { requested: Duration::ZERO };
        match state {
            Ok(state) => {
                self.fault = None;
                match state {
                    PolledState::Ended(run) => Ok(PollResult::Ended(run)),
                    PolledState::Paused if !self.wait.through_pauses => {
                        Err(self.observer.run.error(RunError::Paused))
                    }
                    PolledState::Missing
                    | PolledState::Running
                    | PolledState::Paused
                    | PolledState::Unclear
                    | PolledState::Settling => Ok(continues),
                }
            }
            Err(error) if is_transient(&error) => {
                let (requested, error) = requested_pause(error)?;
                self.fault = Some(error);
                Ok(PollResult::Continues { requested })
            }
            Err(error) => Err(self.observer.refusal(error)),
        }
    }

    /// Builds the error for the deadline, or for a `requested` pause that is longer than the time
    /// that is left.
    fn timed_out(&mut self, requested: Option<Duration>) -> Error {
        let run = self.observer.describe();
        let deadline = self.wait.deadline;
        let mut message = match requested {
            None => format!("{run} after {deadline:?}"),
            Some(requested) => {
                let elapsed = Duration::from_millis(
                    u64::try_from(self.budget.elapsed().as_millis()).unwrap_or(u64::MAX),
                );
                format!(
                    "{run} after {elapsed:?}; the service asks to wait {requested:?}, beyond the \
                     deadline of {deadline:?}"
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
    use crate::testing::{Service, json, response};

    #[tokio::test]
    async fn stops_a_hanging_call_at_the_deadline() {
        // The response is never completed.
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

    #[test]
    fn each_setting_keeps_the_others() {
        let [one, two, three, four] = [1, 2, 3, 4].map(Duration::from_secs);
        let wait = Wait::default().deadline(one).poll_interval(two, three).grace(four);
        let expected =
            Wait { deadline: one, first: two, longest: three, grace: four, through_pauses: true };
        assert_eq!(wait.clone().through_pauses(), expected);
        let wait = Wait::default().through_pauses().grace(four).poll_interval(two, three);
        assert_eq!(wait.deadline(one), expected);
    }

    #[tokio::test]
    async fn polls_once_more_if_the_requested_pause_ends_at_the_deadline() {
        let done = r#"{"runs": [{"run_id": "r", "agent_id": "a", "status": "completed",
            "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:01Z"}]}"#;
        for (asked, ends) in [(20, true), (21, false)] {
            let busy = response(429, &format!("retry-after: {asked}\r\n"), "{}");
            let service = Service::start([busy, json(200, done)]).await;
            let (twin, _) = service.client();
            let wait = Wait::default().deadline(Duration::from_secs(20));
            let result = twin.resume(RunTicket::new("a", "r")).wait_with(wait).await;
            assert_eq!(result.is_ok(), ends, "{asked} {result:?}");
        }
    }
}
