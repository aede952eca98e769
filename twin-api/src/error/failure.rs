//! Defines the fields of an error, for code that builds one.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use super::{Error, ErrorKind, Outcome};
use crate::Problem;

/// The fields of an [`Error`], for a [`Transport`](crate::transport::Transport) that builds one.
///
/// The client fills in operation, method and path, and redacts its key in every text.
///
/// # Example
/// A transport reports a limit of its own:
///
/// ```
/// use twin_api::transport::Failure;
/// use twin_api::{Error, ErrorKind, Outcome};
/// let mut failure = Failure::new(ErrorKind::Timeout, Outcome::Unknown, "no response in 5 s");
/// failure.attempts = 2;
/// let error = Error::from(failure);
/// assert!(error.is_timeout() && error.outcome().may_have_happened());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The kind of the failure.
    pub kind: ErrorKind,
    /// Whether the operation may have happened.
    pub outcome: Outcome,
    /// The text to print. For an error response, the problem is printed instead.
    pub message: Cow<'static, str>,
    /// The HTTP status of the response that caused the error.
    pub status: Option<StatusCode>,
    /// The HTTP status of the last response of any attempt.
    pub last_status: Option<StatusCode>,
    /// The headers of the response that caused the error.
    pub headers: HeaderMap,
    /// The problem details of an error response.
    pub problem: Option<Problem>,
    /// The delay that the service requested with `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The name of the operation, as in the client.
    pub operation: Option<Cow<'static, str>>,
    /// The method of the request.
    pub method: Option<Method>,
    /// The path of the request, or its template if the request could not be built.
    pub path: Option<String>,
    /// The number of attempts.
    pub attempts: u32,
    /// The duration of the call, pauses included.
    pub elapsed: Duration,
    /// The JSON path of the value that could not be decoded.
    pub json_path: Option<String>,
    /// The beginning of a response that could not be decoded.
    pub excerpt: Option<String>,
    /// The identifier of the run in a response that could not be decoded.
    pub run_id: Option<String>,
    /// Whether the request may be repeated although the operation may have happened.
    pub is_idempotent: bool,
    /// Whether a repeated request would fail in the same way, regardless of the kind.
    pub is_permanent: bool,
    /// The cause.
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Failure {
    /// Creates a failure. All other fields are empty.
    pub fn new(kind: ErrorKind, outcome: Outcome, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            outcome,
            message: message.into(),
            status: None,
            last_status: None,
            headers: HeaderMap::new(),
            problem: None,
            retry_after: None,
            operation: None,
            method: None,
            path: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            json_path: None,
            excerpt: None,
            run_id: None,
            is_idempotent: false,
            is_permanent: false,
            source: None,
        }
    }

    /// Sets the cause. [`source`](StdError::source) of the error returns it.
    #[must_use]
    pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self(Box::new(failure))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        *error.0
    }
}
