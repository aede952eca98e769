//! A document from a file or from the history of the repository.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::fetch;
use crate::write::DOCUMENT;

/// Larger than any known document; a device or a pipe may have no end.
const LARGEST: u64 = 64 << 20;

/// Reads `what`: a file if there is one of this name, else `revision:path`, else the
/// openapi.json of a revision.
pub(super) fn load(root: &Path, what: &str) -> anyhow::Result<Vec<u8>> {
    let path = Path::new(what);
    if path.exists() || path.is_symlink() {
        return fetch::read_file(path, LARGEST);
    }
    // git would take it for an option.
    ensure!(!what.starts_with('-'), "neither a file nor a revision");
    let object = if what.contains(':') { what.to_owned() } else { format!("{what}:{DOCUMENT}") };
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["cat-file", "blob", &object])
        .output()
        .context("no file of this name, and git cannot be run to look for a revision")?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    bail!(
        "no file of this name, and git finds no {object} ({}); \
         name a file, a revision such as HEAD~1, or HEAD~1:openapi.json",
        said.trim()
    )
}

/// Reads a file of the repository that may be missing.
pub(super) fn optional(root: &Path, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
    match fs::read(root.join(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some).with_context(|| format!("reading {path}")),
    }
}
