//! Reads a count that the service sends as a number or as a string.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A count that the reference documents as the string `"42"` and the service sends as the number
/// `42`.
///
/// It accepts every JSON value, because one malformed count must not fail a page, and serializes
/// it unchanged. [`get`](Self::get) returns the count.
///
/// ```
/// use twin_api::LenientInteger;
/// for (json, count) in [("42", Some(42)), ("\"42\"", Some(42)), ("-1", None), ("1e400", None)] {
///     let total: LenientInteger = serde_json::from_str(json)?;
///     assert_eq!(total.get(), count);
///     assert_eq!(serde_json::to_string(&total)?, json);
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LenientInteger(Box<RawValue>);

impl LenientInteger {
    /// Returns the count. `None` if the value is negative, fractional, above [`u64::MAX`] or not a
    /// number.
    pub fn get(&self) -> Option<u64> {
        let text = self.0.get();
        let digits = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let digits = digits.trim();
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    }

    /// Returns the JSON text as received: `42`, `"42"`.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }
}

impl fmt::Debug for LenientInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LenientInteger").field(&format_args!("{}", self.as_json())).finish()
    }
}

/// Compares the counts. Values that are not counts are compared as text.
impl PartialEq for LenientInteger {
    fn eq(&self, other: &Self) -> bool {
        match (self.get(), other.get()) {
            (None, None) => self.as_json() == other.as_json(),
            (one, two) => one == two,
        }
    }
}

impl Eq for LenientInteger {}

// A negative number is kept as text, so that nothing is lost.
macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for LenientInteger {
            fn from(value: $integer) -> Self {
                Self::from_json(value.to_string())
            }
        }
    )*};
}

from_integer!(u8, u16, u32, u64, usize, i32, i64);

impl From<&str> for LenientInteger {
    fn from(value: &str) -> Self {
        Self::from_json(serde_json::Value::from(value).to_string())
    }
}

impl LenientInteger {
    /// Wraps the text of a JSON number or string. Invalid text would become `null`, but no caller
    /// passes any.
    fn from_json(json: String) -> Self {
        Self(RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_every_json_value_and_returns_only_counts() {
        let cases: [(&str, Option<u64>); 13] = [
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("\"7\"", Some(7)),
            ("\" 7 \"", Some(7)),
            ("\"seven\"", None),
            ("\"\"", None),
            ("\"+7\"", None),
            ("-1", None),
            ("4.5", None),
            ("1e400", None),
            ("null", None),
            ("{\"a\": [1]}", None),
        ];
        for (json, expected) in cases {
            let count: LenientInteger = serde_json::from_str(json).unwrap();
            assert_eq!(count.get(), expected, "{json}");
            assert_eq!(serde_json::to_string(&count).unwrap(), json);
        }
    }

    #[test]
    fn literals_convert_and_compare_by_count() {
        assert_eq!(LenientInteger::from(42), LenientInteger::from("42"));
        assert_ne!(LenientInteger::from(-1), LenientInteger::from("x"));
    }
}
