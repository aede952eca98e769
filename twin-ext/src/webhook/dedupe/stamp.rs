//! When an event was, as far as a store can rely on it.

use std::time::Duration;

use super::super::time::{self, Nanos};
use crate::webhook::Delivery;

/// Clocks that a machine keeps by NTP are closer than this.
pub(super) const SKEW: Duration = Duration::from_secs(1);

/// A time of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// When the run ended: the same in all deliveries of the event.
    Fixed(Nanos),
    /// When this delivery was sent; another delivery of the event may say a later time.
    Floating(Nanos),
    /// None that can be read.
    Undated,
}

impl Stamp {
    pub(super) fn of(delivery: &Delivery) -> Self {
        let key = delivery.key();
        // Part of the key: whatever it says, it says in all deliveries.
        if let Some(end) = key.finished_at().and_then(time::read) {
            return Self::Fixed(end);
        }
        time::read(&delivery.timestamp).map_or(Self::Undated, Self::Floating)
    }

    /// No delivery of the event is older than this: a floating one was sent for the first time
    /// at most `retries` before.
    pub(super) fn earliest(self, retries: Duration) -> Option<Nanos> {
        match self {
            Self::Fixed(time) => Some(time),
            Self::Floating(time) => Some(time.saturating_sub(time::length(retries))),
            Self::Undated => None,
        }
    }

    /// What [`earliest`](Self::earliest) of any delivery of this event, which arrived at
    /// `arrival`, does not exceed.
    pub(super) fn bound(self, arrival: Nanos, skew: Duration, retries: Duration) -> Nanos {
        match self {
            Self::Fixed(time) => time,
            Self::Floating(_) => {
                // It was sent for the first time before it arrived.
                let sent = arrival.saturating_add(time::length(skew));
                self.earliest(retries).map_or(sent, |earliest| earliest.max(sent))
            }
            // Vouched for never, so that it may be forgotten first.
            Self::Undated => Nanos::MIN,
        }
    }
}
