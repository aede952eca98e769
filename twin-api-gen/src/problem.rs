//! Defines a problem of an input and the edit that fixes it.
//!
//! `cargo xtask regen --accept` applies the edits. This module reads and writes no files.

use std::fmt;

use serde_json::Value;

use crate::error::Stage;
use crate::pointer::unescape;

/// A problem in a document, in `known.json` or in `overlay.json`.
///
/// `Display` prints one paragraph: stage, pointer, what is wrong, what was expected and found, the
/// closest match, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The stage that found it.
    pub stage: Stage,
    /// What is wrong: a lower-case sentence without a full stop.
    pub what: String,
    /// The place, as a URI-fragment JSON pointer into the OpenAPI document as given.
    pub pointer: Option<String>,
    /// The expected value.
    pub expected: Option<String>,
    /// The value that was found.
    pub found: Option<String>,
    /// The pointer of the closest match elsewhere in the document.
    pub closest: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// The edit that fixes it, if there is one.
    pub edit: Option<Edit>,
}

impl Problem {
    /// Creates a problem found by `stage`. `what` is a lower-case sentence without a full stop.
    pub fn new(stage: Stage, what: impl Into<String>) -> Self {
        Self {
            stage,
            what: what.into(),
            pointer: None,
            expected: None,
            found: None,
            closest: None,
            help: None,
            edit: None,
        }
    }

    /// Adds the place: a JSON pointer in URI-fragment form.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// Adds what was expected and what was found.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.found = Some(found.into());
        self
    }

    /// Adds the pointer of the closest match, if there is one.
    #[must_use]
    pub fn closest(mut self, pointer: Option<String>) -> Self {
        self.closest = pointer;
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the edit that fixes it.
    #[must_use]
    pub fn edit(mut self, edit: Edit) -> Self {
        self.edit = Some(edit);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.stage)?;
        if let Some(pointer) = &self.pointer {
            write!(f, "{pointer}: ")?;
        }
        f.write_str(&self.what)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        if let Some(found) = &self.found {
            write!(f, "; found {found}")?;
        }
        if let Some(closest) = &self.closest {
            write!(f, "; the closest match is {closest}")?;
        }
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

/// A file of this repository that an [`Edit`] changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EditedFile {
    /// `twin-api-gen/known.json`.
    Known,
    /// `twin-api-gen/overlay.json`.
    Overlay,
}

impl EditedFile {
    /// Returns the path from the root of the repository.
    pub fn path(self) -> &'static str {
        match self {
            Self::Known => "twin-api-gen/known.json",
            Self::Overlay => "twin-api-gen/overlay.json",
        }
    }
}

/// An edit of a JSON file.
///
/// Pointers are RFC 6901 without `#` and refer to the file on disk. Apply several removals from one
/// array in order of descending index.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edit {
    /// The file.
    pub file: EditedFile,
    /// The change to make.
    pub change: EditChange,
}

/// The change that an [`Edit`] makes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditChange {
    /// Removes the member or element.
    Remove {
        /// The member or element to remove.
        pointer: String,
    },
    /// Adds a member or replaces its value. The parent must exist.
    Set {
        /// The place of the value.
        pointer: String,
        /// The value.
        value: Value,
    },
    /// Appends an element to an array.
    Append {
        /// The array.
        pointer: String,
        /// The element.
        value: Value,
    },
}

impl Edit {
    /// Creates an edit that removes the value at `pointer`.
    pub fn remove(file: EditedFile, pointer: impl Into<String>) -> Self {
        Self { file, change: EditChange::Remove { pointer: pointer.into() } }
    }

    /// Creates an edit that sets `value` at `pointer`.
    pub fn set(file: EditedFile, pointer: impl Into<String>, value: Value) -> Self {
        Self { file, change: EditChange::Set { pointer: pointer.into(), value } }
    }

    /// Creates an edit that appends `value` to the array at `pointer`.
    pub fn append(file: EditedFile, pointer: impl Into<String>, value: Value) -> Self {
        Self { file, change: EditChange::Append { pointer: pointer.into(), value } }
    }

    /// Applies the edit to a parsed file. Returns `false` if its place does not exist.
    pub fn apply(&self, file: &mut Value) -> bool {
        match &self.change {
            EditChange::Remove { pointer } => remove(file, pointer),
            EditChange::Set { pointer, value } => set(file, pointer, value.clone()),
            EditChange::Append { pointer, value } => {
                let array = file.pointer_mut(pointer).and_then(Value::as_array_mut);
                array.map(|array| array.push(value.clone())).is_some()
            }
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.file.path();
        match &self.change {
            EditChange::Remove { pointer } => write!(f, "in {path}, remove {pointer}"),
            EditChange::Set { pointer, value } => write!(f, "in {path}, set {pointer} to {value}"),
            EditChange::Append { pointer, value } => {
                write!(f, "in {path}, append {value} to {pointer}")
            }
        }
    }
}

/// Returns the parent of `pointer` and its last token, unescaped.
fn split<'a>(file: &'a mut Value, pointer: &str) -> Option<(&'a mut Value, String)> {
    let (parent, token) = pointer.rsplit_once('/')?;
    Some((file.pointer_mut(parent)?, unescape(token)))
}

fn remove(file: &mut Value, pointer: &str) -> bool {
    match split(file, pointer) {
        Some((Value::Object(members), name)) => members.remove(&name).is_some(),
        Some((Value::Array(items), index)) => match index.parse() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

fn set(file: &mut Value, pointer: &str, value: Value) -> bool {
    match split(file, pointer) {
        Some((Value::Object(members), name)) => {
            members.insert(name, value);
            true
        }
        Some((Value::Array(items), index)) => {
            let place = index.parse().ok().and_then(|index: usize| items.get_mut(index));
            place.map(|place| *place = value).is_some()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn display_prints_all_parts_in_one_paragraph() {
        let problem = Problem::new(Stage::Known, "the operation is not in the document")
            .at("#/paths")
            .expected("GET /v1/me", "no such operation")
            .closest(Some("#/paths/~1v1~1whoami/get".to_owned()))
            .help("drop it from known.json");
        assert_eq!(
            problem.to_string(),
            "known facts: #/paths: the operation is not in the document; expected GET /v1/me; \
             found no such operation; the closest match is #/paths/~1v1~1whoami/get \
             (drop it from known.json)"
        );
    }

    #[test]
    fn edits_change_objects_and_arrays_and_reject_missing_places() {
        let mut file = json!({"a/b": {"x": 1}, "list": [1, 2]});
        assert!(Edit::remove(EditedFile::Known, "/a~1b/x").apply(&mut file));
        assert!(Edit::set(EditedFile::Known, "/a~1b/y", json!(2)).apply(&mut file));
        assert!(Edit::remove(EditedFile::Known, "/list/0").apply(&mut file));
        assert!(Edit::append(EditedFile::Known, "/list", json!(3)).apply(&mut file));
        assert_eq!(file, json!({"a/b": {"y": 2}, "list": [2, 3]}));
        for missing in ["/a~1b/x", "/list/7", "/list/x", "/nothing/there"] {
            assert!(!Edit::remove(EditedFile::Known, missing).apply(&mut file), "{missing}");
        }
    }
}
