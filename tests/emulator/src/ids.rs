//! Generates identifiers and secrets from a seed.
//!
//! The secrets protect nothing: anyone who knows the seed can generate them.

use sha2::{Digest as _, Sha256};

const ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8] = b"0123456789abcdef";

/// The generator. It hashes the seed and a counter with SHA-256, so that it gives the same values on
/// every machine and in every version.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    seed: u64,
    block: u64,
    numbers: Vec<u32>,
}

impl Ids {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed, block: 0, numbers: Vec::new() }
    }

    fn next_number(&mut self) -> u32 {
        loop {
            if let Some(number) = self.numbers.pop() {
                return number;
            }
            let mut hash = Sha256::new();
            hash.update(self.seed.to_le_bytes());
            hash.update(self.block.to_le_bytes());
            let block = hash.finalize();
            let words = block.iter().as_slice().chunks_exact(4);
            self.numbers =
                words.map(|word| word.iter().fold(0, |n, b| n << 8 | u32::from(*b))).collect();
            self.block += 1;
        }
    }

    /// Returns a text of small letters and digits.
    pub(super) fn token(&mut self, length: usize) -> String {
        self.of(ALPHANUMERIC, length)
    }

    /// Returns a text of hexadecimal digits.
    pub(super) fn hex(&mut self, length: usize) -> String {
        self.of(HEX, length)
    }

    /// Returns an identifier in the form of a UUID.
    pub(super) fn uuid(&mut self) -> String {
        let [time, low, random, rest, node] = [8, 4, 3, 3, 12].map(|length| self.hex(length));
        format!("{time}-{low}-7{random}-8{rest}-{node}")
    }

    /// Returns a number below `bound`.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        self.next_number() % bound.max(1)
    }

    fn of(&mut self, alphabet: &[u8], length: usize) -> String {
        let letter = |number: u32| char::from(alphabet[number as usize % alphabet.len()]);
        (0..length).map(|_| letter(self.next_number())).collect()
    }
}
