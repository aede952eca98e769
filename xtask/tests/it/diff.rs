//! `diff` compares two files or revisions, prints a report and exits with 0.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::support::{RepositoryCopy, edited, stderr, stdout, xtask};

fn diff(root: &Path, args: &[&str]) -> Output {
    xtask().arg("diff").arg("--root").arg(root).args(args).output().unwrap()
}

/// Writes two documents and compares them.
fn report(old: &[u8], new: &[u8], format: &str) -> String {
    let root = RepositoryCopy::new();
    let (a, b) = (root.join("a.json"), root.join("b.json"));
    fs::write(&a, old).unwrap();
    fs::write(&b, new).unwrap();
    let paths = [a.to_str().unwrap(), b.to_str().unwrap(), "--format", format];
    let output = diff(root.path(), &paths);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

fn same() -> Vec<u8> {
    edited(|_| ())
}

/// Removes an operation, adds one, adds a member and changes a text.
fn evolved() -> Vec<u8> {
    edited(|document| {
        let paths = document["paths"].as_object_mut().unwrap();
        paths.remove("/v1/schedules");
        document["paths"]["/v1/probe"] = json!({"get": {
            "operationId": "probe", "responses": {"204": {"description": "d"}}}});
        document["components"]["schemas"]["Workspace"]["properties"]["color"] =
            json!({"type": "string"});
        document["info"]["title"] = json!("T");
    })
}

#[test]
fn json_report_has_exactly_the_documented_members() {
    let report: Value = serde_json::from_str(&report(&same(), &evolved(), "json")).unwrap();

    let members: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(members, ["changes", "verdict"]);
    let changes = report["changes"].as_array().unwrap();
    for change in changes {
        let members: Vec<&String> = change.as_object().unwrap().keys().collect();
        assert_eq!(members, ["level", "message", "operation", "pointer"]);
        assert!(change["pointer"].as_str().unwrap().starts_with('#'), "{change}");
    }
    let levels: Vec<&str> = changes.iter().map(|one| one["level"].as_str().unwrap()).collect();
    assert!(levels.is_sorted(), "{levels:?}");
    assert_eq!(changes[0]["operation"], "GET /v1/schedules");
    assert!(changes.iter().any(|one| one["operation"].is_null() && one["level"] == "docs"));
}

#[test]
fn equal_documents_have_no_changes_and_verdict_none() {
    let report: Value = serde_json::from_str(&report(&same(), &same(), "json")).unwrap();
    assert_eq!(report, json!({"verdict": "none", "changes": []}));
}

#[test]
fn moving_a_path_prefix_between_servers_and_paths_is_no_change() {
    let moved = edited(|document| {
        document["servers"] = json!([{"url": "https://build.twin.so/v1/"}]);
        let paths = document["paths"].take();
        let move_one = |(path, mut item): (String, Value)| {
            if let Some(short) = path.strip_prefix("/v1") {
                return (format!("{short}/"), item);
            }
            item["servers"] = json!([{"url": "https://build.twin.so"}]);
            (path, item)
        };
        let paths = paths.as_object().unwrap().clone().into_iter();
        document["paths"] = paths.map(move_one).collect();
    });
    // This server URL is wrong, because the paths contain `/v1`. The client still calls our URL.
    let wrong = edited(|document| {
        document["servers"] = json!([{"url": "https://build.twin.so/api"}]);
    });
    for other in [moved, wrong] {
        let report: Value = serde_json::from_str(&report(&same(), &other, "json")).unwrap();
        assert_eq!(report, json!({"verdict": "none", "changes": []}));
    }
}

#[test]
fn text_report_starts_with_breaking_and_ends_with_verdict() {
    let text = report(&same(), &evolved(), "text");
    assert!(text.starts_with("BREAKING   GET /v1/schedules: "), "{text}");
    assert!(text.contains("compatible GET /v1/probe: the operation is new\n"), "{text}");
    assert!(text.contains("`workspaces[].color` is new\n"), "{text}");
    assert!(text.lines().last().unwrap().starts_with("verdict: "), "{text}");
}

#[test]
fn long_text_report_is_complete_and_markdown_fits_a_pull_request() {
    let many = edited(|document| {
        let members = document["components"]["schemas"]["Agent"]["properties"].as_object_mut();
        let members = members.unwrap();
        for index in 0..2000 {
            members.insert(format!("member_{index}"), json!({"type": "string"}));
        }
    });
    let text = report(&same(), &many, "text");
    assert!((0..2000).all(|index| text.contains(&format!("member_{index}` "))));
    let markdown = report(&same(), &many, "markdown");
    assert!(markdown.len() < 65_536, "{}", markdown.len());
    assert!(markdown.contains("more lines do not fit here; `cargo xtask diff OLD NEW`"));
}

#[test]
fn markdown_lists_client_changes_before_documentation_changes_that_do_not_fit() {
    let with_descriptions = |text: &str, other: &str| {
        edited(|document| {
            let schemas = &mut document["components"]["schemas"];
            for index in 0..2000 {
                let member = json!({"type": "string", "description": format!("{text} {index}")});
                schemas["Agent"]["properties"][format!("member_{index}")] = member;
            }
            schemas["Workspace"]["properties"][other] = json!({"type": "string"});
        })
    };
    let (old, new) = (with_descriptions("old", "shape"), with_descriptions("new", "color"));
    let markdown = report(&old, &new, "markdown");
    assert!(markdown.contains("more lines do not fit here"));
    assert!(markdown.contains("- minor: `Workspace.color`: the field is new\n"), "{markdown}");
}

#[test]
fn compares_git_revisions() {
    let root = RepositoryCopy::new();
    root.commit();
    fs::write(root.join("openapi.json"), evolved()).unwrap();
    root.commit();

    for old in ["HEAD~1", "HEAD~1:openapi.json"] {
        let output = diff(root.path(), &[old, "HEAD"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).starts_with("BREAKING   GET /v1/schedules"), "{old}");
    }
}

#[test]
fn diff_exits_with_2_on_incomparable_input() {
    let root = RepositoryCopy::new();
    let html = root.join("page.html");
    fs::write(&html, "<html>").unwrap();
    let good = root.join("openapi.json");
    let good = good.to_str().unwrap();
    for (old, expected) in [
        ("nowhere", "git does not find nowhere:openapi.json"),
        ("--version-of-git", "unexpected argument"),
        (html.to_str().unwrap(), "page.html: parse: the document is HTML"),
    ] {
        let output = diff(root.path(), &[old, good]);
        assert_eq!(output.status.code(), Some(2), "{old}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert!(stdout(&output).is_empty());
    }
}

#[test]
fn compares_documents_that_generate_no_client() {
    let root = RepositoryCopy::new();
    fs::write(root.join("twin-api-gen/known.json"), "[]").unwrap();
    let new = root.join("new.json");
    fs::write(&new, evolved()).unwrap();
    let old = root.join("openapi.json");

    let output = diff(root.path(), &[old.to_str().unwrap(), new.to_str().unwrap()]);

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("the clients could not be compared"), "{text}");
    assert!(text.ends_with("verdict: major\n"), "{text}");
}
