//! When an event happened, as far as a store can rely on it.

use std::time::Duration;

use crate::time::Timestamp;
use crate::webhook::Delivery;
use crate::webhook::tolerance::nanos;

/// Nanoseconds since 1970-01-01T00:00:00Z.
pub(super) type Nanos = i128;

/// Clocks that are kept by NTP are closer than this.
pub(super) const SKEW: Duration = Duration::from_secs(1);

/// A time of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// When the run ended: the same in all deliveries of the event.
    Fixed(Nanos),
    /// When this delivery was sent; another delivery of the event may have a later time.
    Floating(Nanos),
    /// No time that can be read.
    Undated,
}

impl Stamp {
    pub(super) fn of(delivery: &Delivery) -> Self {
        let key = delivery.key();
        // Part of the key, so that all deliveries have it.
        if let Some(end) = key.finished_at().and_then(Timestamp::parse) {
            return Self::Fixed(end.nanos());
        }
        let sent = Timestamp::parse(&delivery.timestamp);
        sent.map_or(Self::Undated, |sent| Self::Floating(sent.nanos()))
    }

    /// No delivery of the event is older than this: a floating one was sent for the first time
    /// at most `retries` before.
    pub(super) fn earliest(self, retries: Duration) -> Option<Nanos> {
        match self {
            Self::Fixed(time) => Some(time),
            Self::Floating(time) => Some(time.saturating_sub(nanos(retries))),
            Self::Undated => None,
        }
    }

    /// An upper bound of [`earliest`](Self::earliest) over all deliveries of this event, one of
    /// which arrived at `arrival`.
    pub(super) fn bound(self, arrival: Nanos, skew: Duration, retries: Duration) -> Nanos {
        match self {
            Self::Fixed(time) => time,
            Self::Floating(_) => {
                // It was sent for the first time before it arrived.
                let sent = arrival.saturating_add(nanos(skew));
                self.earliest(retries).map_or(sent, |earliest| earliest.max(sent))
            }
            // It is always uncertain, so that it may be evicted first.
            Self::Undated => Nanos::MIN,
        }
    }
}
