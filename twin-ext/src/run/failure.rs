//! Defines the errors that the state of a run causes.
//!
//! Failures of a request keep their own error kinds.

use std::error::Error as StdError;
use std::fmt;

use http::Method;
use twin_api::{Client, ClientInfo as _, one_line};

use crate::error::{Error, ErrorKind, Failure, Outcome};

/// The state of a run that made an operation fail.
///
/// [`Error::run_error`] returns it for errors of [`ErrorKind::Run`].
///
/// ```no_run
/// use twin_ext::prelude::*;
/// use twin_ext::{RunError, RunHandle};
/// # async fn example(run: RunHandle) -> Result<(), Error> {
/// match run.wait().await {
///     Ok(done) => println!("{}", done.state()),
///     Err(error) if error.is_timeout() => println!("it is still running"),
///     Err(error) => match error.run_error() {
///         Some(RunError::Paused) => println!("it waits for input"),
///         Some(RunError::Gone) => println!("it was deleted"),
///         _ => return Err(error),
///     },
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunError {
    /// The service does not list the run. The identifiers may be wrong, or the run was deleted.
    NotFound,
    /// The run existed, but the run or its agent was deleted since.
    Gone,
    /// The run is paused: it waits for input, or a user has paused it. The API cannot resume it;
    /// answer or resume it in Twin, then wait again.
    Paused,
    /// The run is still in progress.
    Running,
    /// The run ended with an error.
    Failed,
    /// A user stopped the run, or it was cancelled.
    Stopped,
    /// The run has this status, which this version of the crate does not know.
    UnknownStatus(String),
    /// The service did not cancel the run, for this reason.
    NotCancelled(String),
}

impl RunError {
    /// Returns whether the requested operation may have happened.
    fn outcome(&self) -> Outcome {
        match self {
            Self::NotFound | Self::Gone | Self::UnknownStatus(_) => Outcome::Unknown,
            _ => Outcome::Rejected,
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("is not listed: it does not exist, or it was deleted"),
            Self::Gone => f.write_str("is gone: the run or its agent was deleted"),
            Self::Paused => f.write_str(
                "is paused: it waits for input, or a user paused it; answer or resume it in Twin, \
                 then wait again",
            ),
            Self::Running => f.write_str("has not ended"),
            Self::Failed => f.write_str("failed"),
            Self::Stopped => f.write_str("was stopped"),
            Self::UnknownStatus(status) => {
                write!(f, "has the status {status:?}, which this version of twin-ext does not know")
            }
            Self::NotCancelled(why) if why.is_empty() => f.write_str("was not cancelled"),
            Self::NotCancelled(why) => write!(f, "was not cancelled: {}", one_line(why)),
        }
    }
}

impl StdError for RunError {}

impl Error {
    /// Returns the state of the run that made the operation fail, or `None` if a request failed or
    /// the deadline passed.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// use twin_ext::RunError;
    /// match run.wait().await {
    ///     Err(error) if error.run_error() == Some(&RunError::Paused) => {
    ///         println!("answer {} in Twin", run.run_id());
    ///     }
    ///     result => drop(result?),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_error(&self) -> Option<&RunError> {
        self.state()
    }
}

/// Names a run in a message. Removes the API key, which the caller may have passed as an identifier.
pub(super) fn run_name(client: &Client, agent_id: &str, run_id: &str) -> String {
    redacted(client, &format!("run {run_id} of agent {agent_id}"))
}

/// Removes the API key of the client from a text.
pub(super) fn redacted(client: &Client, text: &str) -> String {
    client.inner().redactor().text(text).into_owned()
}

/// Builds the error for the state of the run with this [`run_name`].
pub(super) fn run_error(run: &str, error: RunError) -> Error {
    let failure = Failure::new(ErrorKind::Run, error.outcome(), format!("{run} {error}"));
    Error::from(failure).with_state(error)
}

/// Builds the error for the state of a run. Keeps the HTTP status of the response that showed it.
pub(super) fn run_error_with_status(run: &str, error: RunError, refusal: &Error) -> Error {
    let mut failure = Failure::new(ErrorKind::Run, error.outcome(), format!("{run} {error}"));
    failure.status = refusal.status();
    failure.last_status = refusal.last_status();
    Error::from(failure).with_state(error)
}

/// Builds the error for a loop whose deadline passed. `last` is the failure of the last call, which
/// the message quotes.
pub(super) fn timed_out(message: String, last: Option<Error>) -> Error {
    let mut failure = Failure::new(ErrorKind::Timeout, Outcome::Unknown, message);
    if let Some(last) = last {
        let last = last.into_failure();
        failure.last_status = last.last_status.or(last.status);
        failure.source = last.source;
    }
    during_list_runs(failure).into()
}

/// Sets the operation to `list_runs`, the idempotent request that polling sends.
pub(super) fn during_list_runs(mut failure: Failure) -> Failure {
    failure.operation = Some("list_runs".into());
    failure.method = Some(Method::GET);
    failure.is_idempotent = true;
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_whose_end_is_not_visible_has_an_unknown_outcome() {
        for error in [RunError::NotFound, RunError::Gone, RunError::UnknownStatus("x".to_owned())] {
            assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        }
        let refused = RunError::NotCancelled(String::new());
        for error in
            [RunError::Paused, RunError::Running, RunError::Failed, RunError::Stopped, refused]
        {
            assert_eq!(error.outcome(), Outcome::Rejected, "{error}");
        }
    }

    #[test]
    fn refused_cancellation_is_shown_with_or_without_a_reason() {
        let shown = |why: &str| RunError::NotCancelled(why.to_owned()).to_string();
        assert_eq!(shown(""), "was not cancelled");
        assert_eq!(shown("too late"), "was not cancelled: too late");
    }
}
