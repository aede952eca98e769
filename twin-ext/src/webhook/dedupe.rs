//! Which events were handled already, so that each is handled once.
//!
//! A store reserves an event for one receiver at a time, and remembers it once the receiver
//! commits. It never says of an event that it is new when it may have forgotten it: it then
//! says that there is [`Uncertainty`], and the program decides. No store can make a handler atomic: a
//! receiver that is killed between its work and its commit leaves doubt, not silence.

mod memory;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
mod redis;
mod stamp;

pub use memory::{MemoryStore, MemoryToken};
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use redis::{RedisStore, RedisToken};

use super::Delivery;
use crate::error::Error;

/// A store of what was handled.
///
/// [`Receiver`](super::Receiver) uses it as one should: reserve, handle, then commit or abandon.
///
/// A store of one's own keeps [`DeliveryKey::digest`](super::DeliveryKey::digest); its
/// functions can be written as `async fn`.
///
/// # What can be vouched for
/// A store forgets: it has a capacity, it begins empty, a server loses its memory. What it may
/// have forgotten it tells by time. A run that ended tells when, in each delivery the same; any
/// that ended after the last thing that was forgotten is new. The events without an end,
/// `run.started` and `run.paused`, have no time but that of the delivery, which the service may
/// stamp anew when it tries again. So every store is told for how long the service may go on
/// trying, and vouches for such an event only when that is over, counted from the last thing
/// that was forgotten.
pub trait DedupeStore: Send + Sync + 'static {
    /// What a receiver holds while it handles an event. One that is dropped, or whose process
    /// ends, is neither committed nor abandoned: the next receiver is told of
    /// [`Uncertainty::Interrupted`].
    type Token: Send + 'static;

    /// Reserves the event of this delivery, if nobody has it.
    ///
    /// # Errors
    /// The store does not answer. Nothing is to be handled then; that something is reserved is
    /// possible.
    fn reserve(
        &self,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<Reservation<Self::Token>, Error>> + Send;

    /// The event was handled. It is [`Reservation::AlreadyProcessed`] from now on.
    ///
    /// # Errors
    /// The store does not answer. It was handled all the same; the store may not know of it.
    fn commit(&self, reservation: Self::Token) -> impl Future<Output = Result<(), Error>> + Send;

    /// The event was not handled, and may be as if it had never been tried.
    ///
    /// # Errors
    /// The store does not answer.
    fn abandon(&self, reservation: Self::Token) -> impl Future<Output = Result<(), Error>> + Send;
}

/// What a store says of an event.
#[derive(Debug)]
#[must_use]
pub enum Reservation<R> {
    /// It is yours. See whether there is [doubt](Lease::uncertainty).
    Acquired(R, Lease),
    /// It was handled.
    AlreadyProcessed,
    /// Another receiver is at it, or the store has no room for one more reservation.
    InProgress,
}

/// One receiver's lease at an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// A fencing token: of two turns at one event the later one has the higher. What a handler
    /// writes to can refuse a receiver that was taken for dead, and is not.
    pub fence: u64,
    /// Why the store cannot vouch that this is the first time; `None` if it can.
    pub uncertainty: Option<Uncertainty>,
}

impl Lease {
    /// For a store of one's own.
    ///
    /// ```
    /// use twin_ext::webhook::{Uncertainty, Lease};
    /// assert_eq!(Lease::new(7, Some(Uncertainty::Forgotten)).fence, 7);
    /// ```
    pub const fn new(fence: u64, uncertainty: Option<Uncertainty>) -> Self {
        Self { fence, uncertainty }
    }
}

/// Why a store cannot vouch for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Uncertainty {
    /// It may have been handled and forgotten: it is older than what the store surely
    /// remembers, or has no time that can be read.
    Forgotten,
    /// A receiver began to handle it, and never said how that ended: it was killed, it
    /// panicked, or the store did not hear of its commit.
    Interrupted,
}
