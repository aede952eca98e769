//! Runs: started, waited for, followed, found again after a restart.
//!
//! [`RunExt`] is what a client can do with runs, [`RunHandle`] what can be done with one.
//! Both make the calls that the API has, and no others; the [guide](crate::guide::runs) tells
//! what they guarantee. A run does not end because its handle is dropped.

#[cfg(feature = "blocking")]
mod blocking;
mod failure;
mod find;
mod finished;
mod follow;
mod launch;
mod pace;
mod state;
mod ticket;
mod wait;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use twin_api::Client;
use twin_api::types::{CancelRunResponse, Run, RunSummary, StartRunBody};

pub use self::failure::RunError;
pub use self::finished::FinishedRuns;
pub use self::follow::RunEvents;
pub use self::state::{RunState, RunStateExt};
pub use self::ticket::RunTicket;
pub use self::wait::{Wait, Waiting};
use crate::error::Error;
use crate::page::{Indexed, Place, Position};
use crate::time::Moment;

/// A launch, to be awaited. It borrows nothing; nothing is sent before that.
///
/// ```no_run
/// use twin_ext::prelude::*;
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
        T: TryInto<Moment>,
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
        T: TryInto<Moment>,
        T::Error: Into<Error>,
    {
        FinishedRuns::new(self, agent_id.into(), time.try_into().map_err(Into::into))
    }
}

/// One run, and a client to do something with it.
///
/// Cheap to clone. Dropping it does nothing to the run.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// # async fn example(run: RunHandle) -> Result<(), Error> {
/// let ticket = run.ticket();
/// println!("{ticket:?} is {}", run.state().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RunHandle {
    client: Client,
    agent_id: String,
    run_id: String,
    /// As it was when it was launched, by this handle.
    started: Option<Arc<Run>>,
}

impl RunHandle {
    /// The agent whose run it is.
    ///
    /// ```no_run
    /// # fn example(run: twin_ext::RunHandle) {
    /// println!("{}", run.agent_id());
    /// # }
    /// ```
    pub fn agent_id(&self) -> &str {
        &self.agent_id
    }

    /// The run.
    ///
    /// ```no_run
    /// # fn example(run: twin_ext::RunHandle) {
    /// println!("{}", run.run_id());
    /// # }
    /// ```
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The run as it was when it was launched; `None` of one that was resumed.
    ///
    /// ```no_run
    /// # fn example(run: twin_ext::RunHandle) {
    /// if let Some(started) = run.started() {
    ///     println!("{}", started.started_at);
    /// }
    /// # }
    /// ```
    pub fn started(&self) -> Option<&Run> {
        self.started.as_deref()
    }

    /// What to store, to find the run again after a restart.
    ///
    /// ```no_run
    /// # fn example(run: twin_ext::RunHandle) -> serde_json::Result<()> {
    /// let stored = serde_json::to_string(&run.ticket())?;
    /// # drop(stored);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ticket(&self) -> RunTicket {
        RunTicket::new(&*self.agent_id, &*self.run_id)
    }

    /// The run as it is now.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// println!("{}", run.get().await?.status);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RunError::NotFound`]: it is not listed, which may be so for a moment after its
    /// launch. Otherwise what `list_runs` ends with.
    pub async fn get(&self) -> Result<Run, Error> {
        Ok(self.find().await?.run)
    }

    /// Where the run stands, with how well it did where the service tells.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// println!("{}", run.state().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn state(&self) -> Result<RunState, Error> {
        let found = self.find().await?;
        Ok(match found.run.state() {
            RunState::Finished(_) => RunState::Finished(found.outcome()),
            state => state,
        })
    }

    /// What the service sums the run up with: its outcome, a sentence or two, credits. `None`
    /// where it does not, or does not say of which run it speaks.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// if let Some(summary) = run.summary().await? {
    ///     println!("{:?}: {:?}", summary.outcome, summary.summary);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn summary(&self) -> Result<Option<RunSummary>, Error> {
        Ok(self.find().await?.summary)
    }

    /// Waits until the run has ended: [`wait_with`](Self::wait_with) the default.
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// # async fn example(run: RunHandle) -> Result<(), Error> {
    /// let done = run.wait().await?;
    /// println!("{}", done.state());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`wait_with`](Self::wait_with).
    pub fn wait(&self) -> Waiting {
        self.wait_with(Wait::default())
    }

    /// Waits until the run has ended, in whatever way: a run that failed or was stopped has
    /// ended, too. [`RunStateExt::state`] says how, and [`RunStateExt::finished`] makes an
    /// error of every end but the good one.
    ///
    /// Failures that may pass (of the connection, 408, 429, 5xx) are waited out, as long as
    /// the deadline is not reached; a `Retry-After` is heeded.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use twin_ext::prelude::*;
    /// # async fn example(run: RunHandle) -> Result<(), Error> {
    /// let patience = Wait::default().deadline(Duration::from_secs(600));
    /// let done = run.wait_with(patience).await?.finished()?;
    /// # drop(done);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`RunError::Paused`]: it waits for input, which the API cannot give.
    /// - [`RunError::NotFound`], [`RunError::Gone`]: it is not there, or not any more.
    /// - [`RunError::UnknownStatus`]: nobody can tell whether it goes on.
    /// - [`ErrorKind::Timeout`](crate::ErrorKind::Timeout): the deadline is reached.
    /// - Whatever else `list_runs` ends with, and does not pass.
    pub fn wait_with(&self, wait: Wait) -> Waiting {
        Waiting { run: self.clone(), wait }
    }

    /// The events of the run, from the first, until it ends: each once, as they come.
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// # async fn example(run: RunHandle) -> Result<(), Error> {
    /// let mut events = run.events();
    /// while let Some(event) = events.try_next().await? {
    ///     println!("{:?}", event.kind().name());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Its errors are those of [`RunEvents::try_next`].
    pub fn events(&self) -> RunEvents {
        self.events_from(Position(Place::Start))
    }

    /// The events of the run after the one with this index: what
    /// [`RunEvents::last_index`] said before a restart.
    ///
    /// ```no_run
    /// # fn example(run: twin_ext::RunHandle, stored: u64) {
    /// let events = run.events_after(stored);
    /// # drop(events);
    /// # }
    /// ```
    pub fn events_after(&self, index: u64) -> RunEvents {
        self.events_from(Position(Place::Event(Indexed { after: Some(index), came: None })))
    }

    /// The events of the run from a position on: what [`RunEvents::position`] said before a
    /// restart, or a list of the run's events by [`Paginate`](crate::Paginate). It knows how many
    /// events came before, so that it is noticed if the service keeps some back.
    ///
    /// ```no_run
    /// # fn example(run: twin_ext::RunHandle, stored: &str) -> serde_json::Result<()> {
    /// let events = run.events_from(serde_json::from_str(stored)?);
    /// # drop(events);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A position in another kind of list is the stream's first and only item, an error.
    pub fn events_from(&self, position: Position) -> RunEvents {
        RunEvents::new(self.clone(), position)
    }

    /// Cancels the run. One that has ended already stays as it is, and that is no error: the
    /// member `error` of the answer then says so.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// run.cancel("no longer needed").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RunError::NotCancelled`]: the service says that it did not. Otherwise what
    /// `cancel_run` ends with. It may be sent more than once, which does no harm.
    pub async fn cancel(&self, reason: impl Into<String>) -> Result<CancelRunResponse, Error> {
        use twin_api::types::CancelRunBody;
        let body = CancelRunBody::builder().reason(reason.into());
        let asked = self.client.cancel_run().agent_id(&*self.agent_id).run_id(&*self.run_id);
        let answer = asked.body(body).send().await?.into_inner();
        if answer.success == Some(false) {
            let why = answer.error.unwrap_or_default();
            return Err(self.error(RunError::NotCancelled(why)));
        }
        Ok(answer)
    }

    /// Deletes the run, with its events.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// run.delete().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What `delete_run` ends with: a 403 or 404 where it is not there.
    pub async fn delete(&self) -> Result<(), Error> {
        let asked = self.client.delete_run().agent_id(&*self.agent_id).run_id(&*self.run_id);
        asked.send().await?;
        Ok(())
    }

    async fn find(&self) -> Result<find::Found, Error> {
        let found = find::find(&self.client, &self.agent_id, &self.run_id).await?;
        found.ok_or_else(|| self.error(RunError::NotFound))
    }

    fn error(&self, error: RunError) -> Error {
        failure::of(&self.agent_id, &self.run_id, error)
    }
}

/// Two identifiers, nothing of the client.
impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle")
            .field("agent_id", &self.agent_id)
            .field("run_id", &self.run_id)
            .finish_non_exhaustive()
    }
}
