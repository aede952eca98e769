//! Requests that break the contract and are accepted all the same.

use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::json;

use super::{
    Answer, Contract, Mismatch, Profile, Recorded, Side, assert_only, get, not_found, ok, problem,
    request,
};

const AGENTS: &str = "#/paths/~1v1~1agents/get";
const RUNS: &str = "/v1/agents/{agent_id}/runs";
const LIST_RUNS: &str = "#/paths/~1v1~1agents~1{agent_id}~1runs/get";

/// The one rule that a request breaks, in both profiles; and it is right to refuse it.
#[track_caller]
fn breaks(template: &str, request: &Recorded, answer: &Answer, pointer: &str, instance: &str) {
    for profile in Profile::ALL {
        let contract = Contract::of(profile);
        let found = contract.check(&request.method, template, request, answer);
        assert_only(contract, &found, Side::Request, pointer, instance);
        assert_eq!(contract.check(&request.method, template, request, &not_found()), []);
    }
}

fn agents() -> Answer {
    ok(&json!({"agents": []}))
}

fn runs() -> Answer {
    ok(&json!({"runs": [], "total_runs": "0", "page": 1, "page_size": 10}))
}

fn list_runs(query: &str) -> Vec<Mismatch> {
    let asked = get(&format!("/v1/agents/a/runs?{query}"));
    Contract::of(Profile::Documented).check(&Method::GET, RUNS, &asked, &runs())
}

#[test]
fn a_request_without_a_key() {
    let mut asked = get("/v1/agents");
    asked.headers.clear();
    breaks("/v1/agents", &asked, &agents(), "#/security", "x-api-key");
}

#[test]
fn a_path_of_another_operation() {
    breaks("/v1/agents", &get("/v1/me"), &agents(), AGENTS, "");
    breaks("/v1/agents", &get("/v1/agents/a"), &agents(), AGENTS, "");
    breaks("/v1/agents", &get(""), &agents(), AGENTS, "");
}

#[test]
fn a_path_parameter_that_is_none() {
    let pointer = format!("{LIST_RUNS}/parameters/0");
    breaks(RUNS, &get("/v1/agents//runs"), &runs(), &pointer, "{agent_id}");
    breaks(RUNS, &get("/v1/agents/%ff/runs"), &runs(), &pointer, "{agent_id}");
}

#[test]
fn the_name_of_a_path_parameter_is_free() {
    let found = Contract::of(Profile::Documented).check(
        &Method::GET,
        "/v1/agents/{id}/runs",
        &get("/v1/agents/a%2Fb/runs"),
        &runs(),
    );
    assert_eq!(found, []);
}

#[test]
fn a_query_parameter_that_is_not_listed() {
    breaks("/v1/agents", &get("/v1/agents?offset=5"), &agents(), AGENTS, "?offset");
    breaks("/v1/agents", &get("/v1/agents?li%6Dits=5"), &agents(), AGENTS, "?limits");
    breaks("/v1/me", &get("/v1/me?a"), &ok(&json!({"user_id": ""})), "#/paths/~1v1~1me/get", "?a");
}

#[test]
fn a_query_parameter_of_another_type() {
    let pointer = format!("{LIST_RUNS}/parameters/1/schema/type");
    for page in ["", "one", "1.0", "1e0", "1.5", "%2B1", "+1", "01", "true", "null"] {
        let asked = get(&format!("/v1/agents/a/runs?page={page}"));
        breaks(RUNS, &asked, &runs(), &pointer, "?page");
    }
    let asked = get("/v1/agents/a/runs?filter_policy_group=walker");
    breaks(RUNS, &asked, &runs(), "#/components/schemas/PolicyGroup/enum", "?filter_policy_group");
}

#[test]
fn a_query_is_decoded() {
    assert_eq!(list_runs("page=%31&filter_policy_group=run%6Eer"), []);
    // A text may look like anything.
    assert_eq!(list_runs("filter_status=42&filter_run_id=true&filter_policy_type=a+%26+b"), []);
    assert_eq!(list_runs("page=-1&page_size=9007199254740993"), []);
}

#[test]
fn a_query_that_is_no_text() {
    breaks("/v1/agents", &get("/v1/agents?cursor=%ff"), &agents(), AGENTS, "?");
}

#[test]
fn a_query_parameter_that_is_given_twice() {
    let pointer = format!("{AGENTS}/parameters/2");
    breaks("/v1/agents", &get("/v1/agents?limit=1&limit=1"), &agents(), &pointer, "?limit");
}

#[test]
fn a_body_of_another_content_type() {
    let mut asked = request(Method::POST, "/v1/workspaces", r#"{"name": "n"}"#);
    let answer =
        Answer::json(StatusCode::CREATED, &json!({"workspace": {"workspace_id": "", "name": ""}}));
    let content = "#/paths/~1v1~1workspaces/post/requestBody/content";
    asked.headers.insert("content-type", HeaderValue::from_static("text/plain"));
    breaks("/v1/workspaces", &asked, &answer, content, "");
    asked.headers.remove("content-type");
    breaks("/v1/workspaces", &asked, &answer, content, "");
}

#[test]
fn a_body_that_is_not_as_described() {
    let answer =
        Answer::json(StatusCode::CREATED, &json!({"workspace": {"workspace_id": "", "name": ""}}));
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
        breaks("/v1/workspaces", &asked, &answer, pointer, instance);
    }
}

#[test]
fn a_body_where_none_is_documented() {
    let asked = request(Method::POST, "/v1/agents/a/schedule/pause", "{}");
    let template = "/v1/agents/{agent_id}/schedule/pause";
    let pointer = "#/paths/~1v1~1agents~1{agent_id}~1schedule~1pause/post";
    breaks(template, &asked, &ok(&json!({"success": true})), pointer, "");
}

#[test]
fn a_body_that_may_be_left_out() {
    let template = "/v1/agents/{agent_id}/runs/{run_id}/cancel";
    let asked = request(Method::POST, "/v1/agents/a/runs/r/cancel", "");
    let answer = ok(&json!({"error": ""}));
    for profile in Profile::ALL {
        assert_eq!(Contract::of(profile).check(&Method::POST, template, &asked, &answer), []);
    }
}

#[test]
fn fields_that_only_the_service_requires() {
    let asked = request(Method::POST, "/v1/agents/a/runs", "{}");
    let run = json!({"run_id": "", "agent_id": "", "status": "paused", "started_at": ""});
    let answer = Answer::json(StatusCode::CREATED, &json!({ "run": run }));
    let check = |profile| Contract::of(profile).check(&Method::POST, RUNS, &asked, &answer);
    assert_eq!(check(Profile::Documented), []);
    let found = check(Profile::Observed);
    let pointer = "#/components/schemas/StartRunBody/required";
    assert_only(Contract::of(Profile::Observed), &found, Side::Request, pointer, "");
}

#[test]
fn a_refusal_must_be_right_all_the_same() {
    let asked = get("/v1/agents?offset=5");
    let contract = Contract::of(Profile::Documented);
    let found = contract.check(&Method::GET, "/v1/agents", &asked, &problem(400, &json!([])));
    let pointer = "#/components/schemas/Problem/type";
    assert_only(contract, &found, Side::Answer, pointer, "");
}

#[test]
fn a_request_without_an_operation() {
    for profile in Profile::ALL {
        let contract = Contract::of(profile);
        let found = contract.check(&Method::PUT, "/v1/me", &get("/v1/me"), &not_found());
        assert_only(contract, &found, Side::Request, "#/paths/~1v1~1me", "");
        let found = contract.check(&Method::GET, "/v2/me", &get("/v2/me"), &not_found());
        assert_only(contract, &found, Side::Request, "#/paths", "");
    }
}
