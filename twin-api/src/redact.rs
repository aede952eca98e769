//! Removes the API key and signing secrets from texts and headers.
//!
//! A service may quote the key verbatim, JSON-escaped, percent-encoded, HTML-escaped or truncated.
//! Each layer of escapes is decoded before the comparison, so that no spelling needs a pattern.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderValue};

use crate::error::chain;

/// Replaces the key in a text.
const REDACTED: &str = "[redacted]";

/// Minimum length of a part of the key that counts as a quotation.
const MIN_PART: usize = 8;

/// Maximum layers of escapes that are decoded.
const MAX_LAYERS: usize = 3;

/// The prefix of signing secrets.
const SECRET_PREFIX: &str = "whsec_";

/// Removes an API key, in any spelling, from texts and headers.
///
/// Use it in a [`Transport`](crate::transport::Transport) that logs what the service sent.
#[derive(Debug, Clone, Copy)]
pub struct Redactor<'a> {
    key: &'a [u8],
}

/// One decoded byte and its range in the text.
#[derive(Clone, Copy)]
struct DecodedByte {
    value: u8,
    start: usize,
    end: usize,
}

impl<'a> Redactor<'a> {
    /// Creates a redactor for the key of a request. Without a key, it removes signing secrets
    /// only.
    ///
    /// ```
    /// use twin_api::reqwest::header::HeaderValue;
    /// use twin_api::transport::Redactor;
    /// let key = HeaderValue::from_static("tw_live_0123456789");
    /// let redactor = Redactor::new(Some(&key));
    /// assert_eq!(redactor.text("no such key: tw%5Flive_01234567…"), "no such key: [redacted]…");
    /// ```
    pub fn new(key: Option<&'a HeaderValue>) -> Self {
        Self { key: key.map(|key| key.as_bytes().trim_ascii()).unwrap_or_default() }
    }

    /// Returns `text` with the key replaced by `[redacted]`.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut found = self.quotations(text.as_bytes());
        found.extend(secrets(text));
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        found.sort_by_key(|range| range.start);
        let mut clean = String::with_capacity(text.len());
        let mut done = 0;
        for range in found {
            if range.start >= done {
                // Matches begin and end at character boundaries, because escapes are ASCII.
                clean.push_str(text.get(done..range.start).unwrap_or_default());
                clean.push_str(REDACTED);
            }
            done = done.max(range.end);
        }
        clean.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(clean)
    }

    /// Replaces header values that quote the key, and drops headers whose names quote it.
    pub fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let text = String::from_utf8_lossy(value.as_bytes());
            if matches!(self.text(&text), Cow::Owned(_)) {
                *value = HeaderValue::from_static(REDACTED);
            }
        }
        // Header names are lower case on the wire, so compare with the lower-case key.
        let lower = self.key.to_ascii_lowercase();
        let redactor = Redactor { key: &lower };
        let names: Vec<_> = headers.keys().cloned().collect();
        for name in names {
            if !redactor.quotations(name.as_str().as_bytes()).is_empty() {
                headers.remove(name);
            }
        }
    }

    /// Returns `cause`, or a redacted copy of its texts if one quotes the key.
    pub fn cause(&self, cause: Arc<dyn StdError + Send + Sync>) -> Arc<dyn StdError + Send + Sync> {
        let first: &(dyn StdError + 'static) = &*cause;
        let texts: Vec<String> = chain(first).map(ToString::to_string).collect();
        if texts.iter().all(|text| matches!(self.text(text), Cow::Borrowed(_))) {
            return cause;
        }
        let copy = texts.iter().rev().fold(None, |source, text| {
            Some(Box::new(RedactedCause { text: self.text(text).into_owned(), source }))
        });
        copy.map_or(cause, |copy| Arc::new(*copy))
    }

    /// Returns the ranges of `text` that quote the key, with any number of layers of escapes.
    fn quotations(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.key.is_empty() {
            return found;
        }
        let mut bytes: Vec<DecodedByte> = (text.iter().enumerate())
            .map(|(start, value)| DecodedByte { value: *value, start, end: start + 1 })
            .collect();
        for _ in 0..=MAX_LAYERS {
            self.add_quotations(&bytes, &mut found);
            let decoded = decode(&bytes);
            if decoded.len() == bytes.len() {
                break;
            }
            bytes = decoded;
        }
        found
    }

    /// Adds the ranges of `bytes` that quote the key, or a long enough part of it.
    fn add_quotations(&self, bytes: &[DecodedByte], found: &mut Vec<Range<usize>>) {
        let least = MIN_PART.min(self.key.len());
        let mut at = 0;
        while at < bytes.len() {
            let run = (0..self.key.len())
                .map(|offset| common_prefix(&bytes[at..], &self.key[offset..]))
                .max()
                .unwrap_or_default();
            if run >= least {
                found.push(bytes[at].start..bytes[at + run - 1].end);
                at += run;
            } else {
                at += 1;
            }
        }
    }
}

/// A redacted copy of a cause that quoted the key.
#[derive(Debug)]
struct RedactedCause {
    text: String,
    source: Option<Box<RedactedCause>>,
}

impl fmt::Display for RedactedCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for RedactedCause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Returns the length of the common prefix.
fn common_prefix(bytes: &[DecodedByte], key: &[u8]) -> usize {
    bytes.iter().zip(key).take_while(|(byte, letter)| byte.value == **letter).count()
}

/// Decodes one layer of percent, JSON and HTML escapes.
fn decode(bytes: &[DecodedByte]) -> Vec<DecodedByte> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let (value, length) = escape(rest).unwrap_or((first.value, 1));
        decoded.push(DecodedByte { value, start: first.start, end: rest[length - 1].end });
        rest = &rest[length..];
    }
    decoded
}

/// Decodes the escape at the beginning of `bytes`. Returns the character and the escape's length.
fn escape(bytes: &[DecodedByte]) -> Option<(u8, usize)> {
    let at = |index: usize| bytes.get(index).map(|byte| byte.value);
    match (at(0)?, at(1)?) {
        (b'%', _) => Some((number(bytes.get(1..3)?, 16)?, 3)),
        (b'\\', b'u') => Some((number(bytes.get(2..6)?, 16)?, 6)),
        (b'\\', b'x') => Some((number(bytes.get(2..4)?, 16)?, 4)),
        (b'\\', letter @ (b'"' | b'\\' | b'/' | b'\'')) => Some((letter, 2)),
        (b'&', b'#') => {
            let end = bytes.iter().take(9).position(|byte| byte.value == b';')?;
            let (from, radix) = if matches!(at(2)?, b'x' | b'X') { (3, 16) } else { (2, 10) };
            Some((number(bytes.get(from..end)?, radix)?, end + 1))
        }
        (b'&', _) => {
            let named: [(&[u8], u8); 5] = [
                (b"&amp;", b'&'),
                (b"&lt;", b'<'),
                (b"&gt;", b'>'),
                (b"&quot;", b'"'),
                (b"&apos;", b'\''),
            ];
            let found =
                named.into_iter().find(|(name, _)| common_prefix(bytes, name) == name.len())?;
            Some((found.1, found.0.len()))
        }
        _ => None,
    }
}

/// Parses the code of an ASCII character.
fn number(digits: &[DecodedByte], radix: u32) -> Option<u8> {
    let number = digits.iter().try_fold(0_u32, |number, byte| {
        Some(number.checked_mul(radix)? + char::from(byte.value).to_digit(radix)?)
    })?;
    u8::try_from(number).ok().filter(|number| !digits.is_empty() && number.is_ascii())
}

/// Returns the ranges of a text that are signing secrets.
fn secrets(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices(SECRET_PREFIX).map(move |(start, _)| {
        let rest = &text[start + SECRET_PREFIX.len()..];
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-+/=".contains(letter);
        let length = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        start..start + SECRET_PREFIX.len() + length
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = r#"tw_live_"can/ary\& %x"#;

    fn clean(text: &str) -> String {
        let key = HeaderValue::from_static(KEY);
        Redactor::new(Some(&key)).text(text).into_owned()
    }

    fn escaped(letters: impl Iterator<Item = String>) -> String {
        letters.collect::<Vec<_>>().concat()
    }

    fn percent(text: &str) -> String {
        escaped(text.bytes().map(|byte| format!("%{byte:02X}")))
    }

    fn json(text: &str) -> String {
        escaped(text.encode_utf16().map(|unit| format!("\\u{unit:04x}")))
    }

    fn html(text: &str) -> String {
        escaped(text.bytes().map(|byte| format!("&#{byte};")))
    }

    #[test]
    fn every_spelling_of_the_key_is_redacted() {
        let quoted = serde_json::to_string(KEY).unwrap();
        let quoted = quoted.trim_matches('"').to_owned();
        let spellings = [
            KEY.to_owned(),
            quoted.clone(),
            quoted.replace('/', "\\/"),
            serde_json::to_string(&quoted).unwrap().trim_matches('"').to_owned(),
            percent(KEY),
            percent(KEY).to_lowercase(),
            percent(&percent(KEY)),
            json(KEY),
            percent(&json(KEY)),
            html(KEY),
            KEY.replace('&', "&amp;").replace('"', "&quot;"),
            KEY.replace('%', "%25").replace(' ', "%20").replace('"', "%22"),
        ];
        for spelling in spellings {
            let text = format!("é key: {spelling}. é");
            assert_eq!(clean(&text), "é key: [redacted]. é", "{spelling}");
        }
    }

    #[test]
    fn parts_of_the_key_are_redacted_from_eight_characters_on() {
        for start in 0..KEY.len() {
            for end in start..=KEY.len() {
                let part = &KEY[start..end];
                let text = clean(&format!("<{part}>"));
                assert_eq!(text == "<[redacted]>", part.len() >= MIN_PART, "{part} {text}");
            }
        }
    }

    #[test]
    fn a_short_key_is_redacted_as_a_whole() {
        let key = HeaderValue::from_static("abc");
        assert_eq!(Redactor::new(Some(&key)).text("ab abc cab"), "ab [redacted] cab");
    }

    #[test]
    fn blanks_around_the_key_are_ignored() {
        let key = HeaderValue::from_static("  tw_live_canary  ");
        assert_eq!(Redactor::new(Some(&key)).text("tw_live_canary"), "[redacted]");
    }

    #[test]
    fn signing_secrets_are_redacted_without_a_key() {
        let text = "secret whsec_abc+/=_-9, and whsec_";
        assert_eq!(Redactor::new(None).text(text), "secret [redacted], and [redacted]");
    }

    #[test]
    fn headers_that_quote_the_key_are_redacted() {
        let key = HeaderValue::from_static("tw_live_Canary");
        let mut headers = HeaderMap::new();
        headers.insert("x-seen", HeaderValue::from_static("tw%5flive_Canary at noon"));
        headers.insert("x-tw_live_canary", HeaderValue::from_static("1"));
        headers.insert("x-other", HeaderValue::from_static("1"));
        Redactor::new(Some(&key)).headers(&mut headers);
        assert_eq!(headers["x-seen"], "[redacted]");
        assert_eq!((headers.len(), headers.contains_key("x-other")), (2, true));
    }

    #[test]
    fn random_text_does_not_panic() {
        let mut seed = 1_u64;
        let letters = ["%", "\\", "u", "&", "#", ";", "x", "2", "5", "tw_", "live", "é", "\"", "/"];
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..30 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push_str(letters[usize::try_from(seed >> 40).unwrap() % letters.len()]);
            }
            clean(&text);
        }
    }
}
