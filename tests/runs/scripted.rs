//! Runs on a scripted server, for responses that the emulator does not send.
//!
//! This file has the server and its responses; the tests are in one module per topic.

mod events;
mod find;
mod launch_and_cancel;
mod wait;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use twin_api::Client;
use twin_ext::clock::ManualClock;
use twin_ext::prelude::*;
use twin_ext::{Retry, RunHandle, RunTicket};
use twin_tests::exchange::BufferedResponse;
use twin_tests::scripted::Scripted;

/// A server, its client, and the client's clock.
pub(crate) struct ScriptedService {
    server: Scripted,
    pub(crate) twin: Client,
    clock: ManualClock,
}

impl ScriptedService {
    pub(crate) async fn start() -> Self {
        let server = Scripted::start().await.unwrap();
        let clock = ManualClock::new(1);
        let builder = ClientBuilder::new("tw_live_0123456789").base_url(server.url());
        let twin = builder.retry(Retry::none()).clock(clock.clone()).build().unwrap();
        Self { server, twin, clock }
    }

    /// Adds `times` responses with this body to the script.
    pub(crate) fn answers(&self, body: &Value, times: usize) -> &Self {
        for _ in 0..times {
            self.server.answer(BufferedResponse::json(StatusCode::OK, body));
        }
        self
    }

    /// Adds an empty response with this error status to the script.
    fn fails(&self, status: u16) -> &Self {
        self.server.answer(BufferedResponse::empty(StatusCode::from_u16(status).unwrap()));
        self
    }

    fn run(&self) -> RunHandle {
        self.twin.resume(RunTicket::new("agent_1", "run_1"))
    }

    /// Returns the path and query of each request since the last call.
    fn take_targets(&self) -> Vec<String> {
        self.server.take_requests().into_iter().map(|request| request.target).collect()
    }
}

/// Returns a page with `run_1` in this status.
fn page(status: &str) -> Value {
    listed(&[json!({"run_id": "run_1", "status": status})])
}

/// Returns a page with these runs. Members that a run lacks are filled in.
pub(crate) fn listed(runs: &[Value]) -> Value {
    let runs: Vec<Value> = runs
        .iter()
        .map(|run| {
            let mut whole = json!({"agent_id": "agent_1", "started_at": "2026-02-20T14:30:00Z", "status": "completed"});
            whole.as_object_mut().unwrap().extend(run.as_object().unwrap().clone());
            whole
        })
        .collect();
    json!({"runs": runs})
}

/// Returns an empty response with this status and `Retry-After`.
fn retry_later(status: StatusCode, retry_after: &'static str) -> BufferedResponse {
    BufferedResponse::empty(status).header(RETRY_AFTER, HeaderValue::from_static(retry_after))
}
