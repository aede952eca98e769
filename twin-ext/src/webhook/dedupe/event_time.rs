//! Derives the time of an event, and bounds for it that hold for all of its deliveries.

use std::time::Duration;

use crate::time::{Timestamp, nanos};
use crate::webhook::Delivery;

/// Nanoseconds since 1970-01-01T00:00:00Z.
pub(super) type Nanos = i128;

/// The default clock skew. Clocks that NTP synchronizes differ by less.
pub(super) const SKEW: Duration = Duration::from_secs(1);

/// The time of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventTime {
    /// The end of the run, which is the same in all deliveries of the event.
    Fixed(Nanos),
    /// The timestamp of this delivery. Another delivery of the event may have a later one.
    Floating(Nanos),
    /// The delivery has no time that can be parsed.
    Undated,
}

impl EventTime {
    pub(super) fn of(delivery: &Delivery) -> Self {
        let key = delivery.key();
        // The end is part of the key, so all deliveries of the event have the same one.
        if let Some(end) = key.finished_at().and_then(Timestamp::parse) {
            return Self::Fixed(end.nanos());
        }
        let sent = Timestamp::parse(&delivery.timestamp);
        sent.map_or(Self::Undated, |sent| Self::Floating(sent.nanos()))
    }

    /// Returns a lower bound for the time of the first delivery of the event. The service sent it
    /// at most `retries` before a floating time.
    pub(super) fn earliest(self, retries: Duration) -> Option<Nanos> {
        match self {
            Self::Fixed(time) => Some(time),
            Self::Floating(time) => Some(time.saturating_sub(nanos(retries))),
            Self::Undated => None,
        }
    }

    /// Returns an upper bound of [`earliest`](Self::earliest) over all deliveries of an event, one
    /// of which arrived at `arrival`.
    pub(super) fn bound(self, arrival: Nanos, skew: Duration, retries: Duration) -> Nanos {
        match self {
            Self::Fixed(time) => time,
            Self::Floating(_) => {
                // The service sent the first delivery before this one arrived.
                let sent = arrival.saturating_add(nanos(skew));
                self.earliest(retries).map_or(sent, |earliest| earliest.max(sent))
            }
            // Such an event is uncertain in any case, so it can be evicted first.
            Self::Undated => Nanos::MIN,
        }
    }
}
