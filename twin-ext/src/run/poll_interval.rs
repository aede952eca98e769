//! Computes the intervals between polls: exponential up to a maximum, with jitter.

use std::time::Duration;

use crate::clock::{Clock, jitter};

/// The minimum bound. It prevents a busy loop.
const SHORTEST: Duration = Duration::from_millis(10);

/// A sequence of intervals whose bound doubles up to a maximum.
///
/// Each interval is random between half the bound and the bound, so that waits that start together
/// do not poll at the same time.
#[derive(Debug, Clone)]
pub(crate) struct PollInterval {
    first: Duration,
    bound: Duration,
    longest: Duration,
}

impl PollInterval {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        let first = first.max(SHORTEST);
        Self { first, bound: first, longest: longest.max(first) }
    }

    /// Returns the next interval.
    pub(crate) fn next(&mut self, clock: &dyn Clock) -> Duration {
        let bound = self.bound;
        self.bound = bound.saturating_mul(2).min(self.longest);
        let half = bound / 2;
        half + jitter(bound.saturating_sub(half), clock)
    }

    /// Restarts with the first interval.
    pub(crate) fn restart(&mut self) {
        self.bound = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn intervals_double_up_to_the_longest_with_jitter() {
        let (ms, clock) = (Duration::from_millis, ManualClock::new(5));
        for _ in 0..500 {
            let mut interval = PollInterval::new(ms(500), ms(3_000));
            for bound in [500, 1_000, 2_000, 3_000, 3_000] {
                let interval = interval.next(&clock);
                assert!((ms(bound / 2)..=ms(bound)).contains(&interval), "{interval:?} of {bound}");
            }
            interval.restart();
            assert!(interval.next(&clock) <= ms(500));
        }
    }

    #[test]
    fn intervals_differ_and_extreme_settings_do_not_overflow() {
        let clock = ManualClock::new(5);
        let first =
            || PollInterval::new(Duration::from_secs(1), Duration::from_secs(9)).next(&clock);
        assert_ne!(first(), first());
        assert!(PollInterval::new(Duration::ZERO, Duration::ZERO).next(&clock) >= SHORTEST / 2);
        let mut endless = PollInterval::new(Duration::MAX, Duration::ZERO);
        assert!(endless.next(&clock) >= Duration::MAX / 2);
        assert!(endless.next(&clock) >= Duration::MAX / 2);
    }
}
