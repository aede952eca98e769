//! Limits the retries of a client by a token bucket that all its calls share.
//!
//! With a limit of three attempts for each call, a service that fails for all callers gets three times
//! the load. The shared budget limits the retries of all calls together.

use std::sync::atomic::{AtomicU32, Ordering};

/// The tokens that a retry costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// A retry after any failure except a timeout.
    AfterFailure = 5,
    /// A retry after a timeout, which has already occupied the service for longer.
    AfterTimeout = 10,
}

/// The tokens that a call earns if it succeeds without a retry.
const REWARD: u32 = 1;

#[derive(Debug)]
pub(crate) struct RetryBudget {
    tokens: AtomicU32,
    capacity: u32,
}

impl RetryBudget {
    /// Creates a full budget.
    pub(crate) fn new(capacity: u32) -> Self {
        Self { tokens: AtomicU32::new(capacity), capacity }
    }

    /// Takes the tokens for a retry. Returns `false` if too few are left. Concurrent calls cannot
    /// take the same token.
    pub(crate) fn take(&self, cost: Cost) -> bool {
        let subtract = |tokens: u32| tokens.checked_sub(cost as u32);
        self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract).is_ok()
    }

    /// Returns tokens after a success: the cost of the call's last retry, or the reward.
    pub(crate) fn refund(&self, last: Option<Cost>) {
        if self.tokens.load(Ordering::Relaxed) >= self.capacity {
            return;
        }
        let amount = last.map_or(REWARD, |cost| cost as u32);
        let add = |tokens: u32| Some(tokens.saturating_add(amount).min(self.capacity));
        // The closure always returns `Some`, so this cannot fail.
        let _ = self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn concurrent_takes_never_overdraw() {
        let (budget, taken) = (RetryBudget::new(503), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        taken.fetch_add(
                            usize::from(budget.take(Cost::AfterFailure)),
                            Ordering::Relaxed,
                        );
                    }
                });
            }
        });
        assert_eq!(taken.into_inner(), 100);
        assert_eq!(budget.tokens.into_inner(), 3);
    }

    #[test]
    fn refunds_never_exceed_the_capacity() {
        let budget = RetryBudget::new(20);
        assert!(budget.take(Cost::AfterTimeout) && budget.take(Cost::AfterTimeout));
        assert!(!budget.take(Cost::AfterFailure));
        budget.refund(Some(Cost::AfterTimeout));
        budget.refund(None);
        assert_eq!(budget.tokens.load(Ordering::Relaxed), 11);
        (0..100).for_each(|_| budget.refund(Some(Cost::AfterFailure)));
        assert_eq!(budget.tokens.into_inner(), 20);
    }
}
