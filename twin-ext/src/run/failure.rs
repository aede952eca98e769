//! Names the states of a run that are errors for the caller.
//!
//! Failures of a call keep their own error kinds.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};

use http::Method;

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
            Self::NotCancelled(why) => {
                f.write_str("was not cancelled: ")?;
                one_line(why, f)
            }
        }
    }
}

/// Writes a text of the service and escapes control and invisible characters.
fn one_line(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for letter in text.chars() {
        match letter {
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                write!(f, "{}", letter.escape_unicode())?;
            }
            letter if letter.is_control() => write!(f, "{}", letter.escape_default())?,
            letter => f.write_char(letter)?,
        }
    }
    Ok(())
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
        self.source()?.downcast_ref()
    }
}

/// Builds the error of a run.
pub(super) fn of(agent_id: &str, run_id: &str, error: RunError) -> Error {
    let message = format!("run {run_id} of agent {agent_id} {error}");
    Detail::new(ErrorKind::Run, error.outcome(), message).caused_by(error).into()
}

/// Builds the error of a run from a refusal, whose status it keeps.
pub(super) fn refused(agent_id: &str, run_id: &str, error: RunError, refusal: &Error) -> Error {
    let message = format!("run {run_id} of agent {agent_id} {error}");
    let mut detail = Detail::new(ErrorKind::Run, error.outcome(), message).caused_by(error);
    detail.status = refusal.status();
    detail.last_status = refusal.last_status();
    detail.into()
}

/// Builds the error of a loop whose time is up; `last` is the failure of the last call.
pub(super) fn timed_out(message: String, last: Option<Error>) -> Error {
    let mut detail = Detail::new(ErrorKind::Timeout, Outcome::Unknown, message);
    if let Some(last) = last {
        detail.last_status = last.last_status();
        detail = detail.caused_by(last);
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
