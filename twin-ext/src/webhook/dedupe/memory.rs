//! A store in the memory of one process.
//!
//! It is bounded, and begins with no memory of what was before it. What it forgets, or may have
//! known in an earlier life, it does not vouch for.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::stamp::{SKEW, Stamp};
use super::{DedupeStore, Lease, Reservation, Uncertainty};
use crate::clock::{Clock, SystemClock};
use crate::error::Error;
use crate::webhook::Delivery;
use crate::webhook::time::{self, Nanos};

type Digest = [u8; 32];

/// What was handled, in memory: for one receiver, on one machine.
///
/// It remembers so many events, about 200 bytes each, and forgets those that are oldest by their
/// own time. One that is as old as what was forgotten, or that was before the store began, is
/// [`Uncertainty::Forgotten`] ([what that means](super::DedupeStore#what-can-be-vouched-for)).
///
/// ```
/// use std::time::Duration;
/// use twin_ext::webhook::MemoryStore;
/// // The service was seen to try for five minutes.
/// let seen = MemoryStore::new(100_000, Duration::from_secs(300));
/// # drop(seen);
/// ```
pub struct MemoryStore {
    capacity: usize,
    retries: Duration,
    skew: Duration,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

struct State {
    entries: HashMap<Digest, Entry>,
    /// Those that can be forgotten, the oldest first.
    order: BTreeSet<(Nanos, Digest)>,
    /// What is not later than this may have been forgotten.
    floor: Nanos,
    fence: u64,
}

struct Entry {
    status: Status,
    bound: Nanos,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Reserved(Option<Uncertainty>),
    Interrupted,
    Done,
}

impl MemoryStore {
    /// Remembers `capacity` events, at least one. The service may go on trying for `retries`
    /// after it first sent a delivery: for that long after the store began, or had to forget
    /// one, it vouches for no `run.started` and no `run.paused`. How long it is, is not
    /// published; zero says that no delivery is ever stamped anew.
    pub fn new(capacity: usize, retries: Duration) -> Self {
        let empty = Self {
            capacity: capacity.max(1),
            retries,
            skew: SKEW,
            clock: Arc::new(SystemClock),
            state: Arc::default(),
        };
        empty.begin()
    }

    /// How far the clocks of the service and of this machine may be apart; a second if it is
    /// not set. What ended so soon after the store began is not vouched for.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use twin_ext::webhook::MemoryStore;
    /// let seen = MemoryStore::new(1_000, Duration::ZERO).clock_skew(Duration::from_secs(5));
    /// # drop(seen);
    /// ```
    #[must_use]
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self.begin()
    }

    /// Takes the time of day from `clock`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use twin_ext::{clock::ManualClock, webhook::MemoryStore};
    /// let seen = MemoryStore::new(1_000, Duration::ZERO).clock(ManualClock::new(1));
    /// # drop(seen);
    /// ```
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self.begin()
    }

    /// Begins with nothing, now.
    fn begin(mut self) -> Self {
        let floor = time::of(self.clock.wall()).saturating_add(time::length(self.skew));
        self.state = Arc::new(Mutex::new(State { floor, ..State::default() }));
        self
    }

    fn claim(&self, delivery: &Delivery) -> Reservation<MemoryToken> {
        let (digest, stamp) = (delivery.key().digest(), Stamp::of(delivery));
        let mut state = lock(&self.state);
        let doubt = match state.entries.get(&digest).map(|entry| (entry.status, entry.bound)) {
            Some((Status::Done, _)) => return Reservation::AlreadyProcessed,
            Some((Status::Reserved(_), _)) => return Reservation::InProgress,
            Some((Status::Interrupted, bound)) => {
                state.order.remove(&(bound, digest));
                Some(Uncertainty::Interrupted)
            }
            None => {
                if state.entries.len() >= self.capacity && !state.forget_one() {
                    return Reservation::InProgress;
                }
                let earliest = stamp.earliest(self.retries);
                let vouched = earliest.is_some_and(|earliest| earliest > state.floor);
                (!vouched).then_some(Uncertainty::Forgotten)
            }
        };
        let arrival = time::of(self.clock.wall());
        let bound = stamp.bound(arrival, self.skew, self.retries);
        let entry = Entry { status: Status::Reserved(doubt), bound };
        // Of one that was interrupted, the first arrival counts.
        state.entries.entry(digest).or_insert(entry).status = Status::Reserved(doubt);
        state.fence += 1;
        let lease = Lease::new(state.fence, doubt);
        let settled = false;
        Reservation::Acquired(
            MemoryToken { state: Arc::clone(&self.state), digest, settled },
            lease,
        )
    }
}

impl DedupeStore for MemoryStore {
    type Token = MemoryToken;

    async fn reserve(&self, delivery: &Delivery) -> Result<Reservation<MemoryToken>, Error> {
        Ok(self.claim(delivery))
    }

    async fn commit(&self, mut reservation: MemoryToken) -> Result<(), Error> {
        reservation.settle(|_| Some(Status::Done));
        Ok(())
    }

    async fn abandon(&self, mut reservation: MemoryToken) -> Result<(), Error> {
        // This try ended well; how one before it did is still not known. Of what was forgotten,
        // the floor tells.
        reservation.settle(|doubt| match doubt {
            Some(Uncertainty::Interrupted) => Some(Status::Interrupted),
            _ => None,
        });
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("capacity", &self.capacity)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

impl Default for State {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: BTreeSet::new(), floor: Nanos::MAX, fence: 0 }
    }
}

impl State {
    /// Forgets the oldest; false if all are reserved.
    fn forget_one(&mut self) -> bool {
        let Some((bound, digest)) = self.order.pop_first() else { return false };
        self.entries.remove(&digest);
        self.floor = self.floor.max(bound);
        true
    }

    fn settle(
        &mut self,
        digest: Digest,
        status: impl FnOnce(Option<Uncertainty>) -> Option<Status>,
    ) {
        let Some(entry) = self.entries.get_mut(&digest) else { return };
        let Status::Reserved(doubt) = entry.status else { return };
        if let Some(status) = status(doubt) {
            entry.status = status;
            self.order.insert((entry.bound, digest));
        } else {
            self.entries.remove(&digest);
        }
    }
}

/// An event that is being handled.
#[derive(Debug)]
#[must_use = "dropped, it leaves the event in doubt"]
pub struct MemoryToken {
    state: Arc<Mutex<State>>,
    digest: Digest,
    settled: bool,
}

impl MemoryToken {
    fn settle(&mut self, status: impl FnOnce(Option<Uncertainty>) -> Option<Status>) {
        self.settled = true;
        lock(&self.state).settle(self.digest, status);
    }
}

/// The handler was cancelled, or panicked.
impl Drop for MemoryToken {
    fn drop(&mut self) {
        if !self.settled {
            self.settle(|_| Some(Status::Interrupted));
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing here leaves the state halfway.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
