//! Tests that equivalent spellings of a document compare as equal.

use serde_json::{Value, json};

use super::document;
use crate::diff::compare;

fn assert_same(old: &Value, new: &Value) {
    let changes = compare(old, new);
    assert!(changes.is_empty(), "{changes:#?}");
    let changes = compare(new, old);
    assert!(changes.is_empty(), "{changes:#?}");
}

#[test]
fn spellings_of_null_are_equal() {
    let spellings = [
        json!({"type": ["string", "null"]}),
        json!({"type": "string", "nullable": true}),
        json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
        json!({"oneOf": [{"type": "null"}, {"type": "string"}]}),
        json!({"oneOf": [{"const": null}, {"type": "string"}]}),
        json!({"allOf": [{"type": "string"}], "nullable": true}),
        json!({"anyOf": [{"type": ["string", "null"]}]}),
    ];
    for one in &spellings {
        for other in &spellings {
            assert_same(&document(one), &document(other));
        }
    }
}

#[test]
fn spellings_of_an_enum_are_equal() {
    let spellings = [
        json!({"type": "string", "enum": ["a", "b"]}),
        json!({"enum": ["b", "a"]}),
        json!({"oneOf": [{"const": "a", "description": "d"}, {"const": "b"}]}),
        json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"enum": ["b"]}]}),
    ];
    for one in &spellings {
        for other in &spellings {
            assert_same(&document(one), &document(other));
        }
    }
}

#[test]
fn type_list_equals_alternatives() {
    let list = document(&json!({"type": ["string", "integer"]}));
    let alternatives = document(&json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}));
    assert_same(&list, &alternatives);
}

/// A document with components, and their names.
fn with_names(thing: &str, part: &str) -> Value {
    let mut document = document(&json!({"$ref": format!("#/components/schemas/{thing}")}));
    document["components"] = json!({"schemas": {
        thing: {"type": "object", "required": ["part"], "properties": {
            "part": {"$ref": format!("#/components/schemas/{part}")},
            "parts": {"type": "array", "items": {"$ref": format!("#/components/schemas/{part}")}},
            "either": {"oneOf": [
                {"$ref": format!("#/components/schemas/{part}")}, {"type": "string"}]},
        }},
        part: {"type": "object", "properties": {"name": {"type": "string"}}},
    }});
    document
}

#[test]
fn schema_names_do_not_matter() {
    let inline_part = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let inline = document(&json!({"type": "object", "required": ["part"], "properties": {
        "part": inline_part,
        "parts": {"type": "array", "items": inline_part},
        "either": {"oneOf": [inline_part, {"type": "string"}]},
    }}));
    assert_same(&with_names("Thing", "Part"), &with_names("ThingDto", "Component"));
    assert_same(&with_names("Thing", "Part"), &inline);
}

#[test]
fn all_of_equals_the_merged_schema() {
    let whole = json!({"type": "object", "required": ["a", "b"], "properties": {
        "a": {"type": "string", "maxLength": 3}, "b": {"type": "integer"}}});
    let split = json!({"allOf": [
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"properties": {"a": {"maxLength": 3}, "b": {"type": "integer"}}, "required": ["b"]},
    ]});
    assert_same(&document(&whole), &document(&split));
}

#[test]
fn names_of_operations_and_path_parameters_do_not_matter() {
    let mut other = document(&json!({"type": "object"}));
    let mut item = other["paths"].as_object_mut().unwrap().remove("/things/{id}").unwrap();
    item["post"]["parameters"][0]["name"] = json!("thing_id");
    item["post"]["operationId"] = json!("thing_controller_post");
    item["post"]["tags"] = json!(["Other"]);
    other["paths"]["/things/{thing_id}/"] = item;
    assert_same(&document(&json!({"type": "object"})), &other);
}

#[test]
fn server_path_equals_a_path_prefix() {
    let mut other = document(&json!({"type": "object"}));
    let item = other["paths"].as_object_mut().unwrap().remove("/things/{id}").unwrap();
    other["paths"]["/{id}"] = item;
    other["servers"] = json!([{"url": "https://{host}.example/things/",
        "variables": {"host": {"default": "things"}}}]);
    assert_same(&document(&json!({"type": "object"})), &other);
}

#[test]
fn shared_parts_equal_inline_parts() {
    let plain = document(&json!({"type": "object"}));
    let mut other = plain.clone();
    let operation = other["paths"]["/things/{id}"]["post"].take();
    other["components"] = json!({
        "parameters": {"Id": operation["parameters"][0]},
        "requestBodies": {"Body": operation["requestBody"]},
        "responses": {"Thing": operation["responses"]["200"]},
    });
    other["paths"]["/things/{id}"] = json!({
        "parameters": [operation["parameters"][1], {"$ref": "#/components/parameters/Id"}],
        "post": {
            "requestBody": {"$ref": "#/components/requestBodies/Body"},
            "responses": {"200": {"$ref": "#/components/responses/Thing"}},
        },
    });
    assert_same(&plain, &other);
}

#[test]
fn spellings_of_exclusive_limits_and_media_types_are_equal() {
    let old = document(&json!({"type": "number", "exclusiveMaximum": 5}));
    let mut new = document(&json!({"type": "number", "maximum": 5, "exclusiveMaximum": true}));
    let content = &mut new["paths"]["/things/{id}"]["post"]["requestBody"]["content"];
    let media = content["application/json"].take();
    *content = json!({"Application/JSON; charset=utf-8": media});
    assert_same(&old, &new);
}

#[test]
fn names_of_security_schemes_do_not_matter() {
    let with = |name: &str| {
        let mut document = document(&json!({}));
        document["components"] =
            json!({"securitySchemes": {name: {"type": "apiKey", "in": "header", "name": "x-key"}}});
        document["security"] = json!([{name: []}]);
        document
    };
    assert_same(&with("key"), &with("ApiKeyAuth"));
}
