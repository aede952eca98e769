//! Starts runs, waits for them, streams their events, and resumes them after a restart.
//!
//! [`RunExt`] extends the client, and [`RunHandle`] operates on one run. The
//! [guide](crate::guide::runs) explains the guarantees. Dropping a handle does not end its run.

#[cfg(feature = "blocking")]
mod blocking;
mod failure;
mod find;
mod finished;
mod follow;
mod handle;
mod launch;
mod observer;
mod poll_interval;
mod state;
mod ticket;
mod time_budget;
mod wait;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use twin_api::Client;
use twin_api::types::StartRunBody;

pub use self::failure::RunError;
pub use self::finished::FinishedRuns;
pub use self::follow::RunEvents;
pub use self::handle::RunHandle;
pub use self::state::{RunState, RunStateExt};
pub use self::ticket::RunTicket;
pub use self::wait::{Wait, Waiting};
use crate::error::Error;
use crate::time::Timestamp;

/// A future that starts a run. [`RunExt::launch`] and [`RunExt::launch_or_find`] create it.
///
/// It borrows nothing, so it can be spawned as a task. If it is dropped after its first poll, the
/// run may have started.
#[must_use = "a launch sends nothing until it is awaited"]
pub struct Launching(Pin<Box<dyn Future<Output = Result<RunHandle, Error>> + Send>>);

impl Future for Launching {
    type Output = Result<RunHandle, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Launching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launching").finish_non_exhaustive()
    }
}

/// Extends the client with runs.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// use twin_ext::twin_api::types::{RunMode, StartRunBody};
///
/// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Error> {
/// let body = StartRunBody::builder().run_mode(RunMode::Run).user_message("Go.");
/// let run = twin.launch("agent_abc123", body).await?;
/// let done = run.wait().await?;
/// println!("{} is {}", done.run_id, done.state());
/// # Ok(())
/// # }
/// ```
pub trait RunExt {
    /// Starts a run. `body` is a [`StartRunBody`] or its builder.
    ///
    /// Starting a run is not idempotent, so the client retries only a request that had no effect.
    /// Check [`Error::outcome`] before you launch again, or use
    /// [`launch_or_find`](Self::launch_or_find).
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// use twin_ext::twin_api::types::{RunMode, StartRunBody};
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Error> {
    /// let run = twin.launch("agent_abc123", StartRunBody::builder().run_mode(RunMode::Run)).await?;
    /// println!("{}", run.run_id());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest): the body lacks a required
    ///   field. Nothing was sent.
    /// - An error of `start_run`. If
    ///   [`Outcome::may_have_happened`](crate::Outcome::may_have_happened) returns true, the run
    ///   may have started.
    fn launch<B>(&self, agent_id: impl Into<String>, body: B) -> Launching
    where
        B: TryInto<StartRunBody>,
        B::Error: fmt::Display;

    /// Starts a run, and searches for it if the response is lost.
    ///
    /// The service accepts no idempotency key. Therefore this method appends a marker of 32 random
    /// hexadecimal digits to the message, which the agent sees too. If the outcome of the launch is
    /// [`Unknown`](crate::Outcome::Unknown) or [`Accepted`](crate::Outcome::Accepted), it searches
    /// the goal and the first events of the agent's new runs for the marker, for up to 30 s.
    ///
    /// It adopts a run only if exactly one new run carries the marker, because a schedule, another
    /// program or a person may have started other runs. If no run or several runs carry the marker,
    /// the method returns the error of the launch, whose outcome stays unknown.
    ///
    /// The method lists the agent's runs once before the launch. If that fails, it starts nothing.
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// use twin_ext::twin_api::types::{RunMode, StartRunBody};
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Error> {
    /// let body = StartRunBody::builder().run_mode(RunMode::Run).user_message("Order 4711.");
    /// let run = twin.launch_or_find("agent_abc123", body).await?;
    /// println!("{}", run.run_id());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`launch`](Self::launch). In addition, an error of `list_runs` before the launch.
    fn launch_or_find<B>(&self, agent_id: impl Into<String>, body: B) -> Launching
    where
        B: TryInto<StartRunBody>,
        B::Error: fmt::Display;

    /// Returns the handle of a run that was launched earlier, also by another process.
    ///
    /// It sends no request and does not check that the run exists.
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// use twin_ext::RunTicket;
    /// # async fn example(twin: twin_ext::twin_api::Client, stored: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let ticket: RunTicket = serde_json::from_str(stored)?;
    /// let run = twin.resume(ticket).wait().await?;
    /// println!("{} is {}", run.run_id, run.state());
    /// # Ok(())
    /// # }
    /// ```
    fn resume(&self, ticket: RunTicket) -> RunHandle;

    /// Streams the runs of an agent that ended at `time` or later. `time` is a
    /// [`SystemTime`](std::time::SystemTime) or RFC 3339 text.
    ///
    /// Use it to find runs whose webhook delivery was lost. See the
    /// [guide](crate::guide::runs#find-runs-whose-webhook-was-lost).
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Error> {
    /// let mut runs = twin.finished_since("agent_abc123", "2026-02-20T14:30:00Z");
    /// while let Some(run) = runs.try_next().await? {
    ///     println!("{} is {}", run.run_id, run.state());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If the text is not a valid time, the stream returns one error of
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) and sends nothing.
    fn finished_since<T>(&self, agent_id: impl Into<String>, time: T) -> FinishedRuns<'_>
    where
        T: TryInto<Timestamp>,
        T::Error: Into<Error>;
}

impl RunExt for Client {
    fn launch<B>(&self, agent_id: impl Into<String>, body: B) -> Launching
    where
        B: TryInto<StartRunBody>,
        B::Error: fmt::Display,
    {
        let (client, agent_id, body) = (self.clone(), agent_id.into(), launch::body(body));
        Launching(Box::pin(async move { launch::launch(client, agent_id, body?).await }))
    }

    fn launch_or_find<B>(&self, agent_id: impl Into<String>, body: B) -> Launching
    where
        B: TryInto<StartRunBody>,
        B::Error: fmt::Display,
    {
        let (client, agent_id, body) = (self.clone(), agent_id.into(), launch::body(body));
        Launching(Box::pin(async move { launch::launch_or_find(client, agent_id, body?).await }))
    }

    fn resume(&self, ticket: RunTicket) -> RunHandle {
        let (agent_id, run_id) = (ticket.agent_id().to_owned(), ticket.run_id().to_owned());
        RunHandle { client: self.clone(), agent_id, run_id, started: None }
    }

    fn finished_since<T>(&self, agent_id: impl Into<String>, time: T) -> FinishedRuns<'_>
    where
        T: TryInto<Timestamp>,
        T::Error: Into<Error>,
    {
        FinishedRuns::new(self, agent_id.into(), time.try_into().map_err(Into::into))
    }
}
