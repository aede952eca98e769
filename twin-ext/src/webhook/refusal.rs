//! Reasons for refusing a delivery, and the errors that the caller gets.
//!
//! All untrusted deliveries get the same error, so that a forger learns nothing. The reason goes
//! to [`Verifier::on_refusal`](super::Verifier::on_refusal) and to a trace event. No error
//! contains a part of the payload.

use std::borrow::Cow;

use crate::error::{Detail, Error, ErrorKind, Outcome};

/// Why a delivery is refused. Do not send it to the sender: it would help a forger.
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
    /// The signature was made with another secret, or over other bytes.
    WrongSignature,
    /// The signature is right, but the body is not a delivery.
    UnreadableBody,
    /// The header `X-Cobb-Event` is repeated, or differs from the signed event.
    EventHeader,
    /// The event is about an agent that [`Verifier::agents`](super::Verifier::agents) excludes.
    OtherAgent,
    /// [`Verifier::tolerance`](super::Verifier::tolerance) is set, and the timestamp is not a time.
    UnreadableTimestamp,
    /// The timestamp is older than the tolerance allows.
    TooOld,
    /// The timestamp is further in the future than the tolerance allows.
    InFuture,
}

/// A refusal: the reason for the receiver, the error for the caller.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: RefusalReason,
    pub(super) error: Error,
}

impl Refusal {
    /// Refuses an untrusted delivery. The error is the same for all reasons.
    pub(super) fn untrusted(reason: RefusalReason) -> Self {
        let message = "the delivery of a webhook cannot be trusted";
        Self { reason, error: error(ErrorKind::Webhook, message).into() }
    }

    /// Refuses an authentic body that is not a delivery.
    pub(super) fn unreadable(error: Error) -> Self {
        Self { reason: RefusalReason::UnreadableBody, error }
    }

    /// Refuses a body over the limit.
    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!(
            "the delivery of a webhook is larger than {limit} bytes; raise \
             `Verifier::max_body_bytes` if the service sends such bodies"
        );
        let error = error(ErrorKind::TooLarge, message).into();
        Self { reason: RefusalReason::TooLarge, error }
    }
}

/// Builds the error for an authentic body that is not a delivery. `path` names the member, as
/// `data.run_id`. `what` must not quote the body.
pub(super) fn unreadable(path: &'static str, what: impl Into<Cow<'static, str>>) -> Error {
    let (what, place) = (what.into(), if path.is_empty() { "" } else { " at " });
    let message =
        format!("the delivery of a webhook is authentic, but cannot be read{place}{path}: {what}");
    let mut detail = error(ErrorKind::Decode, message);
    detail.json_path = Some(if path.is_empty() { "." } else { path }.to_owned());
    detail.into()
}

/// Builds an error with the outcome `NotSent`: verifying sends no request.
fn error(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Detail {
    Detail::new(kind, Outcome::NotSent, message)
}
