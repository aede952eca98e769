//! A Twin in miniature: four operations, one agent too many, and the key checked.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Where it listens, and what it has been asked.
pub(crate) struct Service {
    pub(crate) url: String,
    requests: Arc<AtomicUsize>,
}

impl Service {
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

#[derive(Clone)]
struct Twin {
    key: &'static str,
    requests: Arc<AtomicUsize>,
}

/// Listens on a free port of loopback until the program ends.
pub(crate) async fn start(key: &'static str) -> std::io::Result<Service> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let requests = Arc::new(AtomicUsize::new(0));
    let twin = Twin { key, requests: Arc::clone(&requests) };
    let router = Router::new().fallback(answer).with_state(twin);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(Service { url, requests })
}

async fn answer(State(twin): State<Twin>, request: Request) -> Response {
    twin.requests.fetch_add(1, Ordering::Relaxed);
    let key = request.headers().get("x-api-key").and_then(|key| key.to_str().ok());
    if key != Some(twin.key) {
        return problem(StatusCode::UNAUTHORIZED, "the API key is missing or unknown");
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/v1/me") => json_answer(StatusCode::OK, &json!({"user_id": "user_123"})),
        (&Method::GET, "/v1/agents") => json_answer(
            StatusCode::OK,
            &json!({"agents": [agent("agent_abc123", "deployed"), agent("agent_new", "warming_up")]}),
        ),
        (&Method::POST, "/v1/agents/agent_abc123/runs") => {
            json_answer(StatusCode::CREATED, &json!({"run": run()}))
        }
        (&Method::GET, "/v1/agents/agent_abc123/runs/run_xyz789/events") => json_answer(
            StatusCode::OK,
            &json!({"events": [{"index": 1, "event": {"started": {}}}, {"index": 2, "event": {"finished": {}}}]}),
        ),
        _ => problem(StatusCode::FORBIDDEN, "you do not have access to this agent"),
    }
}

fn agent(id: &str, state: &str) -> Value {
    json!({
        "agent_id": id, "deployment_state": state, "has_runs": true,
        "latest_run_id": "run_xyz789", "latest_run_is_finished": true,
    })
}

fn run() -> Value {
    json!({
        "run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "in_progress",
        "started_at": "2026-02-20T14:30:00Z", "is_finished": false, "run_number": 1,
    })
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    typed(status, "application/json", body)
}

fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason();
    let body =
        json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail});
    typed(status, "application/problem+json", &body)
}

fn typed(status: StatusCode, content_type: &'static str, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, content_type)], body.to_string()).into_response()
}
