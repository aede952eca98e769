//! Configures retries: attempts, backoff and budget.
//!
//! [`Retry`] holds the numbers. The transport policy decides which failures are retried; the
//! [guide](crate::guide::retries) lists its rules.

mod budget;

use std::time::Duration;

pub(crate) use budget::{Cost, RetryBudget};

use crate::clock::{Clock, jitter};

/// The longest `Retry-After` that the client honours. Above it, the caller gets the error.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(120);

/// Configures retries: attempts, backoff and budget.
///
/// By default, a call makes up to three attempts. The delay before the second is random, up to
/// 0.5 s, and the delay before the third up to 1 s. With more attempts, the bound keeps doubling,
/// up to 8 s. All calls of a client share a budget of 500 tokens.
///
/// # Example
/// A batch job can wait longer than a user interface:
///
/// ```
/// use std::time::Duration;
/// use twin_ext::{ClientBuilder, Retry};
///
/// let retry = Retry::default()
///     .max_attempts(6)
///     .backoff(Duration::from_secs(1), Duration::from_secs(30));
/// let twin = ClientBuilder::new("tw_live_0123")
///     .retry(retry)
///     .deadline(Duration::from_secs(600))
///     .build()?;
/// # let _: twin_ext::twin_api::Client = twin;
/// # Ok::<(), twin_ext::Error>(())
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
    /// Returns a configuration without retries: each call is sent once.
    ///
    /// Use it if the caller has its own retry loop, so that the two do not multiply.
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets the maximum number of attempts per call, the first included. Zero counts as one.
    ///
    /// The deadline of the call still applies: no attempt starts after it.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the exponential backoff: the bound of the first delay, and the bound of all delays.
    ///
    /// The bound doubles with each retry, up to `longest`. Each delay is uniformly random between
    /// zero and its bound (full jitter), so that clients do not retry together. A `Retry-After` of
    /// the service lengthens a delay, even beyond `longest`. If `longest` is below `first`, all
    /// delays are at most `longest`. If either is zero, a retry is sent at once, unless the service
    /// sends `Retry-After`.
    #[must_use]
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// Sets the retry budget of the client, in tokens.
    ///
    /// A retry costs 5 tokens, or 10 after a timeout. With too few tokens left, the call returns
    /// its error at once. A success returns the tokens of the call's last retry, or adds one token
    /// if there was no retry. The total never exceeds `tokens`.
    ///
    /// The budget limits the load during an outage: all clones of the client share it. Lower it if
    /// many processes call the service; zero disables retries.
    #[must_use]
    pub fn budget(mut self, tokens: u32) -> Self {
        self.budget = tokens;
        self
    }

    /// Returns the delay before the retry that follows attempt number `attempts`.
    ///
    /// The delay has full jitter below the backoff bound. If the service requested a longer one, the
    /// delay is `requested` plus at most a tenth of it.
    pub(crate) fn delay(&self, attempts: u32, requested: Duration, clock: &dyn Clock) -> Duration {
        let bound = self.bound(attempts);
        let delay = jitter(bound, clock);
        if delay > requested {
            return delay;
        }
        // Upward jitter: clients that got the same Retry-After must not return together.
        requested.saturating_add(jitter(bound.min(requested / 10), clock))
    }

    /// Returns the backoff bound after attempt number `attempts`.
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
    fn delays_stay_below_bounds_that_double_up_to_the_longest() {
        let (retry, clock) = (Retry::default(), ManualClock::new(3));
        for (attempts, bound) in
            [(1, 500), (2, 1000), (3, 2000), (4, 4000), (5, 8000), (6, 8000), (900, 8000)]
        {
            let delays: Vec<Duration> =
                (0..2_000).map(|_| retry.delay(attempts, Duration::ZERO, &clock)).collect();
            let bound = Duration::from_millis(bound);
            assert!(delays.iter().all(|delay| *delay < bound));
            assert!(delays.iter().any(|delay| *delay > bound.mul_f64(0.95)), "{attempts}");
            assert!(delays.iter().any(|delay| *delay < bound.mul_f64(0.05)), "{attempts}");
        }
    }

    #[test]
    fn the_first_delay_has_jitter() {
        let clock = ManualClock::new(3);
        let retry = Retry::default();
        assert_ne!(retry.delay(1, Duration::ZERO, &clock), retry.delay(1, Duration::ZERO, &clock));
    }

    #[test]
    fn extreme_settings_do_not_panic() {
        let clock = ManualClock::new(3);
        let odd = Retry::default().backoff(Duration::MAX, Duration::MAX).max_attempts(0);
        assert_eq!(odd.max_attempts, 1);
        assert!(odd.delay(40, Duration::ZERO, &clock) > Duration::ZERO);
        let none = odd.backoff(Duration::ZERO, Duration::ZERO);
        assert_eq!(none.delay(1, Duration::ZERO, &clock), Duration::ZERO);
    }

    #[test]
    fn delay_that_equals_the_requested_time_is_lengthened() {
        // Clocks with the same seed return the same random numbers.
        let retry = Retry::default();
        let requested = retry.delay(5, Duration::ZERO, &ManualClock::new(3));
        assert!(retry.delay(5, requested, &ManualClock::new(3)) > requested);
    }
}
