//! Names the states of a run that are errors for the caller.
//!
//! Failures of a call keep their own error kinds.

use std::error::Error as StdError;
use std::fmt;

use http::Method;
use twin_api::{Client, ClientInfo as _, one_line};

use crate::error::{Detail, Error, ErrorKind, Outcome};

/// The state of a run that made an operation fail, in an error of
/// [`ErrorKind::Run`](crate::ErrorKind::Run).
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
    /// The service does not list the run: it never existed, or it was deleted.
    NotFound,
    /// The run existed and does no longer: it was deleted, or its agent was.
    Gone,
    /// The run is paused: it waits for input, or its user has paused it. The API cannot resume it.
    Paused,
    /// The run has not ended.
    Running,
    /// An error ended the run.
    Failed,
    /// A user stopped the run, or it was cancelled.
    Stopped,
    /// The run has a status that this version of the crate does not know.
    UnknownStatus(String),
    /// The service did not cancel the run; the text is its reason.
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
            Self::Gone => f.write_str("is gone: it was deleted, or its agent was"),
            Self::Paused => f.write_str(
                "is paused, waiting for input or by its user: answer or resume it in Twin, \
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
    /// Returns the state of the run that made the operation fail; `None` for other kinds of errors.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// use twin_ext::RunError;
    /// let error = run.wait().await.unwrap_err();
    /// assert_eq!(error.run_error(), Some(&RunError::Paused));
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_error(&self) -> Option<&RunError> {
        self.state()
    }
}

/// Names a run in a message. The caller may have passed the API key as an identifier, which is
/// removed.
pub(super) fn name(client: &Client, agent_id: &str, run_id: &str) -> String {
    redacted(client, &format!("run {run_id} of agent {agent_id}"))
}

/// Removes the API key of the client from a text.
pub(super) fn redacted(client: &Client, text: &str) -> String {
    client.inner().redactor().text(text).into_owned()
}

/// Builds the error of the run with this [`name`].
pub(super) fn of(run: &str, error: RunError) -> Error {
    let detail = Detail::new(ErrorKind::Run, error.outcome(), format!("{run} {error}"));
    Error::from(detail).with_state(error)
}

/// Builds the error of a run from a refusal, whose status it keeps.
pub(super) fn refused(run: &str, error: RunError, refusal: &Error) -> Error {
    let mut detail = Detail::new(ErrorKind::Run, error.outcome(), format!("{run} {error}"));
    detail.status = refusal.status();
    detail.last_status = refusal.last_status();
    Error::from(detail).with_state(error)
}

/// Builds the error of a loop whose time is up. `last` is the failure of the last call, which the
/// message quotes.
pub(super) fn timed_out(message: String, last: Option<Error>) -> Error {
    let mut detail = Detail::new(ErrorKind::Timeout, Outcome::Unknown, message);
    if let Some(last) = last {
        let last = last.into_detail();
        detail.last_status = last.last_status.or(last.status);
        detail.source = last.source;
    }
    reading(detail).into()
}

/// Adds the operation that waits consist of, which is idempotent.
pub(super) fn reading(mut detail: Detail) -> Detail {
    detail.operation = Some("list_runs".into());
    detail.method = Some(Method::GET);
    detail.is_idempotent = true;
    detail
}
