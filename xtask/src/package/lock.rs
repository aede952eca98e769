//! Stages the lock file, without the packages that only the generator and the tests need.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use toml_edit::{DocumentMut, Item};

use super::{cargo, read};

/// Copies the lock file and lets cargo remove unused packages.
///
/// # Errors
/// Fails if cargo adds a package, because builds would then differ from day to day, or if a package
/// needs a newer Rust than `minimum`.
pub(super) fn stage(root: &Path, stage: &Path, minimum: &str) -> anyhow::Result<()> {
    let (from, to) = (root.join("Cargo.lock"), stage.join("Cargo.lock"));
    fs::copy(&from, &to).with_context(|| format!("copying {}", from.display()))?;
    let metadata = cargo(stage, &["metadata", "--format-version", "1", "--all-features"])?;
    let known = packages(&read(&from)?)?;
    let added: Vec<String> =
        packages(&read(&to)?)?.into_iter().filter(|package| !known.contains(package)).collect();
    ensure!(
        added.is_empty(),
        "Cargo.lock lacks {}; run `cargo update --workspace`",
        added.join(", ")
    );
    let metadata: Value = serde_json::from_str(&metadata).context("reading cargo's metadata")?;
    let newer = newer_than(&metadata, minimum)?;
    ensure!(
        newer.is_empty(),
        "Cargo.toml promises Rust {minimum}, but Cargo.lock holds {}; \
         choose older versions or raise rust-version",
        newer.join(", ")
    );
    Ok(())
}

/// Resolves each direct dependency to the oldest version that the manifests allow. The option needs
/// nightly cargo or `RUSTC_BOOTSTRAP`.
pub(super) fn oldest(stage: &Path) -> anyhow::Result<()> {
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["update", "--quiet", "-Z", "direct-minimal-versions"])
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(stage)
        .status()
        .context("cargo cannot be started")?;
    ensure!(status.success(), "a version in Cargo.toml is older than a dependency allows");
    Ok(())
}

/// Returns name and version of each package from a registry.
fn packages(lock: &str) -> anyhow::Result<Vec<String>> {
    let lock: DocumentMut = lock.parse().context("Cargo.lock is not valid TOML")?;
    let packages = lock.get("package").and_then(Item::as_array_of_tables);
    let packages = packages.context("Cargo.lock lists no packages")?;
    let text = |item: Option<&Item>| item.and_then(Item::as_str).unwrap_or_default().to_owned();
    let packages = packages.iter().filter(|package| {
        let source = package.get("source").and_then(Item::as_str);
        source.is_some_and(|source| source.starts_with("registry+"))
    });
    Ok(packages.map(|p| text(p.get("name")) + " " + &text(p.get("version"))).collect())
}

/// Returns the packages whose `rust-version` is above `minimum`.
fn newer_than(metadata: &Value, minimum: &str) -> anyhow::Result<Vec<String>> {
    let minimum = version(minimum)?;
    let mut newer = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let Some(needs) = package["rust_version"].as_str() else { continue };
        if version(needs)? > minimum {
            let (name, version) = (&package["name"], &package["version"]);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            newer.push(format!("{} {} (Rust {needs})", text(name), text(version)));
        }
    }
    Ok(newer)
}

fn version(text: &str) -> anyhow::Result<Vec<u32>> {
    let mut parts = text
        .split('.')
        .map(|part| part.parse().with_context(|| format!("{text} is not a version of Rust")))
        .collect::<anyhow::Result<Vec<u32>>>()?;
    parts.resize(3, 0);
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::newer_than;

    #[test]
    fn lists_packages_that_need_a_newer_rust() {
        let metadata = json!({"packages": [
            {"name": "old", "version": "1.0.0", "rust_version": "1.88.0"},
            {"name": "new", "version": "2.0.0", "rust_version": "1.88.1"},
            {"name": "newer", "version": "3.0.0", "rust_version": "1.100"},
            {"name": "silent", "version": "4.0.0", "rust_version": null},
        ]});
        let newer = newer_than(&metadata, "1.88").unwrap();
        assert_eq!(newer, ["new 2.0.0 (Rust 1.88.1)", "newer 3.0.0 (Rust 1.100)"]);
    }
}
