//! The control API. The tests check every response against `control.json`.

use axum::http::Method;
use serde_json::{Value, json};
use twin_emulator::{Emulator, Profile};

use super::harness::{ApiResponse, TestEmulator, in_both, list, text};
use super::receiver::{EVERY_EVENT, TestWebhook};

const DOCUMENT: &str = include_str!("../../control.json");

/// Calls an action, and checks the response against the document of the control API.
async fn call(
    twin: &TestEmulator,
    method: Method,
    path: &str,
    template: &str,
    body: &Value,
) -> ApiResponse {
    let request = twin.request_without_key(method.clone(), path).json(body);
    let reply = ApiResponse::to(request).await;
    let status = if reply.status.is_success() { "200" } else { "4XX" };
    let content_type =
        reply.header("content-type").split(';').next().unwrap_or_default().to_owned();
    let mut document: Value = serde_json::from_str(DOCUMENT).expect("the text is JSON");
    let operation = &document["paths"][template][method.as_str().to_lowercase()];
    let mut response = operation["responses"][status].clone();
    if response.get("$ref").is_some() {
        response = document["components"]["responses"]["Refused"].clone();
    }
    let schema = response["content"][&content_type]["schema"].clone();
    assert!(schema.is_object(), "{method} {template}: {status} {content_type} is not documented");
    if content_type == "application/json" {
        document["$ref"] = json!("#/$defs/response");
        document["$defs"] = json!({ "response": schema });
        let validator = jsonschema::draft202012::new(&document).expect("the schema compiles");
        let response: Value = serde_json::from_slice(&reply.body).expect("the text is JSON");
        let errors: Vec<String> =
            validator.iter_errors(&response).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{method} {template}: {response}: {errors:?}");
    }
    reply
}

async fn post(twin: &TestEmulator, path: &str, body: Value) -> Value {
    call(twin, Method::POST, path, path, &body).await.json(200)
}

async fn get(twin: &TestEmulator, path: &str) -> Value {
    call(twin, Method::GET, path, path, &Value::Null).await.json(200)
}

#[tokio::test]
async fn advancing_the_clock_runs_due_events() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &["run.paused"]).await;
        let run = twin.start_manual_run(&hook.agent);
        let template = "/_emulator/agents/{agent_id}/runs/{run_id}/steps";
        let path = format!("/_emulator/agents/{}/runs/{run}/steps", hook.agent);
        let paused = call(&twin, Method::POST, &path, template, &json!({"do": "pause"})).await;
        assert_eq!(paused.json(200), json!({"run_id": run, "status": "paused"}));

        let time = post(&twin, "/_emulator/clock/advance", json!({"by": "14m"})).await;
        assert_eq!(time["now"], "2026-03-11T12:14:00Z");
        assert_eq!(hook.receiver.take().len(), 0);
        let to = json!({"to": "2026-03-11T13:00:00+00:00"});
        let time = post(&twin, "/_emulator/clock/advance", to).await;
        assert_eq!(time["now"], "2026-03-11T13:00:00Z");
        assert_eq!(hook.receiver.take_events(), ["run.paused"]);
    })
    .await;
}

#[tokio::test]
async fn delivers_user_pause_at_once() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        let run = twin.start_manual_run(&hook.agent);
        let template = "/_emulator/agents/{agent_id}/runs/{run_id}/steps";
        let path = format!("/_emulator/agents/{}/runs/{run}/steps", hook.agent);
        for step in ["user_pause", "resume", "complete"] {
            call(&twin, Method::POST, &path, template, &json!({ "do": step })).await.json(200);
        }
        let events = hook.receiver.take_events();
        assert_eq!(events, ["run.started", "run.paused", "run.completed"]);
        let ended = call(&twin, Method::POST, &path, template, &json!({"do": "stop"})).await;
        assert!(text(&ended.json(400)["error"]).contains("has ended"));
    })
    .await;
}

#[tokio::test]
async fn sends_and_repeats_a_signed_delivery() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        twin.start_manual_run(&hook.agent);
        twin.settled().await;
        hook.receiver.take();
        for event in EVERY_EVENT {
            let body = json!({"agent_id": hook.agent, "event": event});
            let sent = post(&twin, "/_emulator/deliveries", body).await;
            let delivery = &sent["deliveries"][0];
            assert_eq!(delivery["state"], "delivered");
            let path = format!("/_emulator/deliveries/{}/repeat", delivery["number"]);
            let template = "/_emulator/deliveries/{delivery}/repeat";
            let repeated = call(&twin, Method::POST, &path, template, &Value::Null).await.json(200);
            assert_eq!(list(&repeated["deliveries"][0]["attempts"]).len(), 2);
            let [first, second] = hook.receiver.take().try_into().expect("two deliveries");
            assert_eq!(first, second);
            assert_eq!(first.event, event);
            assert!(first.is_signed_with(&hook.secret));
            assert_eq!(delivery["body"], first.json().to_string());
            assert_eq!(delivery["headers"]["x-cobb-signature"], first.signature);
        }
    })
    .await;
}

#[tokio::test]
async fn rejects_impossible_delivery_with_reason() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &["run.failed"]).await;
        let send = async |body: Value| {
            let path = "/_emulator/deliveries";
            let reply = call(&twin, Method::POST, path, path, &body).await;
            text(&reply.json(reply.status.as_u16())["error"])
        };
        let agent = &hook.agent;
        let no_run = send(json!({"agent_id": agent, "event": "run.failed"})).await;
        assert!(no_run.contains("has no run yet"), "{no_run}");
        twin.start_manual_run(agent);
        let other = send(json!({"agent_id": agent, "event": "run.paused"})).await;
        assert!(other.contains("no active webhook") && other.contains("run.paused"), "{other}");
        let unknown = send(json!({"agent_id": "none", "event": "run.failed"})).await;
        assert!(unknown.contains("there is no agent none"), "{unknown}");
        let event = send(json!({"agent_id": agent, "event": "run.fail"})).await;
        assert!(event.contains("did you mean \"run.failed\""), "{event}");
    })
    .await;
}

#[tokio::test]
async fn adds_lists_and_removes_faults() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &["run.started"]).await;
        let faults = json!({
            "faults": [{"operation": "get_me", "attempts": [1], "fault": {"status": 503}}],
            "deliveries": [{"event": "run.started", "fault": "lost"}],
        });
        let added = post(&twin, "/_emulator/faults", faults).await;
        assert_eq!(added["faults"][0]["fault"], "status");
        twin.get("/v1/me").await.problem(503);
        twin.get("/v1/me").await.json(200);
        twin.start_manual_run(&hook.agent);
        twin.settled().await;
        assert_eq!(hook.receiver.take().len(), 0);

        let listed = get(&twin, "/_emulator/faults").await;
        assert_eq!(
            (&listed["faults"][0]["attempts"], &listed["faults"][0]["hits"]),
            (&json!(2), &json!(1))
        );
        assert_eq!(
            listed["deliveries"][0],
            json!({"event": "run.started", "fault": "lost", "deliveries": 1})
        );
        let delivery = &get(&twin, "/_emulator/deliveries").await["deliveries"][0];
        assert_eq!((&delivery["fault"], &delivery["state"]), (&json!("lost"), &json!("lost")));

        let path = "/_emulator/faults";
        let removed = call(&twin, Method::DELETE, path, path, &Value::Null).await.json(200);
        assert_eq!(removed, json!({"faults": [], "deliveries": []}));
        let wrong = json!({"faults": [{"operation": "get_you", "fault": "html"}]});
        let refused = call(&twin, Method::POST, path, path, &wrong).await.json(400);
        assert!(text(&refused["error"]).contains("faults[0].operation"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn scripts_the_next_run_over_http() {
    in_both(async |twin| {
        let script = json!({"runs": [[{"do": {"event": "Tick"}}, {"after": "2s", "do": "fail"}]]});
        assert_eq!(post(&twin, "/_emulator/scripts", script).await["waiting"], 1);
        let agent = twin.agent();
        let body = json!({"run_mode": "run"});
        let started = twin.post(&format!("/v1/agents/{agent}/runs"), body).await.json(201);
        post(&twin, "/_emulator/clock/advance", json!({"by": "2s"})).await;
        let run = twin.run(&agent, &text(&started["run"]["run_id"])).await;
        assert_eq!(run["status"], "error");
    })
    .await;
}

#[tokio::test]
async fn seeds_agents_and_resets() {
    in_both(async |twin| {
        let seeded = post(&twin, "/_emulator/seed", json!({"agents": 3, "example": true})).await;
        assert_eq!(seeded, json!({"agents_added": 4, "agents": 4}));
        let runs = json!({
            "runs": {"agent_id": "agent_abc123", "count": 5},
            "events": {"agent_id": "agent_abc123", "run_id": "run_xyz789", "count": 7},
        });
        post(&twin, "/_emulator/seed", runs).await;
        assert_eq!(
            list(&twin.get("/v1/agents/agent_abc123/runs").await.json(200)["runs"]).len(),
            6
        );
        let taken = json!({"agents": 1, "deployed_agents": ["agent_abc123"]});
        let path = "/_emulator/seed";
        let refused = call(&twin, Method::POST, path, path, &taken).await.json(400);
        assert!(text(&refused["error"]).contains("agent_abc123 exists already"), "{refused}");

        post(&twin, "/_emulator/clock/advance", json!({"by": "1h"})).await;
        post(&twin, "/_emulator/faults", json!({"faults": [{"operation": "*", "fault": "html"}]}))
            .await;
        let time = post(&twin, "/_emulator/reset", json!({})).await;
        assert_eq!(time["now"], "2026-03-11T12:00:00Z");
        assert_eq!(twin.get("/v1/agents").await.json(200)["agents"], json!([]));
        assert_eq!(get(&twin, "/_emulator/requests").await["total"], 1);
    })
    .await;
}

#[tokio::test]
async fn reset_restores_initial_faults_and_example() {
    let fault_file =
        r#"{"faults": [{"operation": "get_me", "attempts": 1, "fault": {"status": 503}}]}"#;
    for profile in Profile::ALL {
        let fault_file =
            twin_emulator::FaultFile::parse(fault_file).expect("the fault file is valid");
        let twin = TestEmulator::from_builder(
            Emulator::builder(profile).fault_file(fault_file).example().seed(3),
        )
        .await;
        let agents = twin.get("/v1/agents").await.json(200);
        for _ in 0..2 {
            twin.get("/v1/me").await.problem(503);
            twin.get("/v1/me").await.json(200);
            twin.delete("/v1/agents/agent_abc123").await.assert_empty(204);
            twin.reset();
            assert_eq!(twin.get("/v1/agents").await.json(200), agents);
        }
    }
}

#[tokio::test]
async fn journal_contains_no_secrets() {
    in_both(async |twin| {
        twin.post("/v1/workspaces", json!({"name": "w"})).await.json(201);
        twin.get(&format!("/v1/agents/{}", twin.api_key())).await;
        let journal = get(&twin, "/_emulator/requests").await;
        let [first, second] = list(&journal["requests"]) else { panic!("{journal}") };
        assert_eq!(
            (&first["operation"], &first["status"], &first["body"]),
            (&json!("create_workspace"), &json!(201), &json!(r#"{"name":"w"}"#))
        );
        assert!(list(&first["headers"]).contains(&json!(["x-api-key", "[hidden]"])), "{first}");
        assert!(!journal.to_string().contains(twin.api_key()), "{journal}");
        let path = format!("/_emulator/requests?after={}", first["number"]);
        let later = call(&twin, Method::GET, &path, "/_emulator/requests", &Value::Null).await;
        assert_eq!(list(&later.json(200)["requests"]), std::slice::from_ref(second));
        twin.take_mismatches();
    })
    .await;
}

#[tokio::test]
async fn serves_state_and_control_document() {
    in_both(async |twin| {
        let state = get(&twin, "/_emulator/state").await;
        assert_eq!(state["profile"], twin.profile().name());
        let served = get(&twin, "/_emulator/openapi.json").await;
        assert_eq!(served, serde_json::from_str::<Value>(DOCUMENT).expect("the text is JSON"));
    })
    .await;
}

#[tokio::test]
async fn rejects_invalid_body_and_names_its_path() {
    in_both(async |twin| {
        let cases = [
            ("/_emulator/clock/advance", json!({}), "\"by\" is missing"),
            ("/_emulator/clock/advance", json!({"by": "soon"}), "line 1, by: expected a duration"),
            ("/_emulator/clock/advance", json!({"by": "900d"}), "366 days"),
            ("/_emulator/clock/advance", json!({"to": "2020-01-01T00:00:00Z"}), "cannot go back"),
            ("/_emulator/clock/advance", json!({"to": "2036-01-01T00:00:00Z"}), "366 days"),
            ("/_emulator/clock/advance", json!([]), "expected an object"),
            ("/_emulator/scripts", json!({"faults": []}), "unknown name \"faults\""),
            ("/_emulator/seed", json!({"agents": -1}), "agents: expected a whole number"),
            ("/_emulator/seed", json!({"agent": 1}), "did you mean \"agents\""),
        ];
        for (path, body, expected) in cases {
            let refused = call(&twin, Method::POST, path, path, &body).await.json(400);
            let error = text(&refused["error"]);
            assert!(error.contains(expected), "{path} {body}: {error}");
        }
    })
    .await;
}

/// A browser sends some requests of a web page to other origins without asking first.
#[tokio::test]
async fn rejects_other_hosts_and_origins_without_effect() {
    in_both(async |twin| {
        twin.agent();
        let foreign = [
            ("host", "twin.example.org"),
            ("origin", "http://example.org"),
            ("sec-fetch-site", "cross-site"),
        ];
        for (name, value) in foreign {
            let request =
                twin.request_without_key(Method::POST, "/_emulator/reset").header(name, value);
            let refused = ApiResponse::to(request).await;
            assert_eq!(refused.status, 403, "{name}: {value}");
            assert_eq!(refused.header("access-control-allow-origin"), "");
        }
        assert_eq!(list(&twin.get("/v1/agents").await.json(200)["agents"]).len(), 1);
        let unknown =
            ApiResponse::to(twin.request_without_key(Method::GET, "/_emulator/none")).await;
        assert!(text(&unknown.json(404)["error"]).contains("/_emulator/openapi.json"));
    })
    .await;
}
