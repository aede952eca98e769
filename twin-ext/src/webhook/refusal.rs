//! Defines the reasons for refusing a delivery, and the errors for the caller.
//!
//! All untrusted deliveries have the same error, so an attacker cannot learn from it. The reason is
//! reported to [`Verifier::on_refusal`](super::Verifier::on_refusal) and in a trace event. No error
//! contains a part of the payload.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Failure, Outcome};

/// The reason why a delivery was refused, for logs and metrics.
///
/// Do not return it to the sender, because it would help an attacker to forge a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The body is larger than [`Verifier::max_body_bytes`](super::Verifier::max_body_bytes).
    TooLarge,
    /// The header `X-Cobb-Signature` is missing.
    Unsigned,
    /// The header `X-Cobb-Signature` is repeated.
    SignedTwice,
    /// `X-Cobb-Signature` is not `sha256=` and 64 lower-case hex digits.
    MalformedSignature,
    /// The signature does not match. The secret is wrong, or a proxy or a web framework has changed
    /// the body, for example by parsing and serialising it.
    WrongSignature,
    /// The signature matches, but the body is not a valid delivery.
    UnreadableBody,
    /// The header `X-Cobb-Event` is repeated, or differs from the signed event.
    EventHeader,
    /// The event is about an agent that [`Verifier::agents`](super::Verifier::agents) excludes.
    OtherAgent,
    /// [`Verifier::tolerance`](super::Verifier::tolerance) is set, and the timestamp is not an
    /// RFC 3339 time.
    UnreadableTimestamp,
    /// The timestamp is older than the tolerance allows. The service may have retried an old
    /// delivery, or the clock of this machine is fast.
    TooOld,
    /// The timestamp is further in the future than the tolerance allows. The clock of this machine
    /// may be slow.
    InFuture,
}

/// A refusal with the reason for the program and the error for the caller.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: RefusalReason,
    pub(super) error: Error,
}

impl Refusal {
    /// Refuses an untrusted delivery. The error is the same for all reasons.
    pub(super) fn untrusted(reason: RefusalReason) -> Self {
        let message = "the webhook delivery cannot be trusted";
        Self { reason, error: error(ErrorKind::Webhook, message).into() }
    }

    /// Refuses an authentic body that is not a delivery.
    pub(super) fn unreadable(error: Error) -> Self {
        Self { reason: RefusalReason::UnreadableBody, error }
    }

    /// Refuses a body over the limit.
    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!(
            "the webhook delivery is larger than {limit} bytes; raise `Verifier::max_body_bytes` \
             if the service sends such bodies"
        );
        let error = error(ErrorKind::TooLarge, message).into();
        Self { reason: RefusalReason::TooLarge, error }
    }
}

/// Builds the error for an authentic body that is not a valid delivery. `path` is the JSON path of
/// the member, such as `data.run_id`. `what` must not quote the body.
pub(super) fn unreadable(path: &'static str, what: impl Into<Cow<'static, str>>) -> Error {
    let (what, place) = (what.into(), if path.is_empty() { "" } else { " at " });
    let message =
        format!("the webhook delivery is authentic, but cannot be read{place}{path}: {what}");
    let mut failure = error(ErrorKind::Decode, message);
    failure.json_path = Some(if path.is_empty() { "." } else { path }.to_owned());
    failure.into()
}

/// Builds an error with the outcome `NotSent`: verifying sends no request.
fn error(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Failure {
    Failure::new(kind, Outcome::NotSent, message)
}
