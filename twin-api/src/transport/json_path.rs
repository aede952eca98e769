//! Finds the JSON path of a decoding error from the error's line and column.
//!
//! The decoder itself records no path. Otherwise each type would be compiled with two decoders.

use std::fmt::Write;
use std::ops::Range;

use serde_json::Error;

/// An object or array that contains the current token, and the position in it.
enum Container {
    /// An object. `key` is the text of the last key, with its quotes.
    Object { key: Option<Range<usize>>, in_value: bool },
    /// An array. `None` before the first element.
    Array(Option<usize>),
}

/// Returns the path of the value that `error` is about: `agents[3].name`, or `.` for the root.
///
/// If an object or array as a whole is wrong, it is the path of that object or array. Examples are
/// a missing member, a repeated member, and a value that was buffered before it was decoded.
pub(super) fn find(body: &[u8], error: &Error) -> String {
    let at = offset(body, error);
    // The decoder stops before a container of the wrong type, and behind every other wrong value.
    let message = error.to_string();
    let unexpected = match message.strip_prefix("invalid type: ") {
        Some(rest) if rest.starts_with("map,") => Some(b'{'),
        Some(rest) if rest.starts_with("sequence,") => Some(b'['),
        _ => None,
    };
    let mut containers = Vec::new();
    let mut start = 0;
    while let Some(token) = token(body, start) {
        if step(&mut containers, body, &token, at, unexpected) {
            break;
        }
        start = token.end;
    }
    text(&containers, body)
}

/// Returns the byte offset of an error.
fn offset(body: &[u8], error: &Error) -> usize {
    let mut newlines = body.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let line = match error.line() {
        0 | 1 => 0,
        line => newlines.nth(line - 2).map_or(0, |(newline, _)| newline + 1),
    };
    (line + error.column()).min(body.len())
}

/// Returns the first token at or after `start`: a string, a number or word, or a punctuation mark.
fn token(body: &[u8], start: usize) -> Option<Range<usize>> {
    let start = start + body[start..].iter().position(|byte| !byte.is_ascii_whitespace())?;
    let rest = &body[start + 1..];
    let length = match body[start] {
        b'"' => {
            let mut escaped = false;
            let end = rest.iter().position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |end| end + 1)
        }
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 0,
        _ => {
            let ends = |byte: &u8| byte.is_ascii_whitespace() || b"{}[],:\"".contains(byte);
            rest.iter().position(ends).unwrap_or(rest.len())
        }
    };
    Some(start..start + 1 + length)
}

/// Processes one token. Returns whether `containers` now lead to the offset `at`.
fn step(
    containers: &mut Vec<Container>,
    body: &[u8],
    token: &Range<usize>,
    at: usize,
    unexpected: Option<u8>,
) -> bool {
    let reached = token.start >= at;
    match (body[token.start], containers.last_mut()) {
        (b',', _) if reached => return true,
        (b',', Some(Container::Object { key, in_value })) => (*key, *in_value) = (None, false),
        (b',', Some(Container::Array(index))) => *index = index.map(|index| index + 1),
        (b':', Some(Container::Object { key, in_value })) => {
            if reached {
                *key = None;
                return true;
            }
            *in_value = true;
        }
        (b'}' | b']', _) => {
            containers.pop();
            return token.end >= at;
        }
        (b'"', Some(Container::Object { key, in_value: false })) => {
            if token.end >= at {
                return true;
            }
            *key = Some(token.clone());
        }
        (first, parent) => {
            if let Some(Container::Array(index)) = parent {
                let this = index.unwrap_or(0);
                // Behind a wrong element, the decoder may have consumed the comma as well.
                let is_behind = reached && unexpected != Some(first);
                *index = if is_behind { this.checked_sub(1) } else { Some(this) };
            }
            if reached {
                return true;
            }
            match first {
                b'{' => containers.push(Container::Object { key: None, in_value: false }),
                b'[' => containers.push(Container::Array(None)),
                _ => return token.end >= at,
            }
        }
    }
    false
}

/// Writes the path as JavaScript does: `agents[3].name`.
fn text(containers: &[Container], body: &[u8]) -> String {
    let mut path = String::new();
    for container in containers {
        match container {
            Container::Object { key: Some(key), .. } => {
                let key = &body[key.clone()];
                let name = serde_json::from_slice(key).unwrap_or_else(|_| {
                    let name = key.strip_prefix(b"\"").unwrap_or(key);
                    String::from_utf8_lossy(name.strip_suffix(b"\"").unwrap_or(name)).into_owned()
                });
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(&name);
            }
            // Writing to a string cannot fail.
            Container::Array(Some(index)) => _ = write!(path, "[{index}]"),
            Container::Object { key: None, .. } | Container::Array(None) => {}
        }
    }
    if path.is_empty() { ".".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only decoded")]
    struct Agent {
        name: String,
        size: Option<u8>,
        tags: Option<Vec<Vec<String>>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only decoded")]
    enum Buffered {
        Number(u8),
        Agent { name: String },
    }

    fn path_of<T: DeserializeOwned>(body: &str) -> String {
        let error = serde_json::from_str::<T>(body).err().expect("the body is not a `T`");
        find(body.as_bytes(), &error)
    }

    #[test]
    fn finds_the_path_of_a_wrong_value() {
        for (body, expected) in [
            ("7", "."),
            ("\n\n [[]]", "[0]"),
            (r#"[{"name": 7}]"#, "[0].name"),
            (r#"[{"name": "]}\"", "size": 1}, {"name": null}]"#, "[1].name"),
            ("[{\"name\": \"\",\n \"size\" :\n 256\n }]", "[0].size"),
            (r#"[{"other": {"name": [7, {}]}, "name": {}}]"#, "[0].name"),
            (r#"[{"name": "", "tags": [[], ["a", 7]]}]"#, "[0].tags[1][1]"),
            (r#"[{"name": "", "tags": [[], {}]}]"#, "[0].tags[1]"),
            (r#"[{"name": "", "tags": [["a"], [[]]]}]"#, "[0].tags[1][0]"),
        ] {
            assert_eq!(path_of::<Vec<Agent>>(body), expected, "{body}");
        }
    }

    #[test]
    fn missing_or_repeated_member_has_the_path_of_its_object() {
        for (body, expected) in [
            ("[{ }]", "[0]"),
            (r#"[{"name": ""}, {"size": 7 } ]"#, "[1]"),
            (r#"[{"name": "", "name": ""}]"#, "[0]"),
            (r#"[{"name": "", "name" : ""}]"#, "[0]"),
        ] {
            assert_eq!(path_of::<Vec<Agent>>(body), expected, "{body}");
        }
    }

    #[test]
    fn path_of_a_buffered_value_is_its_own_or_that_of_its_container() {
        for (body, expected) in [
            (r#"[{"name": ""}, {"name": 7}, {"name": ""}]"#, "[1]"),
            (r#"[{"name": 7} , 7]"#, "[0]"),
            (r#"[7, {"name": 7}]"#, "."),
        ] {
            assert_eq!(path_of::<Vec<Buffered>>(body), expected, "{body}");
        }
    }

    #[test]
    fn path_has_decoded_keys() {
        for (body, expected) in [
            (r#"{"é\n\u00e9": 7}"#, "é\né"),
            (r#"{"a\"": "", "b\\": {}}"#, "b\\"),
            (r#"{"": 7}"#, "."),
        ] {
            assert_eq!(path_of::<BTreeMap<String, String>>(body), expected, "{body}");
        }
    }

    #[test]
    fn path_of_a_truncated_value_is_where_it_ends() {
        for (body, expected) in [
            (r#"[{"na"#, "[0]"),
            (r#"[{"name":"#, "[0].name"),
            (r#"[{"name": "a\"#, "[0].name"),
            (r#"[{"name": "a"},"#, "[1]"),
        ] {
            assert_eq!(path_of::<Vec<Agent>>(body), expected, "{body}");
        }
    }
}
