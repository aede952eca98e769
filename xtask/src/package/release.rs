//! Checks that a release is ready, beyond what `cargo xtask check` covers.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use regex::Regex;
use toml_edit::{DocumentMut, Item};

use super::{CRATES, read};

/// The placeholder host of addresses that are not known yet, reserved by RFC 2606.
const PLACEHOLDER: &str = "example.invalid";

/// Texts of the repository that users read, in addition to those of each crate.
const TEXTS: &[&str] =
    &["CHANGELOG.md", "CONTRIBUTING.md", "Cargo.toml", "README.md", "SECURITY.md"];

/// Rejects a release that is not ready.
///
/// # Errors
/// Fails if the release is not ready. The error lists all problems, one on each line.
pub(super) fn check(root: &Path) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    let manifest = read(&root.join("Cargo.toml"))?;
    let version = workspace_version(&manifest)?;
    for file in texts() {
        if root.join(&file).exists() {
            problems.extend(placeholders(&file, &read(&root.join(&file))?));
        }
    }
    problems.extend(undated(&read(&root.join("CHANGELOG.md"))?, &version)?);
    problems.extend(changed(&git(root, &["status", "--porcelain"])?));
    problems.extend(tagged(&git(root, &["tag", "--list", &format!("v{version}")])?));
    if !problems.is_empty() {
        bail!("{version} is not ready for release:\n  {}", problems.join("\n  "));
    }
    Ok(())
}

fn texts() -> Vec<String> {
    let own = CRATES.iter().flat_map(|package| {
        ["Cargo.toml", "README.md"].map(|file| format!("{}/{file}", package.folder))
    });
    own.chain(TEXTS.iter().map(|&file| file.to_owned())).collect()
}

fn workspace_version(manifest: &str) -> anyhow::Result<String> {
    let manifest: DocumentMut = manifest.parse().context("Cargo.toml is not valid TOML")?;
    let version = manifest["workspace"].get("package").and_then(|package| package.get("version"));
    let version = version.and_then(Item::as_str).context("Cargo.toml has no workspace version")?;
    Ok(version.to_owned())
}

fn placeholders(file: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate().filter(|(_, line)| line.contains(PLACEHOLDER));
    lines
        .map(|(index, _)| format!("{file}:{}: replace the placeholder {PLACEHOLDER}", index + 1))
        .collect()
}

/// Requires a changelog section for this version with its release date.
fn undated(changelog: &str, version: &str) -> anyhow::Result<Option<String>> {
    let heading = format!(r"(?m)^## \[?{}\]? - \d{{4}}-\d{{2}}-\d{{2}}$", regex::escape(version));
    let dated = Regex::new(&heading).context("the pattern of a heading")?.is_match(changelog);
    Ok((!dated).then(|| format!("CHANGELOG.md: no heading \"## {version} - YYYY-MM-DD\"")))
}

fn changed(status: &str) -> Option<String> {
    let files = status.lines().count();
    (files > 0).then(|| format!("git: {files} files differ from the last commit; commit them"))
}

fn tagged(tags: &str) -> Option<String> {
    let tag = tags.trim();
    (!tag.is_empty()).then(|| format!("git: the tag {tag} exists; raise the version"))
}

fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(root)
        .output()
        .context("git cannot be started")?;
    ensure!(output.status.success(), "git {} failed in {}", arguments.join(" "), root.display());
    String::from_utf8(output.stdout).context("the output of git is not valid UTF-8")
}

#[cfg(test)]
mod tests {
    use super::{changed, placeholders, tagged, undated};

    #[test]
    fn names_file_and_line_of_each_placeholder() {
        let text = "[package]\nrepository = \"https://example.invalid/twin\"\n";
        let found = placeholders("Cargo.toml", text);
        assert_eq!(found, ["Cargo.toml:2: replace the placeholder example.invalid"]);
        assert!(placeholders("Cargo.toml", "repository = \"https://example.org\"").is_empty());
    }

    #[test]
    fn requires_a_date_in_the_changelog() {
        assert_eq!(undated("## 0.1.0 - 2026-11-26\n", "0.1.0").unwrap(), None);
        assert_eq!(undated("## [0.1.0] - 2026-11-26\n", "0.1.0").unwrap(), None);
        for text in ["## 0.1.0 - not released\n", "## 0.1.1 - 2026-11-26\n", "## Unreleased\n"] {
            let problem = undated(text, "0.1.0").unwrap();
            assert_eq!(
                problem.as_deref(),
                Some("CHANGELOG.md: no heading \"## 0.1.0 - YYYY-MM-DD\""),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_uncommitted_files_and_a_version_that_has_a_tag() {
        assert_eq!(changed(""), None);
        let problem = "git: 2 files differ from the last commit; commit them";
        assert_eq!(changed(" M a\n?? b\n").as_deref(), Some(problem));
        assert_eq!(tagged("\n"), None);
        let problem = "git: the tag v0.1.0 exists; raise the version";
        assert_eq!(tagged("v0.1.0\n").as_deref(), Some(problem));
    }
}
