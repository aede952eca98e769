//! Edits a JSON file and keeps the rest of its text unchanged.
//!
//! [`twin_api_gen::Edit`] names places by JSON pointer. Parsing and printing the file would reorder
//! and reformat it, so the place is found in the text and only that member or element changes.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use serde_json::value::RawValue;
use twin_api_gen::{Edit, EditChange};

/// Applies `edits` to the text of one file and returns the new text.
///
/// # Errors
/// Fails if a place does not exist.
pub(crate) fn apply(text: &str, edits: &[&Edit]) -> anyhow::Result<String> {
    let mut ordered = edits.to_vec();
    // Removals shift later elements of an array, so the highest index is removed first.
    ordered.sort_by_key(|edit| std::cmp::Reverse(order(edit)));
    let mut text = text.to_owned();
    for edit in ordered {
        text = one(&text, edit).with_context(|| format!("making the edit: {edit}"))?;
        serde_json::from_str::<Value>(&text).context("the edited file is not JSON")?;
    }
    Ok(text)
}

/// Orders edits: removals by descending index, after all others.
fn order(edit: &Edit) -> (bool, usize) {
    match &edit.change {
        EditChange::Remove { pointer } => {
            let index = pointer.rsplit('/').next().and_then(|token| token.parse().ok());
            (false, index.unwrap_or(0))
        }
        _ => (true, 0),
    }
}

fn one(text: &str, edit: &Edit) -> anyhow::Result<String> {
    match &edit.change {
        EditChange::Remove { pointer } => remove(text, pointer),
        EditChange::Append { pointer, value } => {
            let array = find(text, pointer).context("the array does not exist")?;
            insert(text, array, None, value)
        }
        EditChange::Set { pointer, value } => {
            if let Some(place) = find(text, pointer) {
                let indent = indent_of(text, place.0);
                return Ok(splice(text, place, &pretty(value, &indent)));
            }
            let (parent, token) = pointer.rsplit_once('/').context("not a pointer")?;
            let object = find(text, parent).context("the parent does not exist")?;
            insert(text, object, Some(&unescape(token)), value)
        }
        _ => anyhow::bail!("this kind of edit is not supported"),
    }
}

/// Byte offsets of a value in the text.
type ByteRange = (usize, usize);

/// Returns the members or elements of a container with their spans, in order.
fn children(text: &str, (start, end): ByteRange) -> Option<Vec<(String, ByteRange)>> {
    let part = &text[start..end];
    let span = |raw: &RawValue| {
        let at = raw.get().as_ptr().addr() - part.as_ptr().addr() + start;
        (at, at + raw.get().len())
    };
    let mut found: Vec<(String, ByteRange)> = if part.starts_with('{') {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(part).ok()?;
        members.into_iter().map(|(name, raw)| (name, span(raw))).collect()
    } else {
        let items: Vec<&RawValue> = serde_json::from_str(part).ok()?;
        items.into_iter().enumerate().map(|(at, raw)| (at.to_string(), span(raw))).collect()
    };
    found.sort_by_key(|(_, span)| span.0);
    Some(found)
}

/// Returns the span of the value at `pointer`.
fn find(text: &str, pointer: &str) -> Option<ByteRange> {
    let start = text.len() - text.trim_start().len();
    let mut place = (start, text.trim_end().len());
    for token in pointer.split('/').skip(1) {
        let name = unescape(token);
        place = children(text, place)?.into_iter().find(|(other, _)| *other == name)?.1;
    }
    Some(place)
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

fn splice(text: &str, (start, end): ByteRange, new: &str) -> String {
    format!("{}{new}{}", &text[..start], &text[end..])
}

fn remove(text: &str, pointer: &str) -> anyhow::Result<String> {
    let (parent, token) = pointer.rsplit_once('/').context("the whole file cannot be removed")?;
    let container = find(text, parent).context("the parent does not exist")?;
    let all = children(text, container).context("the parent is not an object or array")?;
    let name = unescape(token);
    let at =
        all.iter().position(|(other, _)| *other == name).context("the place does not exist")?;
    let (_, (_, end)) = all[at];
    let place = match (at.checked_sub(1), all.get(at + 1)) {
        // From the end of the previous child: its comma, the name and the value.
        (Some(before), _) => (all[before].1.1, end),
        // The first of several: including its comma.
        (None, Some(_)) => {
            let comma = text[end..].find(',').context("no comma follows")?;
            (container.0 + 1, end + comma + 1)
        }
        (None, None) => (container.0 + 1, container.1 - 1),
    };
    Ok(splice(text, place, ""))
}

/// Adds a member or an element at the end of a container.
fn insert(
    text: &str,
    place: ByteRange,
    name: Option<&str>,
    value: &Value,
) -> anyhow::Result<String> {
    let opening = if name.is_some() { '{' } else { '[' };
    ensure!(text[place.0..].starts_with(opening), "the parent has another type");
    let all = children(text, place).context("the parent cannot be parsed")?;
    let outer = indent_of(text, place.0);
    let inner = match all.last() {
        Some((_, last)) => indent_of(text, last.0),
        None => format!("{outer}  "),
    };
    let name = name.map_or(String::new(), |name| format!("{}: ", Value::from(name)));
    let new = format!("\n{inner}{name}{}", pretty(value, &inner));
    Ok(match all.last() {
        Some((_, last)) => splice(text, (last.1, last.1), &format!(",{new}")),
        None => splice(text, (place.0 + 1, place.1 - 1), &format!("{new}\n{outer}")),
    })
}

/// Returns the blanks at the beginning of the line of `at`.
fn indent_of(text: &str, at: usize) -> String {
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    text[line..].chars().take_while(|letter| matches!(letter, ' ' | '\t')).collect()
}

fn pretty(value: &Value, indent: &str) -> String {
    format!("{value:#}").replace('\n', &format!("\n{indent}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use twin_api_gen::{Edit, EditedFile};

    use super::apply;

    const FILE: &str = r#"{
  "z": [
    {"a/b": 1},
    "two",
    3
  ],
  "a": {
    "first": {},
    "last": "x, \"y\": {"
  }
}
"#;

    fn edited(edits: &[Edit]) -> String {
        apply(FILE, &edits.iter().collect::<Vec<_>>()).unwrap()
    }

    fn remove(pointer: &str) -> Edit {
        Edit::remove(EditedFile::Known, pointer)
    }

    #[test]
    fn removal_changes_only_its_own_lines() {
        assert_eq!(edited(&[remove("/a/first")]), FILE.replace("\n    \"first\": {},", ""));
        let last = ",\n    \"last\": \"x, \\\"y\\\": {\"";
        assert_eq!(edited(&[remove("/a/last")]), FILE.replace(last, ""));
        assert_eq!(edited(&[remove("/z/0/a~1b")]), FILE.replace("\"a/b\": 1", ""));
    }

    #[test]
    fn removals_from_one_array_use_the_original_indexes() {
        let text = edited(&[remove("/z/0"), remove("/z/2"), remove("/z/1")]);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["z"], json!([]));
        let text = edited(&[remove("/z/0"), remove("/z/1")]);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["z"], json!([3]));
    }

    #[test]
    fn new_values_take_the_indent_of_their_siblings() {
        let set = Edit::set(EditedFile::Known, "/a/first", json!({"k": 1}));
        let expected = FILE.replace("\"first\": {}", "\"first\": {\n      \"k\": 1\n    }");
        assert_eq!(edited(&[set]), expected);
        let add = Edit::set(EditedFile::Known, "/a/new", json!(true));
        assert!(edited(&[add]).contains("{\",\n    \"new\": true\n  }"));
        let append = Edit::append(EditedFile::Known, "/z", json!(4));
        assert!(edited(&[append]).contains("    3,\n    4\n  ],"));
        let empty = Edit::set(EditedFile::Known, "/a/first/k", json!(1));
        assert!(edited(&[empty]).contains("\"first\": {\n      \"k\": 1\n    },"));
    }

    #[test]
    fn missing_place_is_an_error() {
        for pointer in ["/a/none", "/z/7", "/none/x", ""] {
            assert!(apply(FILE, &[&remove(pointer)]).is_err(), "{pointer}");
        }
    }
}
