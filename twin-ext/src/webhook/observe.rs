//! What a receiver tells the program about the deliveries that it received.

use std::error::Error as StdError;

use super::{DeliveryKey, Lease, RefusalReason};
use crate::error::Error;

/// What became of a delivery, for [`Receiver::on_event`](super::Receiver::on_event).
///
/// No variant holds a part of a payload except the key of an authentic delivery, and what the
/// handler wrote into its error.
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
        /// Its reservation, which says why.
        lease: Lease,
    },
    /// The handler returned an error.
    #[non_exhaustive]
    HandlerFailed {
        /// The event.
        key: &'a DeliveryKey,
        /// What the handler returned.
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
    /// Another receiver took the event over while the handler runs: its lease had ended.
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
        /// Why.
        error: &'a Error,
        /// What the store did not do.
        step: StoreStep,
    },
}

/// A call to a [`DedupeStore`](super::DedupeStore).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreStep {
    /// The event was not reserved, and is not handled.
    Reserve,
    /// The lease was not renewed; the handler goes on.
    Renew,
    /// The event was handled, but the store does not know it.
    Commit,
    /// The event was not handled, but stays reserved until its lease ends.
    Abandon,
}

impl ReceiverEvent<'_> {
    /// Writes a trace event for what somebody has to look at.
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
