//! For a hostile document, `generate` returns a client or a clear error, within 10 s and 1 GiB. It
//! fetches nothing, and an error leaves the output files of an earlier run unchanged.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::stderr;

/// Builds a document with one operation, whose response has the schema `A`.
fn document(schemas: &Value) -> String {
    let response = json!({ "description": "A.", "content": { "application/json": {
        "schema": { "$ref": "#/components/schemas/A" }
    } } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Hostile", "version": "1" },
        "paths": { "/a": { "get": { "operationId": "get_a", "responses": { "200": response } } } },
        "components": { "schemas": schemas },
    })
    .to_string()
}

/// Runs `generate` over an earlier output, within the limits.
fn generate(document: &str) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name);
    fs::write(path("hostile.json"), document).unwrap();
    fs::write(path("client.rs"), "earlier").unwrap();
    let mut shell = Command::new("sh");
    // 1 GiB, plus address space that the generator's stack reserves and does not use.
    shell.arg("-c").arg(r#"ulimit -v 1572864; exec "$0" "$@""#).arg(env!("CARGO_BIN_EXE_xtask"));
    shell.args(["generate", "hostile.json", "--out", "client.rs"]).current_dir(folder.path());
    let start = Instant::now();
    let output = shell.output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
    (output, fs::read_to_string(path("client.rs")).unwrap())
}

fn assert_refused(document: &str, expected: &str) {
    let (output, client) = generate(document);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    assert_eq!(client, "earlier");
}

fn assert_generated(document: &str) {
    let (output, client) = generate(document);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(client.contains("pub struct Client"));
}

#[test]
fn typed_cycles_generate_and_other_cycles_are_rejected() {
    let next = json!({ "properties": { "next": { "$ref": "#/components/schemas/A" } } });
    assert_generated(&document(&json!({ "A": next })));
    let itself = json!({ "A": { "$ref": "#/components/schemas/A" } });
    assert_refused(&document(&itself), "#/components/schemas/A");
    let through_all_of = json!({ "A": { "allOf": [{ "$ref": "#/components/schemas/A" }] } });
    assert_refused(&document(&through_all_of), "#/components/schemas/A");
}

#[test]
fn rejects_dangling_and_external_references_without_following() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let url = format!("http://{}/a.json", elsewhere.local_addr().unwrap());
    for reference in [url.as_str(), "other.json#/A", "/etc/passwd", "#/components/schemas/B"] {
        assert_refused(&document(&json!({ "A": { "$ref": reference } })), "#/components/schemas/A");
    }
    assert_eq!(elsewhere.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn regex_bombs_generate_within_limits() {
    let patterns = ["(a{1,1000}){1,1000}", "(a+)+$", "(((a{1000}){1000}){1000}){1000}"];
    let property = |pattern: &&str| json!({ "type": "string", "pattern": pattern });
    let schema = json!({ "type": "object", "properties": {
        "a": property(&patterns[0]), "b": property(&patterns[1]), "c": property(&patterns[2]),
    } });
    assert_generated(&document(&json!({ "A": schema })));
}

#[test]
fn rejects_excessive_nesting() {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let deep = format!(r#"{{"openapi": "3.1.0", "x": {open}{close}}}"#);
    assert_refused(&deep, "nested too deeply");
}

#[test]
fn doubling_references_do_not_multiply() {
    let mut schemas = json!({ "A": { "allOf": [{ "$ref": "#/components/schemas/L0" }] } });
    for level in 0..40 {
        let next = json!({ "$ref": format!("#/components/schemas/L{}", level + 1) });
        schemas[format!("L{level}")] = json!({ "allOf": [next, next] });
    }
    schemas["L40"] = json!({ "type": "object", "properties": { "x": { "type": "string" } } });
    assert_generated(&document(&schemas));
}

#[test]
fn rejects_documents_with_too_many_schemas() {
    let members = |count: usize| -> Value {
        (0..count).map(|index| (format!("p{index}"), json!({ "type": "string" }))).collect()
    };
    let wide = json!({ "A": { "type": "object", "properties": members(100_000) } });
    assert_refused(&document(&wide), "100001 schemas, properties and values");
    let many: Value = (0..1_000)
        .map(|index| (format!("S{index}"), json!({ "type": "object", "properties": members(50) })))
        .chain([("A".to_owned(), json!({ "type": "string" }))])
        .collect();
    assert_refused(&document(&many), "schemas, properties and values");
    let values: Vec<String> = (0..200_000).map(|index| format!("v{index}")).collect();
    let long = json!({ "A": { "type": "string", "enum": values } });
    assert_refused(&document(&long), "schemas, properties and values");
}

#[test]
fn follows_long_chains_of_references() {
    let mut schemas = json!({});
    for index in 0..1_000 {
        let next = format!("#/components/schemas/L{}", index + 1);
        schemas[format!("L{index}")] = json!({ "$ref": next });
    }
    schemas["L1000"] = json!({ "type": "object", "properties": { "x": { "type": "string" } } });
    schemas["A"] = json!({ "$ref": "#/components/schemas/L0" });
    assert_generated(&document(&schemas));
}
