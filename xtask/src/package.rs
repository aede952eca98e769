//! `cargo xtask package`: stages the workspace that is published.
//!
//! In the repository, twin-api's build script generates the client. A user should not compile
//! the generator, so the staged twin-api contains the generated source and has no build script.
//! The staged workspace also contains twin-ext and twin-emulator, so that `cargo package` verifies
//! twin-ext against the staged twin-api. The programs of tests/consumers are staged beside them,
//! because they use the crates as a user would. Every run stages all files again.
//!
//! This module publishes nothing. `cargo publish` refuses the crates of the repository itself
//! (`publish = false`); staging removes that line.

mod archive;
mod consumers;
mod counts;
mod generated;
mod lock;
mod manifest;
mod release;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::console::Console;
use crate::regen::Freshness;

/// The folder of the staged workspace, relative to the root of the repository.
const STAGE: &str = "target/package-staged";

/// The folder of the workspace that is staged with the oldest dependency versions.
const MINIMAL: &str = "target/package-minimal";

/// The profiles of a staged workspace. They match the repository's, so that dependencies are
/// compiled once.
const PROFILES: &str = "\
[profile.dev]
debug = \"line-tables-only\"

[profile.dev.package.\"*\"]
debug = false
";

/// A crate that is published.
#[derive(Debug)]
struct Crate {
    name: &'static str,
    /// Its folder, relative to the root of the repository and of the stage.
    folder: &'static str,
}

/// The published crates, in the order of publishing.
const CRATES: &[Crate] = &[
    Crate { name: GENERATED, folder: "twin-api" },
    Crate { name: "twin-ext", folder: "twin-ext" },
    Crate { name: "twin-emulator", folder: "tests/emulator" },
];

/// The crate whose source the build script generates.
const GENERATED: &str = "twin-api";

/// Files that only the build script of [`GENERATED`] needs.
const BUILD_ONLY: &[&str] = &["build.rs", "known.json", "openapi.json", "overlay.json"];

/// Files that `cargo package` adds.
const ADDED: &[&str] = &[".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"];

/// The options of the command.
#[derive(Debug, Clone)]
pub struct PackageOptions {
    /// The repository.
    pub root: PathBuf,
    /// Whether to reject a state that must not be published.
    pub release: bool,
    /// Whether to use the oldest versions that the manifests allow.
    pub minimal_versions: bool,
}

/// Stages the workspace that is published.
///
/// # Errors
/// Fails if two generations of the source differ, a dependency needs a newer Rust than the workspace
/// promises, or a README states a wrong number of crates. With `release`, also fails if the release
/// is not ready.
pub fn run(options: &PackageOptions, console: &mut Console) -> anyhow::Result<Freshness> {
    let root = &options.root;
    if options.release {
        release::check(root)?;
    }
    let folder = if options.minimal_versions { MINIMAL } else { STAGE };
    let stage = root.join(folder);
    clear(&stage)?;
    let generated = generated::built(root)?;
    for package in CRATES {
        stage_crate(root, &stage, package)?;
    }
    generated::place(&generated, &stage.join("twin-api"))?;
    let manifest::WorkspaceValues { version, minimum } =
        manifest::stage_workspace(root, &stage, CRATES)?;
    if options.minimal_versions {
        lock::oldest(&stage)?;
    } else {
        lock::stage(root, &stage, &minimum)?;
        counts::check(&stage, CRATES)?;
        consumers::stage(root, &stage, &minimum)?;
        archive::unpack(root, CRATES, &version, &minimum)?;
    }
    console.progress(format_args!("staged in {folder}:"));
    for Crate { name, folder } in CRATES {
        console.progress(format_args!("  {name} ({folder})"));
    }
    let next = match options {
        PackageOptions { minimal_versions: true, .. } => "check --workspace --all-features",
        PackageOptions { release: true, .. } => "publish --workspace",
        _ => "package --workspace",
    };
    console.progress(format_args!("next: cd {folder} && cargo {next} --locked"));
    Ok(Freshness::Fresh)
}

/// Removes an earlier stage but keeps its build cache.
fn clear(stage: &Path) -> anyhow::Result<()> {
    if stage.exists() {
        for entry in fs::read_dir(stage).with_context(|| format!("reading {}", stage.display()))? {
            let entry = entry?;
            if entry.file_name() == "target" {
                continue;
            }
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            }
            .with_context(|| format!("removing {}", path.display()))?;
        }
    }
    fs::create_dir_all(stage).with_context(|| format!("creating {}", stage.display()))
}

/// Copies the files that `cargo package` would pack. Symbolic links are followed.
fn stage_crate(root: &Path, stage: &Path, package: &Crate) -> anyhow::Result<()> {
    let (from, to) = (root.join(package.folder), stage.join(package.folder));
    for file in packed_files(root, package.name)? {
        let source = from.join(&file);
        let target = to.join(&file);
        let folder = target.parent().unwrap_or(&to);
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        if file == "Cargo.toml" {
            let text = read(&source)?;
            write(&target, &manifest::staged(&text, &source, package.name == GENERATED)?)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("copying {}", source.display()))?;
        }
    }
    Ok(())
}

fn packed_files(root: &Path, name: &str) -> anyhow::Result<Vec<String>> {
    let list = cargo(root, &["package", "--list", "--allow-dirty", "-p", name])?;
    let unwanted =
        |file: &&str| ADDED.contains(file) || (name == GENERATED && BUILD_ONLY.contains(file));
    let files: Vec<String> =
        list.lines().filter(|file| !unwanted(file)).map(str::to_owned).collect();
    for licence in ["LICENSE-APACHE", "LICENSE-MIT", "README.md"] {
        ensure!(
            files.iter().any(|file| file == licence),
            "{name} would be packed without {licence}"
        );
    }
    Ok(files)
}

/// Runs cargo in `folder` and returns what it writes to standard output.
fn cargo(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .context("cargo cannot be started")?;
    let command = arguments.join(" ");
    ensure!(
        output.status.success(),
        "`cargo {command}` failed in {}: {}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .with_context(|| format!("the output of `cargo {command}` is not valid UTF-8"))
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}
