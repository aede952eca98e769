//! Replaces files of the repository, each through a temporary file and a rename.
//!
//! First, all new contents are written to temporary files beside their targets and flushed, so that
//! a full disk changes nothing. Then each is renamed, in the given order, with openapi.json last. If
//! the process is killed, every file is complete, but some files can be old and others new.
//! `regen --check` then reports stale files, and the next regen generates them again from the
//! openapi.json on disk.
//!
//! A target must be a regular file in one of [`PLACES`].

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use tempfile::{Builder, TempPath};

/// The folders, relative to the root, in which files are replaced.
pub const PLACES: [&str; 5] =
    ["", "tests/emulator", "tests/snapshots", "twin-api-gen", "twin-ext/src/guide"];

/// The file that is replaced last.
pub(crate) const DOCUMENT: &str = "openapi.json";

/// The prefix of temporary file names.
const TEMPORARY: &str = ".regen-";

/// One file to replace, create or remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Relative to the root, with `/`.
    pub path: String,
    /// The content on disk, if the file exists.
    pub old: Option<Vec<u8>>,
    /// The content to write, or `None` to remove the file.
    pub new: Option<Vec<u8>>,
}

/// The next operation on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteStep<'a> {
    /// Writes a new content to a temporary file.
    Write(&'a str),
    /// Renames a temporary file over its target.
    Rename(&'a str),
    /// Removes a file.
    Remove(&'a str),
}

/// A callback before each [`WriteStep`]. Tests return an error or end the process in it; the commands
/// pass [`undisturbed`].
pub type StepHook<'a> = &'a mut dyn FnMut(WriteStep<'_>) -> io::Result<()>;

/// Allows every step. The commands pass this callback.
///
/// # Errors
/// Never.
pub fn undisturbed(_: WriteStep<'_>) -> io::Result<()> {
    Ok(())
}

/// Makes all `changes` under `root`.
///
/// # Errors
/// Fails if a target is not allowed or a content cannot be written; nothing has changed then. Also
/// fails if a rename fails; the error then says that some files are new.
pub fn apply(root: &Path, changes: &[FileChange], hook: StepHook<'_>) -> anyhow::Result<()> {
    let mut ordered: Vec<&FileChange> = changes.iter().collect();
    ordered.sort_by_key(|change| change.path == DOCUMENT);
    let mut written = Vec::new();
    for change in ordered {
        check_target(root, &change.path).context("nothing was changed")?;
        let staged = stage(root, change, hook)
            .with_context(|| format!("writing {}", change.path))
            .context("nothing was changed")?;
        written.push((change.path.as_str(), staged));
    }
    for (path, staged) in written {
        replace(root, path, staged, hook).with_context(|| {
            format!("replacing {path}; some files are new, repeat the command to write the rest")
        })?;
    }
    Ok(())
}

/// Removes the temporary files that a killed process left behind, and returns their number.
///
/// # Errors
/// Fails if a folder cannot be read or a file cannot be removed.
pub fn remove_leftovers(root: &Path) -> anyhow::Result<usize> {
    let mut removed = 0;
    for place in PLACES {
        let entries = match fs::read_dir(root.join(place)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other.with_context(|| format!("reading the folder {place:?}"))?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY)
                && entry.file_type()?.is_file()
            {
                fs::remove_file(entry.path())
                    .with_context(|| format!("removing {}", entry.path().display()))?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

/// Writes `bytes` to a temporary file beside `target` and flushes it. The permissions of an
/// existing target are kept.
pub(crate) fn write_beside(target: &Path, bytes: &[u8]) -> io::Result<TempPath> {
    // A bare file name has the empty path as its parent.
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut file = Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
    file.write_all(bytes)?;
    match fs::metadata(target) {
        Ok(metadata) => file.as_file().set_permissions(metadata.permissions())?,
        Err(_) => make_readable(file.as_file())?,
    }
    file.as_file().sync_all()?;
    Ok(file.into_temp_path())
}

/// Makes a new file readable for all, because a temporary file is private.
#[cfg(unix)]
fn make_readable(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &fs::File) -> io::Result<()> {
    Ok(())
}

fn stage(root: &Path, change: &FileChange, hook: StepHook<'_>) -> io::Result<Option<TempPath>> {
    let Some(new) = &change.new else { return Ok(None) };
    hook(WriteStep::Write(&change.path))?;
    let target = root.join(&change.path);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    write_beside(&target, new).map(Some)
}

fn replace(
    root: &Path,
    path: &str,
    staged: Option<TempPath>,
    hook: StepHook<'_>,
) -> anyhow::Result<()> {
    let target = root.join(path);
    let Some(staged) = staged else {
        hook(WriteStep::Remove(path))?;
        return match fs::remove_file(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => Ok(other?),
        };
    };
    hook(WriteStep::Rename(path))?;
    Ok(staged.persist(target)?)
}

/// Checks that the target is a regular file. A rename would replace a symbolic link.
fn check_target(root: &Path, path: &str) -> anyhow::Result<()> {
    let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
    ensure!(PLACES.contains(&folder), "{path}: regen does not write to this folder");
    let kind = match fs::symlink_metadata(root.join(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.with_context(|| format!("reading {path}"))?.file_type(),
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
