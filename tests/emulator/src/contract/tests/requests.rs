//! Accepted requests that differ from the document.

use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::json;

use super::{
    BufferedResponse, Contract, Mismatch, Profile, RecordedRequest, Side, assert_only, get,
    not_found, ok, problem, request,
};

const AGENTS: &str = "#/paths/~1v1~1agents/get";
const RUNS: &str = "/v1/agents/{agent_id}/runs";
const LIST_RUNS: &str = "#/paths/~1v1~1agents~1{agent_id}~1runs/get";

/// Asserts that an accepted request breaks this rule in both profiles, and no other. The same request
/// with an error response has no mismatch.
#[track_caller]
fn breaks(
    template: &str,
    request: &RecordedRequest,
    response: &BufferedResponse,
    pointer: &str,
    instance: &str,
) {
    for profile in Profile::ALL {
        let contract = Contract::of(profile);
        let found = contract.check(&request.method, template, request, response);
        assert_only(contract, &found, Side::Request, pointer, instance);
        assert_eq!(contract.check(&request.method, template, request, &not_found()), []);
    }
}

fn agents() -> BufferedResponse {
    ok(&json!({"agents": []}))
}

fn runs() -> BufferedResponse {
    ok(&json!({"runs": [], "total_runs": "0", "page": 1, "page_size": 10}))
}

fn list_runs(query: &str) -> Vec<Mismatch> {
    let asked = get(&format!("/v1/agents/a/runs?{query}"));
    Contract::of(Profile::Documented).check(&Method::GET, RUNS, &asked, &runs())
}

#[test]
fn reports_accepted_request_without_key() {
    let mut asked = get("/v1/agents");
    asked.headers.clear();
    breaks("/v1/agents", &asked, &agents(), "#/security", "x-api-key");
}

#[test]
fn reports_path_that_does_not_match_template() {
    breaks("/v1/agents", &get("/v1/me"), &agents(), AGENTS, "");
    breaks("/v1/agents", &get("/v1/agents/a"), &agents(), AGENTS, "");
    breaks("/v1/agents", &get(""), &agents(), AGENTS, "");
}

#[test]
fn reports_empty_or_invalid_utf8_path_parameter() {
    let pointer = format!("{LIST_RUNS}/parameters/0");
    breaks(RUNS, &get("/v1/agents//runs"), &runs(), &pointer, "{agent_id}");
    breaks(RUNS, &get("/v1/agents/%ff/runs"), &runs(), &pointer, "{agent_id}");
}

#[test]
fn ignores_names_of_path_parameters() {
    let found = Contract::of(Profile::Documented).check(
        &Method::GET,
        "/v1/agents/{id}/runs",
        &get("/v1/agents/a%2Fb/runs"),
        &runs(),
    );
    assert_eq!(found, []);
}

#[test]
fn reports_unlisted_query_parameter() {
    breaks("/v1/agents", &get("/v1/agents?offset=5"), &agents(), AGENTS, "?offset");
    breaks("/v1/agents", &get("/v1/agents?li%6Dits=5"), &agents(), AGENTS, "?limits");
    breaks("/v1/me", &get("/v1/me?a"), &ok(&json!({"user_id": ""})), "#/paths/~1v1~1me/get", "?a");
}

#[test]
fn reports_query_parameter_of_wrong_type() {
    let pointer = format!("{LIST_RUNS}/parameters/1/schema/type");
    for page in ["", "one", "1.0", "1e0", "1.5", "%2B1", "+1", "01", "true", "null"] {
        let asked = get(&format!("/v1/agents/a/runs?page={page}"));
        breaks(RUNS, &asked, &runs(), &pointer, "?page");
    }
    let asked = get("/v1/agents/a/runs?filter_policy_group=walker");
    breaks(RUNS, &asked, &runs(), "#/components/schemas/PolicyGroup/enum", "?filter_policy_group");
}

#[test]
fn decodes_query_before_validation() {
    assert_eq!(list_runs("page=%31&filter_policy_group=run%6Eer"), []);
    // A string may look like a number.
    assert_eq!(list_runs("filter_status=42&filter_run_id=true&filter_policy_type=a+%26+b"), []);
    assert_eq!(list_runs("page=-1&page_size=9007199254740993"), []);
}

#[test]
fn reports_query_that_is_not_valid_utf8() {
    breaks("/v1/agents", &get("/v1/agents?cursor=%ff"), &agents(), AGENTS, "?");
}

#[test]
fn reports_repeated_query_parameter() {
    let pointer = format!("{AGENTS}/parameters/2");
    breaks("/v1/agents", &get("/v1/agents?limit=1&limit=1"), &agents(), &pointer, "?limit");
}

#[test]
fn reports_request_body_of_wrong_content_type() {
    let mut asked = request(Method::POST, "/v1/workspaces", r#"{"name": "n"}"#);
    let response = BufferedResponse::json(
        StatusCode::CREATED,
        &json!({"workspace": {"workspace_id": "", "name": ""}}),
    );
    let content = "#/paths/~1v1~1workspaces/post/requestBody/content";
    asked.headers.insert("content-type", HeaderValue::from_static("text/plain"));
    breaks("/v1/workspaces", &asked, &response, content, "");
    asked.headers.remove("content-type");
    breaks("/v1/workspaces", &asked, &response, content, "");
}

#[test]
fn reports_request_body_that_breaks_its_schema() {
    let response = BufferedResponse::json(
        StatusCode::CREATED,
        &json!({"workspace": {"workspace_id": "", "name": ""}}),
    );
    let body = "#/paths/~1v1~1workspaces/post/requestBody";
    let media = format!("{body}/content/application~1json");
    let schema = "#/components/schemas/CreateWorkspaceBody";
    let cases = [
        ("", body, ""),
        ("{", &media, ""),
        ("name=n", &media, ""),
        ("{}", &format!("{schema}/required"), ""),
        (r#"{"name": null}"#, &format!("{schema}/properties/name/type"), "/name"),
        (r#"{"name": "n", "icon": 1}"#, schema, "/icon"),
    ];
    for (sent, pointer, instance) in cases {
        let asked = request(Method::POST, "/v1/workspaces", sent);
        breaks("/v1/workspaces", &asked, &response, pointer, instance);
    }
}

#[test]
fn reports_undocumented_request_body() {
    let asked = request(Method::POST, "/v1/agents/a/schedule/pause", "{}");
    let template = "/v1/agents/{agent_id}/schedule/pause";
    let pointer = "#/paths/~1v1~1agents~1{agent_id}~1schedule~1pause/post";
    breaks(template, &asked, &ok(&json!({"success": true})), pointer, "");
}

#[test]
fn accepts_missing_optional_body() {
    let template = "/v1/agents/{agent_id}/runs/{run_id}/cancel";
    let asked = request(Method::POST, "/v1/agents/a/runs/r/cancel", "");
    let response = ok(&json!({"error": ""}));
    for profile in Profile::ALL {
        assert_eq!(Contract::of(profile).check(&Method::POST, template, &asked, &response), []);
    }
}

#[test]
fn requires_observed_fields_only_in_observed_profile() {
    let asked = request(Method::POST, "/v1/agents/a/runs", "{}");
    let run = json!({"run_id": "", "agent_id": "", "status": "paused", "started_at": ""});
    let response = BufferedResponse::json(StatusCode::CREATED, &json!({ "run": run }));
    let check = |profile| Contract::of(profile).check(&Method::POST, RUNS, &asked, &response);
    assert_eq!(check(Profile::Documented), []);
    let found = check(Profile::Observed);
    let pointer = "#/components/schemas/StartRunBody/required";
    assert_only(Contract::of(Profile::Observed), &found, Side::Request, pointer, "");
}

#[test]
fn checks_response_to_rejected_request() {
    let asked = get("/v1/agents?offset=5");
    let contract = Contract::of(Profile::Documented);
    let found = contract.check(&Method::GET, "/v1/agents", &asked, &problem(400, &json!([])));
    let pointer = "#/components/schemas/Problem/type";
    assert_only(contract, &found, Side::Response, pointer, "");
}

#[test]
fn reports_unknown_path_and_method() {
    for profile in Profile::ALL {
        let contract = Contract::of(profile);
        let found = contract.check(&Method::PUT, "/v1/me", &get("/v1/me"), &not_found());
        assert_only(contract, &found, Side::Request, "#/paths/~1v1~1me", "");
        let found = contract.check(&Method::GET, "/v2/me", &get("/v2/me"), &not_found());
        assert_only(contract, &found, Side::Request, "#/paths", "");
    }
}
