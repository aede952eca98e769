//! Takes secrets out of what is shown: whoever can see the page needs no key, and must not
//! find one there.
//!
//! Headers and bodies are not shown at all. But a key can be in a path, in an identifier that
//! somebody chose, or in what a mismatch quotes. A secret is known by its form, and the key
//! that the emulator was started with by itself. One that was encoded twice over is not found;
//! nothing that talks to the emulator does that by mistake.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// How keys and signing secrets begin; letters and digits follow.
const FORMS: [&str; 2] = ["tw_live_", "whsec_"];

/// What stands in place of a secret.
const HIDDEN: &str = "[hidden]";

/// A key with fewer bytes is a short one, which somebody types to try the emulator.
const SHORT: usize = 8;

/// The text without secrets. `key` may have any form.
pub(crate) fn hide(text: &str, key: &str) -> String {
    let decoded = percent_decode_str(text).decode_utf8_lossy().replace('+', " ");
    let hidden = hide_plain(text, key);
    // Encoded, its place in the text cannot be told: it takes the whole text with it.
    if hidden == text && hide_plain(&decoded, key) != decoded {
        return format!("{HIDDEN}: a secret is in it");
    }
    hidden.into_owned()
}

fn hide_plain<'a>(text: &'a str, key: &str) -> Cow<'a, str> {
    let mut hidden = Cow::Borrowed(text);
    if !key.is_empty() && hidden.contains(key) {
        hidden = hide_key(text, key).into();
    }
    for form in FORMS.into_iter().filter(|form| text.contains(form)) {
        hidden = hide_form(&hidden, form).into();
    }
    hidden
}

/// Hides a key, wherever it stands; a short one only where it is a word of its own, since it is
/// in words like any other letters are.
fn hide_key(text: &str, key: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut end = 0;
    for (start, found) in text.match_indices(key) {
        let (before, after) = (&text[..start], &text[start + found.len()..]);
        let joined =
            before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        hidden.push_str(&text[end..start]);
        hidden.push_str(if joined && key.len() < SHORT { found } else { HIDDEN });
        end = start + found.len();
    }
    hidden.push_str(&text[end..]);
    hidden
}

/// Hides what follows `form`, wherever it stands.
fn hide_form(text: &str, form: &str) -> String {
    let mut parts = text.split(form);
    let mut hidden = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric());
        hidden.push_str(form);
        hidden.push_str(if rest.len() < part.len() { HIDDEN } else { "" });
        hidden.push_str(rest);
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_stays() {
        let cases = [
            ("GET /v1/agents/a?limit=5&cursor=after-1", "GET /v1/agents/a?limit=5&cursor=after-1"),
            ("/v1/tw_live_abc123/x?k=tw_live_zz", "/v1/tw_live_[hidden]/x?k=tw_live_[hidden]"),
            ("secret whsec_00ff, tw_live_...", "secret whsec_[hidden], tw_live_..."),
            ("/v1/my own/key!", "/v1/[hidden]"),
            ("/v1/my%20own/ke%79!", "[hidden]: a secret is in it"),
            ("?key=my+own%2Fkey%21", "[hidden]: a secret is in it"),
            ("/%74w_live_abc", "[hidden]: a secret is in it"),
            ("100 % + 1", "100 % + 1"),
        ];
        for (text, shown) in cases {
            assert_eq!(hide(text, "my own/key!"), shown);
        }
        assert_eq!(hide("a text", ""), "a text");
    }

    #[test]
    fn a_short_key_is_hidden_where_it_is_a_word() {
        assert_eq!(hide("GET /v1/webhooks/k?key=k", "k"), "GET /v1/webhooks/[hidden]?key=[hidden]");
        assert_eq!(hide("/v1/kk/k", "k"), "/v1/kk/[hidden]");
        assert_eq!(hide("xlongerkeyx", "longerkey"), "x[hidden]x");
        assert_eq!(hide("éké/é/k", "é"), "éké/[hidden]/k");
    }
}
