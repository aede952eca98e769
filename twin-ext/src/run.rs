//! Starts runs, waits for them, follows their events and resumes them after a restart.
//!
//! [`RunExt`] extends a client with runs; [`RunHandle`] operates on one run. The
//! [guide](crate::guide::runs) has their guarantees. Dropping a handle does not end its run.

#[cfg(feature = "blocking")]
mod blocking;
mod budget;
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

/// A launch; `.await` sends it.
///
/// It borrows nothing, so that it can be spawned.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// use twin_ext::RunHandle;
/// use twin_api::types::{RunMode, StartRunBody};
/// # async fn example(twin: twin_api::Client) -> Result<(), Error> {
/// let launching = twin.launch("agent_abc123", StartRunBody::builder().run_mode(RunMode::Run));
/// let run: RunHandle = launching.await?;
/// # drop(run);
/// # Ok(())
/// # }
/// ```
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

/// Extends a client with runs.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// use twin_api::types::{RunMode, StartRunBody};
///
/// # async fn example(twin: twin_api::Client) -> Result<(), Error> {
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
    /// The request is retried only if it surely had no effect. Look at [`Error::outcome`] before
    /// you launch again, or use [`launch_or_find`](Self::launch_or_find).
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// use twin_api::types::{RunMode, StartRunBody};
    /// # async fn example(twin: twin_api::Client) -> Result<(), Error> {
    /// let run = twin.launch("agent_abc123", StartRunBody::builder().run_mode(RunMode::Run)).await?;
    /// println!("{}", run.run_id());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The body is not complete (nothing was sent), or `start_run` failed. If the future is
    /// dropped after the request was sent, a run may have started.
    fn launch<B>(&self, agent_id: impl Into<String>, body: B) -> Launching
    where
        B: TryInto<StartRunBody>,
        B::Error: fmt::Display;

    /// Starts a run, and searches for it if the response is lost.
    ///
    /// The service takes no idempotency key. Therefore a line with a marker of 32 random
    /// hexadecimal digits is added to the message; the agent sees it, too. If the outcome is
    /// [`Unknown`](crate::Outcome::Unknown) or [`Accepted`](crate::Outcome::Accepted), the new
    /// runs are searched for the marker for 30 s, in their `goal` and their first events. A run is
    /// adopted only if it is the only one with the marker: a schedule, another program or a person
    /// may have started any other new run. If no run or several runs show the marker, the error is
    /// that of the launch, with its outcome.
    ///
    /// The agent's runs are listed once before the launch. If that fails, nothing is launched.
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// use twin_api::types::{RunMode, StartRunBody};
    /// # async fn example(twin: twin_api::Client) -> Result<(), Error> {
    /// let body = StartRunBody::builder().run_mode(RunMode::Run).user_message("Order 4711.");
    /// let run = twin.launch_or_find("agent_abc123", body).await?;
    /// println!("{}", run.run_id());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`launch`](Self::launch).
    fn launch_or_find<B>(&self, agent_id: impl Into<String>, body: B) -> Launching
    where
        B: TryInto<StartRunBody>,
        B::Error: fmt::Display;

    /// Returns the handle of a run that this process or another one launched. Sends nothing and
    /// checks nothing.
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// use twin_ext::RunTicket;
    /// # async fn example(twin: twin_api::Client, stored: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let ticket: RunTicket = serde_json::from_str(stored)?;
    /// let done = twin.resume(ticket).wait().await?;
    /// # drop(done);
    /// # Ok(())
    /// # }
    /// ```
    fn resume(&self, ticket: RunTicket) -> RunHandle;

    /// Streams the runs of an agent that ended at `time` or later. `time` is a
    /// [`SystemTime`](std::time::SystemTime) or RFC 3339 text.
    ///
    /// A receiver of webhooks finds the runs whose delivery was lost with it; see the
    /// [guide](crate::guide::runs#find-runs-whose-webhook-was-lost).
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// # async fn example(twin: twin_api::Client) -> Result<(), Error> {
    /// let mut runs = twin.finished_since("agent_abc123", "2026-02-20T14:30:00Z");
    /// while let Some(run) = runs.try_next().await? {
    ///     println!("{} is {}", run.run_id, run.state());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If the text is not a time, the stream gives one error and ends.
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
        Launching(Box::pin(async move { launch::or_find(client, agent_id, body?).await }))
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
