//! `cargo xtask api`: writes the public API of each library to a text file, for reviewers.
//!
//! A change of the API is then a readable diff, and an accidental change fails the check. rustdoc
//! writes the API as JSON, which needs a nightly compiler or `RUSTC_BOOTSTRAP`. The operations and
//! types of twin-api are left out, because the surface snapshots show them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use similar::TextDiff;

use crate::console::Console;
use crate::regen::{Freshness, UpdateMode};

/// The folder of the files, relative to the root of the repository.
const FOLDER: &str = "tests/public-api";

/// The version of rustdoc's JSON format that the crate public-api supports.
const FORMAT: u64 = 57;

/// The Rust version that writes this format.
const RUST: &str = "1.95";

/// A library whose API is written.
struct Library {
    name: &'static str,
    /// The features to enable. A TLS feature adds nothing to the API.
    features: &'static str,
    /// The modules that are left out.
    omitted: &'static [&'static str],
}

const LIBRARIES: &[Library] = &[
    Library {
        name: "twin-api",
        features: "rustls-ring",
        omitted: &["twin_api::builder::", "twin_api::types::"],
    },
    Library {
        name: "twin-ext",
        features: "axum,blocking,redis,rustls-ring,tracing",
        omitted: &["twin_api::builder::", "twin_api::types::"],
    },
    Library { name: "twin-emulator", features: "contract", omitted: &[] },
];

/// The options of the command.
#[derive(Debug, Clone)]
pub struct ApiOptions {
    /// The repository.
    pub root: PathBuf,
    /// Whether to write the files or to check them.
    pub mode: UpdateMode,
}

/// Writes or checks the files.
///
/// # Errors
/// Fails if a library does not compile, or if rustdoc writes another JSON format than the crate
/// public-api supports.
pub fn run(options: &ApiOptions, console: &mut Console) -> anyhow::Result<Freshness> {
    let mut freshness = Freshness::Fresh;
    for library in LIBRARIES {
        let file = options.root.join(FOLDER).join(format!("{}.txt", library.name));
        let now = listed(&options.root, library)?;
        let before = fs::read_to_string(&file).unwrap_or_default();
        if now == before {
            continue;
        }
        show(library.name, &before, &now, console);
        match options.mode {
            UpdateMode::Check => freshness = Freshness::Stale,
            UpdateMode::Write => {
                let folder = options.root.join(FOLDER);
                fs::create_dir_all(&folder).context("creating the folder of the public API")?;
                fs::write(&file, now).with_context(|| format!("writing {}", file.display()))?;
            }
        }
    }
    if freshness == Freshness::Stale {
        console.progress(format_args!(
            "the public API changed; if it should, run `cargo xtask api` and commit {FOLDER}"
        ));
    }
    Ok(freshness)
}

fn show(name: &str, before: &str, now: &str, console: &mut Console) {
    let diff = TextDiff::from_lines(before, now);
    for change in diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal)
    {
        let line = change.value().trim_end();
        console.progress(format_args!("{name}: {} {line}", change.tag()));
    }
}

fn listed(root: &Path, library: &Library) -> anyhow::Result<String> {
    let json = document(root, library)?;
    let api = public_api::Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .with_context(|| format!("reading {}", json.display()))?;
    let mut lines: Vec<String> = api.items().map(ToString::to_string).collect();
    lines.retain(|line| !library.omitted.iter().any(|omitted| line.contains(omitted)));
    lines.sort_unstable();
    lines.dedup();
    Ok(lines.join("\n") + "\n")
}

/// Runs rustdoc and returns the JSON file that it wrote.
fn document(root: &Path, library: &Library) -> anyhow::Result<PathBuf> {
    // Use another target folder: the variable would make cargo rebuild the dependencies.
    let target = root.join("target/public-api");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["rustdoc", "--quiet", "--locked", "--lib", "--no-default-features"])
        .args(["-p", library.name, "-F", library.features, "--target-dir"])
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTDOCFLAGS")
        .current_dir(root)
        .status()
        .context("cargo cannot be started")?;
    ensure!(status.success(), "rustdoc failed for {}", library.name);
    let json = target.join("doc").join(format!("{}.json", library.name.replace('-', "_")));
    let text = fs::read(&json).with_context(|| format!("reading {}", json.display()))?;
    let value: Value = serde_json::from_slice(&text).context("rustdoc's output is not JSON")?;
    match value["format_version"].as_u64() {
        Some(FORMAT) => Ok(json),
        other => bail!(
            "rustdoc writes format {}, and the crate public-api reads {FORMAT}: use Rust {RUST}",
            other.unwrap_or_default()
        ),
    }
}
