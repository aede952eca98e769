//! Defines the stores that deduplicate events.
//!
//! A store reserves an event for one receiver at a time, and remembers it after the receiver
//! commits. A store may evict entries, but never reports an evicted event as new. It reports an
//! [`Uncertainty`] instead, and the handler decides. No store makes a handler atomic: if a receiver
//! is killed between its work and its commit, the event becomes uncertain.

mod event_time;
mod memory;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
mod redis;

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
/// To write your own store, for example in SQL, use
/// [`DeliveryKey::digest`](super::DeliveryKey::digest) as the primary key. You can implement the
/// methods as `async fn`.
///
/// # Uncertain events
/// A store starts empty, has a limited capacity, and may lose entries. It knows up to which time it
/// may have lost them. An event that is not in the store is new if it happened after that time.
/// Otherwise it is [`Uncertainty::Forgotten`].
///
/// `finished_at` is the same in all deliveries of an event. `run.started` and `run.paused` have
/// only the timestamp of the delivery, which the service may renew when it retries. Therefore a
/// store has the setting `retries`, the time for which the service retries. It subtracts this time
/// from the timestamp to find the earliest time of the event.
pub trait DedupeStore: Send + Sync + 'static {
    /// Identifies one reservation.
    ///
    /// If the token is dropped, or its process is killed, the next receiver gets the event with
    /// [`Uncertainty::Interrupted`], at the latest after the lease has expired.
    type Token: Send + 'static;

    /// Reserves the event of this delivery, unless it was handled or another receiver has reserved
    /// it.
    ///
    /// # Errors
    /// The store cannot be reached or timed out. The caller must not handle the event.
    fn reserve(
        &self,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<Reservation<Self::Token>, Error>> + Send;

    /// Records that the event was handled.
    ///
    /// # Errors
    /// The store cannot be reached or timed out. It may not have recorded the event.
    fn commit(&self, token: Self::Token) -> impl Future<Output = Result<(), Error>> + Send;

    /// Releases an event that was not handled, as if it had never been reserved.
    ///
    /// # Errors
    /// The store cannot be reached or timed out. The event stays reserved until its lease expires.
    fn abandon(&self, token: Self::Token) -> impl Future<Output = Result<(), Error>> + Send;

    /// Returns how long a reservation lasts without [`renew`](Self::renew). The default, `None`,
    /// means that it never expires.
    fn lease_duration(&self) -> Option<Duration> {
        None
    }

    /// Extends the lease of a reservation. Returns false if the lease has expired and the
    /// reservation is lost.
    ///
    /// # Errors
    /// The store cannot be reached or timed out.
    fn renew(&self, token: &mut Self::Token) -> impl Future<Output = Result<bool, Error>> + Send {
        let _ = token;
        std::future::ready(Ok(true))
    }
}

/// The result of [`reserve`](DedupeStore::reserve).
#[derive(Debug)]
#[must_use]
pub enum Reservation<T> {
    /// The event is reserved for the caller. It may be [uncertain](Lease::uncertainty).
    Acquired(T, Lease),
    /// The event was handled by an earlier delivery.
    AlreadyProcessed,
    /// Another receiver has reserved the event, or the store is full of reservations.
    InProgress,
}

/// The reservation of an event, as the handler gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The fencing token. Each later reservation of an event has a higher one, also after a
    /// restart.
    ///
    /// A handler can store it with its work, and reject the work of a receiver with a lower fence,
    /// which has lost its lease.
    pub fence: u64,
    /// The reason why the store does not know whether the event is new, or `None` if it is new.
    pub uncertainty: Option<Uncertainty>,
}

impl Lease {
    /// Creates a lease. Use it to implement a [`DedupeStore`].
    pub const fn new(fence: u64, uncertainty: Option<Uncertainty>) -> Self {
        Self { fence, uncertainty }
    }
}

/// The reason why a store does not know whether an event is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Uncertainty {
    /// The store may have evicted the event after it was handled. The event is older than the store
    /// or than an evicted entry, or its time cannot be parsed.
    Forgotten,
    /// An earlier receiver reserved the event, but did not commit or abandon it. It was killed, it
    /// panicked, its lease expired, or its commit was lost.
    Interrupted,
}
