//! One attempt: from connecting to the last byte of the body, within its time.

use std::time::Duration;

use bytes::Bytes;
use http::header::TRANSFER_ENCODING;
use http::{StatusCode, Version};
use serde::de::IgnoredAny;
use twin_api::reqwest::{self, Response};
use twin_api::transport::refusal_status;

use super::body::{Read, read};
use super::{Policy, is_transient, outcome_of};
use crate::clock::{Clock, Sleep, before};
use crate::document;
use crate::error::{Detail, ErrorKind, Outcome, because, of_reqwest};
use crate::retry::retry_after;

/// More of a refusal is not read: it is for a person.
const REFUSAL: usize = 256 << 10;

/// What is said of a refusal whose body could not be read.
const BROKE_OFF: &str = "the answer broke off before its body was read";

/// What came of an attempt.
pub(super) enum Attempt {
    Answered(Answered),
    /// Boxed: it is large, and rare.
    Failed(Box<Detail>),
}

/// An answer whose body has been read.
pub(super) struct Answered {
    /// The answer without its body.
    pub(super) response: Response,
    pub(super) body: Bytes,
    /// Whether it said how long its body is.
    announced: bool,
    /// The status that a refusal stands for.
    pub(super) refused: Option<StatusCode>,
}

/// What an attempt means for the next one.
pub(crate) struct Seen {
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<StatusCode>,
    pub(crate) retry_after: Option<Duration>,
    /// Whether another attempt may end in another way.
    pub(crate) transient: bool,
    pub(crate) timed_out: bool,
    /// What failed, where there is no whole answer.
    #[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "tracing shows it"))]
    pub(crate) error: Option<ErrorKind>,
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

/// Waits for the answer that is being asked for, and reads it: all within `limit`.
pub(super) async fn attempt(
    policy: &Policy,
    sending: impl Future<Output = reqwest::Result<Response>>,
    limit: Duration,
) -> Attempt {
    let mut alarm = policy.clock.alarm(limit);
    let mut response = match before(&mut alarm, sending).await {
        Some(Ok(response)) => response,
        Some(Err(error)) => return failed(of_reqwest(error)),
        None => return failed(timed_out(policy, limit, Outcome::Unknown)),
    };
    if let Some(status) = refusal_status(response.status(), response.headers()) {
        return refusal(response, status, &mut alarm).await;
    }
    let announced = response.content_length().is_some();
    let most = policy.max_response_bytes;
    let read = before(&mut alarm, read(&mut response, most)).await;
    let mut detail = match read {
        Some(Read::Whole(body)) => {
            return Attempt::Answered(Answered { response, body, announced, refused: None });
        }
        Some(Read::TooLarge) => too_large(most),
        Some(Read::Torn(error)) => torn(error),
        None => timed_out(policy, limit, Outcome::Accepted),
    };
    detail.status = Some(response.status());
    detail.headers = std::mem::take(response.headers_mut());
    failed(detail)
}

/// A refusal stays one, however its body ends: the status is worth more than the text.
async fn refusal(mut response: Response, status: StatusCode, alarm: &mut Sleep) -> Attempt {
    let body = match before(alarm, read(&mut response, REFUSAL)).await {
        Some(Read::Whole(body)) => body,
        Some(Read::TooLarge) => Bytes::from_static(b"the answer is too large to be shown"),
        Some(Read::Torn(_)) | None => Bytes::from_static(BROKE_OFF.as_bytes()),
    };
    Attempt::Answered(Answered { response, body, announced: true, refused: Some(status) })
}

fn failed(detail: Detail) -> Attempt {
    Attempt::Failed(Box::new(detail))
}

fn timed_out(policy: &Policy, limit: Duration, outcome: Outcome) -> Detail {
    let message = if limit < policy.attempt_timeout {
        format!("the deadline of {:?} passed before the answer was there", policy.deadline)
    } else {
        format!("no whole answer within {limit:?}")
    };
    Detail::new(ErrorKind::Timeout, outcome, message)
}

fn too_large(most: usize) -> Detail {
    let message = format!("the answer is larger than the {most} bytes that the client takes");
    Detail::new(ErrorKind::TooLarge, Outcome::Accepted, message)
}

fn torn(error: reqwest::Error) -> Detail {
    let error = error.without_url();
    let message = format!("the answer broke off{}", because(&error));
    Detail::new(ErrorKind::Transport, Outcome::Accepted, message).caused_by(error)
}

impl Attempt {
    /// What it means for the next attempt at `operation`.
    pub(super) fn seen(&self, clock: &dyn Clock, operation: &str) -> Seen {
        match self {
            Self::Failed(detail) => Seen {
                outcome: detail.outcome,
                status: detail.status,
                retry_after: None,
                transient: matches!(detail.kind, ErrorKind::Transport | ErrorKind::Timeout),
                timed_out: detail.kind == ErrorKind::Timeout,
                error: Some(detail.kind),
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
            seen.outcome = outcome_of(status, seen.retry_after.is_some());
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
        let (response, body) = (&self.response, &*self.body);
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
        stops && (!body.trim_ascii().is_empty() || document::answer_of(operation).is_some())
    }
}

/// Whether it ends as an object does.
fn ends(body: &[u8]) -> bool {
    body.trim_ascii_end().ends_with(b"}")
}
