//! Identifiers and secrets that are made up, the same ones for the same seed.
//!
//! They look like the real ones and protect nothing: who knows the seed knows them all.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

const ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8] = b"0123456789abcdef";

/// Where identifiers come from. `ChaCha8` gives the same numbers on every machine.
#[derive(Debug, Clone)]
pub(super) struct Ids(ChaCha8Rng);

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Letters and digits.
    pub(super) fn token(&mut self, length: usize) -> String {
        self.of(ALPHANUMERIC, length)
    }

    /// Hexadecimal digits.
    pub(super) fn hex(&mut self, length: usize) -> String {
        self.of(HEX, length)
    }

    /// A UUID by its form; its time is made up, too.
    pub(super) fn uuid(&mut self) -> String {
        let [time, low, random, rest, node] = [8, 4, 3, 3, 12].map(|length| self.hex(length));
        format!("{time}-{low}-7{random}-8{rest}-{node}")
    }

    /// A small number, for what skips values.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound.max(1)
    }

    fn of(&mut self, alphabet: &[u8], length: usize) -> String {
        let letter = |number: u32| char::from(alphabet[number as usize % alphabet.len()]);
        (0..length).map(|_| letter(self.0.next_u32())).collect()
    }
}
