//! Errors that all operations have in common.

use axum::http::Method;
use serde_json::{Value, json};

use super::harness::{ApiResponse, TestEmulator, in_both, members, text};

/// The header of responses that are neither documented nor observed.
const ASSUMED: &str = "neither documented nor observed";

const CREATE_KEY: &str = "/api/public/v1/access-api-keys";

/// Returns every operation with a body: its method, its path, and a body with a wrong type.
fn operations_with_bodies(twin: &TestEmulator) -> Vec<(Method, String, Value)> {
    let agent = twin.agent();
    twin.with(|world| world.deploy(&agent));
    let run = twin.start_manual_run(&agent);
    let below = |path: &str| format!("/v1/agents/{agent}{path}");
    vec![
        (Method::POST, CREATE_KEY.to_owned(), json!({})),
        (Method::POST, "/v1/agents".to_owned(), json!({"is_subagent": "yes"})),
        (Method::POST, below("/move"), json!({"workspace_id": null})),
        (Method::POST, below("/runs"), json!({"run_mode": ["run"]})),
        (Method::POST, below(&format!("/runs/{run}/cancel")), json!({"reason": {}})),
        (
            Method::POST,
            below("/webhooks"),
            json!({"url": "http://localhost", "events": "run.failed"}),
        ),
        (Method::PUT, below("/schedule"), json!({"cron": 5})),
        (Method::PUT, below("/instructions"), json!({"source_type": "api"})),
        (Method::POST, "/v1/workspaces".to_owned(), json!({"name": true})),
        (Method::PUT, "/v1/workspaces/ws_001".to_owned(), json!({"icon_config": "{}"})),
        (Method::POST, "/v1/workspaces/reorder".to_owned(), json!({"workspace_ids": [1]})),
    ]
}

fn assert_wrong_shape(twin: &TestEmulator, reply: &ApiResponse) {
    if twin.is_observed() {
        assert_eq!(
            (reply.status.as_u16(), reply.header("content-type")),
            (422, "text/plain; charset=utf-8")
        );
        let text = reply.text();
        assert!(text.starts_with("Failed to deserialize the JSON body"), "{text}");
        assert!(!text.contains('\n'), "more than one line: {text}");
    } else {
        reply.problem(400);
    }
}

#[tokio::test]
async fn rejects_body_of_wrong_shape_with_text_or_problem() {
    in_both(async |twin| {
        for (method, path, body) in operations_with_bodies(&twin) {
            let reply = ApiResponse::to(twin.request(method, &path).json(&body)).await;
            assert_wrong_shape(&twin, &reply);
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_body_that_is_not_an_object() {
    in_both(async |twin| {
        for body in
            [json!(null), json!("k"), json!(1), json!([]), json!(["k"]), json!([{"name": "k"}])]
        {
            for (method, path, _) in operations_with_bodies(&twin) {
                let reply = ApiResponse::to(twin.request(method, &path).json(&body)).await;
                assert_wrong_shape(&twin, &reply);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_repeated_body_member() {
    in_both(async |twin| {
        let request = twin.request(Method::POST, CREATE_KEY);
        let json = request.header("content-type", "application/json");
        let reply = ApiResponse::to(json.body(r#"{"name": "a", "name": "b"}"#)).await;
        assert_wrong_shape(&twin, &reply);
    })
    .await;
}

#[tokio::test]
async fn rejects_malformed_json_with_400() {
    in_both(async |twin| {
        let bodies: [&[u8]; 6] =
            [b"{", b"name=k", b"{\"name\": \"k\"", b"{\"name\": \"\xff\"}", b"<k/>", b"{name: 1}"];
        for body in bodies {
            for (method, path, _) in operations_with_bodies(&twin) {
                let request = twin.request(method, &path);
                let json = request.header("content-type", "application/json");
                let reply = ApiResponse::to(json.body(body.to_vec())).await;
                reply.problem(400);
                assert_eq!(reply.header("x-emulator-assumption"), ASSUMED);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_missing_required_body() {
    in_both(async |twin| {
        for (method, path, _) in operations_with_bodies(&twin) {
            let optional = path.ends_with("/cancel");
            let request = twin.request(method, &path);
            let reply = ApiResponse::to(request.header("content-type", "application/json")).await;
            if optional {
                reply.json(200);
            } else {
                reply.problem(400);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_other_content_types_with_415() {
    in_both(async |twin| {
        let body = json!({"name": "k"}).to_string();
        for content_type in ["", "text/plain", "text/json", "application/x-www-form-urlencoded"] {
            let request = twin.request(Method::POST, CREATE_KEY);
            let typed = request.header("content-type", content_type);
            let reply = ApiResponse::to(typed.body(body.clone())).await;
            reply.problem(415);
            assert_eq!(reply.header("x-emulator-assumption"), ASSUMED);
        }
        ApiResponse::to(twin.request(Method::POST, CREATE_KEY).body(body)).await.problem(415);
    })
    .await;
}

#[tokio::test]
async fn accepts_content_type_with_parameters_and_capitals() {
    in_both(async |twin| {
        let body = json!({"name": "k"}).to_string();
        for content_type in
            ["application/json; charset=utf-8", "Application/JSON", "application/json ;q=1"]
        {
            let request = twin.request(Method::POST, CREATE_KEY);
            let typed = request.header("content-type", content_type);
            ApiResponse::to(typed.body(body.clone())).await.json(200);
        }
    })
    .await;
}

#[tokio::test]
async fn unknown_path_returns_404_or_grpc() {
    in_both(async |twin| {
        for path in ["/v1", "/v1/agent", "/v1/me/", "/v2/me", "/v1/agents/a/b", "/v1/schedules/x"] {
            let reply = twin.get(path).await;
            if twin.is_observed() {
                assert_eq!((reply.status.as_u16(), reply.text()), (200, ""), "{path}");
                assert_eq!(reply.header("content-type"), "application/grpc");
                assert_eq!(reply.header("grpc-status"), "12");
            } else {
                reply.problem(404);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_other_methods_with_405_and_allow() {
    in_both(async |twin| {
        for (method, path, allowed) in [
            (Method::POST, "/v1/me", "GET,HEAD"),
            (Method::PUT, "/v1/agents", "GET,HEAD,POST"),
            (Method::PATCH, "/v1/agents/a", "DELETE,GET,HEAD"),
            (Method::GET, "/v1/agents/a/runs/r", "DELETE"),
            (Method::POST, "/v1/agents/a/schedule", "DELETE,GET,HEAD,PUT"),
            (Method::DELETE, "/v1/agents/a/runs/r/cancel", "POST"),
            (Method::GET, "/v1/workspaces/w", "DELETE,PUT"),
        ] {
            let reply = ApiResponse::to(twin.request(method, path)).await;
            reply.assert_method_not_allowed(&twin);
            let mut methods: Vec<&str> = reply.header("allow").split(',').map(str::trim).collect();
            methods.sort_unstable();
            assert_eq!(methods.join(","), allowed, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn problem_has_the_members_of_its_profile() {
    in_both(async |twin| {
        let bad = twin.get("/v1/agents?limit=0").await.problem(400);
        let missing = twin.get("/v1/agents/none").await.problem(twin.not_found_status());
        if twin.is_observed() {
            assert_eq!(members(&bad), ["detail", "status"]);
            assert_eq!(members(&missing), ["detail", "status", "title"]);
        } else {
            for (problem, title) in [(&bad, "Bad Request"), (&missing, "Not Found")] {
                assert_eq!(members(problem), ["detail", "status", "title", "type"]);
                assert_eq!(
                    (text(&problem["type"]), text(&problem["title"])),
                    ("about:blank".to_owned(), title.to_owned())
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn decodes_identifiers_and_compares_them_exactly() {
    in_both(async |twin| {
        twin.post("/v1/agents", json!({"agent_id": "ä/?#%"})).await.json(201);
        twin.get("/v1/agents/%C3%A4%2F%3F%23%25").await.json(200);
        for other in ["%C3%84%2F%3F%23%25", "..", "%2e%2e", "%20", "*"] {
            let status = twin.get(&format!("/v1/agents/{other}")).await.status;
            assert_ne!(status, 500, "{other}");
        }
        twin.get("/v1/agents/%C3%84%2F%3F%23%25").await.problem(twin.not_found_status());
    })
    .await;
}
