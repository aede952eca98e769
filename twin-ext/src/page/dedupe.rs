//! Detects duplicates and cycles in bounded memory.
//!
//! Identifiers are stored as 64-bit hashes. The hash key is random, so a service cannot construct
//! collisions. Two of a million identifiers collide with a probability of 1 in 37 million.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};

/// Hashes identifiers with a random key.
#[derive(Debug, Default)]
pub(super) struct IdHasher(RandomState);

impl IdHasher {
    pub(super) fn hash(&self, value: impl Hash) -> u64 {
        self.0.hash_one(value)
    }
}

/// A set of the latest items with a fixed capacity.
#[derive(Debug)]
pub(super) struct Recent {
    current: HashSet<u64>,
    /// The previous generation, which is evicted as a whole.
    previous: HashSet<u64>,
    capacity: usize,
}

impl Recent {
    /// Creates a set that holds at least the last `capacity` items, and at most twice as many.
    pub(super) fn new(capacity: usize) -> Self {
        Self { current: HashSet::new(), previous: HashSet::new(), capacity: capacity.max(1) }
    }

    /// Inserts an item. Returns false if the set contains it already.
    pub(super) fn insert(&mut self, hash: u64) -> bool {
        if self.previous.contains(&hash) || !self.current.insert(hash) {
            return false;
        }
        if self.current.len() >= self.capacity {
            self.previous = std::mem::take(&mut self.current);
        }
        true
    }
}

/// Detects a cycle of any length and stores one item (Brent's algorithm).
///
/// The stored item is replaced after 1, 2, 4, 8, … items, so that it is eventually an item of the
/// cycle and stays stored until the cycle closes.
#[derive(Debug, Default)]
pub(super) struct CycleDetector {
    stored: Option<u64>,
    count: u64,
}

impl CycleDetector {
    /// Takes the next item. Returns true if it closes a cycle.
    pub(super) fn closes(&mut self, hash: u64) -> bool {
        self.count += 1;
        if self.stored == Some(hash) {
            return true;
        }
        if self.count.is_power_of_two() {
            self.stored = Some(hash);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_items_are_kept_in_bounded_memory() {
        let mut recent = Recent::new(100);
        for hash in 0..10_000 {
            assert!(recent.insert(hash));
            assert!(recent.current.len() + recent.previous.len() <= 200);
            for back in 0..100.min(hash) {
                assert!(!recent.insert(hash - back), "{back} before {hash}");
            }
        }
        assert!(recent.insert(0), "the first item was not evicted");
    }

    #[test]
    fn detects_a_cycle_of_any_length() {
        for start in [0_u64, 1, 7, 100] {
            for length in [1_u64, 2, 3, 64, 1_000] {
                let mut cycle = CycleDetector::default();
                let steps = (0..10_000).find(|step| {
                    let item = if *step < start { *step } else { start + (step - start) % length };
                    cycle.closes(item)
                });
                assert!(steps.unwrap() <= 3 * (start + length) + 2, "{start} {length} {steps:?}");
            }
        }
    }
}
