//! Stages the files that twin-api's build script generates.
//!
//! The files are taken from a build, compared with a second generation in this process, and copied
//! into the staged crate, whose source then includes the copies.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use twin_api_gen::Input;

use super::{GENERATED, cargo, read, write};

/// The folder of the generated files, relative to `src` of the staged crate.
const FOLDER: &str = "generated";

/// The name and content of each file that the build script writes.
pub(super) type Files = BTreeMap<String, String>;

/// Builds twin-api and returns the files that its build script wrote.
///
/// # Errors
/// Fails if the generator in this process returns other bytes for the same inputs. The published
/// source would then depend on features that other crates enable in the generator's dependencies.
pub(super) fn built(root: &Path) -> anyhow::Result<Files> {
    let arguments = ["check", "--quiet", "--locked", "-p", GENERATED, "--message-format", "json"];
    let messages = cargo(root, &arguments)?;
    let files = files_in(&output_folder(&messages)?)?;
    let again = generate(root)?;
    for (name, text) in &again {
        let built = files.get(name).with_context(|| {
            format!("twin-api's build script wrote no {name}; xtask expects one")
        })?;
        ensure!(
            built == text,
            "{name} differs between twin-api's build script and xtask; \
             the generator must not depend on features of its dependencies"
        );
    }
    for name in files.keys() {
        ensure!(
            again.contains_key(name),
            "twin-api's build script wrote {name}, which xtask does not generate"
        );
    }
    Ok(files)
}

/// Returns the output folder of twin-api's build script, from cargo's messages.
fn output_folder(messages: &str) -> anyhow::Result<PathBuf> {
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).context("reading a message of cargo")?;
        let ours = message["package_id"].as_str().is_some_and(|id| {
            id.contains(&format!("/{GENERATED}#")) || id.contains(&format!("#{GENERATED}@"))
        });
        if ours && message["reason"] == "build-script-executed" {
            let folder = message["out_dir"].as_str().context("cargo's message has no out_dir")?;
            return Ok(PathBuf::from(folder));
        }
    }
    bail!("cargo ran no build script of {GENERATED}")
}

fn files_in(folder: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, read(&entry.path())?);
    }
    Ok(files)
}

/// Generates the files in this process, as twin-api's build.rs does.
fn generate(root: &Path) -> anyhow::Result<Files> {
    let folder = root.join(GENERATED);
    let input = |file: &str| {
        fs::read(folder.join(file)).with_context(|| format!("reading {GENERATED}/{file}"))
    };
    let (openapi, known, overlay) =
        (input("openapi.json")?, input("known.json")?, input("overlay.json")?);
    let client = twin_api_gen::generate(Input::twin_api(&openapi, &known, &overlay))?;
    let outline = client.outline().to_string();
    Ok(Files::from([("client.rs".into(), client.source), ("document.json".into(), outline)]))
}

/// Writes the files into the staged crate, and changes `include!` and `include_str!` to their paths.
pub(super) fn place(files: &Files, krate: &Path) -> anyhow::Result<()> {
    let source = krate.join("src");
    let folder = source.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let mut unused: Vec<&str> = files.keys().map(String::as_str).collect();
    for file in rust_files(&source)? {
        let text = read(&file)?;
        let depth = file.strip_prefix(&source).map_or(0, |path| path.components().count() - 1);
        let staged = point(&text, depth, files.keys(), &mut unused);
        ensure!(
            !staged.contains("OUT_DIR"),
            "{} reads OUT_DIR in a way that staging does not know",
            file.display()
        );
        if staged != text {
            write(&file, &staged)?;
        }
    }
    ensure!(unused.is_empty(), "no source of {GENERATED} includes {}", unused.join(", "));
    for (name, text) in files {
        write(&folder.join(name), text)?;
    }
    Ok(())
}

/// Replaces `concat!(env!("OUT_DIR"), "/NAME")` with the path of the staged file.
fn point<'a>(
    text: &str,
    depth: usize,
    names: impl Iterator<Item = &'a String>,
    unused: &mut Vec<&str>,
) -> String {
    names.fold(text.to_owned(), |text, name| {
        let built = format!("concat!(env!(\"OUT_DIR\"), \"/{name}\")");
        if text.contains(&built) {
            unused.retain(|unused| unused != name);
        }
        text.replace(&built, &format!("\"{}{FOLDER}/{name}\"", "../".repeat(depth)))
    })
}

fn rust_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{output_folder, point};

    #[test]
    fn replaces_each_include_by_a_path_relative_to_its_file() {
        let names = ["client.rs".to_owned(), "document.json".to_owned()];
        let mut unused = vec!["client.rs", "document.json"];
        let text = r#"include!(concat!(env!("OUT_DIR"), "/client.rs"));"#;
        assert_eq!(
            point(text, 0, names.iter(), &mut unused),
            r#"include!("generated/client.rs");"#
        );
        assert_eq!(
            point(text, 1, names.iter(), &mut unused),
            r#"include!("../generated/client.rs");"#
        );
        assert_eq!(unused, ["document.json"]);
    }

    #[test]
    fn reads_the_output_folder_of_our_build_script_only() {
        let message = |id: &str, folder: &str| {
            format!(
                r#"{{"reason":"build-script-executed","package_id":"{id}","out_dir":"{folder}"}}"#
            )
        };
        let messages = [
            message("registry+https://index#ring@0.17.14", "/other"),
            message("path+file:///home/me/repository/twin-api#0.1.0", "/ours"),
        ];
        assert_eq!(output_folder(&messages.join("\n")).unwrap().to_str(), Some("/ours"));
        let error = output_folder(&messages[0]).unwrap_err();
        assert_eq!(error.to_string(), "cargo ran no build script of twin-api");
    }
}
