//! Replaces lone surrogates in JSON text.
//!
//! JSON can escape half of a UTF-16 pair (`"\ud83d"`). A Rust string cannot hold it, so serde
//! rejects the whole document. A service sends such text when it truncates a name in the middle of
//! an emoji.

use std::borrow::Cow;

/// The replacement. It has the length of an escaped surrogate.
const REPLACEMENT: &[u8] = b"\\ufffd";

/// Replaces each lone surrogate with U+FFFD. Returns the input if there is none.
///
/// The length and all other bytes stay the same. Text that is not JSON is returned unchanged.
///
/// ```
/// use twin_api::transport::replace_lone_surrogates;
/// assert_eq!(*replace_lone_surrogates(br#""\ud83d\ude00""#), *br#""\ud83d\ude00""#);
/// assert_eq!(*replace_lone_surrogates(br#""\ud83d!""#), *br#""\ufffd!""#);
/// ```
pub fn replace_lone_surrogates(json: &[u8]) -> Cow<'_, [u8]> {
    let mut replaced = Cow::Borrowed(json);
    let mut at = 0;
    while let Some(found) = json.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'\\')) {
        at += found;
        at += match (code_unit(json, at), code_unit(json, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                replaced.to_mut()[at..at + 6].copy_from_slice(REPLACEMENT);
                6
            }
            // Not `\u`: the next byte is escaped, and may be a backslash.
            _ => 2,
        };
    }
    replaced
}

/// Returns the UTF-16 code unit that is escaped at `at`.
fn code_unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(json: &str) -> String {
        String::from_utf8(replace_lone_surrogates(json.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn replaces_lone_surrogates_and_nothing_else() {
        for (json, expected) in [
            (r#""\ud800""#, r#""\ufffd""#),
            (r#""\uDFFF""#, r#""\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\n\ude00""#, r#""\ufffd\n\ufffd""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            (r#"{"\ud83d": ["\udbff"]}"#, r#"{"\ufffd": ["\ufffd"]}"#),
        ] {
            assert_eq!(replaced(json), expected, "{json}");
            assert!(serde_json::from_str::<serde_json::Value>(expected).is_ok());
        }
        // The backslash is escaped here: the rest is four letters and digits.
        for same in [r#""\\ud800""#, r#""\ud83d\ude00""#, r#""\u00e9""#, "[]", ""] {
            assert!(matches!(replace_lone_surrogates(same.as_bytes()), Cow::Borrowed(_)), "{same}");
        }
    }

    #[test]
    fn leaves_text_that_is_not_json_alone() {
        for text in ["\\", "\\u", "\\ud8", "\\ud80g", "\\u+d80", "\\\\", "\\ud83\u{e9}"] {
            assert_eq!(replaced(text), text);
        }
        assert_eq!(replaced("\\ud800\\"), "\\ufffd\\");
        let mut random = 1_u64;
        for _ in 0..50_000 {
            let letters = b"\\ud8cDf0\"9+";
            let text: Vec<u8> = (0..12)
                .map(|_| {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    letters[usize::try_from(random >> 33).unwrap() % letters.len()]
                })
                .collect();
            assert_eq!(replace_lone_surrogates(&text).len(), text.len());
        }
    }
}
