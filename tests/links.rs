//! Checks that relative links and paths in Markdown files lead to files, and that the tests in the fault
//! table exist.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may fail it too")]

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns all Markdown files of the repository, except build output and hidden folders of git.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with(".git") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// Returns the relative links of a page, each with the text up to the next link.
fn links(text: &str) -> Vec<(&str, &str)> {
    text.split("](")
        .skip(1)
        .filter_map(|part| part.split_once(')'))
        .filter(|(target, _)| !target.contains("://") && !target.contains("::"))
        .filter(|(target, _)| !target.is_empty() && !target.starts_with('#'))
        .filter(|(target, _)| target.contains('/') || target.contains('.'))
        .collect()
}

#[test]
fn every_relative_link_in_markdown_leads_to_a_file() {
    let mut dead = Vec::new();
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        // rustdoc renders the guides and checks their links.
        if page.components().any(|part| part.as_os_str() == "guide") {
            continue;
        }
        for (target, _) in links(&text) {
            seen += 1;
            let file = target.split('#').next().unwrap_or_default();
            if !page.parent().unwrap().join(file).exists() {
                dead.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(seen > 50, "only {seen} links were found");
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn every_test_named_in_the_fault_table_exists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults");
    let text = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut missing = Vec::new();
    let mut count = 0;
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        for (target, rest) in links(row) {
            let source = folder.join(target);
            let source =
                if source.is_file() { fs::read_to_string(source).unwrap() } else { String::new() };
            let names = rest.strip_prefix(':').unwrap_or_default();
            for name in names.split('`').skip(1).step_by(2) {
                count += 1;
                if !source.contains(&format!("fn {name}(")) {
                    missing.push(format!("{target}: {name}"));
                }
            }
        }
    }
    assert!(count > 40, "only {count} tests are named");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_row_of_the_fault_table_names_a_test() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("faults/README.md"));
    let text = text.unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| fault"));
    for row in rows {
        let names_a_test = links(row).iter().any(|(_, rest)| rest.starts_with(": `"));
        assert!(names_a_test, "no test: {row}");
    }
}

/// Returns the words in backticks that begin with a folder of the repository.
fn paths_in_code(text: &str) -> impl Iterator<Item = &str> {
    const FOLDERS: [&str; 6] =
        ["tests/", "twin-api/", "twin-api-gen/", "twin-ext/", "xtask/", ".ci/"];
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !word.contains([' ', '*']))
}

#[test]
fn every_path_in_the_top_level_documents_exists() {
    let mut missing = Vec::new();
    let mut seen = 0;
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for path in paths_in_code(&text) {
            seen += 1;
            if !root().join(path).exists() {
                missing.push(format!("{page}: {path}"));
            }
        }
    }
    assert!(seen > 50, "only {seen} paths were found");
    assert!(missing.is_empty(), "{missing:#?}");
}
