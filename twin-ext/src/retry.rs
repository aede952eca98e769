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

/// Sets how failed attempts are retried: how often, after which pauses, from which budget.
///
/// The default is three attempts, pauses of at most 0.5 s, 1 s, 2 s … 8 s, and a budget of 500 tokens
/// that all calls of a client share.
///
/// ```
/// use std::time::Duration;
/// use twin_ext::{ClientBuilder, Retry};
/// # fn example(key: String) -> Result<twin_ext::twin_api::Client, twin_ext::Error> {
/// // A nightly job has time, and should not add to the load of a service in trouble.
/// let retry = Retry::default()
///     .max_attempts(6)
///     .backoff(Duration::from_secs(2), Duration::from_secs(30))
///     .budget(100);
/// let twin = ClientBuilder::new(key).deadline(Duration::from_secs(600)).retry(retry).build()?;
/// # Ok(twin)
/// # }
/// # assert!(example("tw_live_0123".to_owned()).is_ok());
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
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets the maximum number of attempts of a call, the first included. Zero counts as one.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the limit of the first pause, which doubles with each retry, and the limit of all pauses.
    ///
    /// A pause is a uniformly random time from zero to its limit ("full jitter"), so that clients that
    /// failed together do not return together. `Retry-After` of the service lengthens a pause.
    #[must_use]
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// Sets the number of tokens that the calls of a client share for retries.
    ///
    /// A retry takes 5 tokens, and 10 after a timeout. If there are too few, the failure is returned
    /// at once. A call that succeeds returns what its last retry took, or one token if it took none, up
    /// to this number. So a service that is down gets few retries, whatever the number of calls.
    #[must_use]
    pub fn budget(mut self, tokens: u32) -> Self {
        self.budget = tokens;
        self
    }

    /// Returns the delay before the retry that follows attempt number `attempts`.
    ///
    /// The delay has full jitter below the backoff bound. If the service asked for more, the
    /// delay is `asked` and up to a tenth of it.
    pub(crate) fn pause(&self, attempts: u32, asked: Duration, clock: &dyn Clock) -> Duration {
        let bound = self.bound(attempts);
        let pause = jitter(bound, clock);
        if pause > asked {
            return pause;
        }
        // Upward jitter: clients that got the same Retry-After must not return together.
        asked.saturating_add(jitter(bound.min(asked / 10), clock))
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
            let pauses: Vec<Duration> =
                (0..2_000).map(|_| retry.pause(attempts, Duration::ZERO, &clock)).collect();
            let bound = Duration::from_millis(bound);
            assert!(pauses.iter().all(|pause| *pause < bound));
            assert!(pauses.iter().any(|pause| *pause > bound.mul_f64(0.95)), "{attempts}");
            assert!(pauses.iter().any(|pause| *pause < bound.mul_f64(0.05)), "{attempts}");
        }
    }

    #[test]
    fn the_first_delay_has_jitter() {
        let clock = ManualClock::new(3);
        let retry = Retry::default();
        assert_ne!(retry.pause(1, Duration::ZERO, &clock), retry.pause(1, Duration::ZERO, &clock));
    }

    #[test]
    fn extreme_settings_do_not_panic() {
        let clock = ManualClock::new(3);
        let odd = Retry::default().backoff(Duration::MAX, Duration::MAX).max_attempts(0);
        assert_eq!(odd.max_attempts, 1);
        assert!(odd.pause(40, Duration::ZERO, &clock) > Duration::ZERO);
        let none = odd.backoff(Duration::ZERO, Duration::ZERO);
        assert_eq!(none.pause(1, Duration::ZERO, &clock), Duration::ZERO);
    }
}
