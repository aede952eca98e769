//! Broken documents cause an error that names the place. Unusual but valid documents generate a client.

use serde_json::{Value, json};
use twin_api_gen::{Generated, Runtime, Stage, generate};

use crate::vendored;

fn generate_stand_alone(document: &[u8]) -> Result<Generated, twin_api_gen::Error> {
    let mut input = vendored();
    input.openapi = document;
    input.known = None;
    input.overlay = None;
    input.runtime = Runtime::StandAlone;
    generate(input)
}

/// Builds a small document with one operation, and edits it with `change`.
fn document(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/things/{id}": {"get": {
            "operationId": "get_thing",
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
            "responses": {"200": {"description": "ok", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Thing"},
            }}}},
        }}},
        "components": {"schemas": {"Thing": {
            "type": "object", "properties": {"name": {"type": "string"}},
        }}},
    });
    change(&mut document);
    document.to_string().into_bytes()
}

fn operation(document: &mut Value) -> &mut Value {
    &mut document["paths"]["/things/{id}"]["get"]
}

fn thing(document: &mut Value) -> &mut Value {
    &mut document["components"]["schemas"]["Thing"]
}

/// A broken document, and the error that it causes.
struct BrokenDocument {
    what: &'static str,
    document: Vec<u8>,
    stage: Stage,
    /// The start of the error's JSON pointer, if it has one.
    pointer: Option<&'static str>,
    /// A part of the message.
    says: &'static str,
}

fn broken_documents() -> Vec<BrokenDocument> {
    let parse = |what, document: &[u8], says| BrokenDocument {
        what,
        document: document.to_vec(),
        stage: Stage::Parse,
        pointer: None,
        says,
    };
    let lower = |what, pointer, says, change: &dyn Fn(&mut Value)| BrokenDocument {
        what,
        document: document(change),
        stage: Stage::Lower,
        pointer: Some(pointer),
        says,
    };
    vec![
        parse("empty", b"", "empty"),
        parse("not JSON", b"openapi: 3.1.0\n", "JSON"),
        parse("truncated", b"{\"openapi\": \"3.1.0\", \"pa", "truncated at line 1 column 24"),
        parse("not UTF-8", b"{\"openapi\": \"\xff\"}", "JSON"),
        parse("HTML", b"<!doctype html><html></html>", "HTML"),
        parse("an array", b"[]", "object"),
        parse("a string", b"\"openapi\"", "object"),
        parse("2.0", b"{\"swagger\": \"2.0\", \"info\": {}, \"paths\": {}}", "2.0"),
        parse("3.2", b"{\"openapi\": \"3.2.0\", \"info\": {}, \"paths\": {}}", "3.2"),
        parse("no version", b"{\"info\": {}, \"paths\": {}}", "openapi"),
        parse("a number for a version", b"{\"openapi\": 3.1, \"paths\": {}}", "openapi"),
        parse(
            "nesting of 10,000",
            format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)).as_bytes(),
            "nest",
        ),
        parse(
            "nesting of 10,000 in a schema",
            format!(
                "{{\"openapi\": \"3.1.0\", \"paths\": {}1{}}}",
                "{\"a\":".repeat(10_000),
                "}".repeat(10_000)
            )
            .as_bytes(),
            "nest",
        ),
        BrokenDocument {
            what: "no paths",
            document: document(|d| drop(d.as_object_mut().map(|d| d.remove("paths")))),
            stage: Stage::Client,
            pointer: Some("#/paths"),
            says: "no operations",
        },
        lower("a header name that is not a token", "#/paths/~1things~1{id}/get", "x trace", &|d| {
            let list = operation(d)["parameters"].as_array_mut();
            if let Some(list) = list {
                list.push(json!({"name": "x trace", "in": "header", "schema": {"type": "string"}}));
            }
        }),
        lower("external $ref", "#/components/schemas/Thing", "other.json", &|d| {
            *thing(d) = json!({"$ref": "other.json#/Thing"});
        }),
        lower("$ref over the network", "#/components/schemas/Thing", "https://example.com", &|d| {
            thing(d)["properties"]["name"] = json!({"$ref": "https://example.com/thing.json"});
        }),
        lower(
            "dangling $ref",
            "#/components/schemas/Thing",
            "#/components/schemas/Nowhere",
            &|d| {
                thing(d)["properties"]["name"] = json!({"$ref": "#/components/schemas/Nowhere"});
            },
        ),
        lower("cyclic $ref", "#/components/schemas/", "contains itself", &|d| {
            *thing(d) = json!({"$ref": "#/components/schemas/Other"});
            d["components"]["schemas"]["Other"] = json!({"$ref": "#/components/schemas/Thing"});
        }),
        lower("$ref to itself", "#/components/schemas/Thing", "contains itself", &|d| {
            *thing(d) = json!({"$ref": "#/components/schemas/Thing"});
        }),
        lower("cyclic allOf", "#/components/schemas/Thing", "contains itself", &|d| {
            *thing(d) = json!({"allOf": [{"$ref": "#/components/schemas/Thing"}]});
        }),
    ]
}

#[test]
fn broken_document_error_names_stage_pointer_and_cause() {
    let wrong: Vec<String> = broken_documents().iter().filter_map(not_as_expected).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns what differs from the expected error, if anything does.
fn not_as_expected(case: &BrokenDocument) -> Option<String> {
    let what = case.what;
    let Err(error) = generate_stand_alone(&case.document) else {
        return Some(format!("{what} generated a client"));
    };
    let text = error.to_string();
    let place = error.pointer().unwrap_or_default();
    let right = error.stage() == case.stage
        && text.contains(case.says)
        && case.pointer.is_none_or(|pointer| place.starts_with(pointer))
        && text.len() < 2_000;
    (!right).then(|| format!("{what}: {text}"))
}

/// Returns unusual but valid documents: name, document, and a text that the source must contain.
#[expect(clippy::too_many_lines, reason = "a table")]
fn unusual_documents() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    vec![
        ("3.0", document(|d| d["openapi"] = json!("3.0.3")), "pub fn get_thing"),
        (
            "a byte order mark",
            [b"\xef\xbb\xbf".to_vec(), document(|_| ())].concat(),
            "pub fn get_thing",
        ),
        (
            "no operationId",
            document(|d| drop(operation(d).as_object_mut().map(|o| o.remove("operationId")))),
            "pub fn get_things_by_id",
        ),
        (
            "operationIds that collide in Rust",
            document(|d| {
                let mut twin = operation(d).clone();
                twin["operationId"] = json!("getThing");
                d["paths"]["/others/{id}"] = json!({"get": twin});
            }),
            "pub fn get_things_by_id",
        ),
        (
            "a recursive type",
            document(|d| {
                thing(d)["properties"]["child"] = json!({"$ref": "#/components/schemas/Thing"});
            }),
            "Box<Thing>",
        ),
        (
            "properties that collide in Rust",
            document(|d| {
                thing(d)["properties"] =
                    json!({"fooBar": {"type": "string"}, "foo_bar": {"type": "string"}});
            }),
            "pub extra",
        ),
        (
            "a default of a wrong type",
            document(|d| {
                thing(d)["properties"]["count"] = json!({"type": "integer", "default": "many"});
            }),
            "pub count",
        ),
        (
            "a default that the enum does not have",
            document(|d| {
                thing(d)["properties"]["kind"] =
                    json!({"type": "string", "enum": ["a", "b"], "default": "c"});
            }),
            "pub kind",
        ),
        (
            "a pattern with an enum",
            document(|d| {
                thing(d)["properties"]["kind"] =
                    json!({"type": "string", "enum": ["a", "b"], "pattern": "^[ab]$"});
            }),
            "Unknown(",
        ),
        (
            "a regex bomb",
            document(|d| {
                thing(d)["properties"]["kind"] =
                    json!({"type": "string", "pattern": "((a{1000}){1000}){1000}"});
            }),
            "pub kind",
        ),
        (
            "a version that is not ASCII",
            document(|d| d["info"]["version"] = json!("1.0-β\u{202e}\n")),
            "pub fn get_thing",
        ),
        (
            "code and HTML in a description",
            document(|d| {
                thing(d)["description"] = json!("```rust\npanic!()\n```\n<script>");
            }),
            "\\`\\`\\`rust",
        ),
        (
            "a value called unknown",
            document(|d| {
                thing(d)["properties"]["kind"] =
                    json!({"type": "string", "enum": ["unknown", "a"], "default": "unknown"});
            }),
            "Unknown(",
        ),
        (
            "a wide document of 2 MB",
            document(|d| {
                let text = "x".repeat(10_000);
                for index in 0..200 {
                    d["components"]["schemas"][format!("S{index}")] =
                        json!({"type": "string", "description": text});
                }
            }),
            "pub fn get_thing",
        ),
        (
            "a long chain of references",
            document(|d| {
                for index in 0..300 {
                    let next = format!("#/components/schemas/S{}", index + 1);
                    d["components"]["schemas"][format!("S{index}")] =
                        json!({"type": "object", "properties": {"next": {"$ref": next}}});
                }
                d["components"]["schemas"]["S300"] = json!({"type": "string"});
            }),
            "pub fn get_thing",
        ),
    ]
}

#[test]
fn unusual_documents_generate_the_expected_code() {
    for (what, document, holds) in unusual_documents() {
        let generated =
            generate_stand_alone(&document).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(generated.source.contains(holds), "{what}: no {holds} in the source");
        assert!(generated.source.is_ascii() || what.contains("ASCII"), "{what}");
    }
}

#[test]
fn reports_constraints_that_the_client_leaves_out() {
    let generated = generate_stand_alone(&document(|d| {
        thing(d)["properties"]["kind"] = json!({"type": "string", "pattern": "^a$"});
        thing(d)["not"] = json!({"required": ["x"]});
    }))
    .unwrap();
    let diagnostics: Vec<String> = generated.diagnostics.iter().map(ToString::to_string).collect();
    for place in ["#/components/schemas/Thing/properties/kind", "#/components/schemas/Thing"] {
        assert!(
            diagnostics.iter().any(|line| line.contains(place)),
            "{place} is not in {diagnostics:#?}"
        );
    }
}

#[test]
fn mutated_documents_cause_no_panic() {
    let specimen: Value = serde_json::from_str(include_str!("../specimen/openapi.json")).unwrap();
    // A multiplicative generator with a fixed seed makes the same mutations in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |end: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % end.max(1)
    };
    let mut accepted = 0;
    for _ in 0..150 {
        let mut document = specimen.clone();
        crate::mutation::mutate(&mut document, &mut below);
        match generate_stand_alone(document.to_string().as_bytes()) {
            Ok(_) => accepted += 1,
            Err(error) => {
                assert!(!error.to_string().contains("the generator itself failed"), "{error}");
            }
        }
    }
    assert!(accepted > 100, "only {accepted} of 150 mutated documents generate a client");
}

#[test]
fn random_bytes_cause_an_error_and_no_panic() {
    // A multiplicative generator with a fixed seed makes the same bytes in every run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let whole = document(|_| ());
    for _ in 0..300 {
        let mut bytes = whole.clone();
        for _ in 0..3 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let place = usize::try_from(state >> 33).unwrap_or(0) % bytes.len();
            bytes[place] = u8::try_from((state >> 16) & 0x7f).unwrap_or(b' ');
        }
        if let Err(error) = generate_stand_alone(&bytes) {
            assert!(!error.to_string().contains("the generator itself failed"), "{error}");
        }
    }
}
