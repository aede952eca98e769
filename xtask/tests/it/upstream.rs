//! Performs the steps of CONTRIBUTING.md with a new document, from `--fetch` to `--accept`. The
//! document has a new member, value and operation, a renamed parameter, a changed type, and lacks an
//! operation.

use std::fs;
use std::process::Output;

use serde_json::json;

use crate::support::{RepositoryCopy, edited, stderr, stdout};

fn evolved() -> Vec<u8> {
    edited(|document| {
        let schemas = &mut document["components"]["schemas"];
        schemas["Workspace"]["properties"]["color"] = json!({"type": "string"});
        schemas["Workspace"]["properties"]["name"]["type"] = json!("integer");
        schemas["RunStatus"]["enum"].as_array_mut().unwrap().push(json!("queued"));
        let paths = document["paths"].as_object_mut().unwrap();
        paths.remove("/v1/schedules").unwrap();
        let mut pause = paths.remove("/v1/agents/{agent_id}/schedule/pause").unwrap();
        pause["post"]["parameters"][0]["name"] = json!("id");
        paths.insert("/v1/agents/{id}/schedule/pause".to_owned(), pause);
        let response = json!({"type": "object", "properties": {"credits": {"type": "integer"}}});
        let response =
            json!({"description": "d", "content": {"application/json": {"schema": response}}});
        let usage = json!({"operationId": "get_usage", "responses": {"200": response}});
        paths.insert("/v1/usage".to_owned(), json!({"get": usage}));
    })
}

/// Returns the lines of the report that CONTRIBUTING.md shows.
fn excerpt_of_contributing() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../CONTRIBUTING.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, excerpt) = text.split_once("An excerpt of its report:").unwrap();
    let mut blocks = excerpt.split("```");
    let block = blocks.nth(1).and_then(|block| block.strip_prefix("text\n")).unwrap();
    let lines = block.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<_> = lines.map(str::to_owned).collect();
    assert!(lines.len() > 5, "the excerpt is too short: {lines:?}");
    lines
}

/// Returns the number of the listed item that begins with `subject`.
fn number(report: &str, subject: &str) -> String {
    let is_item =
        |line: &str| line.split_once(". ").is_some_and(|(_, item)| item.starts_with(subject));
    let line = report.lines().find(|line| is_item(line)).unwrap_or_default();
    assert!(!line.is_empty(), "no item {subject}: {report}");
    line.split_once('.').unwrap().0.trim().to_owned()
}

#[test]
fn upstream_change_is_fetched_reported_and_accepted() {
    let root = RepositoryCopy::fresh();
    let document = root.join("published.json");
    fs::write(&document, evolved()).unwrap();
    let report = root.join("report.md");

    let fetched =
        root.regen(&["--fetch", document.to_str().unwrap(), "--report", report.to_str().unwrap()]);

    let said = stdout(&fetched);
    assert_eq!(fetched.status.code(), Some(0), "{}", stderr(&fetched));
    for line in [
        "BREAKING   GET /v1/schedules: the operation was removed from the document",
        "BREAKING   GET /v1/workspaces: response 200: `workspaces[].name` was string and is integer",
        "new        client, get_usage: the method is new (GET /v1/usage)",
        "new        client, RunStatus: the variant for \"queued\" is new",
        "new        client, Workspace.color: the field is new",
        "BREAKING   client, GET /v1/schedules: the document no longer has the operation; the client keeps it, but calls may fail",
        "verdict    major",
    ] {
        assert!(said.contains(line), "no {line:?} in {said}");
    }
    assert!(!said.contains("schedule/pause"), "a renamed parameter was reported: {said}");
    for line in excerpt_of_contributing() {
        assert!(said.contains(&line), "CONTRIBUTING.md has {line:?}, which is not in {said}");
    }
    let first = said.find("BREAKING").unwrap();
    assert!(first < said.find("\nnew  ").unwrap() && first < said.find("\ncompatible").unwrap());
    let new = said.find("the document contradicts these known facts").unwrap();
    let old = said.find(" known facts that the committed document contradicts too:").unwrap();
    let name = said.rfind("Workspace.name: string; the document says integer").unwrap();
    let error = said.rfind("CancelRunResponse.error: it may be absent").unwrap();
    assert!(new < name && name < old && old < error, "{said}");
    let markdown = fs::read_to_string(report).unwrap();
    let sections = [
        "## API changes: major",
        "### Changes of the client",
        "### Known facts that the document contradicts",
        "(`cargo xtask regen --accept 1`)",
        "### Draft for CHANGELOG.md",
        "### Breaking changes of the document",
        "<details><summary>Compatible changes of the document (3)",
    ];
    let places: Vec<_> = sections.iter().map(|section| markdown.find(section)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}: {markdown}");

    let numbers = [number(&said, "GET /v1/schedules:"), number(&said, "Workspace.name:")].join(",");
    let accepted = root.regen(&["--accept", &numbers]);

    let said = stdout(&accepted);
    assert_eq!(accepted.status.code(), Some(0), "{}", stderr(&accepted));
    for line in [
        "edited     in twin-api-gen/known.json, ",
        "BREAKING   client, list_schedules: the method was removed (GET /v1/schedules)",
        "BREAKING   client, Workspace.name: ",
        "verdict    major",
    ] {
        assert!(said.contains(line), "no {line:?} in {said}");
    }
    assert!(!said.contains("schedules: not in the document"), "{said}");
    let known = fs::read_to_string(root.join("twin-api-gen/known.json")).unwrap();
    assert!(!known.contains("list_schedules"));
    assert_eq!(root.regen(&["--check"]).status.code(), Some(0));
}

#[test]
fn changed_texts_are_counted_unless_verbose() {
    let root = RepositoryCopy::new();
    let document = root.join("published.json");
    let texts = edited(|document| {
        for path in document["paths"].as_object_mut().unwrap().values_mut() {
            for operation in path.as_object_mut().unwrap().values_mut() {
                operation["summary"] = json!("Another summary");
            }
        }
    });
    fs::write(&document, texts).unwrap();
    let fetch = ["--check", "--fetch", document.to_str().unwrap()];

    let counted = stdout(&root.regen(&fetch));
    let listed = stdout(&root.regen(&[&fetch[..], &["--verbose"]].concat()));

    assert!(
        counted.contains("\ndocs       changed texts: 33; --verbose lists them\n"),
        "{counted}"
    );
    assert!(!listed.contains("changed texts:"), "{listed}");
    assert!(listed.contains(": `summary` of the operation changed\n"), "{listed}");
    assert!(listed.contains(" GET /v1/agents/{agent_id} and 27 more\n"), "{listed}");
}

#[test]
fn repeated_regen_reports_the_changes_since_the_last_commit() {
    let root = RepositoryCopy::fresh();
    root.commit();
    let document = root.join("published.json");
    fs::write(&document, evolved()).unwrap();
    let fetched = root.regen(&["--fetch", document.to_str().unwrap()]);
    let report = root.join("new/folder/report.md");

    let repeated = root.regen(&["--report", report.to_str().unwrap()]);

    let of = |output: &Output| stdout(output).split_once("document   ").unwrap().1.to_owned();
    assert_eq!(of(&repeated), of(&fetched));
    assert!(stdout(&repeated).starts_with("surface: unchanged\n"), "{}", stdout(&repeated));
    assert!(fs::read_to_string(report).unwrap().contains("- minor: `Workspace.color`"));
    root.commit();
    assert!(!stdout(&root.regen(&[])).contains("Workspace.color"));
}

#[test]
fn report_that_cannot_be_written_leaves_the_repository_unchanged() {
    let root = RepositoryCopy::fresh();
    fs::write(root.join("published.json"), evolved()).unwrap();
    let before = root.tree();
    let document = root.join("published.json");
    let report = root.join("openapi.json/report.md");

    let output =
        root.regen(&["--fetch", document.to_str().unwrap(), "--report", report.to_str().unwrap()]);

    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("openapi.json/report.md"), "{}", stderr(&output));
    assert_eq!(root.tree(), before);
}

#[test]
fn rejects_accept_number_that_is_not_listed() {
    let root = RepositoryCopy::fresh();
    let before = root.tree();
    let output = root.regen(&["--accept", "999"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--accept 999: there is no such item"), "{}", stderr(&output));
    assert_eq!(root.tree(), before);
}

#[test]
fn regen_applies_known_json_edit_without_a_rebuild() {
    let root = RepositoryCopy::fresh();
    let path = root.join("twin-api-gen/known.json");
    let known = fs::read_to_string(&path).unwrap();
    let mut parsed: serde_json::Value = serde_json::from_str(&known).unwrap();
    parsed["entities"]["Workspace"]["members"]["mood"] =
        json!({"schema": {"type": "string", "description": "d"}, "source": "observed today"});
    fs::write(&path, format!("{parsed:#}\n")).unwrap();

    let checked = root.regen(&["--check"]);
    let written = root.regen(&[]);

    assert_eq!(checked.status.code(), Some(1));
    assert!(stdout(&written).contains("new        client, Workspace.mood: the field is new"));
    let effective = fs::read_to_string(root.join("tests/emulator/effective.json")).unwrap();
    assert!(effective.contains("\"mood\""));
}
