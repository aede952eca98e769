//! Operates on one run.

use std::fmt;
use std::sync::Arc;

use twin_api::Client;
use twin_api::types::{CancelRunBody, CancelRunResponse, Run, RunSummary};

use super::failure::{self, RunError};
use super::{RunEvents, RunState, RunStateExt, RunTicket, Wait, Waiting, find};
use crate::error::Error;
use crate::page::{Indexed, Location, Position};

/// Operates on one run: waits for its end, streams its events, cancels or deletes it.
///
/// A handle is cheap to clone. Dropping it does not affect the run.
#[derive(Clone)]
pub struct RunHandle {
    pub(super) client: Client,
    pub(super) agent_id: String,
    pub(super) run_id: String,
    /// The run at its launch by this handle.
    pub(super) started: Option<Arc<Run>>,
}

impl RunHandle {
    /// Returns the identifier of the agent.
    pub fn agent_id(&self) -> &str {
        &self.agent_id
    }

    /// Returns the identifier of the run.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Returns the run as `start_run` returned it; `None` for a run that was resumed, or whose
    /// response held little more than its identifier.
    pub fn started(&self) -> Option<&Run> {
        self.started.as_deref()
    }

    /// Returns the ticket to store, to resume the run after a restart.
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

    /// Reads the run.
    ///
    /// # Errors
    /// [`RunError::NotFound`]: the run is not listed, perhaps because it was just launched.
    /// Otherwise an error of `list_runs`.
    pub async fn get(&self) -> Result<Run, Error> {
        Ok(self.find().await?.run)
    }

    /// Reads the state of the run, with its outcome if the service reports one.
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

    /// Reads the summary of the run: its outcome, a sentence or two, credits. `None` if the service
    /// sends none, or none that surely belongs to this run.
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

    /// Waits until the run has ended, with the default limits: [`wait_with`](Self::wait_with).
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

    /// Waits until the run has ended. A run that failed or was stopped has ended, too:
    /// [`RunStateExt::state`] returns how it ended, and [`RunStateExt::require_success`] turns every
    /// end but success into an error.
    ///
    /// Transient failures (of the connection, 408, 429, 5xx) are retried until the deadline. A
    /// `Retry-After` is honoured.
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
    /// - [`RunError::Paused`]: the run waits for input, which the API cannot give.
    /// - [`RunError::NotFound`]: the run is not listed; [`RunError::Gone`]: no longer.
    /// - [`RunError::UnknownStatus`]: the run has an unknown status and has not ended.
    /// - [`ErrorKind::Timeout`](crate::ErrorKind::Timeout): the deadline passed.
    /// - A permanent failure of `list_runs`.
    pub fn wait_with(&self, wait: Wait) -> Waiting {
        Waiting { run: self.clone(), wait }
    }

    /// Streams the events of the run, each once, from the first until the run ends.
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
    /// For errors see [`RunEvents::try_next`].
    pub fn events(&self) -> RunEvents {
        self.events_from(Position(Location::Start))
    }

    /// Streams the events of the run after the one with this index, which
    /// [`RunEvents::last_index`] returned before a restart.
    ///
    /// ```no_run
    /// # fn example(run: twin_ext::RunHandle, stored: u64) {
    /// let events = run.events_after(stored);
    /// # drop(events);
    /// # }
    /// ```
    pub fn events_after(&self, index: u64) -> RunEvents {
        self.events_from(Position(Location::Event(Indexed { after: Some(index), came: None })))
    }

    /// Streams the events of the run from a position on, which [`RunEvents::position`] or a list of
    /// the run's events by [`Paginate`](crate::Paginate) returned. A position holds how many events
    /// came before, so that the stream detects events that the service withholds.
    ///
    /// ```no_run
    /// # fn example(run: twin_ext::RunHandle, stored: &str) -> serde_json::Result<()> {
    /// let events = run.events_from(serde_json::from_str(stored)?);
    /// # drop(events);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If the position belongs to another kind of list, the stream gives one error and ends.
    pub fn events_from(&self, position: Position) -> RunEvents {
        RunEvents::new(self.clone(), position)
    }

    /// Cancels the run. A run that has already ended stays as it is; the call succeeds, and the
    /// member `error` of the response says so.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// run.cancel("no longer needed").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RunError::NotCancelled`]: the service did not cancel the run. Otherwise an error of
    /// `cancel_run`, which is idempotent and therefore retried.
    pub async fn cancel(&self, reason: impl Into<String>) -> Result<CancelRunResponse, Error> {
        let body = CancelRunBody::builder().reason(reason.into());
        let asked = self.client.cancel_run().agent_id(&*self.agent_id).run_id(&*self.run_id);
        let answer = asked.body(body).send().await?.into_inner();
        if answer.success == Some(false) {
            // The service may quote the key in its reason.
            let why = failure::redacted(&self.client, &answer.error.unwrap_or_default());
            return Err(self.error(RunError::NotCancelled(why)));
        }
        Ok(answer)
    }

    /// Deletes the run and its events.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// run.delete().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// An error of `delete_run`: 403 or 404 if the run does not exist.
    pub async fn delete(&self) -> Result<(), Error> {
        let asked = self.client.delete_run().agent_id(&*self.agent_id).run_id(&*self.run_id);
        asked.send().await?;
        Ok(())
    }

    async fn find(&self) -> Result<find::FoundRun, Error> {
        let found = find::find(&self.client, &self.agent_id, &self.run_id).await?;
        found.ok_or_else(|| self.error(RunError::NotFound))
    }

    pub(super) fn error(&self, error: RunError) -> Error {
        failure::of(&self.name(), error)
    }

    /// Names the run in messages.
    pub(super) fn name(&self) -> String {
        failure::name(&self.client, &self.agent_id, &self.run_id)
    }
}

/// Shows the two identifiers and nothing of the client.
impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle")
            .field("agent_id", &self.agent_id)
            .field("run_id", &self.run_id)
            .finish_non_exhaustive()
    }
}
