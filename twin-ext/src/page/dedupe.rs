//! Detects duplicates and cycles in bounded memory.
//!
//! An identifier is stored as a 64-bit hash with a key of this process, so that a service cannot
//! construct collisions. In a list of a million identifiers, the chance of a collision is one in
//! 37 million.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};

/// Hashes identifiers.
#[derive(Debug, Default)]
pub(super) struct IdHasher(RandomState);

impl IdHasher {
    pub(super) fn hash(&self, value: impl Hash) -> u64 {
        self.0.hash_one(value)
    }
}

/// The latest items, within a fixed bound.
#[derive(Debug)]
pub(super) struct Recent {
    marks: HashSet<u64>,
    /// The previous generation, which is dropped as a whole.
    earlier: HashSet<u64>,
    room: usize,
}

impl Recent {
    /// Creates a memory of at least the last `room` items, and at most twice as many.
    pub(super) fn new(room: usize) -> Self {
        Self { marks: HashSet::new(), earlier: HashSet::new(), room: room.max(1) }
    }

    /// Remembers an item, and returns false if it was remembered before.
    pub(super) fn insert(&mut self, mark: u64) -> bool {
        if self.earlier.contains(&mark) || !self.marks.insert(mark) {
            return false;
        }
        if self.marks.len() >= self.room {
            self.earlier = std::mem::take(&mut self.marks);
        }
        true
    }
}

/// Detects a cycle of any length while it remembers one item (Brent's algorithm).
///
/// The remembered item is replaced at each power of two, so that in the end it lies within the
/// cycle.
#[derive(Debug, Default)]
pub(super) struct CycleDetector {
    remembered: Option<u64>,
    count: u64,
}

impl CycleDetector {
    /// Takes the next item, and returns whether it closes a cycle.
    pub(super) fn closes(&mut self, mark: u64) -> bool {
        self.count += 1;
        if self.remembered == Some(mark) {
            return true;
        }
        if self.count.is_power_of_two() {
            self.remembered = Some(mark);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_latest_in_bounded_memory() {
        let mut recent = Recent::new(100);
        for mark in 0..10_000 {
            assert!(recent.insert(mark));
            assert!(recent.marks.len() + recent.earlier.len() <= 200);
            for back in 0..100.min(mark) {
                assert!(!recent.insert(mark - back), "{back} before {mark}");
            }
        }
        assert!(recent.insert(0), "long forgotten");
    }

    #[test]
    fn detects_a_cycle_of_any_length() {
        for start in [0_u64, 1, 7, 100] {
            for length in [1_u64, 2, 3, 64, 1_000] {
                let mut cycle = CycleDetector::default();
                let steps = (0..10_000).find(|step| {
                    let place = if *step < start { *step } else { start + (step - start) % length };
                    cycle.closes(place)
                });
                assert!(steps.unwrap() <= 3 * (start + length) + 2, "{start} {length} {steps:?}");
            }
        }
    }
}
