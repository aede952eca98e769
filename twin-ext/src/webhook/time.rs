//! Times of deliveries, and how old one may be.
//!
//! Times are whole nanoseconds since the Unix epoch in 128 bits, in which no year that can be
//! written and no [`SystemTime`] overflows.

use std::time::{Duration, SystemTime};

use crate::time::Timestamp;

/// Nanoseconds since 1970-01-01T00:00:00Z.
pub(super) type Nanos = i128;

/// A time as RFC 3339 writes it; `None` where it is none. A leap second is the second after
/// the one before it, as in Unix time.
pub(super) fn read(text: &str) -> Option<Nanos> {
    Timestamp::parse(text).map(Timestamp::nanos)
}

/// The same of a clock.
pub(super) fn of(time: SystemTime) -> Nanos {
    Timestamp::from(time).nanos()
}

/// A duration has 94 bits of nanoseconds.
pub(super) fn length(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}

/// The times that are taken, both ends included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) past: Duration,
    pub(super) future: Duration,
}

/// Where a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    Within,
    After,
}

impl Window {
    pub(super) fn place(self, now: Nanos, time: Nanos) -> Place {
        let age = now.saturating_sub(time);
        if age > length(self.past) {
            Place::Before
        } else if age < -length(self.future) {
            Place::After
        } else {
            Place::Within
        }
    }
}
