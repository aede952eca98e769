//! HMAC-SHA256 (RFC 2104, FIPS 180-4), by the `hmac` and `sha2` crates: the one place with
//! cryptography.
//!
//! It accepts whole tags only, and compares them in constant time.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// The bytes of a tag.
pub(super) const TAG: usize = 32;

/// The bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// A key, ready to be used any number of times. Wiped when it is dropped.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl Key {
    /// A key of any length: RFC 2104, section 2.
    pub(super) fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        match block.get_mut(..key.len()) {
            Some(start) => start.copy_from_slice(key),
            None => block[..TAG].copy_from_slice(&Sha256::digest(key)),
        }
        Self(Hmac::new(&block.into()))
    }

    /// The tag of these bytes.
    pub(super) fn tag(&self, bytes: &[u8]) -> [u8; TAG] {
        self.0.clone().chain_update(bytes).finalize().into_bytes().into()
    }

    /// Whether this is the tag of these bytes. The time that it takes says nothing of how
    /// much of the tag is right.
    pub(super) fn verifies(&self, bytes: &[u8], tag: &[u8; TAG]) -> bool {
        self.0.clone().chain_update(bytes).verify(tag.into()).is_ok()
    }
}

/// Nothing of the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}
