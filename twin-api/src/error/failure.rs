//! The members of an error, for code that makes one.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use super::{Error, ErrorKind, Outcome};
use crate::Problem;

/// The members of an [`Error`], for a [`Transport`](crate::transport::Transport) that makes one.
///
/// The client fills in operation, method and path, and redacts its key in every text.
///
/// ```
/// use twin_api::transport::Failure;
/// use twin_api::{Error, ErrorKind, Outcome};
/// let mut failure = Failure::new(ErrorKind::Timeout, Outcome::Unknown, "no answer in 5 s");
/// failure.attempts = 2;
/// let error = Error::from(failure);
/// assert!(error.is_timeout() && error.outcome().may_have_happened());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Whether the operation may have happened.
    pub outcome: Outcome,
    /// What to print; for a refusal, the problem is printed instead.
    pub message: Cow<'static, str>,
    /// The status of the answer that is the error.
    pub status: Option<StatusCode>,
    /// The status of the last answer of any attempt.
    pub last_status: Option<StatusCode>,
    /// The headers of the answer that is the error.
    pub headers: HeaderMap,
    /// What the service said when it refused.
    pub problem: Option<Problem>,
    /// How long the service asked to wait.
    pub retry_after: Option<Duration>,
    /// The operation, as its function is called.
    pub operation: Option<Cow<'static, str>>,
    /// The method of the request.
    pub method: Option<Method>,
    /// The path of the request; its template where no path was made.
    pub path: Option<String>,
    /// How many times the request was sent.
    pub attempts: u32,
    /// How long the call took, pauses included.
    pub elapsed: Duration,
    /// The place in the answer that could not be read.
    pub json_path: Option<String>,
    /// How an answer begins that could not be read.
    pub excerpt: Option<String>,
    /// The run that the response names although it does not decode.
    pub run_id: Option<String>,
    /// Whether the same request may be sent although an earlier one may have had its effect.
    pub is_idempotent: bool,
    /// Whether sending the request again would fail in the same way, whatever the kind.
    pub is_permanent: bool,
    /// The cause.
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Failure {
    /// Makes a failure of which nothing else is known.
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

    /// Sets the cause.
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
