//! Redacts secrets on the page and in the control API, which can be read without a key.
//!
//! The page does not show headers and bodies of requests. But a key can be in a path, in an
//! identifier that a test chose, or in the text of a mismatch. Secrets are recognized by their
//! prefix, and the initial key by its value. A secret that is percent-encoded twice is not found.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The prefixes of API keys and signing secrets.
const PREFIXES: [&str; 2] = ["tw_live_", "whsec_"];

/// The replacement of a secret.
const HIDDEN: &str = "[hidden]";

/// A key with fewer bytes is redacted only where it is a whole word.
const SHORT_KEY: usize = 8;

/// Redacts the secrets in `text`. `key` is the initial key, which may have any form.
pub(crate) fn hide(text: &str, key: &str) -> String {
    let decoded = percent_decode_str(text).decode_utf8_lossy().replace('+', " ");
    let hidden = hide_plain(text, key);
    // The position of an encoded secret in the text is unknown, so the whole text is redacted.
    if hidden == text && hide_plain(&decoded, key) != decoded {
        return format!("{HIDDEN}: it contains a secret");
    }
    hidden.into_owned()
}

fn hide_plain<'a>(text: &'a str, key: &str) -> Cow<'a, str> {
    let mut hidden = Cow::Borrowed(text);
    if !key.is_empty() && hidden.contains(key) {
        hidden = hide_key(text, key).into();
    }
    for prefix in PREFIXES.into_iter().filter(|prefix| text.contains(prefix)) {
        hidden = hide_after_prefix(&hidden, prefix).into();
    }
    hidden
}

/// Redacts a key. A short key is redacted only as a whole word, because it can be a part of other
/// words.
fn hide_key(text: &str, key: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut end = 0;
    for (start, found) in text.match_indices(key) {
        let (before, after) = (&text[..start], &text[start + found.len()..]);
        let joined =
            before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        hidden.push_str(&text[end..start]);
        hidden.push_str(if joined && key.len() < SHORT_KEY { found } else { HIDDEN });
        end = start + found.len();
    }
    hidden.push_str(&text[end..]);
    hidden
}

/// Redacts the letters and digits after each `prefix`.
fn hide_after_prefix(text: &str, prefix: &str) -> String {
    let mut parts = text.split(prefix);
    let mut hidden = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric());
        hidden.push_str(prefix);
        hidden.push_str(if rest.len() < part.len() { HIDDEN } else { "" });
        hidden.push_str(rest);
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redacts_all_secrets() {
        let cases = [
            ("GET /v1/agents/a?limit=5&cursor=after-1", "GET /v1/agents/a?limit=5&cursor=after-1"),
            ("/v1/tw_live_abc123/x?k=tw_live_zz", "/v1/tw_live_[hidden]/x?k=tw_live_[hidden]"),
            ("secret whsec_00ff, tw_live_...", "secret whsec_[hidden], tw_live_..."),
            ("/v1/my own/key!", "/v1/[hidden]"),
            ("/v1/my%20own/ke%79!", "[hidden]: it contains a secret"),
            ("?key=my+own%2Fkey%21", "[hidden]: it contains a secret"),
            ("/%74w_live_abc", "[hidden]: it contains a secret"),
            ("100 % + 1", "100 % + 1"),
        ];
        for (text, shown) in cases {
            assert_eq!(hide(text, "my own/key!"), shown);
        }
        assert_eq!(hide("a text", ""), "a text");
    }

    #[test]
    fn redacts_short_key_as_a_whole_word() {
        assert_eq!(hide("GET /v1/webhooks/k?key=k", "k"), "GET /v1/webhooks/[hidden]?key=[hidden]");
        assert_eq!(hide("/v1/kk/k", "k"), "/v1/kk/[hidden]");
        assert_eq!(hide("xlongerkeyx", "longerkey"), "x[hidden]x");
        assert_eq!(hide("éké/é/k", "é"), "éké/[hidden]/k");
    }
}
