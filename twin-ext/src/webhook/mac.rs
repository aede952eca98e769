//! Computes and verifies HMAC-SHA256 tags (RFC 2104, FIPS 180-4) with the crates `hmac` and `sha2`.
//!
//! It rejects truncated tags, and compares tags in constant time.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// The size of a tag in bytes.
pub(super) const TAG: usize = 32;

/// The block size of SHA-256 in bytes.
const BLOCK: usize = 64;

/// A prepared key for any number of tags. Dropping it erases the key from memory.
#[derive(Clone)]
pub(super) struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// Prepares a key of any length (RFC 2104, section 2).
    pub(super) fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        match block.get_mut(..key.len()) {
            Some(start) => start.copy_from_slice(key),
            None => block[..TAG].copy_from_slice(&Sha256::digest(key)),
        }
        Self(Hmac::new(&block.into()))
    }

    /// Computes the tag of `bytes`.
    pub(super) fn tag(&self, bytes: &[u8]) -> [u8; TAG] {
        self.0.clone().chain_update(bytes).finalize().into_bytes().into()
    }

    /// Returns whether `tag` is the tag of `bytes`. The comparison takes constant time.
    pub(super) fn verifies(&self, bytes: &[u8], tag: &[u8; TAG]) -> bool {
        self.0.clone().chain_update(bytes).verify(tag.into()).is_ok()
    }
}

/// Redacts the key.
impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}
