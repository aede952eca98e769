//! One writer at a time.
//!
//! The system's own lock, so that it ends with the process, however that ends: there is no
//! stale lock to explain. It does not wait for the other writer.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context as _, bail};
use fs4::TryLockError;

/// The right to write under a root, until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock on `root`.
    ///
    /// # Errors
    /// When another process holds it, or `root` cannot be locked.
    pub fn acquire(root: &Path) -> anyhow::Result<Self> {
        let file = lockable(root).with_context(|| format!("opening {}", root.display()))?;
        // By the trait's name: the method that newer compilers have of the same name is
        // newer than this workspace's minimum.
        match fs4::FileExt::try_lock(&file) {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => bail!(
                "another `cargo xtask regen` is at work in {}; wait until it has ended",
                root.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("locking {}", root.display()))
            }
        }
    }
}

/// The folder itself: it is always there, and a lock on it leaves no file behind.
#[cfg(unix)]
fn lockable(root: &Path) -> io::Result<File> {
    File::open(root)
}

/// Elsewhere a folder cannot be locked, so a file has to be there for it.
#[cfg(not(unix))]
fn lockable(root: &Path) -> io::Result<File> {
    File::create(root.join(".regen.lock"))
}
