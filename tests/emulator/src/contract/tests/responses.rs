//! Responses that differ from the document, each in one way.

use axum::http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

use super::{BufferedResponse, Contract, Profile, Side, assert_only, get, ok, problem, request};

const ME: &str = "#/paths/~1v1~1me/get";
const PROBLEM: &str = "#/components/responses/Problem/content";
const KEY: &str = "/api/public/v1/access-api-keys/{key_id}";

/// Asserts that a response to `get_me` breaks this rule in both profiles, and no other.
#[track_caller]
fn breaks(response: &BufferedResponse, pointer: &str, instance: &str) {
    for profile in Profile::ALL {
        let contract = Contract::of(profile);
        let found = contract.check(&Method::GET, "/v1/me", &get("/v1/me"), response);
        assert_only(contract, &found, Side::Response, pointer, instance);
    }
}

fn me() -> serde_json::Value {
    json!({"user_id": "user_123"})
}

#[test]
fn reports_undocumented_response_status() {
    breaks(&BufferedResponse::json(StatusCode::CREATED, &me()), &format!("{ME}/responses"), "");
    breaks(&BufferedResponse::empty(StatusCode::FOUND), &format!("{ME}/responses"), "");
}

#[test]
fn reports_undocumented_response_content_type() {
    let content = format!("{ME}/responses/200/content");
    breaks(&BufferedResponse::new(StatusCode::OK, "text/html", "<html>"), &content, "");
    breaks(&BufferedResponse::new(StatusCode::OK, "application/grpc", ""), &content, "");
    breaks(&BufferedResponse::empty(StatusCode::OK), &content, "");
    breaks(&BufferedResponse::json(StatusCode::FORBIDDEN, &json!({"detail": "no"})), PROBLEM, "");
    breaks(&BufferedResponse::empty(StatusCode::BAD_GATEWAY), PROBLEM, "");
}

#[test]
fn ignores_content_type_parameters_and_case() {
    for content_type in ["application/json; charset=utf-8", "Application/JSON ;a=b"] {
        let response = BufferedResponse::new(StatusCode::OK, content_type, me().to_string());
        let contract = Contract::of(Profile::Documented);
        assert_eq!(contract.check(&Method::GET, "/v1/me", &get("/v1/me"), &response), []);
    }
}

#[test]
fn reports_response_body_that_is_not_json() {
    let media = format!("{ME}/responses/200/content/application~1json");
    breaks(&BufferedResponse::new(StatusCode::OK, "application/json", ""), &media, "");
    breaks(&BufferedResponse::new(StatusCode::OK, "application/json", "{"), &media, "");
    breaks(
        &BufferedResponse::new(StatusCode::OK, "application/json", &b"\"\xff\""[..]),
        &media,
        "",
    );
}

#[test]
fn reports_response_body_that_breaks_its_schema() {
    let schema = "#/components/schemas/GetMeResponse";
    breaks(&ok(&json!(null)), &format!("{schema}/type"), "");
    breaks(&ok(&json!({})), &format!("{schema}/required"), "");
    breaks(&ok(&json!({"user_id": 1})), &format!("{schema}/properties/user_id/type"), "/user_id");
    breaks(&ok(&json!({"user_id": "", "a/b": 1})), schema, "/a~1b");
}

#[test]
fn reports_body_of_204_response() {
    let template = "/v1/agents/{agent_id}";
    let asked = request(Method::DELETE, "/v1/agents/a", "");
    for profile in Profile::ALL {
        let contract = Contract::of(profile);
        let response = BufferedResponse::json(StatusCode::NO_CONTENT, &json!({}));
        let found = contract.check(&Method::DELETE, template, &asked, &response);
        let pointer = "#/paths/~1v1~1agents~1{agent_id}/delete/responses/204";
        assert_only(contract, &found, Side::Response, pointer, "");
        let response = BufferedResponse::empty(StatusCode::NO_CONTENT);
        assert_eq!(contract.check(&Method::DELETE, template, &asked, &response), []);
    }
}

#[test]
fn reports_wrong_enum_value_in_list_item() {
    let agent = |state: &str| {
        json!({"agent_id": "a", "latest_run_id": "", "latest_run_is_finished": true,
            "has_runs": true, "deployment_state": state})
    };
    let page = ok(&json!({"agents": [agent("deployed"), agent("draft")]}));
    let check =
        |contract: &Contract| contract.check(&Method::GET, "/v1/agents", &get("/v1/agents"), &page);
    let documented = Contract::of(Profile::Documented);
    let found = check(documented);
    let (pointer, instance) =
        ("#/components/schemas/DeploymentState/enum", "/agents/1/deployment_state");
    assert_only(documented, &found, Side::Response, pointer, instance);
    assert_eq!(found[0].message, r#""draft" is not one of "deployed" or "not_deployed""#);
    // The same response was observed.
    assert_eq!(check(Contract::of(Profile::Observed)), []);
}

#[test]
fn reports_mismatches_inside_matching_one_of_branch() {
    let template = "/v1/agents/{agent_id}/schedule";
    let response = ok(&json!({"schedule": {"cron": 5, "paused": false, "extra": 1}}));
    for profile in Profile::ALL {
        let contract = Contract::of(profile);
        let found =
            contract.check(&Method::GET, template, &get("/v1/agents/a/schedule"), &response);
        let mut places = super::places(contract, &found);
        places.sort_by(|a, b| a.2.cmp(&b.2));
        let schema = "#/components/schemas/Schedule/properties/cron/type".to_owned();
        let holder = "#/components/schemas/GetScheduleResponse/properties/schedule".to_owned();
        let wanted = [
            (Side::Response, schema, "/schedule/cron".to_owned()),
            (Side::Response, holder, "/schedule/extra".to_owned()),
        ];
        assert_eq!(places, wanted, "{found:#?}");
    }
}

#[test]
fn reports_invalid_uri_format() {
    let contract = Contract::of(Profile::Documented);
    let response = problem(
        404,
        &json!({"type": "about blank", "title": "Not Found", "status": 404, "detail": "no"}),
    );
    let found = contract.check(&Method::GET, "/v1/me", &get("/v1/me"), &response);
    let pointer = "#/components/schemas/Problem/properties/type/format";
    assert_only(contract, &found, Side::Response, pointer, "/type");
}

#[test]
fn accepts_problem_without_type_and_title_only_in_observed_profile() {
    let response = problem(403, &json!({"status": 403, "detail": "you do not have access"}));
    let check = |profile| {
        let asked = request(Method::DELETE, "/api/public/v1/access-api-keys/k", "");
        Contract::of(profile).check(&Method::DELETE, KEY, &asked, &response)
    };
    assert_eq!(check(Profile::Observed), []);
    let pointers: Vec<_> = check(Profile::Documented).into_iter().map(|m| m.pointer).collect();
    assert_eq!(pointers, ["#/components/schemas/Problem/required"; 2]);
}

const CREATE: (Method, &str) = (Method::POST, "/v1/agents");
const GET_ME: (Method, &str) = (Method::GET, "/v1/me");
/// A path of the document that does not have this method.
const RUN: (Method, &str) = (Method::GET, "/v1/agents/{agent_id}/runs/{run_id}");
const RUN_PATH: &str = "#/paths/~1v1~1agents~1{agent_id}~1runs~1{run_id}";
/// A path that the document does not have.
const UNKNOWN: (Method, &str) = (Method::GET, "/v1/agents/{agent_id}/secrets");

/// Returns the rules that `response` breaks in a profile.
fn broken(
    profile: Profile,
    (method, template): (Method, &str),
    response: &BufferedResponse,
) -> Vec<String> {
    let body = if method == Method::POST { "{}" } else { "" };
    let asked = request(method.clone(), template, body);
    let found = Contract::of(profile).check(&method, template, &asked, response);
    found.into_iter().map(|mismatch| mismatch.pointer).collect()
}

/// Asserts that only the observed profile accepts `response`.
#[track_caller]
fn assert_only_observed(place: (Method, &str), response: &BufferedResponse) {
    assert_eq!(broken(Profile::Observed, place.clone(), response), [""; 0]);
    assert_ne!(broken(Profile::Documented, place, response), [""; 0]);
}

/// Asserts that the observed profile does not accept `response`, and the rule that it breaks.
#[track_caller]
fn assert_not_accepted(place: (Method, &str), response: &BufferedResponse, pointer: &str) {
    assert_eq!(broken(Profile::Observed, place, response), [pointer]);
}

#[test]
fn accepts_plain_text_422_only_in_observed_profile() {
    const UNPROCESSABLE: &str = "#/paths/~1v1~1agents/post/responses/422/content";
    let plain = |text: &'static str| {
        BufferedResponse::new(StatusCode::UNPROCESSABLE_ENTITY, "text/plain; charset=utf-8", text)
    };
    assert_only_observed(CREATE, &plain("Failed to deserialize the JSON body: missing field"));
    assert_not_accepted(
        CREATE,
        &BufferedResponse::new(StatusCode::BAD_REQUEST, "text/plain", "no"),
        PROBLEM,
    );
    let html = BufferedResponse::new(StatusCode::UNPROCESSABLE_ENTITY, "text/html", "no");
    assert_not_accepted(CREATE, &html, UNPROCESSABLE);
    assert_not_accepted(GET_ME, &plain("there is no body that could be wrong"), PROBLEM);
}

#[test]
fn accepts_empty_405_only_in_observed_profile() {
    let refused = BufferedResponse::empty(StatusCode::METHOD_NOT_ALLOWED);
    let allow = |methods| refused.clone().header(header::ALLOW, HeaderValue::from_static(methods));
    assert_only_observed(RUN, &allow("DELETE"));
    assert_not_accepted(RUN, &refused, RUN_PATH);
    assert_not_accepted(RUN, &allow("GET, DELETE"), RUN_PATH);
    assert_not_accepted(RUN, &BufferedResponse { body: "no".into(), ..allow("DELETE") }, RUN_PATH);
    assert_not_accepted(UNKNOWN, &allow("DELETE"), "#/paths");
    assert_not_accepted(GET_ME, &allow("GET"), PROBLEM);
}

#[test]
fn accepts_grpc_for_unknown_path_only_in_observed_profile() {
    let status = header::HeaderName::from_static("grpc-status");
    let bare = BufferedResponse::new(StatusCode::OK, "application/grpc", "");
    let grpc = |code| bare.clone().header(status.clone(), HeaderValue::from_static(code));
    assert_only_observed(UNKNOWN, &grpc("12"));
    assert_not_accepted(UNKNOWN, &grpc("0"), "#/paths");
    assert_not_accepted(UNKNOWN, &bare, "#/paths");
    assert_not_accepted(RUN, &grpc("12"), RUN_PATH);
    assert_not_accepted(GET_ME, &grpc("12"), &format!("{ME}/responses/200/content"));
}
