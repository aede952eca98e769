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
    /// # use twin_ext::{Error, Problem, twin_api};
    /// # use twin_api::{ResponseValue, reqwest::{StatusCode, header::HeaderMap}};
    /// # fn refused(status: u16, headers: HeaderMap) -> Error {
    /// #     let status = StatusCode::from_u16(status).unwrap();
    /// #     let problem = serde_json::from_str(r#"{"detail": "no"}"#).unwrap();
    /// #     twin_api::Error::<Problem>::ErrorResponse(ResponseValue::new(problem, status, headers)).into()
    /// # }
    /// let error = refused(404, HeaderMap::new());
    /// assert_eq!(error.status(), Some(StatusCode::NOT_FOUND));
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
    /// # use twin_ext::{Error, Problem, twin_api};
    /// # use twin_api::{ResponseValue, reqwest::{StatusCode, header::HeaderMap}};
    /// # fn refused(status: u16, headers: HeaderMap) -> Error {
    /// #     let status = StatusCode::from_u16(status).unwrap();
    /// #     let problem = serde_json::from_str(r#"{"detail": "no"}"#).unwrap();
    /// #     twin_api::Error::<Problem>::ErrorResponse(ResponseValue::new(problem, status, headers)).into()
    /// # }
    /// let error = refused(409, HeaderMap::new());
    /// assert_eq!(error.problem().unwrap().detail.as_deref(), Some("no"));
    /// ```
    pub fn problem(&self) -> Option<&Problem> {
        self.0.problem.as_ref()
    }

    /// The headers of the answer that is the error; empty where there was none.
    ///
    /// ```
    /// # use twin_ext::{Error, Problem, twin_api};
    /// # use twin_api::{ResponseValue, reqwest::{StatusCode, header::HeaderMap}};
    /// # fn refused(status: u16, headers: HeaderMap) -> Error {
    /// #     let status = StatusCode::from_u16(status).unwrap();
    /// #     let problem = serde_json::from_str(r#"{"detail": "no"}"#).unwrap();
    /// #     twin_api::Error::<Problem>::ErrorResponse(ResponseValue::new(problem, status, headers)).into()
    /// # }
    /// # let mut headers = HeaderMap::new();
    /// # headers.insert("retry-after", "7".parse().unwrap());
    /// let error = refused(429, headers);
    /// assert_eq!(error.headers()["retry-after"], "7");
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// How long the service asked to wait.
    ///
    /// ```
    /// # use twin_ext::{Error, Problem, twin_api};
    /// # use twin_api::{ResponseValue, reqwest::{StatusCode, header::HeaderMap}};
    /// # fn refused(status: u16, headers: HeaderMap) -> Error {
    /// #     let status = StatusCode::from_u16(status).unwrap();
    /// #     let problem = serde_json::from_str(r#"{"detail": "no"}"#).unwrap();
    /// #     twin_api::Error::<Problem>::ErrorResponse(ResponseValue::new(problem, status, headers)).into()
    /// # }
    /// # let mut headers = HeaderMap::new();
    /// # headers.insert("retry-after", "7".parse().unwrap());
    /// let error = refused(429, headers);
    /// assert_eq!(error.retry_after().unwrap().as_secs(), 7);
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the service knows of no such thing (404).
    ///
    /// ```
    /// # use twin_ext::{Error, Problem, twin_api};
    /// # use twin_api::{ResponseValue, reqwest::{StatusCode, header::HeaderMap}};
    /// # fn refused(status: u16, headers: HeaderMap) -> Error {
    /// #     let status = StatusCode::from_u16(status).unwrap();
    /// #     let problem = serde_json::from_str(r#"{"detail": "no"}"#).unwrap();
    /// #     twin_api::Error::<Problem>::ErrorResponse(ResponseValue::new(problem, status, headers)).into()
    /// # }
    /// let error = refused(404, HeaderMap::new());
    /// assert!(error.is_not_found());
    /// ```
    pub fn is_not_found(&self) -> bool {
        self.is_problem(StatusCode::NOT_FOUND)
    }

    /// Whether the service denied access (403). What was deleted is answered so, too.
    ///
    /// ```
    /// # use twin_ext::{Error, Problem, twin_api};
    /// # use twin_api::{ResponseValue, reqwest::{StatusCode, header::HeaderMap}};
    /// # fn refused(status: u16, headers: HeaderMap) -> Error {
    /// #     let status = StatusCode::from_u16(status).unwrap();
    /// #     let problem = serde_json::from_str(r#"{"detail": "no"}"#).unwrap();
    /// #     twin_api::Error::<Problem>::ErrorResponse(ResponseValue::new(problem, status, headers)).into()
    /// # }
    /// let error = refused(403, HeaderMap::new());
    /// assert!(error.is_forbidden());
    /// ```
    pub fn is_forbidden(&self) -> bool {
        self.is_problem(StatusCode::FORBIDDEN)
    }

    /// Whether the service did not take the key (401).
    ///
    /// ```
    /// # use twin_ext::{Error, Problem, twin_api};
    /// # use twin_api::{ResponseValue, reqwest::{StatusCode, header::HeaderMap}};
    /// # fn refused(status: u16, headers: HeaderMap) -> Error {
    /// #     let status = StatusCode::from_u16(status).unwrap();
    /// #     let problem = serde_json::from_str(r#"{"detail": "no"}"#).unwrap();
    /// #     twin_api::Error::<Problem>::ErrorResponse(ResponseValue::new(problem, status, headers)).into()
    /// # }
    /// let error = refused(401, HeaderMap::new());
    /// assert!(error.is_unauthorized());
    /// ```
    pub fn is_unauthorized(&self) -> bool {
        self.is_problem(StatusCode::UNAUTHORIZED)
    }

    /// Whether there were too many requests (429).
    ///
    /// ```
    /// # use twin_ext::{Error, Problem, twin_api};
    /// # use twin_api::{ResponseValue, reqwest::{StatusCode, header::HeaderMap}};
    /// # fn refused(status: u16, headers: HeaderMap) -> Error {
    /// #     let status = StatusCode::from_u16(status).unwrap();
    /// #     let problem = serde_json::from_str(r#"{"detail": "no"}"#).unwrap();
    /// #     twin_api::Error::<Problem>::ErrorResponse(ResponseValue::new(problem, status, headers)).into()
    /// # }
    /// let error = refused(429, HeaderMap::new());
    /// assert!(error.is_rate_limited());
    /// ```
    pub fn is_rate_limited(&self) -> bool {
        self.is_problem(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether it took too long, here or there (408, 504).
    ///
    /// ```
    /// # use twin_ext::{Error, Problem, twin_api};
    /// # use twin_api::{ResponseValue, reqwest::{StatusCode, header::HeaderMap}};
    /// # fn refused(status: u16, headers: HeaderMap) -> Error {
    /// #     let status = StatusCode::from_u16(status).unwrap();
    /// #     let problem = serde_json::from_str(r#"{"detail": "no"}"#).unwrap();
    /// #     twin_api::Error::<Problem>::ErrorResponse(ResponseValue::new(problem, status, headers)).into()
    /// # }
    /// let error = refused(504, HeaderMap::new());
    /// assert!(error.is_timeout());
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
    /// # use twin_ext::{Error, Problem, twin_api};
    /// # use twin_api::{ResponseValue, reqwest::{StatusCode, header::HeaderMap}};
    /// # fn refused(status: u16, headers: HeaderMap) -> Error {
    /// #     let status = StatusCode::from_u16(status).unwrap();
    /// #     let problem = serde_json::from_str(r#"{"detail": "no"}"#).unwrap();
    /// #     twin_api::Error::<Problem>::ErrorResponse(ResponseValue::new(problem, status, headers)).into()
    /// # }
    /// let error = refused(429, HeaderMap::new());
    /// assert!(error.is_retryable());
    /// assert!(!refused(404, HeaderMap::new()).is_retryable());
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
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) {
    /// use twin_ext::Error;
    /// let answer = twin.get_agent().agent_id("agent_abc123").send().await;
    /// if let Err(error) = answer.map_err(Error::from) {
    ///     println!("gave up after {} attempts", error.attempts());
    /// }
    /// # }
    /// ```
    pub fn attempts(&self) -> u32 {
        self.0.call.attempts
    }

    /// How long the call took, pauses and all.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) {
    /// use twin_ext::Error;
    /// let answer = twin.get_agent().agent_id("agent_abc123").send().await;
    /// if let Err(error) = answer.map_err(Error::from) {
    ///     println!("it took {:?}", error.elapsed());
    /// }
    /// # }
    /// ```
    pub fn elapsed(&self) -> Duration {
        self.0.call.elapsed
    }

    /// The operation, as its function is called: `get_agent`.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) {
    /// use twin_ext::Error;
    /// let answer = twin.get_agent().agent_id("agent_abc123").send().await;
    /// if let Err(error) = answer.map_err(Error::from) {
    ///     assert_eq!(error.operation(), Some("get_agent"));
    /// }
    /// # }
    /// ```
    pub fn operation(&self) -> Option<&str> {
        self.0.call.operation.as_deref()
    }

    /// The method of the request.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) {
    /// use twin_ext::Error;
    /// let answer = twin.get_agent().agent_id("agent_abc123").send().await;
    /// if let Err(error) = answer.map_err(Error::from) {
    ///     assert_eq!(error.method().unwrap(), "GET");
    /// }
    /// # }
    /// ```
    pub fn method(&self) -> Option<&Method> {
        self.0.call.method.as_ref()
    }

    /// The path of the request, without its query.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) {
    /// use twin_ext::Error;
    /// let answer = twin.get_agent().agent_id("agent_abc123").send().await;
    /// if let Err(error) = answer.map_err(Error::from) {
    ///     assert_eq!(error.path(), Some("/v1/agents/agent_abc123"));
    /// }
    /// # }
    /// ```
    pub fn path(&self) -> Option<&str> {
        self.0.call.path.as_deref()
    }

    /// The place in the answer that could not be read: `agents[3].name`.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) {
    /// use twin_ext::Error;
    /// let answer = twin.get_agent().agent_id("agent_abc123").send().await;
    /// if let Err(error) = answer.map_err(Error::from) {
    ///     println!("it cannot be read at {:?}", error.json_path());
    /// }
    /// # }
    /// ```
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// How an answer that could not be read begins; nothing of one that holds a secret.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) {
    /// use twin_ext::Error;
    /// let answer = twin.get_agent().agent_id("agent_abc123").send().await;
    /// if let Err(error) = answer.map_err(Error::from) {
    ///     println!("it begins: {:?}", error.excerpt());
    /// }
    /// # }
    /// ```
    pub fn excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// In what the answer is not as documented.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_api::Client) {
    /// use twin_ext::Error;
    /// let answer = twin.get_agent().agent_id("agent_abc123").send().await;
    /// if let Err(error) = answer.map_err(Error::from) {
    ///     for drift in error.drift() {
    ///         println!("{drift}");
    ///     }
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
