//! One run, and what can be done with it.

use std::fmt;
use std::sync::Arc;

use twin_api::types::{CancelRunBody, CancelRunResponse, Run, RunSummary};
use twin_api::{Client, ClientInfo as _};

use super::failure::{self, RunError};
use super::{RunEvents, RunState, RunStateExt, RunTicket, Wait, Waiting, find};
use crate::error::Error;
use crate::page::{Indexed, Place, Position};

/// One run, and a client to do something with it.
///
/// Cheap to clone. Dropping it does nothing to the run.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// use twin_ext::RunHandle;
/// # async fn example(run: RunHandle) -> Result<(), Error> {
/// let ticket = run.ticket();
/// println!("{ticket:?} is {}", run.state().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RunHandle {
    pub(super) client: Client,
    pub(super) agent_id: String,
    pub(super) run_id: String,
    /// As it was when it was launched, by this handle.
    pub(super) started: Option<Arc<Run>>,
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
    /// use twin_ext::RunHandle;
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
    /// ended, too. [`RunStateExt::state`] says how, and [`RunStateExt::require_success`] makes an
    /// error of every end but the good one.
    ///
    /// Failures that may pass (of the connection, 408, 429, 5xx) are waited out, as long as
    /// the deadline is not reached; a `Retry-After` is heeded.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use twin_ext::prelude::*;
    /// use twin_ext::{RunHandle, Wait};
    /// # async fn example(run: RunHandle) -> Result<(), Error> {
    /// let patience = Wait::default().deadline(Duration::from_secs(600));
    /// let done = run.wait_with(patience).await?.require_success()?;
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
    /// use twin_ext::RunHandle;
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
        let body = CancelRunBody::builder().reason(reason.into());
        let asked = self.client.cancel_run().agent_id(&*self.agent_id).run_id(&*self.run_id);
        let answer = asked.body(body).send().await?.into_inner();
        if answer.success == Some(false) {
            // The service may quote the key in its reason.
            let why = answer.error.unwrap_or_default();
            let why = self.client.inner().redactor().text(&why).into_owned();
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

    pub(super) fn error(&self, error: RunError) -> Error {
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
