//! Rust names hang on methods and paths, not on how a document happens to be written.

#![expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]

use serde_json::{Map, Value};
use twin_api_gen::{Generated, Runtime, generate, overlay};
use twin_tests::vendored::{OPENAPI, OVERLAY};

use crate::vendored;

fn document() -> Value {
    serde_json::from_str(OPENAPI).expect("openapi.json is JSON")
}

fn generated(document: &Value, overlay: Option<&str>) -> Generated {
    let text = document.to_string();
    let mut input = vendored();
    input.openapi = text.as_bytes();
    input.overlay = overlay.map(str::as_bytes);
    input.runtime = Runtime::TwinApi;
    generate(input).expect("it generates")
}

/// The surface but for what the overlay and the lowering did.
fn surface(generated: Generated) -> std::collections::BTreeMap<String, String> {
    let mut files = generated.surface.files;
    files.remove("report");
    files
}

#[test]
fn scrambled_operation_ids_give_the_same_source() {
    let mut scrambled = document();
    let paths = scrambled["paths"].as_object_mut().expect("paths");
    for (index, operation) in paths
        .values_mut()
        .flat_map(|item| {
            item.as_object_mut().into_iter().flatten().filter(|(key, _)| *key != "parameters")
        })
        .enumerate()
    {
        operation.1["operationId"] = format!("handler__{:02}", (index * 17) % 33).into();
    }
    let source = generate(vendored()).expect("it generates").source;
    assert_eq!(generated(&scrambled, Some(OVERLAY)).source, source);
}

#[test]
fn a_document_that_inlines_its_bodies_and_answers_gives_the_same_surface() {
    let mut inlined = document();
    overlay::apply(&mut inlined, OVERLAY.as_bytes()).expect("the overlay applies");
    let schemas = inlined["components"]["schemas"].clone();
    inline(&mut inlined["paths"], &schemas);
    let kept = inlined["components"]["schemas"].as_object_mut().expect("schemas");
    kept.retain(|name, _| !of_one_operation(name));
    let wanted = surface(generate(vendored()).expect("it generates"));
    assert_eq!(surface(generated(&inlined, None)), wanted);
}

fn of_one_operation(name: &str) -> bool {
    name.ends_with("Body") || name.ends_with("Response")
}

fn inline(value: &mut Value, schemas: &Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| inline(item, schemas)),
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str).and_then(|reference| {
                reference
                    .strip_prefix("#/components/schemas/")
                    .filter(|name| of_one_operation(name))
            });
            match name.map(|name| schemas[name].clone()) {
                Some(schema) => *value = schema,
                None => members.values_mut().for_each(|member| inline(member, schemas)),
            }
        }
        _ => {}
    }
}

#[test]
fn the_order_of_members_does_not_matter() {
    let backwards = backwards(&document());
    let mut input = vendored();
    input.openapi = backwards.as_bytes();
    let source = generate(vendored()).expect("it generates").source;
    assert_eq!(generate(input).expect("it generates").source, source);
}

/// The JSON text with the members of every object in reverse: a `Value` would sort them.
fn backwards(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: &Map<String, Value> = members;
            let mut parts: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), backwards(value)))
                .collect();
            parts.reverse();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => {
            let parts: Vec<String> = items.iter().map(backwards).collect();
            format!("[{}]", parts.join(","))
        }
        scalar => scalar.to_string(),
    }
}
