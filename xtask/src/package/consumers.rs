//! Stages the programs of tests/consumers as a workspace beside the staged crates.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::{PROFILES, lock, write};

const FROM: &str = "tests/consumers";

/// The folder of the programs in the stage. Their manifests depend on paths such as `../twin-ext`.
const TO: &str = "consumers";

const GIT_MANIFEST: &str = r#"[package]
name = "git-dependency"
version = "0.1.0"
edition = "2024"

[dependencies]
twin-ext = { git = "file://REPOSITORY", default-features = false, features = ["rustls-ring"] }

[workspace]

"#;

const GIT_PROGRAM: &str = "\
use twin_ext::prelude::*;

fn main() -> Result<(), Error> {
    println!(\"{:?}\", ClientBuilder::from_env()?.build()?);
    Ok(())
}
";

/// Copies the programs into the stage, with the lock file of the repository.
///
/// # Errors
/// Fails if a program needs a package that Cargo.lock lacks.
pub(super) fn stage(root: &Path, stage: &Path, minimum: &str) -> anyhow::Result<()> {
    let to = stage.join(TO);
    for file in files(root)? {
        let target = to.join(&file);
        let folder = target.parent().unwrap_or(&to);
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        fs::copy(root.join(FROM).join(&file), &target)
            .with_context(|| format!("copying {file}"))?;
    }
    lock::stage(root, &to, minimum)?;
    stage_git(root, stage, minimum)
}

/// Writes a program that depends on the last commit of the repository. Its build runs the
/// generator.
fn stage_git(root: &Path, stage: &Path, minimum: &str) -> anyhow::Result<()> {
    let root = root.canonicalize().context("finding the repository")?;
    let folder = stage.join("git");
    fs::create_dir_all(folder.join("src")).context("creating the program with a git dependency")?;
    let repository = root.display().to_string();
    write(
        &folder.join("Cargo.toml"),
        &(GIT_MANIFEST.replace("REPOSITORY", &repository) + PROFILES),
    )?;
    write(&folder.join("src/main.rs"), GIT_PROGRAM)?;
    lock::stage(&root, &folder, minimum)
}

/// Returns the files that git tracks or would track.
fn files(root: &Path) -> anyhow::Result<Vec<String>> {
    let folder = root.join(FROM);
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(&folder)
        .output()
        .context("git cannot be started")?;
    ensure!(output.status.success(), "git ls-files failed in {}", folder.display());
    let names = String::from_utf8(output.stdout).context("a file name is not valid UTF-8")?;
    let there = |name: &&str| !name.is_empty() && folder.join(name).is_file();
    Ok(names.split('\0').filter(there).map(str::to_owned).collect())
}
