//! Derives the state of a run from its fields.
//!
//! The service sends `completed` where the reference has `finished`, omits `is_paused` and
//! `is_finished`, and may send new statuses. A final status takes precedence. For any other status,
//! `is_finished` and `finished_at` decide whether the run has ended.

use std::fmt;

use twin_api::one_line;
use twin_api::types::{Run, RunOutcome, RunStatus};

use super::failure::{self, RunError};
use crate::error::Error;

/// The state of a run, independent of how the service spells its status: the statuses `completed`
/// and `finished` are both [`Finished`](Self::Finished).
///
/// [`RunStateExt::state`] derives it from a [`Run`], and
/// [`RunHandle::state`](crate::RunHandle::state) reads it from the service.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunState {
    /// The run is in progress.
    Running,
    /// The run waits for input, or a user has paused it. The service reports both the same way.
    Paused,
    /// The run has ended by itself, or the service does not report how it ended.
    ///
    /// The outcome is `None` if it is unknown. [`RunHandle::state`](crate::RunHandle::state) reads
    /// it from the summary; [`RunStateExt::state`] cannot, because a [`Run`] has no outcome.
    Finished(Option<RunOutcome>),
    /// The run ended with an error.
    Failed,
    /// A user stopped the run, or it was cancelled.
    Stopped,
    /// The run has this status, which this version of the crate does not know.
    Unknown(String),
}

impl RunState {
    /// Returns true for a final state: finished, failed or stopped.
    ///
    /// It returns false for [`Unknown`](Self::Unknown), although such a run may have ended. Use
    /// [`RunStateExt::has_ended`] to check a run.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Finished(_) | Self::Failed | Self::Stopped)
    }

    /// Returns an unknown status as the service spells it, and any other state as `Display`.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Unknown(status) => status.clone(),
            state => state.to_string(),
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("running"),
            Self::Paused => f.write_str("paused"),
            Self::Finished(None) => f.write_str("finished"),
            Self::Finished(Some(outcome)) => {
                write!(f, "finished: {}", one_line(&outcome.to_string()))
            }
            Self::Failed => f.write_str("failed"),
            Self::Stopped => f.write_str("stopped"),
            Self::Unknown(status) => write!(f, "in the unknown state {status:?}"),
        }
    }
}

/// Extends [`Run`] with its state.
pub trait RunStateExt {
    /// Returns the state of the run, derived from its status and end time.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// use twin_ext::RunState;
    /// let mut runs = twin.list_runs().agent_id("agent_abc123").items();
    /// while let Some(run) = runs.try_next().await? {
    ///     match run.state() {
    ///         RunState::Failed => eprintln!("{} failed", run.run_id),
    ///         RunState::Paused => eprintln!("{} waits for input", run.run_id),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn state(&self) -> RunState;

    /// Returns whether the run has ended, with or without success.
    ///
    /// Unlike [`RunState::is_end`], it also recognises the end of a run with an unknown status:
    ///
    /// ```
    /// use twin_ext::prelude::*;
    /// use twin_ext::RunState;
    /// # use twin_ext::twin_api::types::Run;
    /// # let json = r#"{"run_id": "r", "agent_id": "a", "status": "archived", "is_finished": true, "started_at": ""}"#;
    /// # let run: Run = serde_json::from_str(json)?;
    /// assert_eq!(run.state(), RunState::Unknown("archived".to_owned()));
    /// assert!(run.has_ended());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn has_ended(&self) -> bool;

    /// Returns the run if its state is [`RunState::Finished`], and an error otherwise.
    ///
    /// [`RunHandle::wait`](crate::RunHandle::wait) returns `Ok` for every run that has ended. Call
    /// this method on its result to get an error for a run that failed or was stopped. The method
    /// accepts every outcome, even `fail`, because a [`Run`] does not contain the outcome;
    /// [`RunHandle::state`](crate::RunHandle::state) reads it.
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), Error> {
    /// let run = run.wait().await?.require_success()?;
    /// println!("{} finished at {:?}", run.run_id, run.finished_at);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Run`](crate::ErrorKind::Run): the run failed, was stopped, is paused or still
    /// runs. [`Error::run_error`] returns which.
    fn require_success(self) -> Result<Run, Error>;
}

impl RunStateExt for Run {
    fn state(&self) -> RunState {
        let ended = says_ended(self);
        match by_status(&self.status) {
            state if state.is_end() => state,
            // The run has ended, but no field shows how.
            RunState::Running | RunState::Paused if ended => RunState::Finished(None),
            state @ RunState::Unknown(_) if ended => state,
            _ if self.is_paused == Some(true) => RunState::Paused,
            state => state,
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
        Err(failure::run_error(&format!("run {} of agent {}", self.run_id, self.agent_id), error))
    }
}

/// Returns whether the status of an ended run is final or unknown. The service may update
/// `in_progress` to a final status later than `is_finished`.
pub(super) fn is_settled(run: &Run) -> bool {
    let state = by_status(&run.status);
    state.is_end() || matches!(state, RunState::Unknown(_))
}

/// Returns the state for a status in any spelling.
fn by_status(status: &RunStatus) -> RunState {
    let word = match status {
        RunStatus::Completed | RunStatus::Finished => return RunState::Finished(None),
        RunStatus::Error => return RunState::Failed,
        RunStatus::Stopped => return RunState::Stopped,
        RunStatus::Paused => return RunState::Paused,
        RunStatus::InProgress => return RunState::Running,
        other => other.to_string(),
    };
    let letters: String = word.chars().filter(char::is_ascii_alphabetic).collect();
    match letters.to_ascii_lowercase().as_str() {
        "completed" | "finished" | "succeeded" | "success" | "done" => RunState::Finished(None),
        "error" | "errored" | "failed" | "failure" | "crashed" | "timedout" | "timeout" => {
            RunState::Failed
        }
        "stopped" | "cancelled" | "canceled" | "aborted" | "terminated" | "killed" => {
            RunState::Stopped
        }
        "paused" => RunState::Paused,
        "inprogress" | "running" => RunState::Running,
        _ => RunState::Unknown(word),
    }
}

/// Returns whether `is_finished` or `finished_at` shows that the run has ended. In the reference,
/// the response of `start_run` has `is_finished`, and lists have `finished_at`.
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
    fn derives_the_state_from_every_combination_of_fields() {
        let unknown = |status: &str| RunState::Unknown(status.to_owned());
        let cases = [
            // Statuses of the reference and of the service.
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
            // A final status takes precedence.
            (json!({"status": "completed", "is_finished": false}), RunState::Finished(None), true),
            (json!({"status": "stopped", "is_paused": true}), RunState::Stopped, true),
            // An unknown status stays unknown.
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
                json!({"status": "archived", "is_finished": true, "is_paused": true}),
                unknown("archived"),
                true,
            ),
            (
                json!({"status": "queued", "is_finished": false, "finished_at": "x"}),
                unknown("queued"),
                false,
            ),
            // A run has ended, although its status does not show it yet.
            (json!({"status": "in_progress", "is_finished": true}), RunState::Finished(None), true),
            (
                json!({"status": "in_progress", "finished_at": "2026-02-20T14:32:15Z"}),
                RunState::Finished(None),
                true,
            ),
            (json!({"status": "paused", "is_finished": true}), RunState::Finished(None), true),
            (
                json!({"status": "in_progress", "is_paused": true, "is_finished": true}),
                RunState::Finished(None),
                true,
            ),
            (json!({"status": "error", "is_finished": true}), RunState::Failed, true),
            // Final statuses that were never observed.
            (json!({"status": "cancelled"}), RunState::Stopped, true),
            (json!({"status": "Canceled", "is_paused": true}), RunState::Stopped, true),
            (json!({"status": "timed_out"}), RunState::Failed, true),
            (json!({"status": "SUCCEEDED"}), RunState::Finished(None), true),
            (json!({"status": "In-Progress"}), RunState::Running, false),
            (json!({"status": "PAUSED"}), RunState::Paused, false),
            (json!({"status": "running", "is_paused": true}), RunState::Paused, false),
        ];
        for (members, state, ended) in cases {
            let run = run(members.clone());
            assert_eq!(run.state(), state, "{members}");
            assert_eq!(run.has_ended(), ended, "{members}");
        }
    }

    #[test]
    fn in_progress_status_of_an_ended_run_is_not_settled() {
        for (status, settled) in [
            ("in_progress", false),
            ("paused", false),
            ("running", false),
            ("completed", true),
            ("cancelled", true),
            ("archived", true),
        ] {
            let run = run(json!({"status": status, "is_finished": true}));
            assert_eq!(is_settled(&run), settled, "{status}");
        }
    }

    #[test]
    fn require_success_accepts_only_a_finished_run() {
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
