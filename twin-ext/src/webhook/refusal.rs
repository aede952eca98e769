//! What becomes of a delivery that is not taken.
//!
//! To the outside every refusal of trust is the same error, so that a forger learns nothing;
//! the reason goes to a trace event. No error holds anything of the payload.

use std::borrow::Cow;

use crate::error::{Detail, Error, ErrorKind, Outcome};

/// Why a delivery is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Unsigned,
    SignedTwice,
    Malformed,
    Forged,
    /// `X-Cobb-Event` is there more than once, or differs from the signed event.
    EventHeader,
    Agent,
    /// The timestamp cannot be read, and there is a window.
    Undated,
    Stale,
    Early,
}

/// The one error of all reasons.
pub(super) fn untrusted(reason: Reason) -> Error {
    trace(reason);
    error(ErrorKind::Webhook, "the delivery of a webhook cannot be trusted").into()
}

/// An authentic body that is no delivery. `path` is where, as `data.run_id`; the text says
/// what is wrong, in words of this crate.
pub(super) fn unreadable(path: &'static str, what: impl Into<Cow<'static, str>>) -> Error {
    let what = what.into();
    let mut detail = match path {
        "" => error(
            ErrorKind::Decode,
            format!("the delivery of a webhook is authentic, but cannot be read: {what}"),
        ),
        _ => error(
            ErrorKind::Decode,
            format!("the delivery of a webhook is authentic, but cannot be read at {path}: {what}"),
        ),
    };
    detail.json_path = Some(if path.is_empty() { "." } else { path }.to_owned());
    detail.into()
}

/// A body that is larger than is taken.
pub(super) fn too_large(limit: usize) -> Error {
    let message = format!(
        "the delivery of a webhook is larger than {limit} bytes; raise `Verifier::max_body_bytes` \
         if that is right"
    );
    error(ErrorKind::TooLarge, message).into()
}

/// Verifying sends nothing, whatever comes of it.
fn error(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Detail {
    Detail::new(kind, Outcome::NotSent, message)
}

#[cfg(feature = "tracing")]
fn trace(reason: Reason) {
    tracing::debug!(?reason, "the delivery of a webhook is refused");
}

#[cfg(not(feature = "tracing"))]
fn trace(_: Reason) {}
