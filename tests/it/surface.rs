//! The public surface of the generated client, as reviewed: one snapshot a file.
//!
//! `cargo xtask regen` writes the snapshots; a stale one fails here as it fails
//! `cargo xtask regen --check`.

#![expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use insta::{Settings, assert_snapshot};
use twin_api_gen::{Generated, Input, generate};

/// Above this a reviewer skims.
const MOST_LINES: usize = 1_500;

fn snapshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots")
}

fn generated() -> Generated {
    generate(Input::vendored()).expect("the vendored document generates")
}

#[test]
fn the_surface_is_as_reviewed() {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path(snapshots());
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (stem, text) in &generated().surface.files {
            assert_snapshot!(stem.as_str(), text);
        }
    });
}

#[test]
fn there_is_no_snapshot_without_a_surface() {
    let wanted: BTreeSet<String> =
        generated().surface.files.keys().map(|stem| format!("{stem}.snap")).collect();
    let found: BTreeSet<String> = std::fs::read_dir(snapshots())
        .expect("tests/snapshots is there")
        .map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(found, wanted);
}

#[test]
fn the_surface_can_be_read_in_one_sitting() {
    let lines: usize = generated().surface.files.values().map(|text| text.lines().count()).sum();
    assert!(lines < MOST_LINES, "{lines} lines");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (one, two) = (generated(), generated());
    assert_eq!(one.source, two.source);
    assert_eq!(one.surface, two.surface);
    let first = one.source.lines().next().expect("a first line");
    assert!(first.contains("cargo xtask regen"), "{first}");
}
