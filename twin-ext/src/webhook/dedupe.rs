//! Stores that deduplicate events.
//!
//! A store reserves an event for one receiver at a time, and remembers it when the receiver
//! commits. A store may evict entries, but never reports an evicted event as new: it reports an
//! [`Uncertainty`], and the program decides. No store makes a handler atomic: if a receiver is
//! killed between its work and its commit, the event becomes uncertain.

mod memory;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
mod redis;
mod stamp;

use std::time::Duration;

pub use memory::{MemoryStore, MemoryToken};
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use redis::{RedisStore, RedisToken};

use super::Delivery;
use crate::error::Error;

/// A store of handled events.
///
/// [`Receiver`](super::Receiver) reserves an event, calls the handler, and commits or abandons
/// the reservation. While the handler runs, it renews the lease.
///
/// A store of your own keeps [`DeliveryKey::digest`](super::DeliveryKey::digest). Its functions
/// can be written as `async fn`.
///
/// # What a store is certain of
/// A store loses entries: it begins empty, its capacity is limited, and a server may lose its
/// memory. Each store knows the time up to which it may have lost events. An event with
/// `finished_at` has the same time in all deliveries, and is new if that time is later.
/// `run.started` and `run.paused` have only the timestamp of the delivery, which the service may
/// renew when it retries. So a store takes the span for which the service retries (`retries`), and
/// is certain of such an event only after this span.
pub trait DedupeStore: Send + Sync + 'static {
    /// Identifies one reservation. If the token is dropped, or its process ends, the next
    /// receiver gets the event with [`Uncertainty::Interrupted`], at the latest when the lease
    /// ends.
    type Token: Send + 'static;

    /// Reserves the event of this delivery, unless another receiver has it.
    ///
    /// # Errors
    /// The store did not answer. The event must not be handled.
    fn reserve(
        &self,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<Reservation<Self::Token>, Error>> + Send;

    /// Remembers that the event was handled.
    ///
    /// # Errors
    /// The store did not answer, and may not know that the event was handled.
    fn commit(&self, token: Self::Token) -> impl Future<Output = Result<(), Error>> + Send;

    /// Releases an event that was not handled, as if it had never been reserved.
    ///
    /// # Errors
    /// The store did not answer.
    fn abandon(&self, token: Self::Token) -> impl Future<Output = Result<(), Error>> + Send;

    /// Returns how long a reservation lasts without [`renew`](Self::renew); `None` if it does
    /// not end, which is the default.
    fn lease_duration(&self) -> Option<Duration> {
        None
    }

    /// Extends the lease of a reservation. Returns false if the lease was lost.
    ///
    /// # Errors
    /// The store did not answer.
    fn renew(&self, token: &mut Self::Token) -> impl Future<Output = Result<bool, Error>> + Send {
        let _ = token;
        std::future::ready(Ok(true))
    }
}

/// The answer of a store to [`reserve`](DedupeStore::reserve).
#[derive(Debug)]
#[must_use]
pub enum Reservation<T> {
    /// The event is reserved. See whether there is an [uncertainty](Lease::uncertainty).
    Acquired(T, Lease),
    /// The event was handled before.
    AlreadyProcessed,
    /// Another receiver has reserved the event, or the store has no room.
    InProgress,
}

/// What a handler should know about its reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The fencing token: each later reservation of an event has a higher one, even after a
    /// restart. A handler can store it beside its work, to refuse an earlier receiver that lost its
    /// lease.
    pub fence: u64,
    /// Why the store cannot tell whether the event is new; `None` if it is certain.
    pub uncertainty: Option<Uncertainty>,
}

impl Lease {
    /// Creates a lease, for a store of your own.
    pub const fn new(fence: u64, uncertainty: Option<Uncertainty>) -> Self {
        Self { fence, uncertainty }
    }
}

/// Why a store cannot tell whether an event is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Uncertainty {
    /// The event may have been handled and forgotten: it is older than the store, or as old as
    /// something that the store evicted, or its time cannot be read.
    Forgotten,
    /// A receiver reserved the event and neither committed nor abandoned it: it was killed, it
    /// panicked, its lease ended, or the store did not receive the commit.
    Interrupted,
}
