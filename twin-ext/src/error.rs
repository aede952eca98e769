//! One error for every way in which a call, a list, a run or a delivery can fail.
//!
//! It holds what [`twin_api::Error`] holds, and how far a list was read. The
//! [guide](crate::guide::errors) shows how to use it.

mod convert;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
pub(crate) use twin_api::Failure as Detail;
use twin_api::Problem;
pub use twin_api::{ErrorKind, Outcome};

#[cfg(feature = "client")]
use crate::drift::{Drift, Findings};
use crate::position::{Position, Progress};

/// Why a call, a list, a run or a delivery failed.
///
/// It has the predicates of [`twin_api::Error`], and `?` makes it of one. It is one pointer wide,
/// and cheap to clone. `Display` is one line for a person; `Debug`, and `{:#}`, add the causes.
///
/// ```no_run
/// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
/// match twin.get_agent().agent_id("agent_abc123").send().await {
///     Ok(answer) => println!("{}", answer.agent.agent_id),
///     Err(error) if error.is_not_found() || error.is_forbidden() => println!("gone"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Box<Repr>);

#[derive(Clone)]
struct Repr {
    base: twin_api::Error,
    /// How far a list was read.
    progress: Option<Progress>,
    /// The state that the message describes, such as that of a run.
    state: Option<Arc<dyn Any + Send + Sync>>,
}

impl Error {
    /// A setting that cannot be right.
    pub(crate) fn config(message: impl Into<Cow<'static, str>>) -> Self {
        Detail::new(ErrorKind::Config, Outcome::NotSent, message).into()
    }

    /// Pages that are inconsistent, and how far the list was read.
    pub(crate) fn pagination(message: impl Into<Cow<'static, str>>, progress: Progress) -> Self {
        let detail = Detail::new(ErrorKind::Pagination, Outcome::Accepted, message);
        Self::from(detail).after(progress)
    }

    /// The same, of a list that was read so far.
    pub(crate) fn after(mut self, progress: Progress) -> Self {
        self.0.progress = Some(progress);
        self
    }

    /// Keeps the state that the message describes. It is not a source, which would print it
    /// twice.
    pub(crate) fn with_state(mut self, state: impl Any + Send + Sync) -> Self {
        self.0.state = Some(Arc::new(state));
        self
    }

    /// Returns the state that the message describes, if it is a `T`.
    pub(crate) fn state<T: Any>(&self) -> Option<&T> {
        self.0.state.as_ref()?.downcast_ref()
    }

    /// Returns the members of the error, without those of a list or a run.
    pub(crate) fn into_detail(self) -> Detail {
        self.0.base.into()
    }

    /// Returns what went wrong, in a word.
    ///
    /// ```
    /// use twin_ext::{ClientBuilder, ErrorKind};
    /// let error = ClientBuilder::new("").build().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        self.0.base.kind()
    }

    /// Returns whether the operation may have happened. Look here before calling again.
    ///
    /// It covers all attempts together: a refusal after a broken connection is
    /// [`Outcome::Unknown`].
    pub fn outcome(&self) -> Outcome {
        self.0.base.outcome()
    }

    /// Returns the status of the answer that is the error; `None` without an answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.base.status()
    }

    /// Returns the status of the last answer of any attempt.
    pub fn last_status(&self) -> Option<StatusCode> {
        self.0.base.last_status()
    }

    /// Returns what the service said when it refused.
    pub fn problem(&self) -> Option<&Problem> {
        self.0.base.problem()
    }

    /// Returns the headers of the answer that is the error; empty without an answer.
    pub fn headers(&self) -> &HeaderMap {
        self.0.base.headers()
    }

    /// Returns how long the service asked to wait before the next request.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.base.retry_after()
    }

    /// Returns whether the service knows no such resource (404).
    pub fn is_not_found(&self) -> bool {
        self.0.base.is_not_found()
    }

    /// Returns whether the service denied access (403). It also does for what was deleted.
    pub fn is_forbidden(&self) -> bool {
        self.0.base.is_forbidden()
    }

    /// Returns whether the service did not accept the key (401).
    pub fn is_unauthorized(&self) -> bool {
        self.0.base.is_unauthorized()
    }

    /// Returns whether there were too many requests (429).
    pub fn is_rate_limited(&self) -> bool {
        self.0.base.is_rate_limited()
    }

    /// Returns whether it took too long, in the client or in the service (408, 504).
    pub fn is_timeout(&self) -> bool {
        self.0.base.is_timeout()
    }

    /// Returns whether the same call may be made again: the cause may pass, and nothing can
    /// happen twice by it.
    pub fn is_retryable(&self) -> bool {
        self.0.base.is_retryable()
    }

    /// Returns whether the same request will fail in the same way until somebody changes
    /// something: a certificate, a proxy, a setting, a permission.
    pub fn is_permanent(&self) -> bool {
        self.0.base.is_permanent()
    }

    /// Returns how many times the request was sent, or was tried to be sent.
    pub fn attempts(&self) -> u32 {
        self.0.base.attempts()
    }

    /// Returns how long the call took, pauses included.
    pub fn elapsed(&self) -> Duration {
        self.0.base.elapsed()
    }

    /// Returns the operation, as its function is called: `get_agent`.
    pub fn operation(&self) -> Option<&str> {
        self.0.base.operation()
    }

    /// Returns the method of the request.
    pub fn method(&self) -> Option<&Method> {
        self.0.base.method()
    }

    /// Returns the path of the request without its query; the template of the path,
    /// `/v1/agents/{agent_id}`, if the request could not be made.
    pub fn path(&self) -> Option<&str> {
        self.0.base.path()
    }

    /// Returns the place in the answer that could not be read: `agents[3].name`.
    pub fn json_path(&self) -> Option<&str> {
        self.0.base.json_path()
    }

    /// Returns how an answer begins that could not be read; nothing of one with a secret.
    pub fn excerpt(&self) -> Option<&str> {
        self.0.base.excerpt()
    }

    /// Returns the run that the answer names, although the rest of it does not decode.
    ///
    /// If `start_run` fails in this way, the run was started and has this identifier.
    /// [`RunExt::launch`](crate::RunExt::launch) returns its handle.
    pub fn run_id(&self) -> Option<&str> {
        self.0.base.run_id()
    }

    /// Returns how the answer differs from the document.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// for drift in error.drift() {
    ///     println!("{drift}");
    /// }
    /// # }
    /// ```
    #[cfg(feature = "client")]
    pub fn drift(&self) -> &[Drift] {
        let findings = self.source().and_then(|source| source.downcast_ref::<Findings>());
        findings.map(Findings::all).unwrap_or_default()
    }

    /// Returns where to resume a list: no item is missed then, but one may come again.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) {
    /// use twin_ext::prelude::*;
    /// let mut agents = twin.list_agents().items();
    /// if let Err(error) = agents.try_next().await {
    ///     let again = error.position().map(|position| {
    ///         twin.list_agents().items_from(position.clone())
    ///     });
    /// #   drop(again);
    /// }
    /// # }
    /// ```
    pub fn position(&self) -> Option<&Position> {
        self.0.progress.as_ref().map(|progress| &progress.position)
    }

    /// Returns how many items of a list came before the error.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) {
    /// use twin_ext::prelude::*;
    /// let mut agents = twin.list_agents().items();
    /// if let Err(error) = agents.try_next().await {
    ///     println!("{:?} of {:?}", error.items_seen(), error.items_total());
    /// }
    /// # }
    /// ```
    pub fn items_seen(&self) -> Option<u64> {
        self.0.progress.as_ref().map(|progress| progress.came)
    }

    /// Returns how many items the service says a list has.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) {
    /// use twin_ext::prelude::*;
    /// let mut events = twin.list_run_events().agent_id("agent_abc123").run_id("run_xyz789").items();
    /// if let Err(error) = events.try_next().await {
    ///     println!("{:?} of {:?}", error.items_seen(), error.items_total());
    /// }
    /// # }
    /// ```
    pub fn items_total(&self) -> Option<u64> {
        self.0.progress.as_ref().and_then(|progress| progress.total)
    }
}

/// One line, and for a list how far it was read.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repr { base, progress, .. } = &*self.0;
        fmt::Display::fmt(base, f)?;
        match progress {
            Some(Progress { came, total: Some(total), .. }) => {
                write!(f, "; {came} of {total} items came before")
            }
            Some(Progress { came, .. }) if *came > 0 || self.kind() == ErrorKind::Pagination => {
                write!(f, "; {came} items came before")
            }
            _ => Ok(()),
        }
    }
}

/// As `Display`, with the causes: `main` and `unwrap` print it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.base.source()
    }
}
