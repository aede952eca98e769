//! What may come of a run instead of what was asked for, each with a name of its own.
//!
//! A failure of a call is none of these: it stays what it was.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};

use http::Method;

use crate::error::{Detail, Error, ErrorKind, Outcome};

/// Why a run did not go as was asked for: what is behind an error of the kind
/// [`ErrorKind::Run`](crate::ErrorKind::Run).
///
/// ```no_run
/// use twin_ext::prelude::*;
/// use twin_ext::{RunError, RunHandle};
/// # async fn example(run: RunHandle) -> Result<(), Error> {
/// match run.wait().await {
///     Ok(done) => println!("{}", done.state()),
///     Err(error) if error.is_timeout() => println!("it still goes on"),
///     Err(error) => match error.run_error() {
///         Some(RunError::Paused) => println!("somebody has to answer it"),
///         Some(RunError::Gone) => println!("somebody deleted it"),
///         _ => return Err(error),
///     },
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunError {
    /// The service does not list it: there never was such a run, or it was deleted.
    NotFound,
    /// It was there, and is not any more: it was deleted, or its agent was.
    Gone,
    /// It is paused, waiting for input, or its user has paused it. The API cannot answer it.
    Paused,
    /// It has not ended.
    Running,
    /// An error ended it.
    Failed,
    /// Its user stopped it, or it was cancelled.
    Stopped,
    /// It has a status that this version of the crate does not know.
    UnknownStatus(String),
    /// The service says that it did not cancel it, and why.
    NotCancelled(String),
}

impl RunError {
    /// Whether what was asked for has happened.
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
            Self::NotFound => f.write_str("is not listed: there is none, or it was deleted"),
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

/// Writes a text of the service, with escapes for what moves a terminal's cursor or hides.
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
    /// Why a run did not go as was asked for; `None` of every other kind of error.
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

/// The error that this is of a run.
pub(super) fn of(agent_id: &str, run_id: &str, error: RunError) -> Error {
    let message = format!("run {run_id} of agent {agent_id} {error}");
    Detail::new(ErrorKind::Run, error.outcome(), message).caused_by(error).into()
}

/// The same, of a refusal with a status.
pub(super) fn refused(agent_id: &str, run_id: &str, error: RunError, refusal: &Error) -> Error {
    let message = format!("run {run_id} of agent {agent_id} {error}");
    let mut detail = Detail::new(ErrorKind::Run, error.outcome(), message).caused_by(error);
    detail.status = refusal.status();
    detail.last_status = refusal.last_status();
    detail.into()
}

/// Time is up; `last` is the last call that failed, if the last one did.
pub(super) fn timed_out(message: String, last: Option<Error>) -> Error {
    let mut detail = Detail::new(ErrorKind::Timeout, Outcome::Unknown, message);
    if let Some(last) = last {
        detail.last_status = last.last_status();
        detail = detail.caused_by(last);
    }
    reading(detail).into()
}

/// The call that waiting is made of: it only reads, so that it may be made again.
pub(super) fn reading(mut detail: Detail) -> Detail {
    detail.operation = Some("list_runs".into());
    detail.method = Some(Method::GET);
    detail.is_idempotent = true;
    detail
}
