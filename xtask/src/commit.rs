//! Several files of the repository replaced and removed as if in one moment.
//!
//! Each new content is staged beside its target; then a journal that names them all is
//! renamed into place, and that one rename is the moment: before it everything is old, and
//! after it everything is as good as new, because whoever finds the journal finishes the
//! work ([`recover`]). So an interruption, a full disk or a lost power supply leaves old
//! files or new ones, never a mix that nobody notices, and no single file is ever half
//! written.
//!
//! It refuses to touch a target that is not a regular file, or one outside of [`PLACES`]:
//! leftovers are looked for there alone. It does not lock; its caller holds a
//! [`lock::Lock`].

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use crate::staged;
use journal::Journal;

mod journal;
pub mod lock;
mod recovery;

pub use recovery::{Recovery, pending, recover};

/// The folders, relative to the root, in which files are replaced.
pub const PLACES: [&str; 2] = ["", "tests/snapshots"];

/// One file of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Relative to the root, with `/`.
    pub path: String,
    /// What is there now, if anything.
    pub old: Option<Vec<u8>>,
    /// What shall be there, if anything.
    pub new: Option<Vec<u8>>,
}

/// What is about to be done to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A new content is written beside its target.
    Stage(&'a str),
    /// The journal is written beside its place.
    Prepare,
    /// The journal is renamed into place: the moment.
    Commit,
    /// The folders are flushed, so that the moment lasts.
    Settle,
    /// A staged content is renamed over its target.
    Install(&'a str),
    /// A file is removed.
    Remove(&'a str),
    /// The renames are flushed; the journal is not needed any more and goes.
    Forget,
}

/// Sees each [`Step`] before it is taken and may stop there, by an error or by ending the
/// process: how tests interrupt. The commands pass [`undisturbed`].
pub type Hook<'a> = &'a mut dyn FnMut(Step<'_>) -> io::Result<()>;

/// The hook that lets everything happen.
///
/// # Errors
/// Never.
pub fn undisturbed(_: Step<'_>) -> io::Result<()> {
    Ok(())
}

/// Makes all `changes` under `root`, or none.
///
/// # Errors
/// Before the moment of commitment: nothing has changed, and no staged file is left.
/// After it: some targets are still old, and the message says how to finish.
pub fn apply(root: &Path, changes: &[Change], hook: Hook<'_>) -> anyhow::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    for change in changes {
        replaceable(root, &change.path)?;
    }
    let journal = Journal::of(changes);
    let created = missing_folders(root, &journal);
    if let Err(error) = prepare(root, changes, &journal, hook) {
        // Whatever stays behind is found and removed by the next run.
        let _ = recovery::discard(root);
        for folder in created {
            let _ = fs::remove_dir(folder);
        }
        return Err(error.context("nothing was changed"));
    }
    finish(root, &journal, hook).context(
        "the new files are saved, but not all of them are in place: \
         `cargo xtask regen` finishes it",
    )
}

/// All that precedes the moment, and the moment.
fn prepare(
    root: &Path,
    changes: &[Change],
    journal: &Journal,
    hook: Hook<'_>,
) -> anyhow::Result<()> {
    for change in changes {
        if let Some(new) = &change.new {
            stage(root, &change.path, new, hook)
                .with_context(|| format!("staging {}", change.path))?;
        }
    }
    let target = root.join(journal::NAME);
    let mut save = || -> io::Result<()> {
        hook(Step::Prepare)?;
        staged::write(&staged::beside(&target), &target, &journal.to_bytes())?;
        // The journal must not become durable before the names that it promises.
        sync_folders(root, journal)?;
        hook(Step::Commit)?;
        fs::rename(staged::beside(&target), &target)
    };
    save().with_context(|| format!("writing {}", journal::NAME))
}

fn stage(root: &Path, path: &str, new: &[u8], hook: Hook<'_>) -> io::Result<()> {
    hook(Step::Stage(path))?;
    let target = root.join(path);
    fs::create_dir_all(folder_of(&target))?;
    staged::write(&staged::beside(&target), &target, new)
}

/// All that follows the moment. May be repeated from any point at which it was cut short.
fn finish(root: &Path, journal: &Journal, hook: Hook<'_>) -> anyhow::Result<()> {
    hook(Step::Settle)?;
    staged::sync_folder(root).context("flushing the journal")?;
    for path in &journal.replace {
        let target = root.join(path);
        let install =
            hook(Step::Install(path)).and_then(|()| fs::rename(staged::beside(&target), &target));
        match install {
            // Renamed already, before the interruption.
            Err(error) if error.kind() == io::ErrorKind::NotFound && target.exists() => {}
            other => other.with_context(|| format!("replacing {path}"))?,
        }
    }
    for path in &journal.remove {
        match hook(Step::Remove(path)).and_then(|()| fs::remove_file(root.join(path))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.with_context(|| format!("removing {path}"))?,
        }
    }
    hook(Step::Forget)?;
    sync_folders(root, journal).context("flushing the new files")?;
    fs::remove_file(root.join(journal::NAME))
        .and_then(|()| staged::sync_folder(root))
        .with_context(|| format!("removing {}", journal::NAME))
}

/// A rename over a link would replace the link, and over a folder it fails half-way.
fn replaceable(root: &Path, path: &str) -> anyhow::Result<()> {
    let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
    ensure!(PLACES.contains(&folder), "{path}: regen does not write there");
    let kind = match fs::symlink_metadata(root.join(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.with_context(|| format!("looking at {path}"))?.file_type(),
    };
    if kind.is_file() {
        return Ok(());
    }
    let kind = if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a folder"
    } else {
        "not a regular file"
    };
    bail!("{path} is {kind}; move it away, then run `cargo xtask regen`")
}

fn missing_folders(root: &Path, journal: &Journal) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for path in &journal.replace {
        let mut folder = folder_of(&root.join(path)).to_path_buf();
        // Innermost first: the order in which they can be removed again.
        while !folder.exists() && !folders.contains(&folder) {
            folders.push(folder.clone());
            folder = folder_of(&folder).to_path_buf();
        }
    }
    folders
}

/// Flushes the folders that the journal speaks of, and those above them: one that was made
/// just now is itself a name that could be lost.
fn sync_folders(root: &Path, journal: &Journal) -> io::Result<()> {
    let paths = journal.replace.iter().chain(&journal.remove);
    let mut folders: BTreeSet<&Path> =
        paths.flat_map(|path| Path::new(path).ancestors().skip(1)).collect();
    folders.insert(Path::new("")); // where the journal is
    folders
        .into_iter()
        .map(|folder| root.join(folder))
        .filter(|folder| folder.exists())
        .try_for_each(|folder| staged::sync_folder(&folder))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
