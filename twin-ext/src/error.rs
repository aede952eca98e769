//! Defines the error of this crate, for calls, lists, runs and webhook deliveries.
//!
//! [`Error`] wraps [`twin_api::Error`] and adds the progress of a list. The
//! [guide](crate::guide::errors) shows how to handle it.

#[cfg(test)]
mod tests;

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
pub(crate) use twin_api::Failure;
use twin_api::Problem;
#[cfg(feature = "pages")]
use twin_api::transport::OperationInfo;
pub use twin_api::{ErrorKind, Outcome};

#[cfg(feature = "client")]
use crate::drift::{Drift, StrictDrift};
use crate::position::{Position, Progress};

/// The error of a call, a list, a run or a webhook delivery.
///
/// Most programs return or log it. The predicates answer the usual questions: does the resource
/// exist, may the call be repeated, may the operation have happened? `?` converts a
/// [`twin_api::Error`] to it.
///
/// `Display` prints one line: what failed, the status, the detail, the operation. `Debug` and
/// `{:#}` add the causes. Nothing prints the API key, a query or a whole body. The error is one
/// pointer wide.
///
/// # Example
/// ```no_run
/// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), twin_ext::Error> {
/// match twin.get_agent().agent_id("agent_abc123").send().await {
///     Ok(response) => println!("{}", response.agent.agent_id),
///     // The service also answers 403 for a deleted agent.
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
    /// The position in a list, if a list failed.
    progress: Option<Progress>,
    /// The state that the message describes, such as that of a run.
    state: Option<Arc<dyn Any + Send + Sync>>,
}

impl Error {
    /// Creates the error for an invalid setting.
    pub(crate) fn config(message: impl Into<Cow<'static, str>>) -> Self {
        Failure::new(ErrorKind::Config, Outcome::NotSent, message).into()
    }

    /// Creates the error for inconsistent pages of this list.
    #[cfg(feature = "pages")]
    pub(crate) fn pagination(
        list: &OperationInfo,
        message: impl Into<Cow<'static, str>>,
        progress: Progress,
    ) -> Self {
        let mut failure = Failure::new(ErrorKind::Pagination, Outcome::Accepted, message);
        failure.operation = Some(list.operation_id.into());
        failure.method = Some(Method::GET);
        failure.path = Some(list.path_template.to_owned());
        Self::from(failure).with_progress(progress)
    }

    /// Adds the progress of the list that failed.
    pub(crate) fn with_progress(mut self, progress: Progress) -> Self {
        self.0.progress = Some(progress);
        self
    }

    /// Stores the state that the message describes. As the source, it would be printed a second time.
    pub(crate) fn with_state(mut self, state: impl Any + Send + Sync) -> Self {
        self.0.state = Some(Arc::new(state));
        self
    }

    /// Returns the state that the message describes, if it is a `T`.
    pub(crate) fn state<T: Any>(&self) -> Option<&T> {
        self.0.state.as_ref()?.downcast_ref()
    }

    /// Returns the fields of the error, without those of a list or a run.
    pub(crate) fn into_failure(self) -> Failure {
        self.0.base.into()
    }

    /// Returns the kind of the failure.
    ///
    /// Prefer the predicates below, such as [`is_not_found`](Self::is_not_found). Use the kind to
    /// tell a wrong base URL ([`ErrorKind::NotTheApi`]) from an error of the service
    /// ([`ErrorKind::Problem`]), for example.
    pub fn kind(&self) -> ErrorKind {
        self.0.base.kind()
    }

    /// Returns whether the operation may have happened. Check it before you repeat a write.
    ///
    /// The outcome covers all attempts: an error response that follows a lost connection is
    /// [`Outcome::Unknown`]. For a `GET`, which has no effect, the last attempt decides.
    ///
    /// # Troubleshooting
    /// After [`Outcome::Unknown`], read the resource before you send the request again: list the
    /// runs before you start another, for example.
    pub fn outcome(&self) -> Outcome {
        self.0.base.outcome()
    }

    /// Returns the HTTP status of the response that caused the error.
    ///
    /// Returns `None` if no response arrived.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.base.status()
    }

    /// Returns the HTTP status of the last response of any attempt.
    ///
    /// It differs from [`status`](Self::status) if the last attempt got no response: a timeout
    /// after two 503 responses has the last status 503.
    pub fn last_status(&self) -> Option<StatusCode> {
        self.0.base.last_status()
    }

    /// Returns the problem details of an error response: title, detail, field errors.
    pub fn problem(&self) -> Option<&Problem> {
        self.0.base.problem()
    }

    /// Returns the headers of the response that caused the error.
    ///
    /// Returns an empty map if no response arrived.
    pub fn headers(&self) -> &HeaderMap {
        self.0.base.headers()
    }

    /// Returns the delay that the service requested with `Retry-After`.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.base.retry_after()
    }

    /// Returns whether the resource does not exist (404).
    ///
    /// # Troubleshooting
    /// Check the identifier, and that the key belongs to the account of the resource. The service
    /// answers 403, not 404, for some deleted resources; see [`is_forbidden`](Self::is_forbidden).
    pub fn is_not_found(&self) -> bool {
        self.0.base.is_not_found()
    }

    /// Returns whether the service denied access (403).
    ///
    /// # Troubleshooting
    /// The service also answers 403 for deleted resources and for those of another account. Handle
    /// both predicates where a resource may be gone.
    pub fn is_forbidden(&self) -> bool {
        self.0.base.is_forbidden()
    }

    /// Returns whether the service rejected the API key (401).
    ///
    /// # Troubleshooting
    /// Check that `TWIN_API_KEY` holds the complete key and that it is not revoked. A retry cannot
    /// help.
    pub fn is_unauthorized(&self) -> bool {
        self.0.base.is_unauthorized()
    }

    /// Returns whether the service reported too many requests (429).
    ///
    /// # Troubleshooting
    /// Wait for [`retry_after`](Self::retry_after) before the next call, or lower the number of
    /// concurrent calls.
    pub fn is_rate_limited(&self) -> bool {
        self.0.base.is_rate_limited()
    }

    /// Returns whether the call took too long, in the client or in the service (408, 504).
    ///
    /// # Troubleshooting
    /// The operation may have happened; check [`outcome`](Self::outcome). If the service is only
    /// slow, raise the attempt timeout and the deadline above its slowest response.
    pub fn is_timeout(&self) -> bool {
        self.0.base.is_timeout()
    }

    /// Returns whether the call can be repeated safely and with a chance of success.
    ///
    /// The cause may pass, and either the operation did not happen or repeating it has no further
    /// effect. Wait before you call again; [`retry_after`](Self::retry_after) may say how long.
    pub fn is_retryable(&self) -> bool {
        self.0.base.is_retryable()
    }

    /// Returns whether the same request fails again until something changes: a certificate, a
    /// proxy, a setting, a permission.
    ///
    /// Use it to leave a polling loop. Unlike [`is_retryable`](Self::is_retryable), it does not
    /// consider whether the operation may have happened.
    pub fn is_permanent(&self) -> bool {
        self.0.base.is_permanent()
    }

    /// Returns the number of attempts. Zero if the request was rejected before sending.
    pub fn attempts(&self) -> u32 {
        self.0.base.attempts()
    }

    /// Returns the duration of the call, pauses between attempts included.
    pub fn elapsed(&self) -> Duration {
        self.0.base.elapsed()
    }

    /// Returns the name of the operation, as in the client: `get_agent`.
    pub fn operation(&self) -> Option<&str> {
        self.0.base.operation()
    }

    /// Returns the HTTP method of the request.
    pub fn method(&self) -> Option<&Method> {
        self.0.base.method()
    }

    /// Returns the path of the request without its query.
    ///
    /// If the request could not be built, it is the path template: `/v1/agents/{agent_id}`.
    pub fn path(&self) -> Option<&str> {
        self.0.base.path()
    }

    /// Returns the JSON path of the value that could not be decoded, such as `agents[3].name`.
    pub fn json_path(&self) -> Option<&str> {
        self.0.base.json_path()
    }

    /// Returns the beginning of a response that could not be decoded.
    ///
    /// `None` if the response contains secrets. The API key is redacted.
    pub fn excerpt(&self) -> Option<&str> {
        self.0.base.excerpt()
    }

    /// Returns the identifier of the run in a response that could not be decoded.
    ///
    /// If `start_run` fails in this way, the run was started and has this identifier.
    /// [`RunExt::launch`](crate::RunExt::launch) returns its handle.
    pub fn run_id(&self) -> Option<&str> {
        self.0.base.run_id()
    }

    /// Returns the differences between the response and the OpenAPI document.
    ///
    /// Empty unless the client is [`strict`](crate::ClientBuilder::strict).
    #[cfg(feature = "client")]
    pub fn drift(&self) -> &[Drift] {
        let findings = self.source().and_then(|source| source.downcast_ref::<StrictDrift>());
        findings.map(StrictDrift::all).unwrap_or_default()
    }

    /// Returns the position from which to resume a list that failed.
    ///
    /// Resuming misses no item, but may repeat one.
    ///
    /// ```no_run
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut agents = twin.list_agents().items();
    /// while let Some(agent) = agents.try_next().await.transpose() {
    ///     match agent {
    ///         Ok(agent) => println!("{}", agent.agent_id),
    ///         Err(error) if error.is_retryable() => {
    ///             let Some(position) = error.position() else { return Err(error) };
    ///             agents = twin.list_agents().items_from(position.clone());
    ///         }
    ///         Err(error) => return Err(error),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn position(&self) -> Option<&Position> {
        self.0.progress.as_ref().map(|progress| &progress.position)
    }

    /// Returns the number of items that a list returned before the error.
    pub fn items_seen(&self) -> Option<u64> {
        self.0.progress.as_ref().map(|progress| progress.received)
    }

    /// Returns the total number of items in a list, if the service reports it.
    pub fn items_total(&self) -> Option<u64> {
        self.0.progress.as_ref().and_then(|progress| progress.total)
    }
}

/// Prints one line, with the progress of a list.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repr { base, progress, .. } = &*self.0;
        fmt::Display::fmt(base, f)?;
        match progress {
            Some(Progress { received, total: Some(total), .. }) => {
                write!(f, "; {received} of {total} items were read before")
            }
            Some(Progress { received, .. })
                if *received > 0 || self.kind() == ErrorKind::Pagination =>
            {
                write!(f, "; {received} items were read before")
            }
            _ => Ok(()),
        }
    }
}

/// Prints like `Display` and adds the causes. `main` and `unwrap` use it.
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

impl From<twin_api::Error> for Error {
    fn from(base: twin_api::Error) -> Self {
        Self(Box::new(Repr { base, progress: None, state: None }))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        twin_api::Error::from(failure).into()
    }
}

#[cfg(feature = "client")]
impl From<twin_api::ConnectError> for Error {
    fn from(error: twin_api::ConnectError) -> Self {
        twin_api::Error::from(error).into()
    }
}

/// Converts the error of an incomplete request body:
/// `let body: StartRunBody = builder.try_into()?`.
impl From<twin_api::types::error::ConversionError> for Error {
    fn from(error: twin_api::types::error::ConversionError) -> Self {
        twin_api::Error::from(error).into()
    }
}
