//! The tokens that the calls of one client share for their retries.
//!
//! When a service fails for everybody, each caller's own bound still lets the load grow to a
//! multiple; the budget bounds the sum. It is exact: no interleaving takes a token twice.

use std::sync::atomic::{AtomicU32, Ordering};

/// What a retry takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// After anything but a timeout.
    Retry = 5,
    /// After a timeout, which has cost more already.
    Timeout = 10,
}

/// What a call that succeeds at once brings back.
const REWARD: u32 = 1;

#[derive(Debug)]
pub(crate) struct RetryBudget {
    tokens: AtomicU32,
    capacity: u32,
}

impl RetryBudget {
    /// A full one.
    pub(crate) fn new(capacity: u32) -> Self {
        Self { tokens: AtomicU32::new(capacity), capacity }
    }

    /// Takes the tokens of a retry, if there are enough.
    pub(crate) fn take(&self, cost: Cost) -> bool {
        let less = |tokens: u32| tokens.checked_sub(cost as u32);
        self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    /// Brings tokens back after a success: those of the call's last retry, or the reward.
    pub(crate) fn refund(&self, last: Option<Cost>) {
        if self.tokens.load(Ordering::Relaxed) >= self.capacity {
            return;
        }
        let amount = last.map_or(REWARD, |cost| cost as u32);
        let more = |tokens: u32| Some(tokens.saturating_add(amount).min(self.capacity));
        // The closure never refuses.
        let _ = self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn threads_take_exactly_what_there_is() {
        let (budget, taken) = (RetryBudget::new(503), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        taken.fetch_add(usize::from(budget.take(Cost::Retry)), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(taken.into_inner(), 100);
        assert_eq!(budget.tokens.into_inner(), 3);
    }

    #[test]
    fn successes_refill_it_to_the_brim_and_not_above() {
        let budget = RetryBudget::new(20);
        assert!(budget.take(Cost::Timeout) && budget.take(Cost::Timeout));
        assert!(!budget.take(Cost::Retry));
        budget.refund(Some(Cost::Timeout));
        budget.refund(None);
        assert_eq!(budget.tokens.load(Ordering::Relaxed), 11);
        (0..100).for_each(|_| budget.refund(Some(Cost::Retry)));
        assert_eq!(budget.tokens.into_inner(), 20);
    }
}
