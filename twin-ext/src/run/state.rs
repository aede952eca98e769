//! Where a run stands, in one word, from the several members that tell of it.
//!
//! The service says `completed` where the reference says `finished`, leaves out `is_paused`
//! and `is_finished`, and may say tomorrow what nobody knows today. A status that is known
//! decides; the other members decide where it is not. Nothing is guessed.

use std::fmt;

use twin_api::types::{Run, RunOutcome, RunStatus};

use super::failure::{self, RunError};
use crate::error::Error;

/// Where a run stands.
///
/// ```
/// use twin_ext::prelude::*;
/// use twin_ext::RunState;
/// use twin_api::types::Run;
/// let json = r#"{"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "completed",
///                "started_at": "2026-02-20T14:30:00Z"}"#;
/// let run: Run = serde_json::from_str(json)?;
/// assert_eq!(run.state(), RunState::Finished(None));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunState {
    /// It goes on.
    Running,
    /// It is paused: it waits for input, or its user has paused it. The service says the same
    /// of both.
    Paused,
    /// It has come to its end. How well it did is `None` where the service does not say: a
    /// [`Run`] never does; [`RunHandle::state`](crate::RunHandle::state) looks further.
    Finished(Option<RunOutcome>),
    /// An error ended it.
    Failed,
    /// Its user stopped it, or it was cancelled.
    Stopped,
    /// The service's word, which this version of the crate does not know, or which does not
    /// agree with the rest.
    Unknown(String),
}

impl RunState {
    /// Whether this is an end; of what is unknown it is not known.
    ///
    /// ```
    /// use twin_ext::RunState;
    /// assert!(RunState::Failed.is_end());
    /// assert!(!RunState::Paused.is_end());
    /// ```
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Finished(_) | Self::Failed | Self::Stopped)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("running"),
            Self::Paused => f.write_str("paused"),
            Self::Finished(None) => f.write_str("finished"),
            Self::Finished(Some(outcome)) => write!(f, "finished: {outcome}"),
            Self::Failed => f.write_str("failed"),
            Self::Stopped => f.write_str("stopped"),
            Self::Unknown(status) => write!(f, "in the unknown state {status:?}"),
        }
    }
}

/// What a [`Run`] says of itself.
///
/// ```
/// use twin_ext::prelude::*;
/// use twin_api::types::Run;
/// fn report(run: &Run) -> String {
///     format!("{} is {}", run.run_id, run.state())
/// }
/// # let _ = report;
/// ```
pub trait RunStateExt {
    /// Where it stands, as far as the members of a [`Run`] tell.
    ///
    /// ```
    /// use twin_ext::prelude::*;
    /// use twin_ext::RunState;
    /// # use twin_api::types::Run;
    /// # let json = r#"{"run_id": "r", "agent_id": "a", "status": "error", "started_at": ""}"#;
    /// # let run: Run = serde_json::from_str(json)?;
    /// assert_eq!(run.state(), RunState::Failed);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn state(&self) -> RunState;

    /// Whether it has ended, in whatever way.
    ///
    /// ```
    /// use twin_ext::prelude::*;
    /// use twin_ext::RunState;
    /// # use twin_api::types::Run;
    /// # let json = r#"{"run_id": "r", "agent_id": "a", "status": "mended", "is_finished": true, "started_at": ""}"#;
    /// # let run: Run = serde_json::from_str(json)?;
    /// assert_eq!(run.state(), RunState::Unknown("mended".to_owned()));
    /// assert!(run.has_ended());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn has_ended(&self) -> bool;

    /// The run, if it has come to its end by itself: `run.wait().await?.require_success()?`.
    ///
    /// ```
    /// use twin_ext::prelude::*;
    /// use twin_ext::RunError;
    /// # use twin_api::types::Run;
    /// # let json = r#"{"run_id": "r", "agent_id": "a", "status": "error", "started_at": ""}"#;
    /// # let run: Run = serde_json::from_str(json)?;
    /// let error = run.require_success().unwrap_err();
    /// assert_eq!(error.run_error(), Some(&RunError::Failed));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Run`](crate::ErrorKind::Run): it has not; [`Error::run_error`] says what
    /// it did instead.
    fn require_success(self) -> Result<Run, Error>;
}

impl RunStateExt for Run {
    fn state(&self) -> RunState {
        let paused = self.is_paused == Some(true);
        match &self.status {
            RunStatus::Completed | RunStatus::Finished => RunState::Finished(None),
            RunStatus::Error => RunState::Failed,
            RunStatus::Stopped => RunState::Stopped,
            RunStatus::Unknown(status) if status == "failed" => RunState::Failed,
            status if says_ended(self) => RunState::Unknown(status.to_string()),
            RunStatus::Paused => RunState::Paused,
            _ if paused => RunState::Paused,
            RunStatus::InProgress => RunState::Running,
            status => RunState::Unknown(status.to_string()),
        }
    }

    fn has_ended(&self) -> bool {
        self.state().is_end() || says_ended(self)
    }

    fn require_success(self) -> Result<Run, Error> {
        let error = match self.state() {
            RunState::Finished(_) => return Ok(self),
            RunState::Failed => RunError::Failed,
            RunState::Stopped => RunError::Stopped,
            RunState::Paused => RunError::Paused,
            RunState::Running => RunError::Running,
            RunState::Unknown(status) => RunError::UnknownStatus(status),
        };
        Err(failure::of(&self.agent_id, &self.run_id, error))
    }
}

/// Whether the members beside the status say that it has ended. The reference shows
/// `is_finished` of a run that was started only, and `finished_at` in lists.
fn says_ended(run: &Run) -> bool {
    let dated = || run.finished_at.as_deref().is_some_and(|time| !time.is_empty());
    run.is_finished.unwrap_or_else(dated)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn run(members: Value) -> Run {
        let mut run =
            json!({"run_id": "run_1", "agent_id": "agent_1", "started_at": "2026-02-20T14:30:00Z"});
        let Value::Object(members) = members else { unreachable!("members are an object") };
        run.as_object_mut().unwrap().extend(members);
        serde_json::from_value(run).unwrap()
    }

    #[test]
    fn every_combination_that_was_seen_or_may_be() {
        let unknown = |status: &str| RunState::Unknown(status.to_owned());
        let cases = [
            // As the reference and the service have it.
            (json!({"status": "in_progress"}), RunState::Running, false),
            (json!({"status": "in_progress", "is_finished": false}), RunState::Running, false),
            (json!({"status": "in_progress", "is_paused": true}), RunState::Paused, false),
            (json!({"status": "paused"}), RunState::Paused, false),
            (json!({"status": "paused", "is_paused": false}), RunState::Paused, false),
            (json!({"status": "completed"}), RunState::Finished(None), true),
            (json!({"status": "finished"}), RunState::Finished(None), true),
            (json!({"status": "error"}), RunState::Failed, true),
            (json!({"status": "failed"}), RunState::Failed, true),
            (json!({"status": "stopped"}), RunState::Stopped, true),
            // A status that is known decides.
            (json!({"status": "completed", "is_finished": false}), RunState::Finished(None), true),
            (json!({"status": "stopped", "is_paused": true}), RunState::Stopped, true),
            // What is not known stays so, and what contradicts itself, too.
            (json!({"status": "queued"}), unknown("queued"), false),
            (json!({"status": "queued", "is_paused": true}), RunState::Paused, false),
            (json!({"status": "archived", "is_finished": true}), unknown("archived"), true),
            (
                json!({"status": "archived", "finished_at": "2026-02-20T14:32:15Z"}),
                unknown("archived"),
                true,
            ),
            (json!({"status": "queued", "finished_at": ""}), unknown("queued"), false),
            (
                json!({"status": "queued", "is_finished": false, "finished_at": "x"}),
                unknown("queued"),
                false,
            ),
            (json!({"status": "in_progress", "is_finished": true}), unknown("in_progress"), true),
            (json!({"status": "paused", "is_finished": true}), unknown("paused"), true),
        ];
        for (members, state, ended) in cases {
            let run = run(members.clone());
            assert_eq!(run.state(), state, "{members}");
            assert_eq!(run.has_ended(), ended, "{members}");
        }
    }

    #[test]
    fn only_a_run_that_came_to_its_end_is_finished() {
        let finished = |status: &str| run(json!({"status": status})).require_success();
        assert!(finished("completed").is_ok());
        for (status, error) in [
            ("error", RunError::Failed),
            ("stopped", RunError::Stopped),
            ("paused", RunError::Paused),
            ("in_progress", RunError::Running),
            ("queued", RunError::UnknownStatus("queued".to_owned())),
        ] {
            assert_eq!(finished(status).unwrap_err().run_error(), Some(&error), "{status}");
        }
    }
}
