//! Interrupts a regen at each step, by killing the process or filling the disk. Afterwards each file
//! is complete, `--check` reports stale files, and the next regen updates them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use xtask::write::{self, FileChange, WriteStep, undisturbed};

use crate::support::{RepositoryCopy, next_release, stderr, tree};

/// The environment variables of the child process. Without them its test does nothing.
const FOLDER: &str = "XTASK_TEST_FOLDER";
const STEP: &str = "XTASK_TEST_STEP";

const OLD: [(&str, &str); 3] = [
    ("openapi.json", "old document"),
    ("tests/snapshots/agents.snap", "old agents"),
    ("tests/snapshots/gone.snap", "old gone"),
];
const NEW: [(&str, &str); 3] = [
    ("openapi.json", "new document"),
    ("tests/snapshots/agents.snap", "new agents"),
    ("tests/snapshots/runs.snap", "new runs"),
];

fn old_root() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("tests/snapshots")).unwrap();
    for (path, text) in OLD {
        fs::write(root.path().join(path), text).unwrap();
    }
    root
}

fn old_to_new() -> Vec<FileChange> {
    let mut paths: BTreeMap<&str, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for (path, text) in OLD {
        paths.entry(path).or_default().0 = Some(text);
    }
    for (path, text) in NEW {
        paths.entry(path).or_default().1 = Some(text);
    }
    let bytes = |text: Option<&str>| text.map(Into::into);
    let change = |(path, (old, new)): (&str, _)| FileChange {
        path: path.to_owned(),
        old: bytes(old),
        new: bytes(new),
    };
    paths.into_iter().map(change).collect()
}

fn contents(root: &Path) -> BTreeMap<String, String> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let name = |path: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    tree(root)
        .into_iter()
        .filter_map(|(path, bytes)| bytes.map(|bytes| (name(&path), text(bytes))))
        .collect()
}

fn expected(files: [(&str, &str); 3]) -> BTreeMap<String, String> {
    files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// Runs [`child_process_writes_and_aborts`], which aborts before step `step`. Returns whether it
/// exited successfully.
fn survives(root: &Path, step: usize) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "interrupt::child_process_writes_and_aborts", "--nocapture"]);
    child.env(FOLDER, root).env(STEP, step.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
    child.status().unwrap().success()
}

/// Writes the changes in a child process of [`survives`], which aborts it at a step. Does nothing
/// as a normal test.
#[test]
fn child_process_writes_and_aborts() {
    let Some(root) = std::env::var_os(FOLDER) else { return };
    let fatal: usize = std::env::var(STEP).unwrap().parse().unwrap();
    let mut step = 0;
    let mut abort_at_fatal_step = |_: WriteStep<'_>| {
        if step == fatal {
            std::process::abort();
        }
        step += 1;
        Ok(())
    };
    write::apply(Path::new(&root), &old_to_new(), &mut abort_at_fatal_step).unwrap();
}

#[test]
fn killed_regen_leaves_whole_files_and_writes_the_document_last() {
    let (old, new) = (expected(OLD), expected(NEW));
    let mut steps = 0;
    loop {
        let root = old_root();
        let survived = survives(root.path(), steps);
        write::remove_leftovers(root.path()).unwrap();
        let found = contents(root.path());
        for path in old.keys().chain(new.keys()) {
            let found = found.get(path);
            assert!(found == old.get(path) || found == new.get(path), "{steps}: {path}: {found:?}");
        }
        if found["openapi.json"] == new["openapi.json"] {
            assert_eq!(found, new, "the document was replaced before another file, step {steps}");
        }
        write::apply(root.path(), &old_to_new(), &mut undisturbed).unwrap();
        assert_eq!(contents(root.path()), new, "a repeated write did not finish, step {steps}");
        if survived {
            break;
        }
        steps += 1;
    }
    assert_eq!(steps, 7, "3 written, 3 renamed, 1 removed");
}

#[test]
fn full_disk_changes_nothing() {
    for fatal in 0..3 {
        let root = old_root();
        let mut step = 0;
        let mut full = |_: WriteStep<'_>| {
            step += 1;
            if step == fatal + 1 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        };

        let error = write::apply(root.path(), &old_to_new(), &mut full).unwrap_err();

        assert_eq!(error.to_string(), "nothing was changed");
        assert_eq!(contents(root.path()), expected(OLD), "step {fatal}");
    }
}

#[test]
fn failed_rename_error_says_that_some_files_are_new() {
    let root = old_root();
    let mut cut = |step: WriteStep<'_>| match step {
        WriteStep::Rename("tests/snapshots/runs.snap") => {
            Err(io::ErrorKind::PermissionDenied.into())
        }
        _ => Ok(()),
    };

    let error = write::apply(root.path(), &old_to_new(), &mut cut).unwrap_err();

    assert!(error.to_string().contains("repeat the command"), "{error}");
    assert!(error.to_string().contains("tests/snapshots/runs.snap"), "{error}");
    assert_eq!(contents(root.path())["openapi.json"], "old document");
}

/// Returns the changes that a fetch of the next release would write below `root`.
fn next_release_changes(root: &RepositoryCopy) -> Vec<FileChange> {
    let new = RepositoryCopy::fresh();
    fs::write(new.join("openapi.json"), next_release()).unwrap();
    assert_eq!(new.regen(&[]).status.code(), Some(0));
    let name = |path: &Path| path.strip_prefix(new.path()).unwrap().to_str().unwrap().to_owned();
    let change = |(path, bytes): (std::path::PathBuf, Option<Vec<u8>>)| {
        let path = name(&path);
        let old = fs::read(root.join(&path)).ok();
        (old != bytes).then_some(FileChange { path, old, new: bytes })
    };
    let files = new.tree().into_iter().filter(|(_, bytes)| bytes.is_some());
    files.filter_map(change).collect()
}

#[test]
fn regen_after_an_interrupted_fetch_matches_the_document_on_disk() {
    let root = RepositoryCopy::fresh();
    let old = root.tree();
    let document = tempfile::NamedTempFile::new().unwrap();
    fs::write(document.path(), next_release()).unwrap();
    let changes = next_release_changes(&root);
    let mut cut = |step: WriteStep<'_>| match step {
        WriteStep::Rename("openapi.json") => Err(io::ErrorKind::Interrupted.into()),
        _ => Ok(()),
    };
    write::apply(root.path(), &changes, &mut cut).unwrap_err();
    let mixed = root.tree();

    let checked = root.regen(&["--check"]);

    assert_eq!(checked.status.code(), Some(1), "{}", stderr(&checked));
    assert!(stderr(&checked).contains("stale: run `cargo xtask regen`"), "{}", stderr(&checked));
    assert_eq!(root.tree(), mixed);
    assert_eq!(root.regen(&[]).status.code(), Some(0));
    assert_eq!(root.tree(), old, "the document on disk changed");
    write::apply(root.path(), &changes, &mut cut).unwrap_err();
    let fetched = root.regen(&["--fetch", document.path().to_str().unwrap()]);
    assert_eq!(fetched.status.code(), Some(0), "{}", stderr(&fetched));
    assert_eq!(fs::read(root.join("openapi.json")).unwrap(), next_release());
    assert_eq!(root.regen(&["--check"]).status.code(), Some(0));
}

#[test]
fn file_size_limit_changes_nothing() {
    let root = RepositoryCopy::fresh();
    let document = root.join("next.json");
    fs::write(&document, next_release()).unwrap();
    let before = root.tree();
    let limited = |prelude: &str| {
        let mut shell = Command::new("sh");
        let script = format!(r#"{prelude} ulimit -f 8; exec "$0" "$@""#);
        shell.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_xtask"));
        shell.arg("regen").arg("--root").arg(root.path()).arg("--fetch").arg(&document);
        shell.output().unwrap()
    };

    // With SIGXFSZ ignored the write fails, as on a full disk; otherwise the signal kills the
    // process.
    let failed = limited("trap '' XFSZ;");
    assert_eq!(failed.status.code(), Some(2), "{}", stderr(&failed));
    assert!(stderr(&failed).contains("nothing was changed"), "{}", stderr(&failed));
    assert_eq!(root.tree(), before);

    let killed = limited("");
    assert_eq!(killed.status.code(), None, "{}", stderr(&killed));
    let cleaned = root.regen(&[]);
    assert!(stderr(&cleaned).contains("temporary files of a killed regen"), "{}", stderr(&cleaned));
    assert_eq!(root.tree(), before);
}
