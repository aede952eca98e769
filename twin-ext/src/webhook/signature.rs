//! Reads and writes the header `X-Cobb-Signature`: `sha256=` and 64 lower-case hex digits.
//!
//! It rejects any other spelling, and reads a value without allocating.

use http::{HeaderMap, HeaderName};

use super::mac::{HmacKey, TAG};
use super::refusal::RefusalReason;
use super::secret::SigningSecret;

/// The name of the header with the signature.
pub const SIGNATURE_HEADER: &str = "x-cobb-signature";

/// The parsed name, so that a look-up does not parse it again.
static NAME: HeaderName = HeaderName::from_static(SIGNATURE_HEADER);

const PREFIX: &str = "sha256=";

/// Signs a body as the service does, and returns the value of `X-Cobb-Signature`.
///
/// Use it to test a receiver. It does not trim whitespace around the secret, unlike the
/// [`Verifier`](super::Verifier).
///
/// ```
/// use twin_ext::webhook::{SIGNATURE_HEADER, Verifier, sign};
///
/// let body = r#"{"event": "ping", "timestamp": "2026-03-11T14:32:15Z"}"#;
/// let mut headers = http::HeaderMap::new();
/// headers.insert(SIGNATURE_HEADER, sign("whsec_a1b2c3", body).parse().unwrap());
/// let delivery = Verifier::new("whsec_a1b2c3")?.verify(&headers, body.as_bytes())?;
/// assert_eq!(delivery.event.name(), "ping");
/// # Ok::<(), twin_ext::Error>(())
/// ```
pub fn sign(secret: impl SigningSecret, body: impl AsRef<[u8]>) -> String {
    let key = secret.with(|secret| HmacKey::new(secret.as_bytes()));
    format!("{PREFIX}{}", base16ct::lower::encode_string(&key.tag(body.as_ref())))
}

/// Returns the tag in the signature header.
pub(super) fn claimed(headers: &HeaderMap) -> Result<[u8; TAG], RefusalReason> {
    let mut values = headers.get_all(&NAME).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(RefusalReason::Unsigned),
        (Some(value), None) => read(value.as_bytes()).ok_or(RefusalReason::MalformedSignature),
        (Some(_), Some(_)) => Err(RefusalReason::SignedTwice),
    }
}

fn read(value: &[u8]) -> Option<[u8; TAG]> {
    let digits = value.strip_prefix(PREFIX.as_bytes())?;
    let mut tag = [0; TAG];
    // `decode` accepts fewer digits and leaves the rest of the tag zero.
    if digits.len() != 2 * TAG {
        return None;
    }
    base16ct::lower::decode(digits, &mut tag).ok()?;
    Some(tag)
}
