//! The events that a receiver reports to the program.

use std::error::Error as StdError;

use super::{DeliveryKey, Lease, RefusalReason};
use crate::error::Error;

/// The result of a delivery, for [`Receiver::on_event`](super::Receiver::on_event).
///
/// No variant contains a part of a payload, except the key of an authentic delivery and the error
/// of the handler.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReceiverEvent<'a> {
    /// The delivery was refused before a store or a handler saw it.
    #[non_exhaustive]
    Refused {
        /// Why it was refused.
        reason: RefusalReason,
        /// The error of [`Verifier::verify`](super::Verifier::verify).
        error: &'a Error,
    },
    /// The handler handled the event.
    #[non_exhaustive]
    Handled {
        /// The event.
        key: &'a DeliveryKey,
        /// Its reservation.
        lease: Lease,
    },
    /// The event was handled before.
    #[non_exhaustive]
    AlreadyProcessed {
        /// The event.
        key: &'a DeliveryKey,
    },
    /// Another receiver has reserved the event, or the store has no room.
    #[non_exhaustive]
    InProgress {
        /// The event.
        key: &'a DeliveryKey,
    },
    /// The event is uncertain, and [`Receiver::refuse_uncertain`](super::Receiver::refuse_uncertain)
    /// is set.
    #[non_exhaustive]
    UncertainRefused {
        /// The event.
        key: &'a DeliveryKey,
        /// Its reservation, with the [uncertainty](Lease::uncertainty).
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
    /// The handler ran longer than [`Receiver::handler_timeout`](super::Receiver::handler_timeout),
    /// and was dropped.
    #[non_exhaustive]
    HandlerTimedOut {
        /// The event.
        key: &'a DeliveryKey,
    },
    /// The lease ended while the handler was running, and another receiver took the event over.
    #[non_exhaustive]
    LeaseLost {
        /// The event.
        key: &'a DeliveryKey,
    },
    /// The store did not answer.
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
    /// `reserve` failed: the event is not handled.
    Reserve,
    /// `renew` failed: the handler continues.
    Renew,
    /// `commit` failed: the event was handled, but the store does not know it.
    Commit,
    /// `abandon` failed: the event was not handled, and stays reserved until its lease ends.
    Abandon,
}

impl ReceiverEvent<'_> {
    /// Writes a trace event for failures and uncertain events.
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
                warn!(%key, %error, ?step, "the store of webhook deliveries failed");
            }
            Self::Refused { .. }
            | Self::Handled { .. }
            | Self::AlreadyProcessed { .. }
            | Self::InProgress { .. } => {}
        }
    }

    #[cfg(not(feature = "tracing"))]
    #[expect(clippy::unused_self, reason = "with the feature it writes a trace event")]
    pub(super) fn trace(&self) {}
}
