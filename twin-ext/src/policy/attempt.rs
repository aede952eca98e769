//! Runs one attempt, from connecting to the last byte of the response body, within its time limit.

use std::time::Duration;

use bytes::Bytes;
use http::header::TRANSFER_ENCODING;
use http::{StatusCode, Version};
use serde::de::IgnoredAny;
use twin_api::reqwest::{self, Request, Response};
use twin_api::transport::{
    Failure, OperationInfo, is_transient, refusal_outcome, refusal_status, retry_after,
};
use twin_api::{Error, ErrorKind, Outcome};

use super::Policy;
use super::body::{ReadBody, read_body};
use super::connecting::ConnectProgress;
use crate::clock::{Clock, Sleep, before};
use crate::document;

/// Maximum bytes that are read of an error response. People read it, not the decoder.
const MAX_ERROR_BYTES: usize = 256 << 10;

/// Stands in for the body of an error response that could not be read.
const TORN: &str = "the response ended before its body was read";

/// The result of one attempt.
pub(super) enum Attempt {
    Received(ReadResponse),
    Failed(Error),
}

/// A response whose body has been read.
pub(super) struct ReadResponse {
    /// The response without its body.
    pub(super) response: Response,
    /// The body. `None` for a stream, which the caller reads.
    pub(super) body: Option<Bytes>,
    /// Whether the response has a `content-length`.
    has_length: bool,
    /// The error status, if the service refused the request.
    pub(super) refused: Option<StatusCode>,
}

/// Summarises an attempt for the retry decision.
pub(super) struct AttemptSummary {
    pub(super) outcome: Outcome,
    pub(super) status: Option<StatusCode>,
    pub(super) retry_after: Option<Duration>,
    /// Whether another attempt may end differently.
    pub(super) transient: bool,
    pub(super) timed_out: bool,
    /// The kind of the failure, if there is no complete response.
    pub(super) error: Option<ErrorKind>,
}

impl AttemptSummary {
    /// Returns whether even a non-idempotent request may be sent again: the request was not sent,
    /// or the service answered 429 or 503 with `Retry-After`.
    pub(super) fn allows_any_retry(&self) -> bool {
        self.outcome == Outcome::NotSent
            || (self.retry_after.is_some()
                && matches!(
                    self.status,
                    Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
                ))
    }
}

/// If the limit of an attempt is longer than the connect limit by this margin, its connection is not
/// watched: the connect limit ends first, because both start at nearly the same time.
const MARGIN: Duration = Duration::from_secs(1);

/// An attempt that is ready to be sent.
pub(super) struct PendingAttempt<F> {
    /// Sends the request once it is polled, and returns the response without its body.
    response: F,
    /// Set if the attempt may time out while it is still connecting.
    progress: Option<ConnectProgress>,
    /// The maximum duration of the attempt.
    limit: Duration,
}

/// Prepares an attempt. It is sent when [`PendingAttempt::run`] is polled.
pub(super) fn prepare<'a>(
    policy: &'a Policy,
    client: &'a reqwest::Client,
    mut request: Request,
    limit: Duration,
    operation: &'a OperationInfo,
) -> PendingAttempt<impl Future<Output = Result<Response, Error>> + Send + use<'a>> {
    let progress = watch_connecting(policy, &mut request, limit);
    PendingAttempt { response: send(policy, client, request, operation), progress, limit }
}

/// Watches the connection of an attempt that may end before the connect limit.
///
/// Returns `None` for other attempts, and with a transport of the user, which gets the request body
/// unchanged.
fn watch_connecting(
    policy: &Policy,
    request: &mut Request,
    limit: Duration,
) -> Option<ConnectProgress> {
    let connecting = policy.limits.connect_timeout.saturating_add(MARGIN);
    (limit < connecting && policy.transport.is_none())
        .then(|| ConnectProgress::watch(request))
        .flatten()
}

/// Sends the request once, through the user's transport if there is one.
async fn send(
    policy: &Policy,
    client: &reqwest::Client,
    request: Request,
    operation: &OperationInfo,
) -> Result<Response, Error> {
    match &policy.transport {
        None => Ok(client.execute(request).await?),
        Some(transport) => transport.execute(client, request, operation).await,
    }
}

impl<F: Future<Output = Result<Response, Error>>> PendingAttempt<F> {
    /// Sends the request, waits for the response and reads its body, all within the limit.
    pub(super) async fn run(self, policy: &Policy, operation: &OperationInfo) -> Attempt {
        let Self { response, progress, limit } = self;
        let mut alarm = policy.clock.alarm(limit);
        let mut response = match before(&mut alarm, response).await {
            Some(Ok(response)) => response,
            Some(Err(error)) => return Attempt::Failed(error),
            None if progress.is_some_and(|progress| progress.was_connecting()) => {
                return Attempt::Failed(connect_timed_out(policy, limit).into());
            }
            None => return Attempt::Failed(timed_out(policy, limit, Outcome::Unknown).into()),
        };
        if let Some(status) = refusal_status(response.status(), response.headers()) {
            return refusal(response, status, &mut alarm).await;
        }
        let has_length = response.content_length().is_some();
        let received = |response, body| {
            Attempt::Received(ReadResponse { response, body, has_length, refused: None })
        };
        if operation.is_stream && response.status().is_success() {
            return received(response, None);
        }
        let most = policy.limits.max_response_bytes;
        let read = before(&mut alarm, read_body(&mut response, most)).await;
        let mut failure = match read {
            Some(ReadBody::Whole(body)) => return received(response, Some(body)),
            Some(ReadBody::TooLarge) => too_large(most),
            Some(ReadBody::Torn(error)) => Failure::torn(error),
            None => timed_out(policy, limit, Outcome::Accepted),
        };
        failure.status = Some(response.status());
        failure.headers = std::mem::take(response.headers_mut());
        Attempt::Failed(failure.into())
    }
}

/// Reads the body of an error response. If the body cannot be read, the status is kept.
async fn refusal(mut response: Response, status: StatusCode, alarm: &mut Sleep) -> Attempt {
    let body = match before(alarm, read_body(&mut response, MAX_ERROR_BYTES)).await {
        Some(ReadBody::Whole(body)) => body,
        Some(ReadBody::TooLarge) => Bytes::from_static(b"the response is too large to be shown"),
        Some(ReadBody::Torn(_)) | None => Bytes::from_static(TORN.as_bytes()),
    };
    let (body, refused) = (Some(body), Some(status));
    Attempt::Received(ReadResponse { response, body, has_length: true, refused })
}

fn timed_out(policy: &Policy, limit: Duration, outcome: Outcome) -> Failure {
    let limits = &policy.limits;
    let message = if limit < limits.attempt_timeout {
        format!("the deadline of {:?} passed before the response was complete", limits.deadline)
    } else {
        format!("no complete response within {limit:?}")
    };
    Failure::new(ErrorKind::Timeout, outcome, message)
}

/// Builds the failure for a limit that passed while the connection was being made.
fn connect_timed_out(policy: &Policy, limit: Duration) -> Failure {
    let host = policy.base.host_str().unwrap_or_default();
    let message = format!("no connection to {host} within {limit:?}");
    Failure::new(ErrorKind::Timeout, Outcome::NotSent, message)
}

fn too_large(most: usize) -> Failure {
    let message = format!("the response is larger than the limit of {most} bytes");
    Failure::new(ErrorKind::TooLarge, Outcome::Accepted, message)
}

impl Attempt {
    /// Summarises the attempt at `operation` for the retry decision.
    pub(super) fn summary(&self, clock: &dyn Clock, operation: &str) -> AttemptSummary {
        match self {
            Self::Failed(error) => AttemptSummary {
                outcome: error.outcome(),
                status: error.status(),
                retry_after: error.retry_after(),
                transient: !error.is_permanent(),
                timed_out: error.kind() == ErrorKind::Timeout,
                error: Some(error.kind()),
            },
            Self::Received(received) => received.summary(clock, operation),
        }
    }
}

impl ReadResponse {
    fn summary(&self, clock: &dyn Clock, operation: &str) -> AttemptSummary {
        let headers = self.response.headers();
        let mut summary = AttemptSummary {
            outcome: Outcome::Accepted,
            status: self.refused.or(Some(self.response.status())),
            retry_after: None,
            transient: false,
            timed_out: false,
            error: None,
        };
        if let Some(status) = self.refused {
            summary.retry_after = retry_after(headers, || clock.wall());
            summary.outcome = refusal_outcome(status, summary.retry_after.is_some());
            summary.transient = is_transient(status);
        } else {
            summary.transient = self.is_truncated(operation);
        }
        summary
    }

    /// Returns whether the body is JSON that ends too early.
    ///
    /// Without framing (no length, no chunks, HTTP/1), a lost connection looks like the end of the
    /// body, so the whole body is checked. With framing, it is checked only if it does not end
    /// with `}`: such errors are rare, and parsing every body twice is not worth it. After the
    /// last attempt, decoding reports the error.
    fn is_truncated(&self, operation: &str) -> bool {
        let (response, Some(body)) = (&self.response, &self.body) else { return false };
        if !response.status().is_success() || response.status() == StatusCode::NO_CONTENT {
            return false;
        }
        let framed = self.has_length
            || response.version() > Version::HTTP_11
            || response.headers().contains_key(TRANSFER_ENCODING);
        if framed && (body.is_empty() || ends_like_object(body)) {
            return false;
        }
        let json = serde_json::from_slice::<IgnoredAny>(body);
        let stops = json.is_err_and(|error| error.is_eof());
        // An empty body is complete for an operation without a response schema.
        stops && (!body.trim_ascii().is_empty() || document::response_schema(operation).is_some())
    }
}

/// Returns whether the body ends like a JSON object.
fn ends_like_object(body: &[u8]) -> bool {
    body.trim_ascii_end().ends_with(b"}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether a response of `get_me` counts as truncated.
    fn is_truncated(version: Version, status: u16, chunked: bool, body: &'static str) -> bool {
        let mut response = http::Response::new("");
        *response.version_mut() = version;
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if chunked {
            response.headers_mut().insert(TRANSFER_ENCODING, "chunked".parse().unwrap());
        }
        let body = Some(Bytes::from_static(body.as_bytes()));
        let response = response.into();
        let received = ReadResponse { response, body, has_length: false, refused: None };
        received.is_truncated("get_me")
    }

    #[test]
    fn body_without_framing_is_checked_to_its_end() {
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert!(is_truncated(version, 200, false, r#"{"a": {}"#), "{version:?}");
            assert!(!is_truncated(version, 200, false, r#"{"a": {}}"#), "{version:?}");
            assert!(!is_truncated(version, 200, false, "{]"), "{version:?}");
        }
    }

    #[test]
    fn body_with_framing_is_checked_only_if_it_does_not_end_like_an_object() {
        for (version, chunked) in [(Version::HTTP_11, true), (Version::HTTP_2, false)] {
            assert!(!is_truncated(version, 200, chunked, r#"{"a": {}"#), "{version:?}");
            assert!(is_truncated(version, 200, chunked, r#"{"a": "#), "{version:?}");
        }
    }

    #[test]
    fn only_a_success_with_a_body_can_be_truncated() {
        for (status, expected) in [(200, true), (201, true), (204, false), (302, false)] {
            assert_eq!(is_truncated(Version::HTTP_11, status, false, "{"), expected, "{status}");
        }
    }
}
