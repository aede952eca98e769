//! `regen` and `regen --check` without a fetch: stale files, written files, and output.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::support::{RepositoryCopy, next_release, stderr, stdout, xtask};

#[test]
fn first_regen_writes_and_reports_the_snapshots() {
    let root = RepositoryCopy::new();

    let output = root.regen(&[]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let snapshot = fs::read_to_string(root.join("tests/snapshots/report.snap")).unwrap();
    assert!(
        snapshot.starts_with("---\nsource: tests/generator/surface.rs\nexpression: text\n---\n")
    );
    assert!(stdout(&output).contains("tests/snapshots/report.snap (new): +"));
    let said = stdout(&output);
    let summary = said.lines().find(|line| line.starts_with("surface: ")).unwrap();
    assert!(summary.ends_with(" -0 lines"), "{summary}");
    assert!(said.lines().last().unwrap().starts_with("next       git diff"), "{said}");
    assert!(root.join("tests/emulator/effective.json").exists());
    for stage in ["parse", "overlay", "lower", "client", "passes", "render", "write"] {
        assert!(
            stderr(&output).lines().any(|line| line.starts_with(&format!("  {stage} "))),
            "{stage}"
        );
    }
}

#[test]
fn regen_does_not_write_current_files() {
    let root = RepositoryCopy::fresh();
    let before = identities(&root);

    let written = root.regen(&[]);
    let checked = root.regen(&["--check"]);

    assert_eq!(written.status.code(), Some(0));
    assert_eq!(stdout(&written), "surface: unchanged\n");
    assert_eq!(checked.status.code(), Some(0));
    assert_eq!(stdout(&checked), "surface: unchanged\n");
    assert_eq!(identities(&root), before);
}

/// Returns the inode and modification time of each file, which change when a file is rewritten.
fn identities(root: &RepositoryCopy) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    let identity = |path: PathBuf| {
        let metadata = fs::metadata(&path).unwrap();
        (path, (metadata.ino(), metadata.mtime(), metadata.mtime_nsec()))
    };
    root.tree().into_keys().map(identity).collect()
}

#[test]
fn regen_check_finds_stale_missing_and_extra_files_and_writes_nothing() {
    let stale: fn(&Path) = |folder| fs::write(folder.join("report.snap"), "old").unwrap();
    let missing: fn(&Path) = |folder| fs::remove_file(folder.join("report.snap")).unwrap();
    let extra: fn(&Path) = |folder| {
        fs::copy(folder.join("report.snap"), folder.join("gone.snap")).unwrap();
    };
    let cases = [
        (stale, "report.snap: +"),
        (missing, "report.snap (new): +"),
        (extra, "gone.snap (removed): +0 -"),
    ];
    let root = RepositoryCopy::fresh();
    let fresh = root.tree();
    for (spoil, expected) in cases {
        spoil(&root.join("tests/snapshots"));
        let spoilt = root.tree();

        let checked = root.regen(&["--check"]);

        assert_eq!(checked.status.code(), Some(1), "{expected}");
        assert!(stdout(&checked).contains(expected), "{}", stdout(&checked));
        assert!(stdout(&checked).contains("surface: 1 file changed"), "{}", stdout(&checked));
        assert!(stderr(&checked).ends_with("stale: run `cargo xtask regen`\n"));
        assert_eq!(root.tree(), spoilt, "{expected}");
        assert_eq!(root.regen(&[]).status.code(), Some(0));
        assert_eq!(root.tree(), fresh, "{expected}");
    }
}

#[test]
fn regen_reads_files_from_disk_not_the_compiled_in_ones() {
    let root = RepositoryCopy::fresh();
    fs::write(root.join("openapi.json"), next_release()).unwrap();

    let output = root.regen(&["--check"]);

    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("tests/snapshots/probe.snap (new)"), "{}", stdout(&output));
}

#[test]
fn regen_error_names_the_file_and_changes_nothing() {
    let root = RepositoryCopy::fresh();
    fs::write(root.join("twin-api-gen/overlay.json"), "{").unwrap();
    let before = root.tree();

    let broken = root.regen(&[]);
    fs::remove_file(root.join("twin-api-gen/overlay.json")).unwrap();
    let missing = root.regen(&["--check"]);
    fs::write(root.join("twin-api-gen/overlay.json"), "{").unwrap();

    assert_eq!(broken.status.code(), Some(2));
    assert!(stderr(&broken).contains("overlay: "), "{}", stderr(&broken));
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("twin-api-gen/overlay.json"), "{}", stderr(&missing));
    assert_eq!(root.tree(), before);
}

#[test]
fn regen_does_not_replace_a_symbolic_link() {
    let root = RepositoryCopy::fresh();
    let path = root.join("tests/snapshots/report.snap");
    fs::remove_file(&path).unwrap();
    symlink("/etc/hostname", &path).unwrap();

    let output = root.regen(&[]);

    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("report.snap is a symbolic link"), "{}", stderr(&output));
    assert!(path.is_symlink());
}

#[test]
fn regen_works_on_the_workspace_of_the_current_folder() {
    let root = RepositoryCopy::new();
    fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = [\"twin-api-gen\"]\n").unwrap();
    fs::write(root.join("twin-api-gen/Cargo.toml"), "[package]\nname = \"member\"\n").unwrap();

    let mut command = xtask();
    let output = command.arg("regen").current_dir(root.join("twin-api-gen")).output().unwrap();

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(root.join("tests/snapshots/report.snap").exists());
}

#[test]
fn regen_exits_with_2_outside_a_workspace() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"alone\"\n").unwrap();

    let output = xtask().arg("regen").current_dir(folder.path()).output().unwrap();

    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is not in a Cargo workspace"), "{}", stderr(&output));
}

#[test]
fn regen_exits_with_2_on_unknown_arguments() {
    for args in [&["regen", "--chekc"][..], &["generate"], &["regenerate"], &[]] {
        let output = xtask().args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
    assert_eq!(xtask().arg("--help").output().unwrap().status.code(), Some(0));
}
