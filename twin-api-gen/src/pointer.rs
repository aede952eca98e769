//! Builds and resolves JSON pointers in URI-fragment form (RFC 6901 section 6):
//! `#/paths/~1v1~1me/get`.
//!
//! The pointers are for people, so characters that a URI would percent-encode stay readable.

use serde_json::Value;

/// Appends `token` to `pointer`, escaped.
pub fn child(pointer: &str, token: impl std::fmt::Display) -> String {
    let mut pointer = format!("{pointer}/");
    push_escaped(&mut pointer, &token.to_string());
    pointer
}

/// Escapes `~` and `/` as in RFC 6901.
pub fn escape(token: &str) -> String {
    let mut escaped = String::with_capacity(token.len());
    push_escaped(&mut escaped, token);
    escaped
}

/// Appends `token` in escaped form.
pub(crate) fn push_escaped(pointer: &mut String, token: &str) {
    for part in token.split_inclusive(['~', '/']) {
        if let Some(text) = part.strip_suffix('~') {
            pointer.extend([text, "~0"]);
        } else if let Some(text) = part.strip_suffix('/') {
            pointer.extend([text, "~1"]);
        } else {
            pointer.push_str(part);
        }
    }
}

/// Decodes an escaped token.
pub(crate) fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Decodes the percent-encoding of a URI fragment. Returns `None` if a percent sign is not followed by
/// two hexadecimal digits, or if the result is not valid UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// Returns the value at `pointer` (with its leading `#`), if it exists.
pub fn resolve<'a>(document: &'a Value, pointer: &str) -> Option<&'a Value> {
    document.pointer(pointer.strip_prefix('#')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_round_trip() {
        for (token, escaped) in [("a", "a"), ("a/b~c", "a~1b~0c"), ("~1", "~01"), ("//", "~1~1")] {
            assert_eq!(escape(token), escaped);
            assert_eq!(unescape(escaped), token);
        }
        assert_eq!(child("#/paths", "/v1/me"), "#/paths/~1v1~1me");
    }

    #[test]
    fn percent_decode_rejects_invalid_fragments() {
        assert_eq!(percent_decode("Vec%3CRun%3e").as_deref(), Some("Vec<Run>"));
        for broken in ["%zz", "%", "%f", "%ff", "%+1"] {
            assert_eq!(percent_decode(broken), None, "{broken}");
        }
    }
}
