//! A regen that is stopped in the middle, at every step and in every way that can be had:
//! afterwards the files are all old or all new.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use xtask::commit::{self, Change, Recovery, Step, undisturbed};

use crate::support::{Root, next_release, stderr, stdout, tree};

/// How the child process is told what to do; without it, it is a test that does nothing.
const FOLDER: &str = "XTASK_TEST_FOLDER";
const STEP: &str = "XTASK_TEST_STEP";
const RECOVERY: &str = "XTASK_TEST_RECOVERY";

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

fn old_to_new() -> Vec<Change> {
    let mut paths: BTreeMap<&str, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for (path, text) in OLD {
        paths.entry(path).or_default().0 = Some(text);
    }
    for (path, text) in NEW {
        paths.entry(path).or_default().1 = Some(text);
    }
    let bytes = |text: Option<&str>| text.map(Into::into);
    let change = |(path, (old, new)): (&str, _)| Change {
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

/// Runs [`the_child`], which ends its process before step `step`. Whether it lived to the end.
fn survives(root: &Path, step: usize, recovery: bool) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "interrupt::the_child", "--nocapture"]);
    child.env(FOLDER, root).env(STEP, step.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
    if recovery {
        child.env(RECOVERY, "1");
    }
    child.status().unwrap().success()
}

/// Not a test of its own: what [`survives`] runs.
#[test]
fn the_child() {
    let Some(root) = std::env::var_os(FOLDER) else { return };
    let root = Path::new(&root);
    let fatal: usize = std::env::var(STEP).unwrap().parse().unwrap();
    let mut step = 0;
    let mut die = |_: Step<'_>| {
        if step == fatal {
            std::process::abort();
        }
        step += 1;
        Ok(())
    };
    if std::env::var_os(RECOVERY).is_some() {
        commit::recover(root, &mut die).unwrap();
    } else {
        commit::apply(root, &old_to_new(), &mut die).unwrap();
    }
}

/// Every file as it was or as it shall be, whatever else lies around.
fn assert_each_whole(root: &Path, context: &str) {
    let found = contents(root);
    let (old, new) = (expected(OLD), expected(NEW));
    for path in old.keys().chain(new.keys()) {
        let found = found.get(path);
        assert!(found == old.get(path) || found == new.get(path), "{context}: {path}: {found:?}");
    }
}

#[test]
fn killed_at_any_step_all_files_are_old_or_all_are_new() {
    let mut finished = 0;
    let mut steps = 0;
    loop {
        let root = old_root();
        let survived = survives(root.path(), steps, false);
        assert_each_whole(root.path(), &format!("killed at step {steps}"));
        let committed = survived || commit::pending(root.path());

        let recovery = commit::recover(root.path(), &mut undisturbed).unwrap();

        let result = contents(root.path());
        assert_eq!(result, expected(if committed { NEW } else { OLD }), "step {steps}");
        if survived {
            assert_eq!(recovery, Recovery::Nothing);
            break;
        }
        finished += usize::from(matches!(recovery, Recovery::Finished(_)));
        steps += 1;
    }
    assert_eq!(steps, 11, "3 staged, journal, commit, settle, 3 installed, 1 removed, forget");
    assert_eq!(finished, 6, "from settle on");
}

#[test]
fn a_recovery_may_be_killed_too() {
    const COMMITTED: usize = 5;
    for first in COMMITTED..11 {
        for second in 0..6 {
            let root = old_root();
            assert!(!survives(root.path(), first, false));
            survives(root.path(), second, true);
            assert_each_whole(root.path(), &format!("killed at {first}, then at {second}"));

            commit::recover(root.path(), &mut undisturbed).unwrap();

            assert_eq!(contents(root.path()), expected(NEW), "{first}, {second}");
        }
    }
}

#[test]
fn a_disk_that_is_full_at_any_step_leaves_old_files_or_a_journal() {
    for fatal in 0..11 {
        let root = old_root();
        let mut step = 0;
        let mut full = |_: Step<'_>| {
            step += 1;
            if step == fatal + 1 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        };

        let error = commit::apply(root.path(), &old_to_new(), &mut full).unwrap_err();

        if commit::pending(root.path()) {
            assert!(error.to_string().contains("`cargo xtask regen` finishes it"), "{error}");
            commit::recover(root.path(), &mut undisturbed).unwrap();
            assert_eq!(contents(root.path()), expected(NEW), "step {fatal}");
        } else {
            assert_eq!(error.to_string(), "nothing was changed");
            assert_eq!(contents(root.path()), expected(OLD), "step {fatal}");
        }
    }
}

#[test]
fn a_folder_that_was_made_for_nothing_goes_again() {
    let root = tempfile::tempdir().unwrap();
    let change =
        Change { path: "tests/snapshots/a.snap".into(), old: None, new: Some(b"new".to_vec()) };
    let mut full = |step: Step<'_>| match step {
        Step::Commit => Err(io::ErrorKind::StorageFull.into()),
        _ => Ok(()),
    };

    commit::apply(root.path(), &[change], &mut full).unwrap_err();

    assert!(tree(root.path()).is_empty());
}

#[test]
fn half_a_staged_file_is_scrap() {
    let root = old_root();
    fs::write(root.path().join("tests/snapshots/.agents.snap.regen-staged"), "new ag").unwrap();

    let recovery = commit::recover(root.path(), &mut undisturbed).unwrap();

    assert_eq!(recovery, Recovery::Discarded(1));
    assert_eq!(contents(root.path()), expected(OLD));
}

#[test]
fn a_check_reports_an_interrupted_regen_and_the_next_regen_finishes_it() {
    let root = Root::fresh();
    let new = next_release();
    let change = Change { path: "openapi.json".into(), old: None, new: Some(new.clone()) };
    let mut cut = |step: Step<'_>| match step {
        Step::Install(_) => Err(io::ErrorKind::Interrupted.into()),
        _ => Ok(()),
    };
    commit::apply(root.path(), &[change], &mut cut).unwrap_err();
    let before = root.tree();

    let checked = root.regen(&["--check"]);
    assert_eq!(root.tree(), before);
    let finished = root.regen(&[]);

    assert_eq!(checked.status.code(), Some(1));
    assert!(stderr(&checked).contains("run `cargo xtask regen` to finish it"));
    assert_eq!(finished.status.code(), Some(0), "{}", stderr(&finished));
    assert!(stderr(&finished).contains("finished an interrupted regen: 1 files"));
    assert_eq!(fs::read(root.join("openapi.json")).unwrap(), new);
    assert!(stdout(&finished).contains("probe.snap (new)"));
    assert_eq!(root.regen(&["--check"]).status.code(), Some(0));
}

#[test]
fn a_real_limit_on_file_sizes_leaves_everything_as_it_was() {
    let root = Root::fresh();
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

    // With the signal ignored the write fails, as on a full disk; else it kills.
    let failed = limited("trap '' XFSZ;");
    assert_eq!(failed.status.code(), Some(2), "{}", stderr(&failed));
    assert!(stderr(&failed).contains("nothing was changed"), "{}", stderr(&failed));
    assert_eq!(root.tree(), before);

    let killed = limited("");
    assert_eq!(killed.status.code(), None, "{}", stderr(&killed));
    let cleaned = root.regen(&[]);
    assert!(stderr(&cleaned).contains("removed 1 staged files"), "{}", stderr(&cleaned));
    assert_eq!(root.tree(), before);
}
