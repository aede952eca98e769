//! Loads a document from a file or from the git history.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, bail, ensure};

use crate::fetch;
use crate::write::DOCUMENT;

/// Maximum bytes of a document. A device or a pipe may have no end.
const MAX_BYTES: u64 = 64 << 20;

/// Loads `what`: a file, `revision:path`, or the openapi.json of a revision.
pub(super) fn load(root: &Path, what: &str) -> anyhow::Result<Vec<u8>> {
    let path = Path::new(what);
    if path.exists() || path.is_symlink() {
        return fetch::read_file(path, MAX_BYTES);
    }
    // git would parse it as an option.
    ensure!(!what.starts_with('-'), "neither a file nor a revision");
    let object = if what.contains(':') { what.to_owned() } else { format!("{what}:{DOCUMENT}") };
    let output =
        blob(root, &object).context("no such file, and git cannot be run to find a revision")?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    bail!(
        "no such file, and git does not find {object} ({}); \
         name a file, a revision such as HEAD~1, or HEAD~1:openapi.json",
        said.trim()
    )
}

/// Reads a file of the repository as the last commit has it. If no commit has it, or git cannot be
/// run, it reads the file on disk.
///
/// A report compares with the commit, so that a repeated command reports the same changes.
pub(crate) fn committed(root: &Path, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
    // Without `./`, git would look in the root of its repository, which may contain this root.
    match blob(root, &format!("HEAD:./{path}")) {
        Ok(output) if output.status.success() => Ok(Some(output.stdout)),
        _ => optional(root, path),
    }
}

fn blob(root: &Path, object: &str) -> io::Result<Output> {
    Command::new("git").arg("-C").arg(root).args(["cat-file", "blob", object]).output()
}

/// Reads an optional file of the repository.
pub(crate) fn optional(root: &Path, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
    match fs::read(root.join(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some).with_context(|| format!("reading {path}")),
    }
}
