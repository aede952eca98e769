//! How often, and how long after, a call is sent again.
//!
//! [`Retry`] holds the numbers; what may be sent again at all is not for it to say (see the
//! [guide](crate::guide::retries)).

mod budget;

use std::time::Duration;

pub(crate) use budget::{Cost, RetryBudget};

use crate::clock::{Clock, jitter};

/// A service that asks for a longer pause than this gets none: the caller decides.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(120);

/// How failed attempts are repeated.
///
/// The default is three attempts, pauses of at most 0.5 s, 1 s, 2 s … 8 s, and a budget of
/// 500 tokens that all calls of a client share.
///
/// ```
/// use twin_ext::{ClientBuilder, Retry};
/// let builder = ClientBuilder::new("tw_live_0123").retry(Retry::default().max_attempts(4));
/// let builder = builder.retry(Retry::none());
/// # drop(builder);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    pub(crate) max_attempts: u32,
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
    pub(crate) budget: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(8),
            budget: 500,
        }
    }
}

impl Retry {
    /// Sends every call once, without retries.
    ///
    /// ```
    /// assert_eq!(twin_ext::Retry::none(), twin_ext::Retry::default().max_attempts(1));
    /// ```
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets how many times a call is sent at most. Zero counts as one.
    ///
    /// ```
    /// let retry = twin_ext::Retry::default().max_attempts(5);
    /// # drop(retry);
    /// ```
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the limit of the first pause, which doubles with each retry, and the limit of all
    /// pauses. A pause is a uniformly random time from zero to its limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// let retry = twin_ext::Retry::default()
    ///     .backoff(Duration::from_millis(100), Duration::from_secs(2));
    /// # drop(retry);
    /// ```
    #[must_use]
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// Sets how many tokens the calls of a client share for retries.
    ///
    /// A retry takes 5 tokens, one after a timeout 10; where there are too few, the failure
    /// is returned at once. A call that succeeds brings back what its last retry took, and
    /// one token where it took none, never above this number.
    ///
    /// ```
    /// let retry = twin_ext::Retry::default().budget(100);
    /// # drop(retry);
    /// ```
    #[must_use]
    pub fn budget(mut self, tokens: u32) -> Self {
        self.budget = tokens;
        self
    }

    /// How long to wait after `attempts` of them: full jitter below a bound that doubles; if the
    /// service asked for more, that, and up to a tenth of it on top.
    pub(crate) fn pause(&self, attempts: u32, asked: Duration, clock: &dyn Clock) -> Duration {
        let bound = self.bound(attempts);
        let pause = jitter(bound, clock);
        if pause > asked {
            return pause;
        }
        // Clients that were refused together do not return together.
        asked.saturating_add(jitter(bound.min(asked / 10), clock))
    }

    /// The bound of the pause after `attempts` of them.
    fn bound(&self, attempts: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn pauses_are_below_bounds_that_double_to_the_longest() {
        let (retry, clock) = (Retry::default(), ManualClock::new(3));
        for (attempts, bound) in
            [(1, 500), (2, 1000), (3, 2000), (4, 4000), (5, 8000), (6, 8000), (900, 8000)]
        {
            let pauses: Vec<Duration> =
                (0..2_000).map(|_| retry.pause(attempts, Duration::ZERO, &clock)).collect();
            let bound = Duration::from_millis(bound);
            assert!(pauses.iter().all(|pause| *pause < bound));
            assert!(pauses.iter().any(|pause| *pause > bound.mul_f64(0.95)), "{attempts}");
            assert!(pauses.iter().any(|pause| *pause < bound.mul_f64(0.05)), "{attempts}");
        }
    }

    #[test]
    fn pauses_differ_the_first_too() {
        let clock = ManualClock::new(3);
        let retry = Retry::default();
        assert_ne!(retry.pause(1, Duration::ZERO, &clock), retry.pause(1, Duration::ZERO, &clock));
    }

    #[test]
    fn odd_settings_do_no_harm() {
        let clock = ManualClock::new(3);
        let odd = Retry::default().backoff(Duration::MAX, Duration::MAX).max_attempts(0);
        assert_eq!(odd.max_attempts, 1);
        assert!(odd.pause(40, Duration::ZERO, &clock) > Duration::ZERO);
        let none = odd.backoff(Duration::ZERO, Duration::ZERO);
        assert_eq!(none.pause(1, Duration::ZERO, &clock), Duration::ZERO);
    }
}
