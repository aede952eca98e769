//! Writes the surface as insta snapshots, one file per part.
//!
//! The files have insta's format, so that the test which reads them needs no code from here. Files
//! with another `source` line are left alone.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, ensure};

use crate::write::FileChange;

const FOLDER: &str = "tests/snapshots";

/// The header that insta 1.49 writes for `assert_snapshot!(name, text)` in
/// `tests/generator/surface.rs`.
const HEADER: &str = "---\nsource: tests/generator/surface.rs\nexpression: text\n---\n";

/// The line that marks a snapshot of the surface.
const SOURCE: &str = "source: tests/generator/surface.rs";

/// Returns the changes that make the snapshots under `root` equal to `parts`, ordered by path.
pub(crate) fn changes(
    root: &Path,
    parts: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<FileChange>> {
    let mut there = existing(root)?;
    let mut changes = Vec::new();
    check_names(parts.keys())?;
    for (stem, text) in parts {
        let path = format!("{FOLDER}/{stem}.snap");
        let new = render(text).into_bytes();
        let old = there.remove(&path);
        if old.as_ref() != Some(&new) {
            changes.push(FileChange { path, old, new: Some(new) });
        }
    }
    let extra = there.into_iter().filter(|(_, old)| is_ours(old));
    changes.extend(extra.map(|(path, old)| FileChange { path, old: Some(old), new: None }));
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

/// Returns the text of a snapshot without insta's header.
pub(crate) fn text_of(snapshot: &[u8]) -> String {
    let text = String::from_utf8_lossy(snapshot);
    let body = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    body.map_or(text.as_ref(), |(_, body)| body).to_owned()
}

/// Formats a snapshot. insta trims the text in the same way and ends it with one newline.
fn render(text: &str) -> String {
    format!("{HEADER}{}\n", text.trim_end().replace("\r\n", "\n"))
}

fn is_ours(snapshot: &[u8]) -> bool {
    let text = String::from_utf8_lossy(snapshot);
    text.lines().skip(1).take_while(|line| *line != "---").any(|line| line == SOURCE)
}

fn existing(root: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let entries = match fs::read_dir(root.join(FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        other => other.with_context(|| format!("reading {FOLDER}"))?,
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("reading {FOLDER}"))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if Path::new(name).extension() != Some(OsStr::new("snap")) || !entry.file_type()?.is_file()
        {
            continue;
        }
        let path = format!("{FOLDER}/{name}");
        let bytes = fs::read(entry.path()).with_context(|| format!("reading {path}"))?;
        found.insert(path, bytes);
    }
    Ok(found)
}

/// Checks that the names of parts are safe file names, because they come from the document.
fn check_names<'a>(names: impl Iterator<Item = &'a String>) -> anyhow::Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        ensure!(
            !name.is_empty() && name.len() <= 200 && name.chars().all(plain),
            "the surface has a part {name:?}, which is not a valid file name; \
             rename its tag with an action in overlay.json"
        );
        ensure!(
            seen.insert(name.to_lowercase()),
            "the surface has two parts {name:?} that differ only in case, which some file \
             systems do not support; rename one with an action in overlay.json"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::{changes, text_of};

    fn parts(parts: &[(&str, &str)]) -> BTreeMap<String, String> {
        parts.iter().map(|(stem, text)| ((*stem).into(), (*text).into())).collect()
    }

    #[test]
    fn insta_accepts_these_files() {
        let root = tempfile::tempdir().unwrap();
        let text = "fn list_agents(&self)\n  -> ListAgents\n\n";
        let changes = changes(root.path(), &parts(&[("agents", text)])).unwrap();
        let path = root.path().join("agents.snap");
        fs::write(&path, changes[0].new.as_ref().unwrap()).unwrap();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root.path());
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_snapshot!("agents", text));
        assert_eq!(text_of(&fs::read(path).unwrap()).trim_end(), text.trim_end());
    }

    #[test]
    fn other_files_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("tests/snapshots");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("gone.snap"), super::render("x")).unwrap();
        fs::write(folder.join("same.snap"), super::render("same")).unwrap();
        fs::write(folder.join("other.snap"), "---\nsource: tests/it/tour.rs\n---\nx\n").unwrap();
        fs::write(folder.join("notes.md"), "x").unwrap();
        let changes = changes(root.path(), &parts(&[("same", "same\n"), ("new", "y")])).unwrap();
        let shown: Vec<_> = changes.iter().map(|c| (c.path.as_str(), c.new.is_some())).collect();
        assert_eq!(
            shown,
            [("tests/snapshots/gone.snap", false), ("tests/snapshots/new.snap", true)]
        );
    }

    #[test]
    fn rejects_names_that_are_not_plain_file_names() {
        let root = tempfile::tempdir().unwrap();
        for name in ["../x", "a/b", "", ".hidden", "a b", "..", "c:x", "a\0"] {
            assert!(changes(root.path(), &parts(&[(name, "x")])).is_err(), "{name:?}");
        }
        assert!(changes(root.path(), &parts(&[("Agents", "x"), ("agents", "y")])).is_err());
    }
}
