//! Builds a gzip file that unpacks to about a thousand times its size.
//!
//! Compressing the whole content would take too long. So one block is compressed, and its compressed
//! bytes are repeated. The file is one valid gzip member.

use flate2::{Compress, Compression, Crc, FlushCompress};

/// The maximum unpacked size. The emulator holds the compressed file in memory.
pub(super) const LIMIT: u64 = 64 << 30;

const BLOCK: usize = 1 << 20;

/// The gzip header: deflate, no file name, no time, unknown operating system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The final deflate block, which is empty.
const FINAL_BLOCK: [u8; 2] = [3, 0];

/// Packs an empty JSON list that is padded with spaces to `bytes` bytes.
pub(super) fn gzip(bytes: u64) -> Vec<u8> {
    let mut file = Packed::default();
    match bytes.checked_sub(2) {
        None => file.spaces(bytes),
        Some(spaces) => {
            file.add(&Piece::of(b"["));
            file.spaces(spaces);
            file.add(&Piece::of(b"]"));
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
    fn spaces(&mut self, count: u64) {
        let block = Piece::of(&vec![b' '; BLOCK]);
        for _ in 0..count / BLOCK as u64 {
            self.add(&block);
        }
        let rest = usize::try_from(count % BLOCK as u64).unwrap_or_default();
        self.add(&Piece::of(&vec![b' '; rest]));
    }

    fn add(&mut self, part: &Piece) {
        self.deflated.extend_from_slice(&part.deflated);
        self.sum.combine(&part.sum);
    }

    fn finish(self, bytes: u64) -> Vec<u8> {
        // The trailer has the length modulo 2^32.
        let length = &bytes.to_le_bytes()[..4];
        [&HEADER, &*self.deflated, &FINAL_BLOCK, &self.sum.sum().to_le_bytes(), length].concat()
    }
}

/// A compressed piece that may follow any other: it has no back references to earlier pieces and
/// ends on a byte boundary.
struct Piece {
    deflated: Vec<u8>,
    sum: Crc,
}

impl Piece {
    fn of(content: &[u8]) -> Self {
        let mut sum = Crc::new();
        sum.update(content);
        if content.is_empty() {
            return Self { deflated: Vec::new(), sum };
        }
        let mut compress = Compress::new(Compression::best(), false);
        // Larger than the worst case, so one call writes all output.
        let mut deflated = Vec::with_capacity(content.len() + 1024);
        // Compression fails only if the stream is misused.
        let _ = compress.compress_vec(content, &mut deflated, FlushCompress::Full);
        deflated.shrink_to_fit();
        Self { deflated, sum }
    }
}
