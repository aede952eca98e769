//! Implements a deduplication store in the memory of one process.
//!
//! The store is bounded and starts empty. Events that it may have evicted, or that an earlier
//! process may have handled, are uncertain.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::event_time::{EventTime, Nanos, SKEW};
use super::{DedupeStore, Lease, Reservation, Uncertainty};
use crate::clock::{Clock, SystemClock};
use crate::error::Error;
use crate::time::{Timestamp, nanos};
use crate::webhook::Delivery;

type KeyDigest = [u8; 32];

const LEASE: Duration = Duration::from_secs(60);

/// A store in memory, for receivers in one process.
///
/// It holds `capacity` events of about 200 bytes each, and evicts the oldest events first. An event
/// that is as old as an evicted one, or older than the store, is
/// [`Uncertainty::Forgotten`] ([details](super::DedupeStore#uncertain-events)). After each start of
/// the program, deliveries of earlier events are therefore uncertain. Use a `RedisStore` if the
/// receiver restarts often or runs on several machines.
///
/// A reservation is a lease of one minute, which [`Receiver`](super::super::Receiver) renews
/// while the handler runs. A hanging receiver loses its lease, so its reservations cannot fill the
/// store. If a handler panics or times out, its event is uncertain at once.
///
/// The clock of the machine must not go back while the program restarts. Otherwise
/// [fences](Lease::fence) may decrease.
pub struct MemoryStore {
    capacity: usize,
    retries: Duration,
    skew: Duration,
    lease: Duration,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<MemoryState>>,
}

struct MemoryState {
    entries: HashMap<KeyDigest, StoredEvent>,
    /// The entries that can be evicted, by age.
    order: BTreeSet<(Nanos, KeyDigest)>,
    /// The reserved entries, by the expiry of their lease.
    leases: BTreeSet<(Duration, KeyDigest)>,
    /// The time up to which events may have been evicted.
    floor: Nanos,
}

struct StoredEvent {
    status: EventStatus,
    bound: Nanos,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EventStatus {
    Reserved { fence: u64, until: Duration, uncertainty: Option<Uncertainty> },
    Interrupted,
    Done,
}

impl MemoryStore {
    /// Creates an empty store for `capacity` events, at least one.
    ///
    /// `retries` is the time for which the service retries a delivery, which is undocumented. For
    /// this long after the store started or evicted an event, `run.started` and `run.paused` are
    /// uncertain. Use zero if you assume that the service never renews the timestamp of a delivery.
    pub fn new(capacity: usize, retries: Duration) -> Self {
        let empty = Self {
            capacity: capacity.max(1),
            retries,
            skew: SKEW,
            lease: LEASE,
            clock: Arc::new(SystemClock),
            state: Arc::default(),
        };
        empty.begin()
    }

    /// Sets the maximum difference between the clocks of the service and of this machine. The
    /// default is 1 s. Events within this time after the start of the store are uncertain.
    ///
    /// Call it before the store is used, because it empties the store.
    #[must_use]
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self.begin()
    }

    /// Sets how long a reservation lasts without a renewal. The default is 1 minute.
    ///
    /// After the lease has expired, the next delivery of the event is handled with
    /// [`Uncertainty::Interrupted`]. If you use the store without a
    /// [`Receiver`](super::super::Receiver), handle an event within this time or renew the lease.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets the clock of the store. Use a [`ManualClock`](crate::clock::ManualClock) in tests.
    ///
    /// Call it before the store is used, because it empties the store.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self.begin()
    }

    /// Replaces the state with an empty one that starts now.
    fn begin(mut self) -> Self {
        let floor = self.now().saturating_add(nanos(self.skew));
        self.state = Arc::new(Mutex::new(MemoryState { floor, ..MemoryState::default() }));
        self
    }

    fn now(&self) -> Nanos {
        Timestamp::from(self.clock.wall()).nanos()
    }

    fn try_reserve(&self, delivery: &Delivery) -> Reservation<MemoryToken> {
        let (digest, event_time) = (delivery.key().digest(), EventTime::of(delivery));
        let now = self.clock.now();
        let mut state = lock(&self.state);
        state.expire_leases(now);
        let uncertainty = match state.entries.get(&digest).map(|entry| (entry.status, entry.bound))
        {
            Some((EventStatus::Done, _)) => return Reservation::AlreadyProcessed,
            Some((EventStatus::Reserved { .. }, _)) => return Reservation::InProgress,
            Some((EventStatus::Interrupted, bound)) => {
                state.order.remove(&(bound, digest));
                Some(Uncertainty::Interrupted)
            }
            None => {
                if state.entries.len() >= self.capacity && !state.evict_one() {
                    return Reservation::InProgress;
                }
                let earliest = event_time.earliest(self.retries);
                let is_new = earliest.is_some_and(|earliest| earliest > state.floor);
                (!is_new).then_some(Uncertainty::Forgotten)
            }
        };
        let bound = event_time.bound(self.now(), self.skew, self.retries);
        let (fence, until) = (next_fence(self.clock.wall()), now.saturating_add(self.lease));
        let status = EventStatus::Reserved { fence, until, uncertainty };
        // An interrupted event keeps the bound of its first arrival.
        state.entries.entry(digest).or_insert(StoredEvent { status, bound }).status = status;
        state.leases.insert((until, digest));
        let token = MemoryToken { state: Arc::clone(&self.state), digest, fence, settled: false };
        Reservation::Acquired(token, Lease::new(fence, uncertainty))
    }
}

/// Returns a fencing token that is higher than all earlier ones.
///
/// A counter orders the tokens of this process. The time of day in microseconds makes them higher
/// than the tokens of earlier processes.
fn next_fence(wall: SystemTime) -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let micros = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros();
    let micros = u64::try_from(micros).unwrap_or_default();
    let next = |last: u64| last.saturating_add(1).max(micros);
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
    last.map_or_else(next, next)
}

impl DedupeStore for MemoryStore {
    type Token = MemoryToken;

    async fn reserve(&self, delivery: &Delivery) -> Result<Reservation<MemoryToken>, Error> {
        Ok(self.try_reserve(delivery))
    }

    async fn commit(&self, mut token: MemoryToken) -> Result<(), Error> {
        token.settled = true;
        lock(&self.state).finish(token.digest);
        Ok(())
    }

    async fn abandon(&self, mut token: MemoryToken) -> Result<(), Error> {
        token.release(|uncertainty| match uncertainty {
            // An earlier receiver may have handled the event.
            Some(Uncertainty::Interrupted) => Some(EventStatus::Interrupted),
            // Without an entry, the floor keeps a forgotten event uncertain.
            _ => None,
        });
        Ok(())
    }

    fn lease_duration(&self) -> Option<Duration> {
        Some(self.lease)
    }

    async fn renew(&self, token: &mut MemoryToken) -> Result<bool, Error> {
        let until = self.clock.now().saturating_add(self.lease);
        Ok(lock(&self.state).renew(token, until))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("capacity", &self.capacity)
            .field("retries", &self.retries)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

impl Default for MemoryState {
    fn default() -> Self {
        let (order, leases) = (BTreeSet::new(), BTreeSet::new());
        Self { entries: HashMap::new(), order, leases, floor: Nanos::MAX }
    }
}

impl MemoryState {
    /// Evicts the oldest entry. Returns false if all entries are reserved.
    fn evict_one(&mut self) -> bool {
        let Some((bound, digest)) = self.order.pop_first() else { return false };
        self.entries.remove(&digest);
        self.floor = self.floor.max(bound);
        true
    }

    /// Ends the reservations whose lease has expired. Their receivers hang or were killed.
    fn expire_leases(&mut self, now: Duration) {
        while let Some((until, digest)) = self.leases.first().copied()
            && until <= now
        {
            self.leases.remove(&(until, digest));
            if let Some(entry) = self.entries.get_mut(&digest) {
                entry.status = EventStatus::Interrupted;
                self.order.insert((entry.bound, digest));
            }
        }
    }

    /// Marks an event as handled, even if its lease was lost. An evicted event stays uncertain.
    fn finish(&mut self, digest: KeyDigest) {
        let Some(entry) = self.entries.get_mut(&digest) else { return };
        if let EventStatus::Reserved { until, .. } = entry.status {
            self.leases.remove(&(until, digest));
            self.order.insert((entry.bound, digest));
        }
        entry.status = EventStatus::Done;
    }

    /// Ends the reservation of a token, unless another receiver has taken it over. `status` returns
    /// the new status of the entry, or `None` to remove the entry.
    fn release(
        &mut self,
        token: (KeyDigest, u64),
        status: impl FnOnce(Option<Uncertainty>) -> Option<EventStatus>,
    ) {
        let (digest, own) = token;
        let Some(entry) = self.entries.get_mut(&digest) else { return };
        let EventStatus::Reserved { fence, until, uncertainty } = entry.status else { return };
        if fence != own {
            return;
        }
        self.leases.remove(&(until, digest));
        if let Some(status) = status(uncertainty) {
            entry.status = status;
            self.order.insert((entry.bound, digest));
        } else {
            self.entries.remove(&digest);
        }
    }

    fn renew(&mut self, token: &MemoryToken, end: Duration) -> bool {
        let Some(entry) = self.entries.get_mut(&token.digest) else { return false };
        match &mut entry.status {
            EventStatus::Reserved { fence, until, .. } if *fence == token.fence => {
                self.leases.remove(&(*until, token.digest));
                *until = end;
                self.leases.insert((end, token.digest));
                true
            }
            _ => false,
        }
    }
}

/// The reservation of an event in a [`MemoryStore`].
#[derive(Debug)]
#[must_use = "dropping the token leaves the event uncertain"]
pub struct MemoryToken {
    state: Arc<Mutex<MemoryState>>,
    digest: KeyDigest,
    fence: u64,
    settled: bool,
}

impl MemoryToken {
    fn release(&mut self, status: impl FnOnce(Option<Uncertainty>) -> Option<EventStatus>) {
        self.settled = true;
        lock(&self.state).release((self.digest, self.fence), status);
    }
}

/// Leaves the event uncertain if the handler was cancelled or panicked.
impl Drop for MemoryToken {
    fn drop(&mut self) {
        if !self.settled {
            self.release(|_| Some(EventStatus::Interrupted));
        }
    }
}

impl fmt::Debug for MemoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryState").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

fn lock(state: &Mutex<MemoryState>) -> MutexGuard<'_, MemoryState> {
    // No code panics while it changes the state, so a poisoned state is consistent.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
