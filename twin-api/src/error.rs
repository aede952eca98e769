//! Defines the error of every operation.
//!
//! [`Error`] reports what failed, whether the operation may have happened, and what can be done. It
//! contains no key and no query, and at most a short excerpt of a body. This crate never retries a
//! call. The retry policy is in `twin-ext`: a client of `twin_ext::ClientBuilder` retries.

#[cfg(feature = "client")]
mod connect;
mod display;
mod failure;
mod kind;

use std::error::Error as StdError;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

#[cfg(feature = "client")]
pub use self::connect::ConnectError;
pub use self::display::one_line;
pub use self::failure::Failure;
pub use self::kind::{ErrorKind, Outcome};
use crate::Problem;

/// Maximum number of causes that are followed, so that a circular chain ends.
const MAX_CAUSES: usize = 16;

/// The error of a call.
///
/// Most programs return or log it. The predicates answer the usual questions: does the resource
/// exist, may the call be repeated, may the operation have happened?
///
/// `Display` prints one line: what failed, the status, the detail, the operation. `Debug` and
/// `{:#}` add the causes. Nothing prints the API key, a query or a whole body. The error is one
/// pointer wide.
///
/// # Example
/// ```no_run
/// # async fn example(twin: twin_api::Client) -> Result<(), Box<dyn std::error::Error>> {
/// match twin.get_agent().agent_id("agent_abc123").send().await {
///     Ok(response) => println!("{}", response.into_inner().agent.agent_id),
///     // The service also answers 403 for a deleted agent.
///     Err(error) if error.is_not_found() || error.is_forbidden() => println!("gone"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Box<Failure>);

impl Error {
    /// Creates an error from any cause, for a transport.
    ///
    /// The kind is [`ErrorKind::Transport`] and the outcome [`Outcome::Unknown`]. A transport that
    /// knows more builds a [`Failure`].
    ///
    /// ```
    /// use twin_api::{Error, ErrorKind};
    /// let error = Error::other(std::io::Error::other("the recording has no such request"));
    /// assert_eq!(error.kind(), ErrorKind::Transport);
    /// assert!(error.to_string().contains("the recording has no such request"));
    /// ```
    pub fn other(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source = source.into();
        let message = format!("the transport failed: {source}");
        let mut failure = Failure::new(ErrorKind::Transport, Outcome::Unknown, message);
        failure.source = Some(source.into());
        failure.into()
    }

    /// Returns the kind of the failure.
    ///
    /// Prefer the predicates below, such as [`is_not_found`](Self::is_not_found). Use the kind to
    /// tell a wrong base URL ([`ErrorKind::NotTheApi`]) from an error of the service
    /// ([`ErrorKind::Problem`]), for example.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
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
        self.0.outcome
    }

    /// Returns the HTTP status of the response that caused the error.
    ///
    /// Returns `None` if no response arrived.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns the HTTP status of the last response of any attempt.
    ///
    /// It differs from [`status`](Self::status) if the last attempt got no response: a timeout
    /// after two 503 responses has the last status 503.
    pub fn last_status(&self) -> Option<StatusCode> {
        self.0.last_status.or(self.0.status)
    }

    /// Returns the headers of the response that caused the error.
    ///
    /// Returns an empty map if no response arrived.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Returns the problem details of an error response: title, detail, field errors.
    pub fn problem(&self) -> Option<&Problem> {
        self.0.problem.as_ref()
    }

    /// Returns the JSON path of the value that could not be decoded, such as `agents[3].name`.
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// Returns the beginning of a response that could not be decoded.
    ///
    /// `None` if the response contains secrets. The API key is redacted.
    pub fn excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// Returns the identifier of the run in a response that could not be decoded.
    ///
    /// If `start_run` fails in this way, the run was started and has this identifier.
    pub fn run_id(&self) -> Option<&str> {
        self.0.run_id.as_deref()
    }

    /// Returns the name of the operation, as in the client: `get_agent`.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// Returns the HTTP method of the request.
    pub fn method(&self) -> Option<&Method> {
        self.0.method.as_ref()
    }

    /// Returns the path of the request without its query.
    ///
    /// If the request could not be built, it is the path template: `/v1/agents/{agent_id}`.
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// Returns the number of attempts. Zero if the request was rejected before sending.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns the duration of the call, pauses between attempts included.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Returns the delay that the service requested with `Retry-After`.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns whether the resource does not exist (404).
    ///
    /// # Troubleshooting
    /// Check the identifier, and that the key belongs to the account of the resource. The service
    /// answers 403, not 404, for some deleted resources; see [`is_forbidden`](Self::is_forbidden).
    pub fn is_not_found(&self) -> bool {
        self.is_problem(StatusCode::NOT_FOUND)
    }

    /// Returns whether the service denied access (403).
    ///
    /// # Troubleshooting
    /// The service also answers 403 for deleted resources and for those of another account. Handle
    /// both predicates where a resource may be gone.
    pub fn is_forbidden(&self) -> bool {
        self.is_problem(StatusCode::FORBIDDEN)
    }

    /// Returns whether the service rejected the API key (401).
    ///
    /// # Troubleshooting
    /// Check that `TWIN_API_KEY` holds the complete key and that it is not revoked. A retry cannot
    /// help.
    pub fn is_unauthorized(&self) -> bool {
        self.is_problem(StatusCode::UNAUTHORIZED)
    }

    /// Returns whether the service reported too many requests (429).
    ///
    /// # Troubleshooting
    /// Wait for [`retry_after`](Self::retry_after) before the next call, or lower the number of
    /// concurrent calls.
    pub fn is_rate_limited(&self) -> bool {
        self.is_problem(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Returns whether the call took too long, in the client or in the service (408, 504).
    ///
    /// # Troubleshooting
    /// The operation may have happened; check [`outcome`](Self::outcome). If the service is only
    /// slow, raise the attempt timeout and the deadline above its slowest response.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
            || self.is_problem(StatusCode::REQUEST_TIMEOUT)
            || self.is_problem(StatusCode::GATEWAY_TIMEOUT)
    }

    /// Returns whether the call can be repeated safely and with a chance of success.
    ///
    /// The cause may pass, and either the operation did not happen or repeating it has no further
    /// effect. Wait before you call again; [`retry_after`](Self::retry_after) may say how long.
    pub fn is_retryable(&self) -> bool {
        self.is_transient() && (!self.0.outcome.may_have_happened() || self.0.is_idempotent)
    }

    /// Returns whether the same request fails again until something changes: a certificate, a
    /// proxy, a setting, a permission.
    ///
    /// Use it to leave a polling loop. Unlike [`is_retryable`](Self::is_retryable), it does not
    /// consider whether the operation may have happened.
    pub fn is_permanent(&self) -> bool {
        !self.is_transient()
    }

    /// Returns whether the same request may succeed if it is sent again.
    fn is_transient(&self) -> bool {
        match self.0.kind {
            ErrorKind::Transport | ErrorKind::Timeout => !self.0.is_permanent,
            ErrorKind::Problem => self.0.status.is_some_and(is_transient),
            _ => false,
        }
    }

    fn is_problem(&self, status: StatusCode) -> bool {
        self.0.kind == ErrorKind::Problem && self.0.status == Some(status)
    }
}

/// Returns an error and its causes, outermost first.
pub(crate) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let next = |error: &&'a (dyn StdError + 'static)| (*error).source();
    std::iter::successors(Some(error), next).take(MAX_CAUSES)
}

/// Returns whether a request that failed with this status may succeed if it is sent again.
pub(crate) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Converts the error of an incomplete request body:
/// `let body: StartRunBody = builder.try_into()?`.
impl From<crate::types::error::ConversionError> for Error {
    fn from(error: crate::types::error::ConversionError) -> Self {
        Failure::new(ErrorKind::InvalidRequest, Outcome::NotSent, error.to_string()).into()
    }
}
