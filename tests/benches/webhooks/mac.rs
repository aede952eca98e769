//! The bare MAC with `hmac` and `sha2`, the libraries that the verifier uses.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub(crate) struct RustCrypto(Hmac<Sha256>);

impl RustCrypto {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).unwrap())
    }

    pub(crate) fn tag(&self, bytes: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(bytes).finalize().into_bytes().into()
    }
}

#[inline(never)]
pub(crate) fn bare_verify(key: &RustCrypto, bytes: &[u8], tag: &[u8; 32]) -> bool {
    key.0.clone().chain_update(bytes).verify(tag.into()).is_ok()
}

#[inline(never)]
pub(crate) fn bare_verify_with_key(key: &str, bytes: &[u8], tag: &[u8; 32]) -> bool {
    RustCrypto::new(key.as_bytes()).0.chain_update(bytes).verify(tag.into()).is_ok()
}
