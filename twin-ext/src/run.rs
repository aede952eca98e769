//! Runs: started, waited for, followed, found again after a restart.
//!
//! [`RunExt`] is what a client can do with runs, [`RunHandle`] what can be done with one.
//! Both make the calls that the API has, and no others; the [guide](crate::guide::runs) tells
//! what they guarantee. A run does not end because its handle is dropped.

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

/// A launch, to be awaited. It borrows nothing; nothing is sent before that.
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
#[must_use = "nothing is sent before it is awaited"]
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

/// What a client can do with runs.
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
    /// It is not sent twice when it may have happened: see [`Error::outcome`] before you
    /// launch again, and [`launch_or_find`](Self::launch_or_find).
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
    /// The body is not complete (nothing was sent), or what `start_run` ends with.
    /// Cancelled after it was sent, it may have started a run.
    fn launch<B>(&self, agent_id: impl Into<String>, body: B) -> Launching
    where
        B: TryInto<StartRunBody>,
        B::Error: fmt::Display;

    /// Starts a run, and looks for it where the answer was lost.
    ///
    /// The service takes no key by which it would know a second request for the first. So a
    /// line with 32 random hexadecimal digits is added to the message, which the agent sees,
    /// too; and where the outcome is [`Unknown`](crate::Outcome::Unknown) or
    /// [`Accepted`](crate::Outcome::Accepted), the runs that were not there before are
    /// searched for it for half a minute: their `goal` and their first events. Exactly one run
    /// that shows it is the one that was started. Where none does, or two do, nothing is
    /// proven, and the error is that of the launch, with its outcome. That a run is the only
    /// new one proves nothing: a schedule, another program or a person may have started it.
    ///
    /// It is sent once, as [`launch`](Self::launch) does. It lists the agent's runs once
    /// before that, and does not launch where this fails.
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

    /// The handle of a run that was launched before, by this process or another. Nothing is
    /// sent, and nothing is checked.
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

    /// The runs of an agent that ended since `time`, or at it: a
    /// [`SystemTime`](std::time::SystemTime), or RFC 3339 text.
    ///
    /// For receivers of webhooks, which may have missed a delivery: the
    /// [guide](crate::guide::runs#what-was-missed) has the recipe.
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
    /// A text that is no time is the stream's first and only item, an error.
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
