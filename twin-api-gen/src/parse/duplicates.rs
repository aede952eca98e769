//! Finds duplicate keys in JSON objects.
//!
//! `serde_json` silently keeps the value of the last of two equal keys, and other tools may keep that
//! of the first. The input must be valid JSON.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::pointer::child;

/// The maximum number of duplicates that are reported.
const MAX_REPORTED: usize = 20;

/// A duplicate key, with the line and column of both occurrences.
pub(super) struct Duplicate {
    pub(super) key: String,
    pub(super) pointer: String,
    pub(super) first: (usize, usize),
    pub(super) second: (usize, usize),
}

/// An object or array that has not ended yet.
enum Open<'a> {
    /// The keys so far with their offsets, and the key whose value is being read.
    Object { keys: HashMap<Cow<'a, str>, usize>, current: Cow<'a, str>, key_is_next: bool },
    /// The index of the current element.
    Array(usize),
}

/// Returns the duplicates in `json`, in the order of their second occurrences.
pub(super) fn find(json: &str) -> Vec<Duplicate> {
    let bytes = json.as_bytes();
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() && found.len() < MAX_REPORTED {
        match bytes[at] {
            b'{' => open.push(Open::Object {
                keys: HashMap::new(),
                current: Cow::Borrowed(""),
                key_is_next: true,
            }),
            b'[' => open.push(Open::Array(0)),
            b'}' | b']' => drop(open.pop()),
            b',' => match open.last_mut() {
                Some(Open::Object { key_is_next, .. }) => *key_is_next = true,
                Some(Open::Array(index)) => *index += 1,
                None => {}
            },
            b'"' => {
                let end = end_of_string(bytes, at);
                if let Some(first) = key(&mut open, json, at, end) {
                    found.push(duplicate(json, &open, first, at));
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Returns the offset of the quotation mark that ends the string at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at
}

/// Records a key. Returns the offset of an earlier equal key in the same object.
fn key<'a>(open: &mut [Open<'a>], json: &'a str, start: usize, end: usize) -> Option<usize> {
    let Some(Open::Object { keys, current, key_is_next }) = open.last_mut() else { return None };
    if !std::mem::take(key_is_next) {
        return None;
    }
    let raw = json.get(start + 1..end).unwrap_or_default();
    let text: Cow<'a, str> = if raw.contains('\\') {
        let quoted = json.get(start..=end).unwrap_or_default();
        Cow::Owned(serde_json::from_str(quoted).unwrap_or_default())
    } else {
        Cow::Borrowed(raw)
    };
    current.clone_from(&text);
    keys.insert(text, start)
}

fn duplicate(json: &str, open: &[Open<'_>], first: usize, second: usize) -> Duplicate {
    let mut pointer = "#".to_owned();
    let mut key = String::new();
    for container in open {
        match container {
            Open::Object { current, .. } => {
                pointer = child(&pointer, current);
                key = current.to_string();
            }
            Open::Array(index) => pointer = child(&pointer, index),
        }
    }
    Duplicate { key, pointer, first: place(json, first), second: place(json, second) }
}

/// Returns line and column of an offset, both from 1.
fn place(json: &str, offset: usize) -> (usize, usize) {
    let before = json.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Vec<String> {
        let show =
            |it: Duplicate| format!("{} {} {:?} {:?}", it.key, it.pointer, it.first, it.second);
        find(json).into_iter().map(show).collect()
    }

    #[test]
    fn finds_duplicate_keys_with_both_positions() {
        assert_eq!(
            found("{\"a\": 1,\n \"b\": [{}, {\"x/y\": 2, \"x\\u002fy\": 3}],\n \"\\u0061\": 4}"),
            ["x/y #/b/1/x~1y (2, 13) (2, 23)", "a #/a (1, 2) (3, 2)"]
        );
    }

    #[test]
    fn ignores_equal_values_and_keys_of_other_objects() {
        assert!(
            found(r#"[{"a": "a", "b": {"a": "b:,{\"a\""}}, {"a": ["a", "a", "a"]}]"#).is_empty()
        );
    }
}
