//! Operates on one run: waits for it, streams its events, cancels and deletes it.

use std::fmt;
use std::sync::Arc;

use twin_api::Client;
use twin_api::types::{CancelRunBody, CancelRunResponse, Run, RunSummary};

use super::failure::{self, RunError};
use super::{RunEvents, RunState, RunStateExt, RunTicket, Wait, Waiting, find};
use crate::error::Error;
use crate::page::{EventLocation, Location, Position};

/// A handle for one run: waits for its end, streams its events, cancels or deletes it.
///
/// [`RunExt`](crate::RunExt) creates it. Cloning it is cheap, and dropping it does not affect the
/// run.
#[derive(Clone)]
pub struct RunHandle {
    pub(super) client: Client,
    pub(super) agent_id: String,
    pub(super) run_id: String,
    /// The run in the response of `start_run`.
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

    /// Returns the run as the response of `start_run` describes it.
    ///
    /// It returns `None` for a resumed run, and if only the `run_id` of the response could be
    /// decoded. Use [`get`](Self::get) to read the current run.
    pub fn started(&self) -> Option<&Run> {
        self.started.as_deref()
    }

    /// Returns the ticket of the run. Store it to [resume](crate::RunExt::resume) the run after a
    /// restart.
    pub fn ticket(&self) -> RunTicket {
        RunTicket::new(&*self.agent_id, &*self.run_id)
    }

    /// Reads the run from the list of its agent's runs.
    ///
    /// # Errors
    /// [`Error::run_error`] returns the [`RunError`], if there is one.
    /// - [`RunError::NotFound`]: the service does not list the run. It may list a new run late; a
    ///   [wait](Self::wait) tolerates this.
    /// - An error of `list_runs`.
    pub async fn get(&self) -> Result<Run, Error> {
        Ok(self.find().await?.run)
    }

    /// Reads the state of the run, including its outcome if the service reports one.
    ///
    /// # Errors
    /// See [`get`](Self::get).
    pub async fn state(&self) -> Result<RunState, Error> {
        let found = self.find().await?;
        Ok(match found.run.state() {
            RunState::Finished(_) => RunState::Finished(found.outcome()),
            state => state,
        })
    }

    /// Reads the summary of the run: its outcome, a short text and its credits.
    ///
    /// It returns `None` if the service sends no summary, or if it is not certain which summary
    /// belongs to this run.
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
    /// See [`get`](Self::get).
    pub async fn summary(&self) -> Result<Option<RunSummary>, Error> {
        Ok(self.find().await?.summary)
    }

    /// Waits until the run has ended, for up to one hour. See [`wait_with`](Self::wait_with).
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
    /// See [`wait_with`](Self::wait_with).
    pub fn wait(&self) -> Waiting {
        self.wait_with(Wait::default())
    }

    /// Waits until the run has ended.
    ///
    /// `Ok` means that the run has ended, even if it failed or was stopped.
    /// [`RunStateExt::require_success`] turns a failed or stopped run into an error. A [`Run`] has
    /// no outcome: to learn whether a finished run reached its goal, read [`state`](Self::state).
    ///
    /// The wait retries transient failures (connection, timeout, 408, 429, 500, 502, 503, 504) until
    /// the deadline, and honours `Retry-After`. If the future is dropped, the run continues.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use twin_ext::prelude::*;
    /// use twin_ext::{RunHandle, Wait};
    /// # async fn example(run: RunHandle) -> Result<(), Error> {
    /// let wait = Wait::default().deadline(Duration::from_secs(600));
    /// let done = run.wait_with(wait).await?.require_success()?;
    /// println!("{} finished at {:?}", done.run_id, done.finished_at);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::run_error`] returns the [`RunError`], if there is one.
    /// - [`RunError::Paused`]: the run waits for input, which the API cannot provide.
    /// - [`RunError::NotFound`]: the service does not list the run, and never did.
    /// - [`RunError::Gone`]: the run or its agent was deleted.
    /// - [`RunError::UnknownStatus`]: the run has an unknown status and has not ended.
    /// - [`ErrorKind::Timeout`](crate::ErrorKind::Timeout): the deadline passed. The run continues,
    ///   and you can wait again.
    /// - An error of `list_runs` that is permanent, or whose `Retry-After` is longer than two
    ///   minutes.
    pub fn wait_with(&self, wait: Wait) -> Waiting {
        Waiting { run: self.clone(), wait }
    }

    /// Streams the events of the run from the first one until the run ends.
    ///
    /// To resume after a restart, use [`events_from`](Self::events_from).
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
    /// The stream returns the errors of [`RunEvents::try_next`].
    pub fn events(&self) -> RunEvents {
        self.events_from(Position(Location::Start))
    }

    /// Streams the events of the run after the one with this index.
    ///
    /// Prefer [`events_from`](Self::events_from), which also detects missing events. Use
    /// `events_after` if only the index was stored, such as that of [`RunEvents::last_index`].
    pub fn events_after(&self, index: u64) -> RunEvents {
        self.events_from(Position(Location::Event(EventLocation {
            after: Some(index),
            received: None,
        })))
    }

    /// Streams the events of the run from a position.
    ///
    /// This is the best way to resume after a restart: a position contains the number of earlier
    /// events, so the stream detects missing events. Store [`RunEvents::position`] and pass it here.
    /// A position in the list of the run's events ([`Paginate`](crate::Paginate)) works, too. With
    /// the position of another kind of list, the stream returns one error of
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) and ends.
    ///
    /// ```no_run
    /// # fn handle(event: twin_ext::twin_api::types::RunEvent) {}
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), Box<dyn std::error::Error>> {
    /// let stored = std::fs::read_to_string("position.json")?;
    /// let mut events = run.events_from(serde_json::from_str(&stored)?);
    /// while let Some(event) = events.try_next().await? {
    ///     handle(event);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn events_from(&self, position: Position) -> RunEvents {
        RunEvents::new(self.clone(), position)
    }

    /// Cancels the run.
    ///
    /// The call also succeeds if the run has already ended. The field `error` of the response then
    /// says so, and the run keeps its state.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// run.cancel("no longer needed").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::run_error`] returns the [`RunError`], if there is one.
    /// - [`RunError::NotCancelled`]: the service did not cancel the run.
    /// - An error of `cancel_run`. The request is idempotent, so the client has retried it.
    ///
    /// # Cancellation
    /// If the future is dropped after its first poll, the service may still cancel the run.
    pub async fn cancel(&self, reason: impl Into<String>) -> Result<CancelRunResponse, Error> {
        let body = CancelRunBody::builder().reason(reason.into());
        let request = self.client.cancel_run().agent_id(&*self.agent_id).run_id(&*self.run_id);
        let response = request.body(body).send().await?.into_inner();
        if response.success == Some(false) {
            // The reason may quote the API key.
            let reason = failure::redacted(&self.client, &response.error.unwrap_or_default());
            return Err(self.error(RunError::NotCancelled(reason)));
        }
        Ok(response)
    }

    /// Deletes the run and its events.
    ///
    /// # Errors
    /// An error of `delete_run`. [`Error::is_forbidden`] or [`Error::is_not_found`] returns true if
    /// the run does not exist.
    ///
    /// # Cancellation
    /// If the future is dropped after its first poll, the service may still delete the run.
    pub async fn delete(&self) -> Result<(), Error> {
        let request = self.client.delete_run().agent_id(&*self.agent_id).run_id(&*self.run_id);
        request.send().await?;
        Ok(())
    }

    async fn find(&self) -> Result<find::FoundRun, Error> {
        let found = find::find(&self.client, &self.agent_id, &self.run_id).await?;
        found.ok_or_else(|| self.error(RunError::NotFound))
    }

    pub(super) fn error(&self, error: RunError) -> Error {
        failure::run_error(&self.name(), error)
    }

    /// Names the run in messages.
    pub(super) fn name(&self) -> String {
        failure::run_name(&self.client, &self.agent_id, &self.run_id)
    }
}

/// Shows the two identifiers, but not the client.
impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle")
            .field("agent_id", &self.agent_id)
            .field("run_id", &self.run_id)
            .finish_non_exhaustive()
    }
}
