//! Holds raw JSON that is parsed on demand.

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::surrogate::replace_lone_surrogates;

/// Maximum characters of a payload that `Debug` prints.
const MAX_DEBUG: usize = 256;

/// A JSON value that is kept as text until [`parse`](Self::parse) is called.
///
/// It holds content without a documented schema, such as the payload of a run event. It costs no
/// more memory than its text. A page of 500 events of 1.8 KB each is decoded several times
/// faster than with [`serde_json::Value`].
///
/// ```
/// let payload: twin_api::Payload = serde_json::from_str(r#"{"started": {}}"#)?;
/// assert_eq!(payload.get(), r#"{"started": {}}"#);
/// let value: serde_json::Value = payload.parse()?;
/// assert!(value["started"].is_object());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(Box<RawValue>);

impl Payload {
    /// Returns the JSON text, byte for byte as received.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Parses the payload as a `T`.
    ///
    /// A lone surrogate, which a Rust string cannot hold, becomes U+FFFD.
    ///
    /// # Errors
    /// The payload is valid JSON but does not match `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.get()).or_else(|error| {
            match replace_lone_surrogates(self.get().as_bytes()) {
                Cow::Borrowed(_) => Err(error),
                Cow::Owned(replaced) => serde_json::from_slice(&replaced),
            }
        })
    }

    /// Serialises `value` to a payload.
    ///
    /// # Errors
    /// `value` cannot be represented in JSON: a map with keys that are not strings, for example.
    pub fn from_serialize(value: &(impl Serialize + ?Sized)) -> serde_json::Result<Self> {
        to_raw_value(value).map(Self)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.get();
        match text.char_indices().nth(MAX_DEBUG) {
            Some((end, _)) => write!(f, "Payload({}… {} bytes)", &text[..end], text.len()),
            None => write!(f, "Payload({text})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_kept_unchanged() {
        let text = r#"{ "b" : 1e400, "a":[1,  2] }"#;
        let payload: Payload = serde_json::from_str(text).unwrap();
        assert_eq!(payload.get(), text);
        assert_eq!(serde_json::to_string(&payload).unwrap(), text);
    }

    #[test]
    fn lone_surrogate_is_replaced_when_parsed() {
        let text = r#"{"name": "\ud83d"}"#;
        let payload: Payload = serde_json::from_str(text).unwrap();
        assert_eq!(payload.get(), text);
        let value: serde_json::Value = payload.parse().unwrap();
        assert_eq!(value["name"], "\u{fffd}");
        assert!(payload.parse::<u8>().is_err());
    }

    #[test]
    fn debug_is_truncated() {
        let payload = Payload::from_serialize(&"é".repeat(100_000)).unwrap();
        let shown = format!("{payload:?}");
        assert!(shown.len() < 1_000, "{} bytes", shown.len());
        assert!(shown.ends_with("200002 bytes)"), "{shown}");
    }
}
