//! A gzip file that is a thousand times smaller than what is in it.
//!
//! It is not compressed as a whole, which would take as long as unpacking it: one block is,
//! and its bytes are repeated. It nests nothing: it is a single, valid member.

use flate2::{Compress, Compression, Crc, FlushCompress};

/// What is not worth the memory of the emulator: it holds the packed file.
pub(super) const LIMIT: u64 = 64 << 30;

const BLOCK: usize = 1 << 20;

/// Deflate, no name, no time, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// A last block that is empty.
const LAST: [u8; 2] = [3, 0];

/// A list in JSON without an element, with blanks until it has this many bytes; packed.
pub(super) fn gzip(bytes: u64) -> Vec<u8> {
    let mut file = Packed::default();
    match bytes.checked_sub(2) {
        None => file.blanks(bytes),
        Some(blanks) => {
            file.add(&Part::of(b"["));
            file.blanks(blanks);
            file.add(&Part::of(b"]"));
        }
    }
    file.finish(bytes)
}

#[derive(Default)]
struct Packed {
    deflated: Vec<u8>,
    sum: Crc,
}

impl Packed {
    fn blanks(&mut self, count: u64) {
        let block = Part::of(&vec![b' '; BLOCK]);
        for _ in 0..count / BLOCK as u64 {
            self.add(&block);
        }
        let rest = usize::try_from(count % BLOCK as u64).unwrap_or_default();
        self.add(&Part::of(&vec![b' '; rest]));
    }

    fn add(&mut self, part: &Part) {
        self.deflated.extend_from_slice(&part.deflated);
        self.sum.combine(&part.sum);
    }

    fn finish(self, bytes: u64) -> Vec<u8> {
        // The format has the length modulo 2^32.
        let length = &bytes.to_le_bytes()[..4];
        [&HEADER, &*self.deflated, &LAST, &self.sum.sum().to_le_bytes(), length].concat()
    }
}

/// A piece that can stand behind any other: it refers to nothing before it, and ends with a
/// whole byte.
struct Part {
    deflated: Vec<u8>,
    sum: Crc,
}

impl Part {
    fn of(content: &[u8]) -> Self {
        let mut sum = Crc::new();
        sum.update(content);
        if content.is_empty() {
            return Self { deflated: Vec::new(), sum };
        }
        let mut compress = Compress::new(Compression::best(), false);
        // More than the worst case: it is written in one go.
        let mut deflated = Vec::with_capacity(content.len() + 1024);
        // It fails only for a stream that was used wrongly.
        let _ = compress.compress_vec(content, &mut deflated, FlushCompress::Full);
        deflated.shrink_to_fit();
        Self { deflated, sum }
    }
}
