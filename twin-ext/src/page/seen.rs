//! What came already, in little memory.
//!
//! Of an identifier a hash of 64 bits is kept, under a key of this process, so that nobody
//! can make two that are the same. Among a million identifiers two are the same by chance
//! once in 37 million lists.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};

/// Makes the hashes.
#[derive(Debug, Default)]
pub(super) struct Marks(RandomState);

impl Marks {
    pub(super) fn of(&self, value: impl Hash) -> u64 {
        self.0.hash_one(value)
    }
}

/// The last of what came, within a bound that is never exceeded.
#[derive(Debug)]
pub(super) struct Recent {
    marks: HashSet<u64>,
    /// Those before; all are forgotten at once.
    earlier: HashSet<u64>,
    room: usize,
}

impl Recent {
    /// Remembers the last `room` at least, and never more than twice as many.
    pub(super) fn new(room: usize) -> Self {
        Self { marks: HashSet::new(), earlier: HashSet::new(), room: room.max(1) }
    }

    /// Whether this came for the first time, as far as is remembered.
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

/// Notices when a sequence begins again, however long it is, by remembering one of it.
///
/// It is Brent's way of finding a cycle: the one that is remembered is replaced at each power
/// of two, so that in the end it lies within the cycle.
#[derive(Debug, Default)]
pub(super) struct CycleDetector {
    remembered: Option<u64>,
    count: u64,
}

impl CycleDetector {
    /// Whether the sequence goes in a circle, as this next one of it shows.
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
    fn the_latest_are_remembered_and_memory_is_bounded() {
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
    fn a_circle_of_any_length_is_noticed() {
        for start in [0_u64, 1, 7, 100] {
            for length in [1_u64, 2, 3, 64, 1_000] {
                let mut circle = CycleDetector::default();
                let steps = (0..10_000).find(|step| {
                    let place = if *step < start { *step } else { start + (step - start) % length };
                    circle.closes(place)
                });
                assert!(steps.unwrap() <= 3 * (start + length) + 2, "{start} {length} {steps:?}");
            }
        }
    }
}
