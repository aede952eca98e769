//! Compares verdicts with the compiler. A caller of the old client is compiled with the new client;
//! it may fail to compile only if the verdict is major.
//!
//! All callers are programs of one package, so that one `cargo check` compiles them. It uses the lock
//! file and the target folder of this workspace, and no network.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use twin_api_gen::diff::surface::{ClientSurface, Verdict, compare, verdict};
use twin_api_gen::{Generated, Input, Runtime, generate};

const CALLER: &str = r#"
use client::{Client, types};
pub async fn call(client: &Client) -> Result<(String, Option<i64>), Box<dyn std::error::Error>> {
    let body = types::Body::builder().name("n").size(3_i64);
    let sent = client.make_thing().id("a").limit(5_i64).body(body).send().await?;
    let response: types::Answer = sent.into_inner();
    let _other = client.get_thing().id("a").send().await?;
    let name: String = response.name;
    let size: Option<i64> = response.size;
    match response.state {
        types::State::Open => Ok((name, size)),
        types::State::Closed => Ok((name, None)),
        _ => Ok((name, Some(0))),
    }
}
fn main() {}
"#;

fn document() -> Value {
    let named = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let response = json!({"200": {"description": "d", "content": {"application/json": {
        "schema": named("Answer")}}}});
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things/{id}": {
            "post": {
                "operationId": "make_thing",
                "parameters": [id, {"name": "limit", "in": "query", "schema": {"type": "integer"}}],
                "requestBody": {"required": true, "content": {"application/json": {
                    "schema": named("Body")}}},
                "responses": response,
            },
            "get": {"operationId": "get_thing", "parameters": [id], "responses": response},
        }},
        "components": {"schemas": {
            "Body": {"type": "object", "properties": {
                "name": {"type": "string"}, "size": {"type": "integer"}}},
            "Answer": {"type": "object", "required": ["name", "state"], "properties": {
                "name": {"type": "string"}, "size": {"type": "integer"}, "state": named("State")}},
            "State": {"type": "string", "enum": ["open", "closed"]},
        }},
    })
}

type DocumentEdit = fn(&mut Value);

fn schema<'a>(it: &'a mut Value, name: &str) -> &'a mut Value {
    &mut it["components"]["schemas"][name]
}

fn post(it: &mut Value) -> &mut Value {
    &mut it["paths"]["/things/{id}"]["post"]
}

fn remove(it: &mut Value, name: &str) {
    it.as_object_mut().unwrap().remove(name).unwrap();
}

const ROWS: [(&str, DocumentEdit, bool); 17] = [
    ("same", |_| (), true),
    (
        "response_member_removed",
        |it| remove(&mut schema(it, "Answer")["properties"], "size"),
        false,
    ),
    (
        "response_member_of_another_type",
        |it| schema(it, "Answer")["properties"]["size"]["type"] = json!("string"),
        false,
    ),
    (
        "response_member_became_optional",
        |it| schema(it, "Answer")["required"] = json!(["state"]),
        false,
    ),
    (
        "response_member_became_required",
        |it| schema(it, "Answer")["required"] = json!(["name", "state", "size"]),
        false,
    ),
    ("body_member_removed", |it| remove(&mut schema(it, "Body")["properties"], "size"), false),
    ("enum_value_removed", |it| schema(it, "State")["enum"] = json!(["open"]), false),
    ("operation_removed", |it| remove(&mut it["paths"]["/things/{id}"], "get"), false),
    ("parameter_removed", |it| drop(post(it)["parameters"].as_array_mut().unwrap().pop()), false),
    (
        "parameter_of_another_type",
        |it| post(it)["parameters"][1]["schema"]["type"] = json!("string"),
        false,
    ),
    ("request_body_removed", |it| remove(post(it), "requestBody"), false),
    (
        "type_renamed",
        |it| *it = serde_json::from_str(&it.to_string().replace("Answer", "Reply")).unwrap(),
        false,
    ),
    (
        "response_member_added",
        |it| schema(it, "Answer")["properties"]["more"] = json!({"type": "string"}),
        true,
    ),
    ("enum_value_added", |it| schema(it, "State")["enum"] = json!(["open", "closed", "x"]), true),
    (
        "optional_parameter_added",
        |it| {
            let more = json!({"name": "more", "in": "query", "schema": {"type": "string"}});
            post(it)["parameters"].as_array_mut().unwrap().push(more);
        },
        true,
    ),
    (
        "operation_added",
        |it| it["paths"]["/more"] = json!({"get": {"operationId": "more", "responses": {}}}),
        true,
    ),
    ("description_changed", |it| schema(it, "Answer")["description"] = json!("New."), true),
];

fn client(document: &Value) -> Generated {
    let openapi = document.to_string();
    generate(Input {
        openapi: openapi.as_bytes(),
        known: None,
        overlay: None,
        runtime: Runtime::StandAlone,
        strict: true,
    })
    .unwrap()
}

fn judge(old: &Generated, new: &Generated) -> Verdict {
    let side = |one: &Generated| (one.lowered.clone(), one.effective.clone());
    let ((was, was_effective), (is, is_effective)) = (side(old), side(new));
    verdict(&compare(
        ClientSurface { lowered: &was, effective: &was_effective, left_out: &[] },
        ClientSurface { lowered: &is, effective: &is_effective, left_out: &[] },
    ))
}

/// Writes the package and returns its folder.
fn package(clients: &[(&str, Generated)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("callers");
    let programs = folder.join("src/bin");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&programs).unwrap();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let versions = fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
    let mut manifest = "[package]\nname = \"callers\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                        [workspace]\n\n[dependencies]\n"
        .to_owned();
    for name in ["bytes", "futures-core", "progenitor-client", "reqwest", "serde", "serde_json"] {
        let line = versions.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap();
        let line = match name {
            // The features that the generated code needs.
            "reqwest" => {
                "reqwest = { version = \"0.13.5\", default-features = false, \
                          features = [\"json\", \"query\", \"stream\", \"form\"] }"
            }
            _ => line,
        };
        let _ = writeln!(manifest, "{line}");
    }
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    for (name, generated) in clients {
        let program =
            format!("#[allow(warnings)]\nmod client {{\n{}\n}}\n{CALLER}", generated.source);
        fs::write(programs.join(format!("{name}.rs")), program).unwrap();
    }
    folder
}

/// Returns the names of the programs that compile.
fn compiled(folder: &Path) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(folder)
        .args(["check", "--offline", "--keep-going", "--bins", "--message-format", "json"])
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join(".."))
        .output()
        .unwrap();
    let artifacts = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["reason"] == "compiler-artifact" && line["target"]["kind"][0] == "bin")
        .map(|line| line["target"]["name"].as_str().unwrap().to_owned())
        .collect::<BTreeSet<_>>();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!artifacts.is_empty(), "no program compiles: {said}");
    artifacts
}

#[test]
fn caller_fails_to_compile_only_after_major_changes() {
    let before = client(&document());
    let clients: Vec<(&str, Generated)> = ROWS
        .iter()
        .map(|(name, edit, _)| {
            let mut after = document();
            edit(&mut after);
            (*name, client(&after))
        })
        .collect();

    let compiled = compiled(&package(&clients));

    for ((name, _, compiles), (_, after)) in ROWS.iter().zip(&clients) {
        assert_eq!(compiled.contains(*name), *compiles, "{name}: the compiler disagrees");
        assert_eq!(
            judge(&before, after) != Verdict::Major,
            *compiles,
            "{name}: the verdict disagrees"
        );
    }
}
