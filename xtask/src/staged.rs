//! One file, wholly old or wholly new: the new content is written beside its target,
//! flushed to the disk, and renamed over it.
//!
//! Beside it and not in a folder of its own, because a rename is atomic only within one
//! file system. It does not know which files belong together: that is [`crate::commit`].

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What ends the name of a staged file.
pub(crate) const SUFFIX: &str = ".regen-staged";

/// The staged neighbour of `target`, hidden from whoever lists the folder.
pub(crate) fn beside(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(SUFFIX);
    target.with_file_name(name)
}

/// Writes `bytes` to `staged` and waits until they are on the disk. Nothing may be there yet,
/// not even a link, and a permission that was set on `target` survives its replacement.
pub(crate) fn write(staged: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(staged)?;
    file.write_all(bytes)?;
    if let Ok(metadata) = fs::metadata(target) {
        file.set_permissions(metadata.permissions())?;
    }
    file.sync_all()
}

/// Makes renames and removals in `folder` durable.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; its file system journals renames itself.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
