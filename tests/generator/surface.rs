//! The public surface of the generated client, compared with the reviewed files of `tests/snapshots`.
//!
//! `cargo xtask regen` writes the snapshots. A stale snapshot fails here and in `cargo xtask
//! regen --check`.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use insta::{Settings, assert_snapshot};
use serde_json::{Value, json};
use twin_api_gen::{Generated, generate};

use crate::{contract, vendored};

/// The maximum length of the surface, so that a reviewer can read it.
const MOST_LINES: usize = 1_500;

fn snapshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots")
}

fn generated() -> Generated {
    generate(vendored()).expect("the vendored document generates")
}

#[test]
fn surface_equals_the_snapshots() {
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
fn every_snapshot_belongs_to_a_surface() {
    let wanted: BTreeSet<String> =
        generated().surface.files.keys().map(|stem| format!("{stem}.snap")).collect();
    // insta writes `.snap.new` beside a snapshot that a failing test would change.
    let found: BTreeSet<String> = std::fs::read_dir(snapshots())
        .expect("tests/snapshots exists")
        .map(|entry| entry.expect("the folder is readable").path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "new"))
        .map(|path| {
            path.file_name().expect("the path has a file name").to_string_lossy().into_owned()
        })
        .collect();
    assert_eq!(found, wanted);
}

#[test]
fn surface_is_under_1500_lines() {
    let lines: usize = generated().surface.files.values().map(|text| text.lines().count()).sum();
    assert!(lines < MOST_LINES, "{lines} lines");
}

#[test]
fn generation_is_deterministic() {
    let (one, two) = (generated(), generated());
    assert_eq!(one.source, two.source);
    assert_eq!(one.surface, two.surface);
    let first = one.source.lines().next().expect("a first line");
    assert!(first.contains("cargo xtask regen"), "{first}");
}

/// Returns the surface of the effective document after `change`, without the report.
fn surface_after(change: impl FnOnce(&mut Value)) -> BTreeMap<String, String> {
    let mut document = generate(contract()).expect("the contract generates").effective;
    change(&mut document);
    let text = document.to_string();
    let mut input = vendored();
    input.openapi = text.as_bytes();
    input.known = None;
    input.overlay = None;
    let mut files = generate(input).expect("the document generates").surface.files;
    files.remove("report");
    files
}

fn at<'a>(document: &'a mut Value, pointer: &str) -> &'a mut Value {
    document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is there"))
}

type DocumentChange = fn(&mut Value);

/// Edits that change the public surface.
const VISIBLE_CHANGES: [(&str, DocumentChange); 13] = [
    ("an operation is gone", |d| {
        at(d, "/paths/~1v1~1me").as_object_mut().expect("the value is an object").remove("get");
    }),
    ("an operation has another name", |d| {
        *at(d, "/paths/~1v1~1me/get/operationId") = json!("whoami");
    }),
    ("a new required parameter", |d| {
        at(d, "/paths/~1v1~1me/get")["parameters"] =
            json!([{"name": "x", "in": "query", "required": true, "schema": {"type": "string"}}]);
    }),
    ("a new optional parameter", |d| {
        at(d, "/paths/~1v1~1me/get")["parameters"] =
            json!([{"name": "x", "in": "query", "schema": {"type": "string"}}]);
    }),
    ("a new bound on a parameter", |d| {
        for parameter in
            at(d, "/paths/~1v1~1agents/get/parameters").as_array_mut().expect("the value is a list")
        {
            if parameter["name"] == "limit" {
                parameter["schema"]["maximum"] = json!(100);
            }
        }
    }),
    ("a member of a body becomes required", |d| {
        at(d, "/components/schemas/UpdateWebhookBody")["required"] = json!(["events"]);
    }),
    ("a member of a body has a bound", |d| {
        at(d, "/components/schemas/ReorderWorkspacesBody/properties/workspace_ids")["minItems"] =
            json!(1);
    }),
    ("a text of a body has a limit", |d| {
        at(d, "/components/schemas/SetScheduleBody/properties/cron")["maxLength"] = json!(64);
    }),
    ("a member of a response is gone", |d| {
        at(d, "/components/schemas/Run/properties")
            .as_object_mut()
            .expect("the value is an object")
            .remove("goal");
    }),
    ("a member of a response becomes optional", |d| {
        *at(d, "/components/schemas/Workspace/required") = json!(["workspace_id"]);
    }),
    ("a member has another type", |d| {
        *at(d, "/components/schemas/Workspace/properties/name") = json!({"type": "integer"});
    }),
    ("a value is gone", |d| {
        at(d, "/components/schemas/RunStatus/enum")
            .as_array_mut()
            .expect("the value is a list")
            .pop();
    }),
    ("a response is another", |d| {
        *at(d, "/paths/~1v1~1me/get/responses/200/content/application~1json/schema") =
            json!({"$ref": "#/components/schemas/Agent"});
    }),
];

#[test]
fn visible_changes_change_a_snapshot() {
    let before = surface_after(|_| ());
    for (what, edit) in VISIBLE_CHANGES {
        assert_ne!(surface_after(edit), before, "{what}");
    }
}

#[test]
fn wording_changes_change_no_snapshot() {
    let before = surface_after(|_| ());
    let after = surface_after(|d| {
        *at(d, "/components/schemas/Run/description") = json!("Other words.");
        *at(d, "/paths/~1v1~1me/get/summary") = json!("Other words");
    });
    assert_eq!(after, before);
}
