//! The client that `twin_api::connect` returns: where it sends the key, how it reports error
//! responses, and how it encodes identifiers.

#![expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use twin_api::transport::{Inner, OperationInfo, PendingResponse, Transport};
use twin_api::types::{RunMode, StartRunBody};
use twin_api::{Client, Error, ErrorKind, Outcome, Problem, reqwest};
use twin_tests::scripted::{BufferedResponse, Scripted};

use crate::{KEY, service};

/// Calls `get_me` with an error response. Returns the status, the problem and `x-request-id`.
async fn refusal_of_get_me(answer: BufferedResponse) -> (StatusCode, Problem, String) {
    let (server, twin) = service().await;
    let id = HeaderName::from_static("x-request-id");
    server.answer(answer.header(id, HeaderValue::from_static("r1")));
    let error = twin.get_me().send().await.expect_err("the request is refused");
    let id = error.headers().get("x-request-id").expect("the error has the header");
    let id = id.to_str().expect("the value is ASCII").to_owned();
    let status = error.status().expect("the error has a status");
    (status, error.problem().expect("the error has a problem").clone(), id)
}

#[tokio::test]
async fn sends_the_key_in_the_x_api_key_header_only() {
    let (server, twin) = service().await;
    server.answer(BufferedResponse::json(StatusCode::OK, &json!({"user_id": "user_123"})));
    let me = twin.get_me().send().await.expect("the request succeeds");
    assert_eq!(me.user_id, "user_123");
    let requests = server.take_requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("x-api-key"), KEY);
    assert_eq!(requests[0].header("authorization"), "");
    assert_eq!(requests[0].header("api-version"), "");
    assert_eq!(requests[0].header("accept-encoding"), "");
    assert_eq!(requests[0].target, "/v1/me");
}

#[tokio::test]
async fn does_not_follow_redirects_to_another_origin() {
    for status in [301, 302, 303, 307, 308] {
        let (server, twin) = service().await;
        let sink = Scripted::start().await.expect("a free port");
        let elsewhere = HeaderValue::from_str(&format!("{}/v1/agents", sink.url()));
        let status = StatusCode::from_u16(status).expect("the status is valid");
        server.answer(
            BufferedResponse::empty(status)
                .header(header::LOCATION, elsewhere.expect("the URL is valid")),
        );
        let body = StartRunBody::builder().run_mode(RunMode::Run);
        let error = twin.start_run().agent_id("a").body(body).send().await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::NotTheApi, Some(status)));
        assert!(error.to_string().contains("redirects are not followed"), "{error}");
        assert_eq!(server.take_requests().len(), 1);
        assert!(sink.take_requests().is_empty(), "{status} was followed");
    }
}

#[tokio::test]
async fn problem_keeps_members_and_extensions() {
    let body = json!({
        "type": "https://example.com/probs/forbidden", "title": "Forbidden", "status": 403,
        "detail": "you do not have access to this agent", "trace": {"id": 7},
    });
    let answer =
        BufferedResponse::new(StatusCode::FORBIDDEN, "application/problem+json", body.to_string());
    let (status, problem, id) = refusal_of_get_me(answer).await;
    assert_eq!((status, id.as_str()), (StatusCode::FORBIDDEN, "r1"));
    assert_eq!(problem.status, Some(403));
    assert_eq!(problem.detail.as_deref(), Some("you do not have access to this agent"));
    assert_eq!(problem.extra["trace"], json!({"id": 7}));
}

#[tokio::test]
async fn every_error_response_becomes_a_problem_with_status_and_headers() {
    let html = "<!doctype html><title>502</title>";
    let cases = [
        (
            422,
            "text/plain",
            "missing field `run_mode` at line 1",
            "missing field `run_mode` at line 1",
        ),
        (502, "text/html", html, html),
        (500, "application/json", "{\"title\": \"T\", \"detail\": {\"a\": 1}}", "{\"a\":1}"),
        (404, "application/json", "{\"error\": {\"code\": \"c\", \"message\": \"gone\"}}", "gone"),
        (400, "application/problem+json", "{\"detail\": \"torn", "{\"detail\": \"torn"),
    ];
    for (status, content_type, body, detail) in cases {
        let status = StatusCode::from_u16(status).expect("the status is valid");
        let (seen, problem, _) =
            refusal_of_get_me(BufferedResponse::new(status, content_type, body)).await;
        assert_eq!(seen, status, "{body}");
        assert_eq!(problem.status, Some(i64::from(status.as_u16())), "{body}");
        assert_eq!(problem.detail.as_deref(), Some(detail), "{body}");
    }
    let allow = HeaderValue::from_static("DELETE");
    let empty =
        BufferedResponse::empty(StatusCode::METHOD_NOT_ALLOWED).header(header::ALLOW, allow);
    let (status, problem, _) = refusal_of_get_me(empty).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(problem.title.as_deref(), Some("Method Not Allowed"));
    assert_eq!(problem.detail, None);
}

#[tokio::test]
async fn grpc_status_on_a_200_response_is_an_error() {
    let (server, twin) = service().await;
    let code = HeaderName::from_static("grpc-status");
    server.answer(
        BufferedResponse::new(StatusCode::OK, "application/grpc", "")
            .header(code, HeaderValue::from_static("12")),
    );
    let error = twin.delete_agent().agent_id("a").send().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::NOT_IMPLEMENTED));
}

#[tokio::test]
async fn redacts_key_that_the_service_repeats() {
    let answer =
        BufferedResponse::new(StatusCode::UNAUTHORIZED, "text/plain", format!("{KEY} is unknown"))
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("key=tw_live_canary"));
    let (server, twin) = service().await;
    server.answer(answer.clone());
    let error = twin.get_me().send().await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(KEY) && shown.contains("[redacted]"), "{shown}");
    let (_, problem, _) = refusal_of_get_me(answer).await;
    assert_eq!(problem.detail.as_deref(), Some("[redacted] is unknown"));
}

#[tokio::test]
async fn decode_error_does_not_quote_a_response_with_secrets() {
    let (server, twin) = service().await;
    server.answer(BufferedResponse::json(
        StatusCode::CREATED,
        &json!({"api_key": "tw_live_canary", "key_id": "tw_live_canary", "created_at": "tw_live_canary"}),
    ));
    let error = twin
        .create_api_key()
        .body(twin_api::types::CreateApiKeyBody::builder().name("n"))
        .send()
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?} {error:#}");
    assert_eq!(error.kind(), ErrorKind::Decode, "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn empty_and_dot_identifiers_are_refused_before_sending() {
    let (server, twin) = service().await;
    for id in ["", ".", ".."] {
        let error = twin.delete_run().agent_id("a").run_id(id).send().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
        assert!(error.to_string().contains("run_id"), "{error}");
    }
    assert!(server.take_requests().is_empty());
}

#[tokio::test]
async fn encodes_identifiers_within_their_path_segment() {
    let cases = [
        ("%2e%2e", "%252e%252e"),
        ("a/b", "a%2Fb"),
        ("a\\..\\b", "a%5C..%5Cb"),
        ("a?b", "a%3Fb"),
        ("a#b", "a%23b"),
        ("a\r\nx: y", "a%0D%0Ax:%20y"),
        (" ", "%20"),
        ("...", "..."),
        ("a\u{202e}b", "a%E2%80%AEb"),
        ("\tcard", "%09card"),
    ];
    let (server, twin) = service().await;
    for (id, segment) in cases {
        server.answer(BufferedResponse::empty(StatusCode::NO_CONTENT));
        twin.delete_run().agent_id("a").run_id(id).send().await.expect(id);
        let requests = server.take_requests();
        assert_eq!(requests[0].target, format!("/v1/agents/a/runs/{segment}"), "{id:?}");
    }
}

#[tokio::test]
async fn base_url_keeps_its_path() {
    let server = Scripted::start().await.expect("a free port");
    let twin =
        twin_api::connect(&format!("{}/base/", server.url()), KEY).expect("the URL is valid");
    server.answer(BufferedResponse::json(StatusCode::OK, &json!({"user_id": "u"})));
    twin.get_me().send().await.expect("the request succeeds");
    assert_eq!(server.take_requests()[0].target, "/base/v1/me");
}

/// Returns a client of a server that answers one request with these bytes and closes the connection.
async fn client_of_raw_response(bytes: impl AsRef<[u8]> + Send + 'static) -> Client {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("the socket is bound");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut request).await.expect("a request without a body");
        }
        stream.write_all(bytes.as_ref()).await.expect("the response is sent");
    });
    twin_api::connect(&format!("http://{address}"), KEY).expect("the URL is valid")
}

#[tokio::test]
async fn truncated_error_response_keeps_its_status() {
    let twin = client_of_raw_response(
        b"HTTP/1.1 503 x\r\ncontent-length: 100\r\nretry-after: 7\r\n\r\nhalf",
    )
    .await;
    let error = twin.get_me().send().await.expect_err("the request is refused");
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(error.headers()["retry-after"], "7");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.to_string().contains("the response ended"), "{error}");
}

/// The connection closes before the end, so reading more than the limit would be an error.
#[tokio::test]
async fn error_response_is_read_up_to_its_limit() {
    let limit = 256 << 10;
    let head = format!("HTTP/1.1 503 x\r\ncontent-length: {}\r\n\r\n", limit + 100);
    let body = format!("{{\"detail\":\"too busy\"{}}}", " ".repeat(limit - 21));
    assert_eq!(body.len(), limit);
    for beyond in ["", "no JSON"] {
        let twin = client_of_raw_response(format!("{head}{body}{beyond}")).await;
        let error = twin.get_me().send().await.expect_err("the request is refused");
        let problem = error.problem().expect("the error has a problem");
        assert_eq!(problem.detail.as_deref(), Some("too busy"), "{beyond}");
    }
}

#[tokio::test]
async fn truncated_success_response_is_a_transport_error() {
    let twin = client_of_raw_response(
        b"HTTP/1.1 200 x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"user_id\": \"u\"}",
    )
    .await;
    let error = twin.get_me().send().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Accepted));
}

/// Formats the error and its causes as `anyhow` does.
fn chain(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// A transport that sends nothing and returns an error.
#[derive(Debug)]
struct FailingTransport;

impl Transport for FailingTransport {
    fn execute<'a>(
        &'a self,
        _: &'a reqwest::Client,
        request: reqwest::Request,
        operation: &'a OperationInfo,
    ) -> PendingResponse<'a> {
        Box::pin(async move {
            assert_eq!(request.headers()["x-api-key"], KEY);
            assert_eq!((operation.operation_id, operation.method), ("get_agent", "GET"));
            assert_eq!(operation.path_template, "/v1/agents/{agent_id}");
            Err(Error::other(std::io::Error::other(format!("too lazy for {KEY}"))))
        })
    }
}

#[tokio::test]
async fn custom_transport_error_gets_the_operation_and_is_redacted() {
    let inner =
        Inner::new(FailingTransport).api_key(&KEY.into()).expect("the value fits into a header");
    let client = reqwest::Client::builder().no_proxy().build().expect("the HTTP client is valid");
    let twin = Client::new_with_client("http://127.0.0.1:9", client, inner);
    let error = twin.get_agent().agent_id("a").send().await.expect_err("the transport fails");
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
    assert_eq!((error.operation(), error.attempts()), (Some("get_agent"), 1));
    let text = error.to_string();
    assert!(text.starts_with("the transport failed: too lazy for [redacted] (GET /v1/"), "{text}");
    for text in [format!("{error:?}"), format!("{error:#}"), chain(&error)] {
        assert!(!text.contains(KEY) && text.contains("too lazy for [redacted]"), "{text}");
    }
}
