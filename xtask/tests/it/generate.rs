//! `generate` reads any document, and writes to standard output or replaces whole files.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{stderr, stdout, tree, xtask};

const DOCUMENT: &str = r#"{
    "openapi": "3.1.0",
    "info": { "title": "Pets", "version": "1" },
    "paths": { "/pets": { "get": {
        "operationId": "list_pets",
        "tags": ["Pets"],
        "responses": { "200": { "description": "Pets.", "content": { "application/json": {
            "schema": { "type": ["array", "null"], "items": { "type": "string" } }
        } } } }
    } } }
}"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pets.json"), DOCUMENT).unwrap();
    folder
}

fn generate(folder: &Path, args: &[&str]) -> Output {
    xtask().current_dir(folder).arg("generate").args(args).output().unwrap()
}

#[test]
fn generate_writes_only_the_source_to_stdout() {
    let folder = folder();

    let output = generate(folder.path(), &["pets.json"]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("pub struct Client"));
    assert!(stderr(&output).contains("  lower"), "{}", stderr(&output));
    assert_eq!(tree(folder.path()).len(), 1);
}

#[test]
fn generate_writes_whole_files_to_the_given_paths() {
    let folder = folder();
    let path = |name| folder.path().join(name);
    fs::write(path("client.rs"), "old").unwrap();
    symlink("client.rs", path("link.rs")).unwrap();

    let output =
        generate(folder.path(), &["pets.json", "--out", "link.rs", "--lowered", "lowered.json"]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).is_empty());
    assert!(fs::read_to_string(path("client.rs")).unwrap().contains("pub struct Client"));
    assert!(path("link.rs").is_symlink());
    let lowered: Value = serde_json::from_slice(&fs::read(path("lowered.json")).unwrap()).unwrap();
    assert!(lowered["paths"]["/pets"].is_object());
    assert_eq!(tree(folder.path()).len(), 4, "generate wrote other files");
}

#[test]
fn generate_reads_the_document_from_stdin() {
    let mut child = xtask()
        .args(["generate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(DOCUMENT.as_bytes()).unwrap();

    let output = child.wait_with_output().unwrap();

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("pub struct Client"));
}

#[test]
fn generate_keeps_earlier_outputs_on_error() {
    let folder = folder();
    let path = |name| folder.path().join(name);
    fs::write(path("bad.json"), r#"{"openapi": "3.1.0", "paths": "#).unwrap();
    fs::write(path("client.rs"), "old").unwrap();
    fs::write(path("lowered.json"), "old").unwrap();
    fs::create_dir(path("sub")).unwrap();
    let before = tree(folder.path());
    let cases: [(&[&str], &str); 6] = [
        (&["bad.json", "--out", "client.rs", "--lowered", "lowered.json"], "bad.json: parse: "),
        (&["nowhere.json", "--out", "client.rs"], "nowhere.json: cannot be opened"),
        (&["sub"], "sub: a folder"),
        (
            &["pets.json", "--lowered", "lowered.json", "--out", "sub"],
            "writing sub: it is a folder",
        ),
        (
            &["pets.json", "--lowered", "lowered.json", "--out", "no/client.rs"],
            "writing no/client.rs",
        ),
        (&["pets.json", "--out", "client.rs", "--lowered", "client.rs"], "the same file"),
    ];
    for (args, expected) in cases {
        let output = generate(folder.path(), args);

        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert_eq!(tree(folder.path()), before, "{args:?}");
    }
}

#[test]
fn generate_does_not_replace_a_device() {
    let folder = folder();
    let output = generate(folder.path(), &["pets.json", "--out", "/dev/null"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("not a regular file"), "{}", stderr(&output));
}

#[test]
fn generate_tolerates_a_closed_pipe() {
    let folder = folder();
    let mut child = xtask()
        .current_dir(folder.path())
        .args(["generate", "pets.json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());

    let output = child.wait_with_output().unwrap();

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
}
