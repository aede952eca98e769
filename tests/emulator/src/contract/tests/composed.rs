//! Documents with features of OpenAPI that Twin's document does not use.

use std::borrow::Cow;

use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::super::Side;
use super::{BufferedResponse, Contract, Mismatch, Profile, assert_only, get, ok, places};
use crate::documents::parse;

/// Builds a contract with one operation, `GET /a`, whose response is described by `schema`.
fn contract(schema: &Value) -> Contract {
    let media = json!({ "application/json": { "schema": schema } });
    read(&json!({
        "paths": { "/a": { "get": { "responses": { "2XX": { "content": media } } } } },
        "components": { "schemas": {
            "Base": { "type": "object", "required": ["id"], "properties": { "id": {} } },
            "Open": { "type": "object", "properties": { "id": {} }, "additionalProperties": true },
            "Anything": { "type": "object" },
            "Tree": { "type": "object", "properties": {
                "kids": { "type": "array", "items": { "$ref": "#/components/schemas/Tree" } },
            } },
        } },
    }))
}

fn read(document: &Value) -> Contract {
    Contract::new(Profile::Documented, Cow::Owned(document.clone()))
}

fn check(contract: &Contract, body: &Value) -> Vec<Mismatch> {
    contract.check(&Method::GET, "/a", &get("/a"), &ok(body))
}

/// Returns the places of the mismatches of `body`.
#[track_caller]
fn instances(schema: &Value, body: &Value) -> Vec<String> {
    let contract = contract(schema);
    let found = check(&contract, body);
    places(&contract, &found).into_iter().map(|(_, _, instance)| instance).collect()
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

#[test]
fn accepts_members_listed_in_any_all_of_part() {
    let more = json!({ "properties": { "more": { "type": "string" } } });
    let schema = json!({ "allOf": [reference("Base"), more] });
    assert_eq!(instances(&schema, &json!({"id": 1, "more": ""})), [""; 0]);
    assert_eq!(instances(&schema, &json!({"id": 1, "other": ""})), ["/other"]);
    assert_eq!(instances(&schema, &json!({"id": 1, "more": 1})), ["/more"]);
    assert_eq!(instances(&schema, &json!({"more": ""})), [""]);
}

#[test]
fn accepts_members_listed_beside_ref() {
    let mut schema = reference("Base");
    schema["properties"] = json!({ "more": {} });
    assert_eq!(instances(&schema, &json!({"id": 1, "more": ""})), [""; 0]);
    assert_eq!(instances(&schema, &json!({"id": 1, "other": ""})), ["/other"]);
}

#[test]
fn rejects_members_of_one_of_branches_that_do_not_match() {
    let other = json!({ "required": ["other"], "properties": { "other": { "type": "string" } } });
    for keyword in ["oneOf", "anyOf"] {
        let schema = json!({ keyword: [reference("Base"), other] });
        assert_eq!(instances(&schema, &json!({"id": 1})), [""; 0]);
        assert_eq!(instances(&schema, &json!({"other": ""})), [""; 0]);
        assert_eq!(instances(&schema, &json!({"id": 1, "other": 1})), ["/other"]);
        assert_eq!(instances(&schema, &json!({"id": 1, "third": 1})), ["/third"]);
        assert_eq!(instances(&schema, &json!({})), [""]);
    }
}

#[test]
fn accepts_unlisted_members_of_open_schemas() {
    let body = json!({"id": 1, "more": {"deep": 1}});
    assert_eq!(instances(&reference("Open"), &body), [""; 0]);
    assert_eq!(instances(&reference("Anything"), &body), [""; 0]);
    assert_eq!(instances(&json!({}), &body), [""; 0]);
    let texts = json!({ "additionalProperties": { "type": "string" }, "properties": { "id": {} } });
    assert_eq!(instances(&texts, &body), ["/more"]);
}

#[test]
fn reports_member_forbidden_by_additional_properties_false() {
    let schema = json!({ "properties": { "id": {} }, "additionalProperties": false });
    let contract = contract(&schema);
    let found = check(&contract, &json!({"id": 1, "more": 1}));
    let pointer = "#/paths/~1a/get/responses/2XX/content/application~1json/schema";
    assert_only(&contract, &found, Side::Response, pointer, "/more");
}

#[test]
fn validates_recursive_schema() {
    let body = json!({"kids": [{"kids": []}, {"kids": [{"cats": 1}]}]});
    assert_eq!(instances(&reference("Tree"), &body), ["/kids/1/kids/0/cats"]);
}

#[test]
fn accepts_schema_that_refers_only_to_itself() {
    let cycle = json!({ "allOf": [{ "$ref": "#/components/schemas/Cycle" }] });
    let part = json!({ "properties": { "cycle": { "$ref": "#/components/schemas/Cycle" } } });
    let schemas = json!({ "Cycle": cycle, "Part": part });
    read(&json!({ "components": { "schemas": schemas } }));
}

#[test]
fn does_not_validate_text_plain_body() {
    let content = json!({ "text/plain": { "schema": { "type": "integer" } } });
    let contract = read(&json!({
        "paths": { "/a": { "get": { "responses": { "200": { "content": content } } } } },
    }));
    let response = BufferedResponse::new(StatusCode::OK, "text/plain", "{");
    assert_eq!(contract.check(&Method::GET, "/a", &get("/a"), &response), []);
}

#[test]
fn rejects_every_value_when_schema_does_not_compile() {
    for schema in [reference("Missing"), json!({ "$ref": "https://example.com/schema.json" })] {
        let contract = contract(&schema);
        let found = check(&contract, &json!({}));
        let pointer = "#/paths/~1a/get/responses/2XX/content/application~1json/schema";
        assert_only(&contract, &found, Side::Response, pointer, "");
        assert!(found[0].message.starts_with("the schema does not compile"), "{}", found[0]);
    }
}

#[test]
fn reads_malformed_document_as_one_without_operations() {
    for text in ["", "[]", "{}", r#"{"paths": {"/a": {"get": 5, "post": null}}}"#] {
        let contract = Contract::new(Profile::Documented, Cow::Owned(parse(text)));
        assert_eq!(check(&contract, &json!({})).len(), 1, "{text}");
    }
}

#[test]
fn prefers_exact_status_over_range_and_default() {
    let response = |name| {
        let schema = json!({ "required": [name] });
        json!({ "content": { "application/json": { "schema": schema } } })
    };
    let responses =
        json!({ "default": response("default"), "4xx": response("some"), "404": response("one") });
    let contract = read(&json!({ "paths": { "/a": { "get": { "responses": responses } } } }));
    for (status, name) in [(404, "404"), (403, "4xx"), (500, "default")] {
        let response = BufferedResponse::json(StatusCode::from_u16(status).unwrap(), &json!({}));
        let found = contract.check(&Method::GET, "/a", &get("/a"), &response);
        let pointer =
            format!("#/paths/~1a/get/responses/{name}/content/application~1json/schema/required");
        assert_only(&contract, &found, Side::Response, &pointer, "");
    }
}

#[test]
fn checks_path_level_and_required_parameters() {
    let shared = |schema| json!({ "name": "n", "in": "query", "required": true, "schema": schema });
    let header = json!({ "name": "x-h", "in": "header", "required": true,
        "schema": { "enum": ["yes"] } });
    let contract = read(&json!({
        "paths": { "/a": {
            "parameters": [{ "$ref": "#/components/parameters/N" }, header],
            "get": { "responses": { "204": {} } },
            "post": { "parameters": [shared(json!({ "type": "boolean" }))],
                "responses": { "204": {} } },
        } },
        "components": { "parameters": { "N": shared(json!({ "type": ["number", "null"] })) } },
    }));
    let cases = [
        (Method::GET, "/a?n=1.5", Some("yes"), None),
        (Method::GET, "/a", Some("yes"), Some(("#/components/parameters/N", "?n"))),
        (Method::GET, "/a?n=x", Some("yes"), Some(("#/components/parameters/N/schema/type", "?n"))),
        (Method::GET, "/a?n=1", None, Some(("#/paths/~1a/parameters/1", "x-h"))),
        (Method::GET, "/a?n=1", Some("no"), Some(("#/paths/~1a/parameters/1/schema/enum", "x-h"))),
        (Method::POST, "/a?n=true", Some("yes"), None),
        (
            Method::POST,
            "/a?n=1.5",
            Some("yes"),
            Some(("#/paths/~1a/post/parameters/0/schema/type", "?n")),
        ),
    ];
    for (method, target, header, wanted) in cases {
        let mut request = super::request(method.clone(), target, "");
        if let Some(value) = header {
            request.headers.insert("x-h", HeaderValue::from_static(value));
        }
        let response = BufferedResponse::empty(StatusCode::NO_CONTENT);
        let found = contract.check(&method, "/a", &request, &response);
        let places = places(&contract, &found);
        let places: Vec<_> = places.iter().map(|(_, p, i)| (p.as_str(), i.as_str())).collect();
        assert_eq!(places, wanted.into_iter().collect::<Vec<_>>(), "{method} {target}");
    }
}

#[test]
fn reports_unlisted_path_parameter() {
    let contract =
        read(&json!({ "paths": { "/a/{b}": { "get": { "responses": { "204": {} } } } } }));
    let response = BufferedResponse::empty(StatusCode::NO_CONTENT);
    let found = contract.check(&Method::GET, "/a/{b}", &get("/a/1"), &response);
    assert_only(&contract, &found, Side::Request, "#/paths/~1a~1{b}/get", "{b}");
}

#[test]
fn accepts_missing_key_when_security_is_optional() {
    let key = |place| json!({ "type": "apiKey", "in": place, "name": "x-k" });
    let document = |security: Value| {
        read(&json!({
            "paths": { "/a": { "get": { "security": security, "responses": { "204": {} } } } },
            "components": { "securitySchemes": { "key": key("header"), "other": key("query") } },
            "security": [{ "key": [] }],
        }))
    };
    let check = |contract: &Contract| {
        let response = BufferedResponse::empty(StatusCode::NO_CONTENT);
        contract.check(&Method::GET, "/a", &get("/a"), &response)
    };
    // A key outside a header is not checked.
    let other = json!([{ "key": [] }, { "other": [] }]);
    for free in [json!([]), json!([{ "key": [] }, {}]), other] {
        assert_eq!(check(&document(free)), []);
    }
    let contract = document(json!([{ "key": [] }]));
    let found = check(&contract);
    assert_only(&contract, &found, Side::Request, "#/paths/~1a/get/security", "x-k");
}
