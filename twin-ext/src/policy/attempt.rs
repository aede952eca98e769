//! One attempt: from connecting to the last byte of the body, within its time.

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
use super::body::{Read, read};
use super::connecting::Progress;
use crate::clock::{Clock, Sleep, before};
use crate::document;

/// More of a refusal is not read: it is for a person.
const REFUSAL: usize = 256 << 10;

/// What is said of a refusal whose body could not be read.
const TORN: &str = "the answer broke off before its body was read";

/// What came of an attempt.
pub(super) enum Attempt {
    Answered(Answered),
    Failed(Error),
}

/// An answer whose body has been read.
pub(super) struct Answered {
    /// The answer without its body.
    pub(super) response: Response,
    /// `None` where the caller reads it.
    pub(super) body: Option<Bytes>,
    /// Whether it said how long its body is.
    announced: bool,
    /// The status that a refusal stands for.
    pub(super) refused: Option<StatusCode>,
}

/// What an attempt means for the next one.
pub(super) struct Seen {
    pub(super) outcome: Outcome,
    pub(super) status: Option<StatusCode>,
    pub(super) retry_after: Option<Duration>,
    /// Whether another attempt may end in another way.
    pub(super) transient: bool,
    pub(super) timed_out: bool,
    /// What failed, where there is no whole answer.
    pub(super) error: Option<ErrorKind>,
}

impl Seen {
    /// Whether even what must not happen twice may be sent again: it never left, or the
    /// service says when to come again.
    pub(super) fn did_not_happen(&self) -> bool {
        self.outcome == Outcome::NotSent
            || (self.retry_after.is_some()
                && matches!(
                    self.status,
                    Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
                ))
    }
}

/// How much longer than connecting an attempt must take, so that its connection need not be
/// watched: both begin at nearly the same time.
const MARGIN: Duration = Duration::from_secs(1);

/// Returns what watches the connection of an attempt that may end before connecting does. The
/// body of a request for the user's own transport stays as it is.
pub(super) fn watch(policy: &Policy, request: &mut Request, limit: Duration) -> Option<Progress> {
    let connecting = policy.limits.connect_timeout.saturating_add(MARGIN);
    (limit < connecting && policy.transport.is_none()).then(|| Progress::watch(request)).flatten()
}

/// Sends the request once, by the user's transport or by the HTTP client.
pub(super) async fn send(
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

/// Waits for the answer that is being asked for, and reads it: all within `limit`.
pub(super) async fn attempt(
    policy: &Policy,
    sending: impl Future<Output = Result<Response, Error>>,
    limit: Duration,
    progress: Option<Progress>,
    operation: &OperationInfo,
) -> Attempt {
    let mut alarm = policy.clock.alarm(limit);
    let mut response = match before(&mut alarm, sending).await {
        Some(Ok(response)) => response,
        Some(Err(error)) => return Attempt::Failed(error),
        None if progress.is_some_and(|progress| progress.was_connecting()) => {
            return Attempt::Failed(unconnected(policy, limit).into());
        }
        None => return Attempt::Failed(timed_out(policy, limit, Outcome::Unknown).into()),
    };
    if let Some(status) = refusal_status(response.status(), response.headers()) {
        return refusal(response, status, &mut alarm).await;
    }
    let announced = response.content_length().is_some();
    if operation.is_stream && response.status().is_success() {
        return Attempt::Answered(Answered { response, body: None, announced, refused: None });
    }
    let most = policy.limits.max_response_bytes;
    let read = before(&mut alarm, read(&mut response, most)).await;
    let mut failure = match read {
        Some(Read::Whole(body)) => {
            let body = Some(body);
            return Attempt::Answered(Answered { response, body, announced, refused: None });
        }
        Some(Read::TooLarge) => too_large(most),
        Some(Read::Torn(error)) => Failure::torn(error),
        None => timed_out(policy, limit, Outcome::Accepted),
    };
    failure.status = Some(response.status());
    failure.headers = std::mem::take(response.headers_mut());
    Attempt::Failed(failure.into())
}

/// A refusal stays one, however its body ends: the status is worth more than the text.
async fn refusal(mut response: Response, status: StatusCode, alarm: &mut Sleep) -> Attempt {
    let body = match before(alarm, read(&mut response, REFUSAL)).await {
        Some(Read::Whole(body)) => body,
        Some(Read::TooLarge) => Bytes::from_static(b"the answer is too large to be shown"),
        Some(Read::Torn(_)) | None => Bytes::from_static(TORN.as_bytes()),
    };
    let (body, refused) = (Some(body), Some(status));
    Attempt::Answered(Answered { response, body, announced: true, refused })
}

fn timed_out(policy: &Policy, limit: Duration, outcome: Outcome) -> Failure {
    let limits = &policy.limits;
    let message = if limit < limits.attempt_timeout {
        format!("the deadline of {:?} passed before the answer was there", limits.deadline)
    } else {
        format!("no whole answer within {limit:?}")
    };
    Failure::new(ErrorKind::Timeout, outcome, message)
}

/// Time was up while the connection was being made.
fn unconnected(policy: &Policy, limit: Duration) -> Failure {
    let host = policy.base.host_str().unwrap_or_default();
    let message = format!("no connection to {host} within {limit:?}");
    Failure::new(ErrorKind::Timeout, Outcome::NotSent, message)
}

fn too_large(most: usize) -> Failure {
    let message = format!("the answer is larger than the {most} bytes that the client accepts");
    Failure::new(ErrorKind::TooLarge, Outcome::Accepted, message)
}

impl Attempt {
    /// What it means for the next attempt at `operation`.
    pub(super) fn seen(&self, clock: &dyn Clock, operation: &str) -> Seen {
        match self {
            Self::Failed(error) => Seen {
                outcome: error.outcome(),
                status: error.status(),
                retry_after: error.retry_after(),
                transient: !error.is_permanent(),
                timed_out: error.kind() == ErrorKind::Timeout,
                error: Some(error.kind()),
            },
            Self::Answered(answer) => answer.seen(clock, operation),
        }
    }
}

impl Answered {
    fn seen(&self, clock: &dyn Clock, operation: &str) -> Seen {
        let headers = self.response.headers();
        let mut seen = Seen {
            outcome: Outcome::Accepted,
            status: self.refused.or(Some(self.response.status())),
            retry_after: None,
            transient: false,
            timed_out: false,
            error: None,
        };
        if let Some(status) = self.refused {
            seen.retry_after = retry_after(headers, || clock.wall());
            seen.outcome = refusal_outcome(status, seen.retry_after.is_some());
            seen.transient = is_transient(status);
        } else {
            seen.transient = self.is_half(operation);
        }
        seen
    }

    /// Whether the answer is half of one, as far as that can be told: a JSON that stops before
    /// its end. Where attempts run out it is passed on as it is, and decoding says so.
    ///
    /// Where only its closing ends an answer, all of it is looked at. One that says how long it
    /// is is looked at only if it does not even end like an object: that it is wrong is rare,
    /// and reading every answer twice would not be.
    fn is_half(&self, operation: &str) -> bool {
        let (response, Some(body)) = (&self.response, &self.body) else { return false };
        if !response.status().is_success() || response.status() == StatusCode::NO_CONTENT {
            return false;
        }
        let framed = self.announced
            || response.version() > Version::HTTP_11
            || response.headers().contains_key(TRANSFER_ENCODING);
        if framed && (body.is_empty() || ends(body)) {
            return false;
        }
        let json = serde_json::from_slice::<IgnoredAny>(body);
        let stops = json.is_err_and(|error| error.is_eof());
        // Nothing at all is a whole answer where nothing is due.
        stops && (!body.trim_ascii().is_empty() || document::response_schema(operation).is_some())
    }
}

/// Whether it ends as an object does.
fn ends(body: &[u8]) -> bool {
    body.trim_ascii_end().ends_with(b"}")
}
