//! Stages the manifests without the parts that must not be published.

use std::path::Path;

use anyhow::Context as _;
use toml_edit::{Array, DocumentMut, Item, Table};

use super::{Crate, read, write};

/// Returns the staged manifest of a crate: publishable, and without the build script for the
/// generated crate.
pub(super) fn staged(text: &str, file: &Path, generated: bool) -> anyhow::Result<String> {
    let mut manifest = parse(text, file)?;
    let package = table(&mut manifest, "package", file)?;
    package.remove("publish");
    // The files of these targets are not packed.
    manifest.remove("bench");
    manifest.remove("test");
    if generated {
        table(&mut manifest, "package", file)?.remove("build");
        manifest.remove("build-dependencies");
    }
    Ok(manifest.to_string())
}

/// The values that the workspace manifest sets for all crates.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WorkspaceValues {
    /// The version of the crates.
    pub(super) version: String,
    /// The minimum supported Rust version.
    pub(super) minimum: String,
}

/// Writes the manifest of the staged workspace.
pub(super) fn stage_workspace(
    root: &Path,
    stage: &Path,
    crates: &[Crate],
) -> anyhow::Result<WorkspaceValues> {
    let file = root.join("Cargo.toml");
    let mut manifest = parse(&read(&file)?, &file)?;
    let promises = trim(&mut manifest, crates, &file)?;
    write(&stage.join("Cargo.toml"), &manifest.to_string())?;
    Ok(promises)
}

fn trim(
    manifest: &mut DocumentMut,
    crates: &[Crate],
    file: &Path,
) -> anyhow::Result<WorkspaceValues> {
    let workspace = table(manifest, "workspace", file)?;
    let folders: Vec<&str> = crates.iter().map(|package| package.folder).collect();
    workspace.insert("members", folders.iter().copied().collect::<Array>().into());
    workspace.remove("exclude");
    workspace.remove("default-members");
    if let Some(dependencies) = workspace.get_mut("dependencies").and_then(Item::as_table_mut) {
        dependencies.retain(|_, dependency| {
            let path = dependency.get("path").and_then(Item::as_str);
            path.is_none_or(|path| folders.contains(&path))
        });
    }
    let package = workspace.get("package").context("Cargo.toml has no [workspace.package]")?;
    let promise = |name: &str| {
        let text = package.get(name).and_then(Item::as_str);
        text.map(str::to_owned).with_context(|| format!("[workspace.package] has no {name}"))
    };
    Ok(WorkspaceValues { version: promise("version")?, minimum: promise("rust-version")? })
}

fn parse(text: &str, file: &Path) -> anyhow::Result<DocumentMut> {
    text.parse().with_context(|| format!("{} is not valid TOML", file.display()))
}

fn table<'a>(
    manifest: &'a mut DocumentMut,
    name: &str,
    file: &Path,
) -> anyhow::Result<&'a mut Table> {
    manifest
        .get_mut(name)
        .and_then(Item::as_table_mut)
        .with_context(|| format!("{} has no table [{name}]", file.display()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{parse, staged, trim};
    use crate::package::Crate;

    #[test]
    fn removes_tests_whose_files_are_not_packed() {
        let text = "[package]\nname = \"a\"\n\n[[test]]\nname = \"t\"\n\n[[bench]]\nname = \"b\"\n";
        let manifest = staged(text, Path::new("a/Cargo.toml"), false).unwrap();
        assert_eq!(manifest, "[package]\nname = \"a\"\n");
    }

    #[test]
    fn removes_the_build_script_of_the_generated_crate_only() {
        let text = "[package]\nname = \"a\"\npublish = false\nbuild = \"build.rs\"\n\n\
                    [dependencies]\nserde = \"1\"\n\n[build-dependencies]\ngen.workspace = true\n";
        let file = Path::new("a/Cargo.toml");
        let kept = "[package]\nname = \"a\"\n\n[dependencies]\nserde = \"1\"\n";
        assert_eq!(staged(text, file, true).unwrap(), kept);
        assert!(staged(text, file, false).unwrap().contains("[build-dependencies]"));
    }

    #[test]
    fn keeps_members_that_are_published_and_dependencies_from_the_registry() {
        let text = "[workspace]\nmembers = [\"a\", \"gen\"]\nexclude = [\"fuzz\"]\n\n\
                    [workspace.package]\nversion = \"0.1.0\"\nrust-version = \"1.88\"\n\n[workspace.dependencies]\n\
                    a = { path = \"a\", version = \"0.1.0\" }\ngen = { path = \"gen\" }\nserde = \"1\"\n";
        let mut manifest = parse(text, Path::new("Cargo.toml")).unwrap();
        let crates = [Crate { name: "a", folder: "a" }];
        let promises = trim(&mut manifest, &crates, Path::new("Cargo.toml")).unwrap();
        assert_eq!((&*promises.version, &*promises.minimum), ("0.1.0", "1.88"));
        let kept = "[workspace]\nmembers = [\"a\"]\n\n[workspace.package]\nversion = \"0.1.0\"\nrust-version = \"1.88\"\n\n\
                    [workspace.dependencies]\na = { path = \"a\", version = \"0.1.0\" }\nserde = \"1\"\n";
        assert_eq!(manifest.to_string(), kept);
    }
}
