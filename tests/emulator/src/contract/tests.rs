//! Tests that every check reports a mismatch and its place, and that the examples of the documents
//! have no mismatch.

mod composed;
mod deliveries;
mod examples;
mod mutations;
mod requests;
mod responses;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::{Contract, Mismatch, Side};
use crate::exchange::{BufferedResponse, RecordedRequest};
use crate::{Profile, document};

/// Builds a request with a key. A request with a body also has a content type.
fn request(method: Method, target: &str, body: &str) -> RecordedRequest {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_static("tw_live_secret"));
    if !body.is_empty() {
        headers.insert("content-type", HeaderValue::from_static("application/json"));
    }
    RecordedRequest { method, target: target.to_owned(), headers, body: body.to_owned().into() }
}

fn get(target: &str) -> RecordedRequest {
    request(Method::GET, target, "")
}

fn ok(body: &Value) -> BufferedResponse {
    BufferedResponse::json(StatusCode::OK, body)
}

fn problem(status: u16, body: &Value) -> BufferedResponse {
    let status = StatusCode::from_u16(status).unwrap();
    BufferedResponse::new(status, "application/problem+json", body.to_string())
}

fn not_found() -> BufferedResponse {
    let body = json!({"type": "about:blank", "title": "Not Found", "status": 404, "detail": "no"});
    problem(404, &body)
}

/// Returns the side, the rule and the instance of each mismatch. Asserts that every rule is in the
/// document.
#[track_caller]
fn places(contract: &Contract, found: &[Mismatch]) -> Vec<(Side, String, String)> {
    for mismatch in found {
        assert!(contract.document.at(&mismatch.pointer).is_some(), "{mismatch}");
    }
    found.iter().map(|m| (m.side, m.pointer.clone(), m.instance.clone())).collect()
}

/// Asserts exactly one mismatch.
#[track_caller]
fn assert_only(contract: &Contract, found: &[Mismatch], side: Side, pointer: &str, instance: &str) {
    let wanted = vec![(side, pointer.to_owned(), instance.to_owned())];
    assert_eq!(places(contract, found), wanted, "{found:#?}");
}

#[test]
fn indexes_all_33_operations() {
    for profile in Profile::ALL {
        assert_eq!(Contract::of(profile).index.operations().count(), 33);
    }
}

#[test]
fn compiles_every_schema_of_both_documents() {
    for profile in Profile::ALL {
        let contract = Contract::of(profile);
        let mut schemas = Vec::new();
        let text: Value = serde_json::from_str(document(profile)).unwrap();
        examples::walk(&text, "#", &mut |pointer, value| {
            if value.get("schema").is_some() {
                schemas.push(format!("{pointer}/schema"));
            }
        });
        assert!(schemas.len() > 100, "only {} schemas", schemas.len());
        for schema in schemas {
            contract.document.compile(&schema).unwrap();
        }
    }
}

#[test]
fn formats_mismatch_on_one_line() {
    let contract = Contract::of(Profile::Documented);
    let found = contract.check(&Method::GET, "/v1/me", &get("/v1/me"), &ok(&json!({"user_id": 7})));
    assert_eq!(
        found[0].to_string(),
        "GET /v1/me, response at /user_id: 7 is not of type \"string\" \
         (#/components/schemas/GetMeResponse/properties/user_id/type)"
    );
}

#[test]
fn shortens_messages_of_long_names_and_values() {
    let contract = Contract::of(Profile::Documented);
    let long = "\n".repeat(1 << 20);
    let response = ok(&json!({"user_id": {&long: 1}, long: 1}));
    let found = contract.check(&Method::GET, "/v1/me", &get("/v1/me"), &response);
    assert_eq!(found.len(), 2);
    for mismatch in found {
        let line = mismatch.to_string();
        assert!(line.len() < 800 && !line.contains('\n'), "{line}");
    }
}

#[test]
fn reports_at_most_20_mismatches_of_a_body() {
    let contract = Contract::of(Profile::Documented);
    let response = ok(&json!({"workspaces": vec![json!({}); 500]}));
    let template = "/v1/workspaces";
    let found = contract.check(&Method::GET, template, &get(template), &response);
    assert_eq!(found.len(), 20);
}

#[test]
fn mismatches_contain_no_secret() {
    let secret = "whsec_nobody_may_read_this";
    for profile in Profile::ALL {
        let contract = Contract::of(profile);
        let keys = "/api/public/v1/access-api-keys";
        let body = json!({"name": "n"}).to_string();
        let mut wrong = json!({"key_id": "1", "name": "n", "display_prefix": "d", "created_at": 1});
        for value in [json!([secret]), json!({ "deep": secret })] {
            wrong["api_key"] = value;
            let found = contract.check(
                &Method::POST,
                keys,
                &request(Method::POST, keys, &body),
                &ok(&wrong),
            );
            assert_eq!(found.len(), 1);
            assert!(!format!("{found:?}").contains(secret), "{found:?}");
        }
        let mut asked = get(&format!("/v1/me?api_key={secret}"));
        asked.headers.insert("x-api-key", HeaderValue::from_static(secret));
        let found = contract.check(&Method::GET, "/v1/me", &asked, &ok(&json!({"user_id": "u"})));
        assert_eq!(found.len(), 1);
        assert!(!format!("{found:?}").contains(secret), "{found:?}");
    }
    let shown = super::report::shown;
    assert_eq!(shown(&json!(secret), "/data/signing_secret"), "a secret");
    assert_eq!(shown(&json!(secret), "/api_key/0"), "a secret");
    assert_eq!(shown(&json!(secret), "x-api-key"), "a secret");
    assert_eq!(shown(&json!(secret), "?api_key"), "a secret");
}
