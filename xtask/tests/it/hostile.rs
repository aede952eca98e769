//! Documents that are out to get the generator: a right result or a clear error, within
//! 10 s and 1 GiB, nothing fetched, and an earlier output kept where there is no new one.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::stderr;

/// A document with one operation, which answers with the schema `A`.
fn document(schemas: &Value) -> String {
    let answer = json!({ "description": "A.", "content": { "application/json": {
        "schema": { "$ref": "#/components/schemas/A" }
    } } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Hostile", "version": "1" },
        "paths": { "/a": { "get": { "operationId": "get_a", "responses": { "200": answer } } } },
        "components": { "schemas": schemas },
    })
    .to_string()
}

/// Generates over an earlier output, within the limits.
fn generate(document: &str) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name);
    fs::write(path("hostile.json"), document).unwrap();
    fs::write(path("client.rs"), "earlier").unwrap();
    let mut shell = Command::new("sh");
    // 1 GiB, and the address space that the generator's stack reserves but does not use.
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
fn cycles_that_have_a_type_generate_and_others_are_refused() {
    let next = json!({ "properties": { "next": { "$ref": "#/components/schemas/A" } } });
    assert_generated(&document(&json!({ "A": next })));
    let itself = json!({ "A": { "$ref": "#/components/schemas/A" } });
    assert_refused(&document(&itself), "#/components/schemas/A");
    let through_all_of = json!({ "A": { "allOf": [{ "$ref": "#/components/schemas/A" }] } });
    assert_refused(&document(&through_all_of), "#/components/schemas/A");
}

#[test]
fn a_reference_that_leads_nowhere_or_away_is_refused_and_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let url = format!("http://{}/a.json", elsewhere.local_addr().unwrap());
    for reference in [url.as_str(), "other.json#/A", "/etc/passwd", "#/components/schemas/B"] {
        assert_refused(&document(&json!({ "A": { "$ref": reference } })), "#/components/schemas/A");
    }
    assert_eq!(elsewhere.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn patterns_that_explode_do_not_explode_here() {
    let patterns = ["(a{1,1000}){1,1000}", "(a+)+$", "(((a{1000}){1000}){1000}){1000}"];
    let property = |pattern: &&str| json!({ "type": "string", "pattern": pattern });
    let schema = json!({ "type": "object", "properties": {
        "a": property(&patterns[0]), "b": property(&patterns[1]), "c": property(&patterns[2]),
    } });
    assert_generated(&document(&json!({ "A": schema })));
}

#[test]
fn nesting_without_end_is_refused() {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let deep = format!(r#"{{"openapi": "3.1.0", "x": {open}{close}}}"#);
    assert_refused(&deep, "nested too deeply");
}

#[test]
fn references_that_double_at_every_level_do_not_multiply() {
    let mut schemas = json!({ "A": { "allOf": [{ "$ref": "#/components/schemas/L0" }] } });
    for level in 0..40 {
        let next = json!({ "$ref": format!("#/components/schemas/L{}", level + 1) });
        schemas[format!("L{level}")] = json!({ "allOf": [next, next] });
    }
    schemas["L40"] = json!({ "type": "object", "properties": { "x": { "type": "string" } } });
    assert_generated(&document(&schemas));
}

#[test]
fn a_document_that_would_take_all_memory_is_refused_at_once() {
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
fn a_long_chain_of_references_is_followed() {
    let mut schemas = json!({});
    for index in 0..1_000 {
        let next = format!("#/components/schemas/L{}", index + 1);
        schemas[format!("L{index}")] = json!({ "$ref": next });
    }
    schemas["L1000"] = json!({ "type": "object", "properties": { "x": { "type": "string" } } });
    schemas["A"] = json!({ "$ref": "#/components/schemas/L0" });
    assert_generated(&document(&schemas));
}
