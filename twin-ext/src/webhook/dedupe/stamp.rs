//! The time of an event, and the bounds that a store can rely on.

use std::time::Duration;

use crate::time::Timestamp;
use crate::webhook::Delivery;
use crate::webhook::tolerance::nanos;

/// Nanoseconds since 1970-01-01T00:00:00Z.
pub(super) type Nanos = i128;

/// The default clock skew. Clocks synchronized by NTP differ by less.
pub(super) const SKEW: Duration = Duration::from_secs(1);

/// The time of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// When the run ended: the same in all deliveries of the event.
    Fixed(Nanos),
    /// When this delivery was sent; another delivery of the event may have a later time.
    Floating(Nanos),
    /// The time is missing or cannot be read.
    Undated,
}

impl Stamp {
    pub(super) fn of(delivery: &Delivery) -> Self {
        let key = delivery.key();
        // The end is part of the key, so that all deliveries have the same.
        if let Some(end) = key.finished_at().and_then(Timestamp::parse) {
            return Self::Fixed(end.nanos());
        }
        let sent = Timestamp::parse(&delivery.timestamp);
        sent.map_or(Self::Undated, |sent| Self::Floating(sent.nanos()))
    }

    /// Returns a lower bound for the first delivery of the event. The service sent the first
    /// delivery at most `retries` before a floating stamp.
    pub(super) fn earliest(self, retries: Duration) -> Option<Nanos> {
        match self {
            Self::Fixed(time) => Some(time),
            Self::Floating(time) => Some(time.saturating_sub(nanos(retries))),
            Self::Undated => None,
        }
    }

    /// Returns an upper bound of [`earliest`](Self::earliest) for all deliveries of an event, of
    /// which one arrived at `arrival`.
    pub(super) fn bound(self, arrival: Nanos, skew: Duration, retries: Duration) -> Nanos {
        match self {
            Self::Fixed(time) => time,
            Self::Floating(_) => {
                // The service sent the first delivery before this one arrived.
                let sent = arrival.saturating_add(nanos(skew));
                self.earliest(retries).map_or(sent, |earliest| earliest.max(sent))
            }
            // The event is uncertain even when it is evicted, so that it is evicted first.
            Self::Undated => Nanos::MIN,
        }
    }
}
