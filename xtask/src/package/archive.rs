//! Unpacks the archives of the staged crates as a workspace.
//!
//! `cargo package` can also build the crates that it packs. But it unpacks twin-api into a cache only
//! once, because a published version never changes, so later runs would build the first twin-api.
//! Therefore it only packs here, and the check builds the unpacked archives.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::{Crate, PROFILES, STAGE, cargo, lock, write};

/// The folder of the archives, relative to the root of the repository.
const PACKED: &str = "target/package-archives";

/// The folder of the unpacked archives.
const UNPACKED: &str = "target/package-unpacked";

/// Packs the staged crates and unpacks the archives.
///
/// # Errors
/// Fails if cargo refuses to pack a crate, or the workspace needs a package that Cargo.lock lacks.
pub(super) fn unpack(
    root: &Path,
    crates: &[Crate],
    version: &str,
    minimum: &str,
) -> anyhow::Result<()> {
    let (packed, unpacked) = (root.join(PACKED), root.join(UNPACKED));
    for folder in [&packed, &unpacked] {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
        }
    }
    fs::create_dir_all(&unpacked).with_context(|| format!("creating {}", unpacked.display()))?;
    let target = packed.display().to_string();
    let arguments =
        ["package", "--workspace", "--locked", "--no-verify", "--quiet", "--target-dir", &target];
    cargo(&root.join(STAGE), &arguments)?;
    for Crate { name, .. } in crates {
        let archive = packed.join(format!("package/{name}-{version}.crate"));
        let status = Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(&unpacked)
            .status()
            .context("tar cannot be started")?;
        ensure!(status.success(), "tar cannot unpack {}", archive.display());
    }
    write(&unpacked.join("Cargo.toml"), &workspace(crates, version))?;
    lock::stage(root, &unpacked, minimum)
}

/// Builds the manifest of a workspace in which each crate finds the others.
fn workspace(crates: &[Crate], version: &str) -> String {
    let folders: Vec<String> =
        crates.iter().map(|package| format!("{}-{version}", package.name)).collect();
    let patches: Vec<String> = crates
        .iter()
        .zip(&folders)
        .map(|(package, folder)| format!("{} = {{ path = \"{folder}\" }}\n", package.name))
        .collect();
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = {folders:?}\n\n\
         [patch.crates-io]\n{}\n{PROFILES}",
        patches.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::workspace;
    use crate::package::Crate;

    #[test]
    fn every_crate_is_a_member_and_a_patch() {
        let crates = [Crate { name: "a", folder: "a" }, Crate { name: "b", folder: "tests/b" }];
        let text = workspace(&crates, "0.1.0");
        assert!(text.contains("members = [\"a-0.1.0\", \"b-0.1.0\"]"), "{text}");
        assert!(text.contains("b = { path = \"b-0.1.0\" }"), "{text}");
    }
}
