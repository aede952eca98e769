//! What an interrupted transaction left behind: finished if it was committed, else removed.
//!
//! It never guesses: without a journal, staged files are scrap; with one, they are the truth.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Hook, Journal, PLACES, finish, journal};
use crate::staged;

/// What [`recover`] found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// The last transaction had ended.
    Nothing,
    /// It was committed but cut short; its files, so many, are in place now.
    Finished(usize),
    /// It was cut short before it was committed; so many staged files were removed.
    Discarded(usize),
}

/// Whether a committed transaction waits to be finished. Only looks.
pub fn pending(root: &Path) -> bool {
    root.join(journal::NAME).exists()
}

/// Brings `root` to where the last transaction should have left it.
///
/// # Errors
/// When the journal cannot be read, or what it asks for cannot be done.
pub fn recover(root: &Path, hook: Hook<'_>) -> anyhow::Result<Recovery> {
    let bytes = match fs::read(root.join(journal::NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let scrap = discard(root).context("removing staged files of an interrupted regen")?;
            return Ok(if scrap == 0 { Recovery::Nothing } else { Recovery::Discarded(scrap) });
        }
        other => other.with_context(|| format!("reading {}", journal::NAME))?,
    };
    let journal = Journal::parse(&bytes)
        .with_context(|| format!("{}: remove it, then run `cargo xtask regen`", journal::NAME))?;
    finish(root, &journal, hook).with_context(|| {
        format!("finishing an interrupted regen; to give it up, remove {}", journal::NAME)
    })?;
    Ok(Recovery::Finished(journal.replace.len() + journal.remove.len()))
}

/// Removes every staged file, and says how many there were.
pub(super) fn discard(root: &Path) -> io::Result<usize> {
    let scrap = leftovers(root)?;
    for path in &scrap {
        fs::remove_file(path)?;
    }
    Ok(scrap.len())
}

fn leftovers(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for place in PLACES {
        let entries = match fs::read_dir(root.join(place)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.')
                && name.ends_with(staged::SUFFIX)
                && entry.file_type()?.is_file()
            {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}
