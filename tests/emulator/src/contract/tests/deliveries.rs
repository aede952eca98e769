//! Deliveries to webhooks, and responses to requests that match no operation.

use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::{
    BufferedResponse, Contract, Profile, RecordedRequest, Side, assert_only, get, not_found,
    problem,
};

const SIGNATURE: &str = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
const EVENTS: [&str; 5] =
    ["run.started", "run.completed", "run.failed", "run.stopped", "run.paused"];

fn body(event: &str) -> Value {
    let mut data = json!({"run_id": "r", "agent_id": "a", "status": "error", "finished_at": "…"});
    if event == "run.completed" {
        data["outcome"] = json!("partial");
    }
    json!({"event": event, "timestamp": "2026-03-11T14:32:15Z", "data": data})
}

fn delivery(event: &'static str, body: &Value) -> RecordedRequest {
    let mut delivery = super::request(Method::POST, "/hook", &body.to_string());
    delivery.headers.remove("x-api-key");
    delivery.headers.insert("x-cobb-signature", HeaderValue::from_static(SIGNATURE));
    delivery.headers.insert("x-cobb-event", HeaderValue::from_static(event));
    delivery
}

/// Asserts that a delivery of `run.failed` breaks this rule in both profiles, and no other.
#[track_caller]
fn breaks(delivery: &RecordedRequest, pointer: &str, instance: &str) {
    for profile in Profile::ALL {
        let contract = Contract::of(profile);
        let found = contract.check_delivery("run.failed", delivery);
        assert_only(contract, &found, Side::Request, pointer, instance);
    }
}

#[test]
fn accepts_documented_deliveries() {
    for profile in Profile::ALL {
        for event in EVENTS {
            let found = Contract::of(profile).check_delivery(event, &delivery(event, &body(event)));
            assert_eq!(found, [], "{event}");
        }
    }
}

#[test]
fn reports_wrong_delivery_headers() {
    let webhook = "#/webhooks/run.failed/post/parameters";
    let right = delivery("run.failed", &body("run.failed"));

    let mut unsigned = right.clone();
    unsigned.headers.remove("x-cobb-signature");
    breaks(&unsigned, &format!("{webhook}/0"), "X-Cobb-Signature");

    let mut loud = right.clone();
    let upper = HeaderValue::try_from(SIGNATURE.to_uppercase()).unwrap();
    loud.headers.insert("x-cobb-signature", upper);
    breaks(&loud, &format!("{webhook}/0/schema/pattern"), "X-Cobb-Signature");

    let other = delivery("run.stopped", &body("run.failed"));
    breaks(&other, &format!("{webhook}/1/schema/const"), "X-Cobb-Event");

    let mut form = right;
    form.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    breaks(&form, "#/webhooks/run.failed/post/requestBody/content", "");
}

#[test]
fn reports_wrong_delivery_bodies() {
    let data = "#/components/schemas/WebhookEventData";
    let mut without = body("run.failed");
    without["data"].as_object_mut().unwrap().remove("run_id");
    breaks(&delivery("run.failed", &without), &format!("{data}/required"), "/data");

    let mut more = body("run.failed");
    more["data"]["user_email"] = json!("user@example.com");
    let holder = "#/components/schemas/WebhookEventData";
    breaks(&delivery("run.failed", &more), holder, "/data/user_email");

    let mut silent = delivery("run.failed", &json!({}));
    silent.body = "".into();
    breaks(&silent, "#/webhooks/run.failed/post/requestBody", "");
}

#[test]
fn reports_unknown_webhook_event_and_method() {
    let delivery = delivery("run.failed", &body("run.failed"));
    for profile in Profile::ALL {
        let contract = Contract::of(profile);
        let found = contract.check_delivery("run.exploded", &delivery);
        assert_only(contract, &found, Side::Request, "#", "");
        let put = RecordedRequest { method: Method::PUT, ..delivery.clone() };
        assert_only(contract, &contract.check_delivery("run.failed", &put), Side::Request, "#", "");
    }
}

/// Returns the pointers of the mismatches of a response to an unknown path.
fn refusal(profile: Profile, response: &BufferedResponse) -> Vec<String> {
    let found =
        Contract::of(profile).check_unrouted(&Method::GET, "/v2/me", &get("/v2/me"), response);
    found.into_iter().map(|mismatch| mismatch.pointer).collect()
}

#[test]
fn checks_error_response_to_unknown_path() {
    let form = "#/components/responses/Problem/content";
    for profile in Profile::ALL {
        assert_eq!(refusal(profile, &not_found()), [""; 0]);
        assert_eq!(refusal(profile, &BufferedResponse::empty(StatusCode::NOT_FOUND)), [form]);
        let text = BufferedResponse::new(StatusCode::NOT_FOUND, "text/plain", "no");
        assert_eq!(refusal(profile, &text), [form]);
        let list = problem(404, &json!([]));
        assert_eq!(refusal(profile, &list), ["#/components/schemas/Problem/type"]);
        // A success is not an error response.
        assert_eq!(refusal(profile, &super::ok(&json!({}))), ["#/paths"]);
    }
}

#[test]
fn accepts_empty_405_with_head_only_in_observed_profile() {
    let allow = HeaderValue::from_static("GET,HEAD");
    let refused =
        BufferedResponse::empty(StatusCode::METHOD_NOT_ALLOWED).header(header::ALLOW, allow);
    let check = |profile| {
        Contract::of(profile).check_unrouted(&Method::PUT, "/v1/me", &get("/v1/me"), &refused)
    };
    assert_eq!(check(Profile::Observed), []);
    let found = check(Profile::Documented);
    let form = "#/components/responses/Problem/content";
    assert_only(Contract::of(Profile::Documented), &found, Side::Response, form, "");
}

#[test]
fn accepts_grpc_for_unrouted_request_only_in_observed_profile() {
    let grpc = BufferedResponse::new(StatusCode::OK, "application/grpc", "");
    let grpc = grpc.header(HeaderName::from_static("grpc-status"), HeaderValue::from_static("12"));
    assert_eq!(refusal(Profile::Observed, &grpc), [""; 0]);
    assert_eq!(refusal(Profile::Documented, &grpc), ["#/paths"]);
}
