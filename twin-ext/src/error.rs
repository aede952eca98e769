//! One error for every way in which a call can fail.
//!
//! It says what went wrong, whether the action may have happened, and what can be done; it
//! holds no key, no body but a short excerpt, and nothing of a query. The
//! [guide](crate::guide::errors) tells how to use it.

mod convert;
mod detail;
mod display;
mod kind;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use twin_api::types::Problem;

pub(crate) use self::convert::{because, not_the_api, of_reqwest};
pub(crate) use self::detail::{Call, Detail};
pub use self::kind::{ErrorKind, Outcome};
use crate::drift::Drift;
use crate::page::{Position, Progress};

/// Why a call failed.
///
/// Cheap to move and to clone. `?` makes it of a [`twin_api::Error`].
///
/// ```no_run
/// # async fn example(twin: twin_api::Client) -> Result<(), twin_ext::Error> {
/// use twin_ext::Error;
/// match twin.get_agent().agent_id("agent_abc123").send().await.map_err(Error::from) {
///     Ok(answer) => println!("{}", answer.agent.agent_id),
///     Err(error) if error.is_not_found() || error.is_forbidden() => println!("there is none"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Box<Detail>);

impl From<Detail> for Error {
    fn from(detail: Detail) -> Self {
        Self(Box::new(detail))
    }
}

impl Error {
    /// A setting that cannot be right.
    pub(crate) fn config(message: impl Into<Cow<'static, str>>) -> Self {
        Detail::new(ErrorKind::Config, Outcome::NotSent, message).into()
    }

    /// Pages that did not come as pages do, and how far the list was read.
    pub(crate) fn pagination(message: impl Into<Cow<'static, str>>, progress: Progress) -> Self {
        let detail = Detail::new(ErrorKind::Pagination, Outcome::Accepted, message);
        Self::from(detail).after(progress)
    }

    /// The same, of a list that was read so far.
    pub(crate) fn after(mut self, progress: Progress) -> Self {
        self.0.progress = Some(progress);
        self
    }

    /// What went wrong, in a word.
    ///
    /// ```
    /// use twin_ext::ClientBuilder;
    /// let error = ClientBuilder::new("").build().unwrap_err();
    /// assert_eq!(error.kind(), twin_ext::ErrorKind::Config);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether what was asked for has happened. Look here before you do it again.
    ///
    /// It speaks of all attempts together: a refusal after a broken connection is
    /// [`Outcome::Unknown`].
    ///
    /// ```
    /// use twin_ext::ClientBuilder;
    /// let error = ClientBuilder::new("").build().unwrap_err();
    /// assert_eq!(error.outcome(), twin_ext::Outcome::NotSent);
    /// ```
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// The status of the answer that is the error; `None` where there was no answer.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if let Some(status) = error.status() {
    ///     println!("it was answered with {status}");
    /// }
    /// # }
    /// ```
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The status of the last answer of any attempt.
    ///
    /// ```
    /// use twin_ext::ClientBuilder;
    /// let error = ClientBuilder::new("").build().unwrap_err();
    /// assert_eq!(error.last_status(), None);
    /// ```
    pub fn last_status(&self) -> Option<StatusCode> {
        self.0.last_status.or(self.0.status)
    }

    /// What the service said, where it refused.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if let Some(problem) = error.problem() {
    ///     println!("{}", problem.detail.as_deref().unwrap_or("no word of why"));
    /// }
    /// # }
    /// ```
    pub fn problem(&self) -> Option<&Problem> {
        self.0.problem.as_ref()
    }

    /// The headers of the answer that is the error; empty where there was none.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if let Some(id) = error.headers().get("x-request-id") {
    ///     println!("ask them about {id:?}");
    /// }
    /// # }
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// How long the service asked to wait.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if let Some(wait) = error.retry_after() {
    ///     println!("not before {} s have passed", wait.as_secs());
    /// }
    /// # }
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the service knows of no such thing (404).
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if error.is_not_found() {
    ///     println!("there is none");
    /// }
    /// # }
    /// ```
    pub fn is_not_found(&self) -> bool {
        self.is_problem(StatusCode::NOT_FOUND)
    }

    /// Whether the service denied access (403). What was deleted is answered so, too.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if error.is_forbidden() {
    ///     println!("it is somebody else's, or deleted");
    /// }
    /// # }
    /// ```
    pub fn is_forbidden(&self) -> bool {
        self.is_problem(StatusCode::FORBIDDEN)
    }

    /// Whether the service did not take the key (401).
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if error.is_unauthorized() {
    ///     println!("is the key right?");
    /// }
    /// # }
    /// ```
    pub fn is_unauthorized(&self) -> bool {
        self.is_problem(StatusCode::UNAUTHORIZED)
    }

    /// Whether there were too many requests (429).
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if error.is_rate_limited() {
    ///     println!("too many at once");
    /// }
    /// # }
    /// ```
    pub fn is_rate_limited(&self) -> bool {
        self.is_problem(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether it took too long, here or there (408, 504).
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if error.is_timeout() {
    ///     println!("{} has taken too long", error.operation().unwrap_or("something"));
    /// }
    /// # }
    /// ```
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
            || self.is_problem(StatusCode::REQUEST_TIMEOUT)
            || self.is_problem(StatusCode::GATEWAY_TIMEOUT)
    }

    /// Whether the same call may be made once more: the cause may pass, and nothing can
    /// happen twice by it.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if error.is_retryable() {
    ///     println!("try again later: {error}");
    /// }
    /// # }
    /// ```
    pub fn is_retryable(&self) -> bool {
        let passing = match self.0.kind {
            ErrorKind::Transport | ErrorKind::Timeout => true,
            ErrorKind::Problem => self.0.status.is_some_and(crate::policy::is_transient),
            _ => false,
        };
        passing && (self.0.outcome <= Outcome::Rejected || self.is_repeatable())
    }

    /// How many times the request was sent, or was tried to be.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// println!("gave up after {} attempts", error.attempts());
    /// # }
    /// ```
    pub fn attempts(&self) -> u32 {
        self.0.call.attempts
    }

    /// How long the call took, pauses and all.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// println!("it took {:?}", error.elapsed());
    /// # }
    /// ```
    pub fn elapsed(&self) -> Duration {
        self.0.call.elapsed
    }

    /// The operation, as its function is called: `get_agent`.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if error.operation() == Some("get_agent") {
    ///     println!("there is nothing to show");
    /// }
    /// # }
    /// ```
    pub fn operation(&self) -> Option<&str> {
        self.0.call.operation.as_deref()
    }

    /// The method of the request.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if error.method().is_some_and(|method| method == "DELETE") {
    ///     println!("it may still be there");
    /// }
    /// # }
    /// ```
    pub fn method(&self) -> Option<&Method> {
        self.0.call.method.as_ref()
    }

    /// The path of the request, without its query.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// println!("it was about {}", error.path().unwrap_or("nothing yet"));
    /// # }
    /// ```
    pub fn path(&self) -> Option<&str> {
        self.0.call.path.as_deref()
    }

    /// The place in the answer that could not be read: `agents[3].name`.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if let Some(path) = error.json_path() {
    ///     println!("it cannot be read at {path}");
    /// }
    /// # }
    /// ```
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// How an answer that could not be read begins; nothing of one that holds a secret.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// if let Some(text) = error.excerpt() {
    ///     println!("it begins: {text}");
    /// }
    /// # }
    /// ```
    pub fn excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// In what the answer is not as documented.
    ///
    /// ```
    /// # fn example(error: &twin_ext::Error) {
    /// for drift in error.drift() {
    ///     println!("{drift}");
    /// }
    /// # }
    /// ```
    pub fn drift(&self) -> &[Drift] {
        &self.0.drift
    }

    /// Where to go on, of an error of a list: no item is missed then, but one may come again.
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

    /// How many items came before, of an error of a list.
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

    /// How many items the service says there are, of an error of a list.
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

    fn is_problem(&self, status: StatusCode) -> bool {
        self.0.kind == ErrorKind::Problem && self.0.status == Some(status)
    }

    fn is_repeatable(&self) -> bool {
        let Call { method, operation, .. } = &self.0.call;
        method.as_ref().is_some_and(|method| {
            crate::policy::is_repeatable(method, operation.as_deref().unwrap_or_default())
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
