//! Tests the verdicts over generated clients and the versions that follow from them.

use serde_json::{Value, json};

use super::{ClientSurface, Difference, Verdict, compare, verdict};

/// A lowered document: one operation, and the components `Body` and `Answer`.
fn lowered(body: &Value, response: &Value) -> Value {
    json!({
        "paths": {"/things/{id}": {"post": {
            "operationId": "make_thing",
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
                {"name": "limit", "in": "query", "schema": {"type": "integer"}},
            ],
            "requestBody": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Body"}}}},
            "responses": {"2XX": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Answer"}}}}},
        }}},
        "components": {"schemas": {"Body": body, "Answer": response}},
    })
}

fn differences(old: &Value, new: &Value) -> Vec<Difference> {
    let client = |lowered| ClientSurface { lowered, effective: &Value::Null, left_out: &[] };
    compare(client(old), client(new))
}

fn of(old: &Value, new: &Value) -> Verdict {
    verdict(&differences(old, new))
}

fn object(members: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": members, "required": required})
}

#[test]
fn rates_changes_of_members_and_variants() {
    use Verdict::{Major, Minor, Patch};
    let string = json!({"type": "string"});
    let one = object(&json!({"a": string}), &["a"]);
    let rows = [
        // The old schema, the new schema, the verdict in a request, the verdict in a response.
        (one.clone(), object(&json!({"a": string, "b": string}), &["a"]), Minor, Minor),
        (one.clone(), object(&json!({"a": string, "b": string}), &["a", "b"]), Major, Minor),
        (one.clone(), object(&json!({}), &[]), Major, Major),
        (one.clone(), object(&json!({"a": string}), &[]), Major, Major),
        (object(&json!({"a": string}), &[]), one.clone(), Major, Major),
        (one.clone(), object(&json!({"a": {"type": "integer"}}), &["a"]), Major, Major),
        (
            one.clone(),
            object(&json!({"a": {"type": "string", "nullable": true}}), &["a"]),
            Major,
            Major,
        ),
        (
            one.clone(),
            object(&json!({"a": {"type": "string", "description": "d"}}), &["a"]),
            Patch,
            Patch,
        ),
        (one, object(&json!({"a": {"type": "string", "deprecated": true}}), &["a"]), Minor, Minor),
        (json!({"enum": ["a"]}), json!({"enum": ["a", "b"]}), Minor, Minor),
        (json!({"enum": ["a", "b"]}), json!({"enum": ["a"]}), Major, Major),
        (json!({"type": "integer"}), json!({"type": "integer", "format": "int32"}), Major, Major),
        (
            json!({"oneOf": [{"type": "string"}]}),
            json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}),
            Major,
            Major,
        ),
    ];
    let any = json!({});
    for (old, new, request, response) in rows {
        assert_eq!(of(&lowered(&old, &any), &lowered(&new, &any)), request, "{old} -> {new}");
        assert_eq!(of(&lowered(&any, &old), &lowered(&any, &new)), response, "{old} -> {new}");
    }
}

#[test]
fn rates_changes_of_methods_and_setters() {
    use Verdict::{Major, Minor, Patch};
    type DocumentEdit = fn(&mut Value);
    let rows: [(DocumentEdit, Verdict, Verdict); 10] = [
        (|it| it["operationId"] = json!("create_thing"), Major, Major),
        (|it| it["deprecated"] = json!(true), Minor, Minor),
        (|it| it["description"] = json!("new"), Patch, Patch),
        (|it| it["parameters"][1]["required"] = json!(true), Major, Minor),
        (|it| it["parameters"][1]["name"] = json!("size"), Major, Major),
        (|it| it["parameters"][1]["schema"]["type"] = json!("string"), Major, Major),
        (|it| it["responses"]["2XX"]["x-twin-optional"] = json!(true), Major, Major),
        (|it| drop(it["parameters"].as_array_mut().unwrap().pop()), Major, Minor),
        (|it| drop(it.as_object_mut().unwrap().remove("requestBody")), Major, Major),
        (
            |it| it["x-twin-bounds"] = json!([{"name": "limit", "minimum": 1, "maximum": null}]),
            Major,
            Minor,
        ),
    ];
    let old = lowered(&json!({}), &json!({}));
    for (edit, forwards, backwards) in rows {
        let mut new = old.clone();
        edit(&mut new["paths"]["/things/{id}"]["post"]);
        assert_eq!(of(&old, &new), forwards, "{:?}", differences(&old, &new));
        assert_eq!(of(&new, &old), backwards, "{:?}", differences(&new, &old));
    }
}

#[test]
fn renamed_type_is_major_and_equal_clients_need_no_release() {
    let old = lowered(&json!({}), &json!({}));
    let text = old.to_string().replace("Answer", "Response");
    let new: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(of(&old, &new), Verdict::Major);
    assert_eq!(of(&old, &old), Verdict::None);
}

#[test]
fn rates_changes_of_servers_and_security_schemes() {
    let lowered = json!({});
    let effective = |url: &str, header: &str| {
        json!({"servers": [{"url": url}], "components": {"securitySchemes": {
            "any": {"type": "apiKey", "in": "header", "name": header}}}})
    };
    let old = effective("https://a.example/v1", "x-key");
    let of = |new: &Value| {
        let client = |effective| ClientSurface { lowered: &lowered, effective, left_out: &[] };
        verdict(&compare(client(&old), client(new)))
    };
    assert_eq!(of(&effective("https://a.example/v2", "X-Key")), Verdict::None);
    assert_eq!(of(&effective("https://b.example", "x-key")), Verdict::Major);
    assert_eq!(of(&effective("https://a.example", "x-token")), Verdict::Major);
    let silent = json!({"servers": [{"url": "https://a.example"}]});
    assert_eq!(of(&silent), Verdict::Patch);
}

#[test]
fn operation_that_becomes_left_out_is_major() {
    let document = lowered(&json!({}), &json!({}));
    let left_out = [crate::LeftOut {
        operation: "POST /things/{id}".into(),
        pointer: "#/paths".into(),
        reason: "multipart".into(),
    }];
    let with = |left_out| ClientSurface { lowered: &document, effective: &Value::Null, left_out };
    let found = compare(with(&[]), with(&left_out));
    assert_eq!(verdict(&found), Verdict::Major);
    assert!(found[0].message.contains("left out, multipart"), "{found:?}");
    assert_eq!(verdict(&compare(with(&left_out), with(&[]))), Verdict::Minor);
}

#[test]
fn tighter_limit_is_major_except_for_negative_counts_and_new_parameters() {
    let client = |parameter: bool, bounds: Value| {
        let mut document = lowered(&json!({}), &json!({}));
        let operation = &mut document["paths"]["/things/{id}"]["post"];
        if parameter {
            let parameters = operation["parameters"].as_array_mut().unwrap();
            parameters.push(json!({"name": "n", "in": "query", "schema": {"type": "integer"}}));
        }
        operation["x-twin-bounds"] = bounds;
        document
    };
    let limit = |minimum: Value, maximum: Value| json!([{"name": "n", "minimum": minimum, "maximum": maximum}]);
    let free = client(true, json!([]));
    let rows = [
        (limit(json!(0), Value::Null), Verdict::Patch),
        (limit(json!(1), Value::Null), Verdict::Major),
        (limit(json!(0), json!(9)), Verdict::Major),
        (limit(Value::Null, json!(9)), Verdict::Major),
    ];
    for (bounds, expected) in rows {
        let limited = client(true, bounds.clone());
        assert_eq!(of(&free, &limited), expected, "{bounds}");
        assert_eq!(of(&limited, &free), Verdict::Minor, "{bounds}");
        let without = client(false, json!([]));
        assert_eq!(of(&without, &limited), Verdict::Minor, "a new parameter, {bounds}");
    }
}

#[test]
fn versions_below_one_raise_the_minor_number_for_breaking_changes() {
    let rows = [
        (Verdict::None, "0.1.0", "0.1.0"),
        (Verdict::Patch, "0.1.0", "0.1.1"),
        (Verdict::Minor, "0.1.4", "0.1.5"),
        (Verdict::Major, "0.1.4", "0.2.0"),
        (Verdict::Patch, "1.2.3", "1.2.4"),
        (Verdict::Minor, "1.2.3", "1.3.0"),
        (Verdict::Major, "1.2.3", "2.0.0"),
    ];
    for (verdict, current, next) in rows {
        assert_eq!(verdict.next_version(current).as_deref(), Some(next), "{verdict} {current}");
    }
    assert_eq!(Verdict::Minor.next_version("1.2"), None);
}
