//! Raw JSON that is not parsed until somebody asks.

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::surrogate::replace_lone_surrogates;

/// How much of a payload `Debug` shows, in characters.
const SHOWN: usize = 256;

/// A JSON value as it came, for content whose form the service does not document: the payload
/// of a run's event.
///
/// Holding one costs its bytes and no more. A page of 500 events of 1.8 KB each is read
/// several times faster than into [`serde_json::Value`].
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
    /// Returns the JSON text, byte for byte as it came.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Reads the payload as a `T`. A lone surrogate, which no Rust string can hold, is read as
    /// U+FFFD.
    ///
    /// # Errors
    /// The payload is JSON, but not that of a `T`.
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
    /// `value` has no JSON form.
    pub fn from_serialize(value: &(impl Serialize + ?Sized)) -> serde_json::Result<Self> {
        to_raw_value(value).map(Self)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.get();
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "Payload({}… {} bytes)", &text[..end], text.len()),
            None => write!(f, "Payload({text})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_kept_as_it_came() {
        let text = r#"{ "b" : 1e400, "a":[1,  2] }"#;
        let payload: Payload = serde_json::from_str(text).unwrap();
        assert_eq!(payload.get(), text);
        assert_eq!(serde_json::to_string(&payload).unwrap(), text);
    }

    #[test]
    fn a_lone_surrogate_is_kept_in_the_text_and_replaced_when_it_is_parsed() {
        let text = r#"{"name": "\ud83d"}"#;
        let payload: Payload = serde_json::from_str(text).unwrap();
        assert_eq!(payload.get(), text);
        let value: serde_json::Value = payload.parse().unwrap();
        assert_eq!(value["name"], "\u{fffd}");
        assert!(payload.parse::<u8>().is_err());
    }

    #[test]
    fn debug_is_bounded() {
        let payload = Payload::from_serialize(&"é".repeat(100_000)).unwrap();
        let shown = format!("{payload:?}");
        assert!(shown.len() < 1_000, "{} bytes", shown.len());
        assert!(shown.ends_with("200002 bytes)"), "{shown}");
    }
}
