//! The header `X-Cobb-Signature`: `sha256=` and the tag in 64 lower-case hex digits.
//!
//! There is one way to write a signature; whatever differs in anything is none. Reading it
//! allocates nothing.

use http::HeaderMap;

use super::mac::{Key, TAG};
use super::refusal::RefusalReason;
use super::secret::SigningSecret;

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "x-cobb-signature";

const PREFIX: &str = "sha256=";

/// Signs a body as the service does: the value of `X-Cobb-Signature`. For tests of a receiver.
///
/// The whole text of the secret is the key, even blanks that [`Verifier`](super::Verifier)
/// trims.
///
/// ```
/// let signature = twin_ext::webhook::sign("whsec_a1b2c3", r#"{"event": "run.started"}"#);
/// assert_eq!(signature.len(), "sha256=".len() + 64);
/// ```
pub fn sign(secret: impl SigningSecret, body: impl AsRef<[u8]>) -> String {
    let key = secret.with(|secret| Key::new(secret.as_bytes()));
    format!("{PREFIX}{}", base16ct::lower::encode_string(&key.tag(body.as_ref())))
}

/// The tag that the headers claim.
pub(super) fn claimed(headers: &HeaderMap) -> Result<[u8; TAG], RefusalReason> {
    let mut values = headers.get_all(SIGNATURE_HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(RefusalReason::Unsigned),
        (Some(value), None) => read(value.as_bytes()).ok_or(RefusalReason::MalformedSignature),
        (Some(_), Some(_)) => Err(RefusalReason::SignedTwice),
    }
}

fn read(value: &[u8]) -> Option<[u8; TAG]> {
    let digits = value.strip_prefix(PREFIX.as_bytes())?;
    let mut tag = [0; TAG];
    // A shorter tag would leave a part of the array as it is.
    if digits.len() != 2 * TAG {
        return None;
    }
    base16ct::lower::decode(digits, &mut tag).ok()?;
    Some(tag)
}
