//! Defines the events that a receiver reports to the program.

use std::error::Error as StdError;

use super::{DeliveryKey, Lease, RefusalReason};
use crate::error::Error;

/// An event in the processing of a delivery, for logs and metrics.
///
/// [`Receiver::on_event`](super::Receiver::on_event) reports it. The variants contain no payload,
/// except the key of an authentic delivery and the error of the handler.
///
/// Later versions may add variants and fields: write `..` in each pattern, and a `_` arm.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReceiverEvent<'a> {
    /// The verifier refused the delivery.
    #[non_exhaustive]
    Refused {
        /// The reason.
        reason: RefusalReason,
        /// The error of [`Verifier::verify`](super::Verifier::verify).
        error: &'a Error,
    },
    /// The handler returned `Ok`.
    #[non_exhaustive]
    Handled {
        /// The event.
        key: &'a DeliveryKey,
        /// The reservation of the event.
        lease: Lease,
    },
    /// The event was handled by an earlier delivery. The handler did not run.
    #[non_exhaustive]
    AlreadyProcessed {
        /// The event.
        key: &'a DeliveryKey,
    },
    /// Another receiver has reserved the event, or the store is full of reservations. The handler
    /// did not run.
    #[non_exhaustive]
    InProgress {
        /// The event.
        key: &'a DeliveryKey,
    },
    /// The event is uncertain, and
    /// [`Receiver::refuse_uncertain`](super::Receiver::refuse_uncertain) is set. The handler did
    /// not run; check the event by hand.
    #[non_exhaustive]
    UncertainRefused {
        /// The event.
        key: &'a DeliveryKey,
        /// The reservation of the event, with its [uncertainty](Lease::uncertainty).
        lease: Lease,
    },
    /// The handler returned an error.
    #[non_exhaustive]
    HandlerFailed {
        /// The event.
        key: &'a DeliveryKey,
        /// The error of the handler.
        error: &'a (dyn StdError + Send + Sync + 'static),
    },
    /// The handler panicked.
    #[non_exhaustive]
    HandlerPanicked {
        /// The event.
        key: &'a DeliveryKey,
    },
    /// The handler ran longer than [`Receiver::handler_timeout`](super::Receiver::handler_timeout)
    /// and was cancelled.
    #[non_exhaustive]
    HandlerTimedOut {
        /// The event.
        key: &'a DeliveryKey,
    },
    /// The lease expired while the handler ran. Another receiver may have taken the event over.
    #[non_exhaustive]
    LeaseLost {
        /// The event.
        key: &'a DeliveryKey,
    },
    /// A call to the store failed.
    #[non_exhaustive]
    StoreFailed {
        /// The event.
        key: &'a DeliveryKey,
        /// The error of the store.
        error: &'a Error,
        /// The call that failed.
        step: StoreStep,
    },
}

/// A call to a [`DedupeStore`](super::DedupeStore).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreStep {
    /// `reserve` failed. The handler did not run.
    Reserve,
    /// `renew` failed. The handler continues.
    Renew,
    /// `commit` failed. The event was handled, but the store may not know it.
    Commit,
    /// `abandon` failed. The event was not handled, and stays reserved until its lease expires.
    Abandon,
}

impl ReceiverEvent<'_> {
    /// Emits a trace event for a failure or an uncertain event.
    #[cfg(feature = "tracing")]
    pub(super) fn trace(&self) {
        use tracing::warn;
        match self {
            Self::UncertainRefused { key, lease } => {
                warn!(%key, uncertainty = ?lease.uncertainty, "refused an uncertain webhook event");
            }
            Self::Handled { key, lease: Lease { uncertainty: Some(uncertainty), .. } } => {
                warn!(%key, ?uncertainty, "handled an uncertain webhook event");
            }
            Self::HandlerFailed { key, error } => {
                warn!(%key, error = *error as &dyn StdError, "the webhook handler failed");
            }
            Self::HandlerPanicked { key } => warn!(%key, "the webhook handler panicked"),
            Self::HandlerTimedOut { key } => warn!(%key, "the webhook handler timed out"),
            Self::LeaseLost { key } => warn!(%key, "another receiver took a webhook event over"),
            Self::StoreFailed { key, error, step } => {
                warn!(%key, %error, ?step, "the store of webhook events failed");
            }
            Self::Refused { .. }
            | Self::Handled { .. }
            | Self::AlreadyProcessed { .. }
            | Self::InProgress { .. } => {}
        }
    }

    #[cfg(not(feature = "tracing"))]
    #[expect(clippy::unused_self, reason = "with the feature it emits a trace event")]
    pub(super) fn trace(&self) {}
}
