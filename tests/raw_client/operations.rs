//! Every operation of the API over a loopback server. The tests compare each request with the
//! reference byte for byte. They decode the responses of the reference, observed responses of the
//! live service, and responses with unknown members and values.
//!
//! The operations are rows of a table, in one module per tag. The tests here apply to every row.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

mod agents;
mod events;
mod harness;
mod instructions;
mod invalid_requests;
mod keys;
mod reference;
mod runs;
mod schedules;
mod webhooks;
mod workspaces;

use std::collections::BTreeSet;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use twin_api::{Client, Error};
use twin_tests::scripted::{BufferedResponse, RecordedRequest, Scripted};

pub(crate) use self::harness::TableRow;
use self::harness::{CallResult, Origin, SampleResponse};
use crate::{KEY, service};

/// Returns every operation once, with all its inputs.
pub(crate) fn table() -> Vec<Box<dyn TableRow>> {
    let mut rows = keys::operation_rows();
    rows.extend(agents::operation_rows());
    rows.extend(runs::operation_rows());
    rows.extend(events::operation_rows());
    rows.extend(webhooks::operation_rows());
    rows.extend(schedules::operation_rows());
    rows.extend(instructions::operation_rows());
    rows.extend(workspaces::operation_rows());
    rows
}

/// Returns the operations with optional inputs, without those inputs.
fn rows_without_optional_inputs() -> Vec<Box<dyn TableRow>> {
    let mut rows = agents::rows_without_optional_inputs();
    rows.extend(runs::rows_without_optional_inputs());
    rows.extend(events::rows_without_optional_inputs());
    rows.extend(webhooks::rows_without_optional_inputs());
    rows.extend(instructions::rows_without_optional_inputs());
    rows.extend(workspaces::rows_without_optional_inputs());
    rows
}

#[tokio::test]
async fn requests_match_the_reference() {
    let (server, twin) = service().await;
    for row in table().iter().chain(&rows_without_optional_inputs()) {
        server.answer(BufferedResponse::empty(StatusCode::NOT_FOUND));
        let _ = row.call(&twin, None).await;
        assert_sent(row.as_ref(), &server.take_requests());
    }
}

fn assert_sent(row: &dyn TableRow, requests: &[RecordedRequest]) {
    let id = row.id();
    let [sent] = requests else { panic!("{id} sent {} requests", requests.len()) };
    assert_eq!(format!("{} {}", sent.method, sent.target), row.line(), "{id}");
    let keys: Vec<&HeaderValue> = sent.headers.get_all("x-api-key").iter().collect();
    assert_eq!(keys, [KEY], "{id}");
    assert_eq!(sent.header("accept"), "application/json", "{id}");

    // All headers except those that depend only on the server and the body length.
    let mut names: BTreeSet<&str> = sent.headers.keys().map(HeaderName::as_str).collect();
    names.retain(|name| !["host", "user-agent", "content-length"].contains(name));
    if let Some(body) = row.body() {
        assert_eq!(sent.header("content-type"), "application/json", "{id}");
        let found: Value = serde_json::from_slice(&sent.body).expect("the body is JSON");
        assert_eq!(&found, body, "{id}");
        names.remove("content-type");
    } else {
        assert!(sent.body.is_empty(), "{id}: {:?}", sent.body);
    }
    assert_eq!(names, BTreeSet::from(["accept", "x-api-key"]), "{id}");
}

#[tokio::test]
async fn decodes_documented_responses() {
    assert_decodes_all(Origin::Documented).await;
}

#[tokio::test]
async fn decodes_observed_and_future_responses() {
    assert_decodes_all(Origin::Observed).await;
}

async fn assert_decodes_all(origin: Origin) {
    let (server, twin) = service().await;
    for row in table() {
        for (number, sample) in row.samples().iter().enumerate() {
            if sample.origin == origin {
                server.answer(answer(sample.status, sample));
                let reply = row.call(&twin, Some(number)).await;
                assert_read(row.id(), sample.status, sample, reply);
            }
        }
    }
}

#[tokio::test]
async fn accepts_any_success_status() {
    let (server, twin) = service().await;
    for row in table() {
        let sample = &row.samples()[0];
        for status in [200, 201, 202] {
            server.answer(answer(status, sample));
            let reply = row.call(&twin, Some(0)).await;
            assert_read(row.id(), status, sample, reply);
        }
    }
}

#[test]
fn every_row_has_a_documented_and_an_observed_response() {
    for row in table() {
        assert_eq!(row.samples()[0].origin, Origin::Documented, "{}", row.id());
        let observed = row.samples().iter().any(|sample| sample.origin == Origin::Observed);
        assert!(observed, "{}", row.id());
    }
}

fn answer(status: u16, sample: &SampleResponse) -> BufferedResponse {
    let status = StatusCode::from_u16(status).expect("the status is valid");
    let answer = match sample.text.as_str() {
        "" => BufferedResponse::empty(status),
        text => BufferedResponse::new(status, "application/json", text.to_owned()),
    };
    with_request_id(answer)
}

/// Adds a header to `answer`, so that a test can see that the client returns headers.
fn with_request_id(answer: BufferedResponse) -> BufferedResponse {
    let request_id = HeaderName::from_static("x-request-id");
    answer.header(request_id, HeaderValue::from_static("r1"))
}

fn assert_read(id: &str, status: u16, sample: &SampleResponse, reply: CallResult<Value>) {
    let reply = reply.unwrap_or_else(|error| panic!("{id} {sample:?}: {error}"));
    assert_eq!(reply.status().as_u16(), status, "{id}");
    assert_eq!(reply.headers()["x-request-id"], "r1", "{id}");
    assert_eq!(reply.into_inner(), sample.serialized, "{id}");
}

#[tokio::test]
async fn problem_round_trips_through_every_operation() {
    let problem = json!({
        "type": "about:blank", "title": "Not Found", "status": 404,
        "detail": "Description of what went wrong", "trace": {"id": [7, null]},
    });
    let (server, twin) = service().await;
    for row in table() {
        let body = problem.to_string();
        let answer = BufferedResponse::new(StatusCode::NOT_FOUND, "application/problem+json", body);
        let refused = refusal(&server, &twin, row.as_ref(), answer).await;
        assert_eq!(refused.status(), Some(StatusCode::NOT_FOUND), "{}", row.id());
        assert_eq!(refused.headers()["content-type"], "application/problem+json", "{}", row.id());
        assert_eq!(json!(refused.problem()), problem, "{}", row.id());
    }
}

#[tokio::test]
async fn plain_text_error_becomes_a_problem() {
    let text = "Failed to deserialize the JSON body into the target type: missing field `x`";
    let (server, twin) = service().await;
    for row in table() {
        let answer = BufferedResponse::new(StatusCode::UNPROCESSABLE_ENTITY, "text/plain", text);
        let refused = refusal(&server, &twin, row.as_ref(), answer).await;
        assert_eq!(refused.status(), Some(StatusCode::UNPROCESSABLE_ENTITY), "{}", row.id());
        assert_eq!(refused.headers()["content-type"], "text/plain", "{}", row.id());
        let wanted = json!({"title": "Unprocessable Entity", "status": 422, "detail": text});
        assert_eq!(json!(refused.problem()), wanted, "{}", row.id());
    }
}

async fn refusal(
    server: &Scripted,
    twin: &Client,
    row: &dyn TableRow,
    answer: BufferedResponse,
) -> Error {
    server.answer(with_request_id(answer));
    let Err(refused) = row.call(twin, None).await else {
        panic!("{}: expected a problem", row.id());
    };
    assert_eq!(refused.headers()["x-request-id"], "r1", "{}", row.id());
    refused
}
