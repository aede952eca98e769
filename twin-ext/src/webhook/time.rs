//! Times of deliveries, and how old one may be.
//!
//! Times are whole nanoseconds since the Unix epoch in 128 bits, in which no year that can be
//! written and no [`SystemTime`] overflows.

use std::time::{Duration, SystemTime};

use chrono::DateTime;

/// Nanoseconds since 1970-01-01T00:00:00Z.
pub(super) type Nanos = i128;

const SECOND: Nanos = 1_000_000_000;

/// A time as RFC 3339 writes it; `None` where it is none. A leap second is the second after
/// the one before it, as in Unix time.
pub(super) fn read(text: &str) -> Option<Nanos> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    // The nanoseconds of a leap second go up to two seconds.
    Some(Nanos::from(time.timestamp()) * SECOND + Nanos::from(time.timestamp_subsec_nanos()))
}

/// The same of a clock.
pub(super) fn of(time: SystemTime) -> Nanos {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => length(after),
        Err(before) => -length(before.duration()),
    }
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
