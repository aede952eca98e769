//! Waits until a run has ended, and for nothing else for ever.
//!
//! It asks again and again, since the API tells of an end in no other way but a webhook. It
//! starts nothing, runs no task of its own, and ends with an answer for whatever may come of
//! a run; the [guide](crate::guide::runs) has the table.

use std::pin::Pin;
use std::time::Duration;

use twin_api::types::{Run, RunStatus};

use super::failure::{self, RunError};
use super::find::{Found, find};
use super::poll_interval::PollInterval;
use super::{RunHandle, RunState, RunStateExt as _};
use crate::clock::{Clock, before};
use crate::error::Error;
use crate::policy;

/// How a wait is to be.
///
/// The default asks at once, then in intervals that double from 0.5 s to 15 s, each between
/// half of that and all of it, for one hour.
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
    /// How long to wait in all: 1 h. The call that is on its way then is given up, too.
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

    /// The bound of the first interval, which doubles each time, and the bound of all: 0.5 s
    /// and 15 s. Less than 10 ms is taken for 10 ms.
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

    /// For how long what may pass is waited out: that a run is not listed (yet), and that it
    /// has a status which nobody knows. 30 s.
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

    /// Goes on waiting while the run is paused, instead of saying so.
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

    pub(super) fn pace(&self) -> PollInterval {
        PollInterval::new(self.first, self.longest)
    }
}

/// A wait for the end of a run, to be awaited.
///
/// It borrows nothing, so that it can be spawned. Nothing is asked before it is awaited;
/// dropping it ends it, and leaves the run as it is.
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
#[must_use = "nothing is asked before it is awaited"]
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
        let clock = policy::clock_of(&self.run.client);
        let mut watch = Watch::new(&self.run, &self.wait, &*clock);
        let mut pace = self.wait.pace();
        loop {
            let mut alarm = clock.alarm(watch.left());
            let RunHandle { client, agent_id, run_id, .. } = &self.run;
            let Some(look) = before(&mut alarm, find(client, agent_id, run_id)).await else {
                return Err(watch.timed_out());
            };
            let asked = match look {
                Ok(found) => match watch.judge(found)? {
                    Some(run) => return Ok(run),
                    None => Duration::ZERO,
                },
                Err(error) => watch.tolerate(error)?,
            };
            match watch.pause(pace.next(&*clock), asked) {
                Ok(pause) => clock.sleep(pause).await,
                Err(rest) => {
                    clock.sleep(rest).await;
                    return Err(watch.timed_out());
                }
            }
        }
    }
}

/// What a wait has seen so far, and what it makes of it.
struct Watch<'a> {
    run: &'a RunHandle,
    wait: &'a Wait,
    clock: &'a dyn Clock,
    started: Duration,
    /// Whether the run, or at least its agent, was there.
    seen: bool,
    missing: Option<Duration>,
    unclear: Option<Duration>,
    state: Option<RunState>,
    /// The last call, if it failed.
    fault: Option<Error>,
}

impl<'a> Watch<'a> {
    fn new(run: &'a RunHandle, wait: &'a Wait, clock: &'a dyn Clock) -> Self {
        Self {
            run,
            wait,
            clock,
            started: clock.now(),
            seen: false,
            missing: None,
            unclear: None,
            state: None,
            fault: None,
        }
    }

    fn elapsed(&self) -> Duration {
        self.clock.now().saturating_sub(self.started)
    }

    fn left(&self) -> Duration {
        self.wait.deadline.saturating_sub(self.elapsed())
    }

    /// The run, if it has ended; an error, if it will not, or nobody can tell.
    fn judge(&mut self, found: Option<Found>) -> Result<Option<Run>, Error> {
        self.fault = None;
        let Some(Found { run, .. }) = found else { return self.not_listed() };
        self.seen = true;
        self.missing = None;
        let state = run.state();
        self.state = Some(state.clone());
        match state {
            RunState::Finished(_) | RunState::Failed | RunState::Stopped => Ok(Some(run)),
            RunState::Paused if !self.wait.through_pauses => Err(self.error(RunError::Paused)),
            RunState::Running | RunState::Paused => {
                self.unclear = None;
                Ok(None)
            }
            RunState::Unknown(status) => self.unclear(run, status),
        }
    }

    fn not_listed(&mut self) -> Result<Option<Run>, Error> {
        let now = self.clock.now();
        let since = *self.missing.get_or_insert(now);
        if now.saturating_sub(since) < self.wait.grace {
            return Ok(None);
        }
        Err(self.error(if self.seen { RunError::Gone } else { RunError::NotFound }))
    }

    fn unclear(&mut self, run: Run, status: String) -> Result<Option<Run>, Error> {
        let ended = run.has_ended();
        // One that is known, and contradicts the rest, may only be late.
        if ended && matches!(run.status, RunStatus::Unknown(_)) {
            return Ok(Some(run));
        }
        let now = self.clock.now();
        let since = *self.unclear.get_or_insert(now);
        match now.saturating_sub(since) >= self.wait.grace {
            false => Ok(None),
            true if ended => Ok(Some(run)),
            true => Err(self.error(RunError::UnknownStatus(status))),
        }
    }

    /// For how long the service asked to be left alone, of a failure that may pass.
    fn tolerate(&mut self, error: Error) -> Result<Duration, Error> {
        if is_passing(&error) {
            let asked = error.retry_after().unwrap_or_default();
            self.fault = Some(error);
            return Ok(asked);
        }
        let missing = error.is_not_found() || error.is_forbidden();
        if missing && (self.seen || self.run.started.is_some()) {
            let RunHandle { agent_id, run_id, .. } = self.run;
            return Err(failure::refused(agent_id, run_id, RunError::Gone, &error));
        }
        Err(error)
    }

    /// How long to pause; or how long to let pass, where there is no use in asking again.
    ///
    /// Close to the deadline pauses get shorter, so that an end just before it is seen.
    fn pause(&self, interval: Duration, asked: Duration) -> Result<Duration, Duration> {
        let left = self.left();
        if left < self.wait.first.max(Duration::from_millis(10)) {
            Err(left)
        } else if asked >= left {
            // What it would come to is known already.
            Err(Duration::ZERO)
        } else if interval >= left {
            Ok((left / 4 * 3).max(asked))
        } else {
            Ok(interval.max(asked))
        }
    }

    fn error(&self, error: RunError) -> Error {
        failure::of(&self.run.agent_id, &self.run.run_id, error)
    }

    fn timed_out(&mut self) -> Error {
        let RunHandle { agent_id, run_id, .. } = self.run;
        let limit = self.wait.deadline;
        let state = match (&self.state, &self.missing) {
            (_, Some(_)) => "is not listed".to_owned(),
            (Some(state), None) => format!("is still {state}"),
            (None, None) => "has not been seen".to_owned(),
        };
        let mut message = format!("run {run_id} of agent {agent_id} {state} after {limit:?}");
        if let Some(fault) = &self.fault {
            message.push_str(", and the last look failed: ");
            message.push_str(&fault.to_string());
        }
        failure::timed_out(message, self.fault.take())
    }
}

/// Whether asking again later may help.
pub(super) fn is_passing(error: &Error) -> bool {
    !error.is_permanent()
}

#[cfg(test)]
mod tests {
    use super::super::{RunExt as _, RunTicket};
    use super::*;
    use crate::testing::Service;

    #[tokio::test]
    async fn a_look_that_hangs_does_not_outlive_the_deadline() {
        // The answer begins, and does not go on.
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
