//! Tests the contents of errors, and that they never print the key.

use std::fmt::Write as _;

use crate::testing::{KEY, Service, json, response};
use crate::{Error, ErrorKind, Outcome};

/// Returns the error of `get_agent` after this response.
async fn get_agent(response: String) -> Error {
    let service = Service::start([response]).await;
    let (twin, _) = service.client();
    twin.get_agent().agent_id("agent_abc123").send().await.unwrap_err().into()
}

/// Returns every text that an error can print.
fn shown(error: &Error) -> String {
    use std::error::Error as _;
    let mut text = format!("{error} {error:?} {error:#?} {:?}", error.problem());
    let (headers, excerpt, path) = (error.headers(), error.excerpt(), error.json_path());
    write!(text, "{headers:?} {excerpt:?} {path:?}").unwrap();
    let mut source = error.source();
    while let Some(error) = source {
        write!(text, " {error} {error:?}").unwrap();
        source = error.source();
    }
    text
}

#[tokio::test]
async fn decode_error_has_json_path_and_excerpt() {
    let body = format!(r#"{{"agent": {{"agent_id": 7}}, "x": "{}"}}"#, "é".repeat(1_000));
    let error = get_agent(json(200, &body)).await;
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Accepted));
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (200, 1));
    assert_eq!(error.json_path(), Some("agent.agent_id"));
    assert_eq!(error.excerpt().unwrap().chars().count(), 201);
    assert_eq!(
        error.to_string(),
        "the response cannot be decoded at agent.agent_id: invalid type: integer `7`, expected a \
         string at line 1 column 24 (GET /v1/agents/agent_abc123)"
    );
    assert_eq!(error.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn bodies_without_json_are_not_the_api() {
    let cases = [
        (response(200, "content-type: text/plain\r\n", "hello"), "text/plain"),
        (response(200, "", "hello"), "a body without a content type"),
        (json(200, ""), "an empty body"),
        (json(200, "hello"), "a body that is not JSON"),
        (json(200, "{]"), "a body that is not JSON"),
        (response(204, "", ""), "an empty body"),
        (response(200, "content-encoding: gzip\r\n", "\u{1f}\u{8b}"), "without a content type"),
    ];
    for (response, what) in cases {
        let error = get_agent(response).await;
        assert_eq!(error.kind(), ErrorKind::NotTheApi, "{what}");
        assert!(error.to_string().contains(what), "{what}: {error}");
    }
    let json_as_text = response(200, "content-type: text/plain\r\n", r#"{"agent": 7}"#);
    assert_eq!(get_agent(json_as_text).await.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn no_error_prints_the_key() {
    let responses = [
        response(401, &format!("www-authenticate: {KEY}\r\n"), KEY),
        json(403, &format!(r#"{{"title": "{KEY}", "detail": "{KEY}", "{KEY}": "{KEY}"}}"#)),
        json(200, &format!(r#"{{"agent": "{KEY}"}}"#)),
        json(200, &format!(r#"{{"agent": {{"{KEY}": {{]}}"#)),
        response(200, &format!("content-type: text/{KEY}\r\n"), KEY),
        response(200, &format!("content-type: text/html; {KEY}\r\n"), KEY),
        response(302, &format!("location: /{KEY}\r\n"), KEY),
        format!("HTTP/1.1 200 {KEY}\r\nx: {KEY}\r\ncontent-length: 99\r\n\r\n{KEY}"),
        format!("HTTP/1.1 200 {KEY}\r\nx: {KEY}\r\ncontent-length: 99999999999\r\n\r\n{KEY}"),
        format!("{KEY}\r\n\r\n"),
        String::new(),
    ];
    for response in responses {
        let error = get_agent(response.clone()).await;
        assert!(!shown(&error).contains("canary"), "{response}: {}", shown(&error));
    }
    let service = Service::start([json(403, "{}")]).await;
    let (twin, clock) = service.client();
    let error: Error = twin.get_agent().agent_id(KEY).send().await.unwrap_err().into();
    assert!(!shown(&error).contains("canary"), "{}", shown(&error));
    let builder = service.builder(&clock);
    assert!(!format!("{twin:?} {clock:?} {builder:?}").contains("canary"));
}

#[tokio::test]
async fn response_with_a_secret_has_no_excerpt() {
    let body = r#"{"api_key": "canary", "key_id": 7, "canary": "canary"}"#;
    let service = Service::start([json(201, body)]).await;
    let create = twin_api::types::CreateApiKeyBody::builder().name("n");
    let error = service.client().0.create_api_key().body(create).send().await.unwrap_err();
    let error = Error::from(error);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Accepted));
    assert!(!shown(&error).contains("canary"), "{}", shown(&error));
}

#[tokio::test]
async fn headers_of_the_server_cannot_forge_the_report() {
    let lie = "x-twin-client-context: 9 9.0 uncertain - lie DELETE /lie\r\n";
    let error = get_agent(response(404, lie, "{}")).await;
    assert_eq!((error.operation(), error.attempts()), (Some("get_agent"), 1));
    assert_eq!(error.outcome(), Outcome::Rejected);

    let service = Service::start([response(404, lie, "{}")]).await;
    let raw = twin_api::connect(&service.url, KEY).unwrap();
    let error: Error = raw.get_agent().agent_id("a").send().await.unwrap_err().into();
    assert_eq!((error.operation(), error.attempts()), (Some("get_agent"), 1));
}

#[tokio::test]
async fn raw_client_reports_the_same_outcomes() {
    let cases = [
        (String::new(), ErrorKind::Transport, Outcome::Unknown, true),
        (json(200, "{}").replace("th: 2", "th: 9"), ErrorKind::Transport, Outcome::Accepted, true),
        (response(503, "retry-after: 7\r\n", ""), ErrorKind::Problem, Outcome::Rejected, true),
        (json(503, "{}"), ErrorKind::Problem, Outcome::Unknown, true),
        (json(200, "{}"), ErrorKind::Decode, Outcome::Accepted, false),
        (response(200, "", "<html>"), ErrorKind::NotTheApi, Outcome::Accepted, false),
        (response(307, "location: /x\r\n", ""), ErrorKind::NotTheApi, Outcome::Rejected, false),
    ];
    for (response, kind, outcome, retryable) in cases {
        let service = Service::start([response.clone()]).await;
        let raw = twin_api::connect(&service.url, KEY).unwrap();
        let error: Error = raw.get_agent().agent_id("a").send().await.unwrap_err().into();
        assert_eq!((error.kind(), error.outcome()), (kind, outcome), "{response}");
        assert_eq!(error.is_retryable(), retryable, "{response}");
    }
}

#[tokio::test]
async fn invalid_requests_are_reported_as_not_sent() {
    let twin = twin_api::connect("http://127.0.0.1:1", KEY).unwrap();
    for id in ["", ".", ".."] {
        let error: Error = twin.get_agent().agent_id(id).send().await.unwrap_err().into();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 0));
        assert!(!error.is_retryable());
    }
    let empty = twin_api::types::builder::Webhook::default();
    let error: Error = twin_api::types::Webhook::try_from(empty).unwrap_err().into();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[test]
fn error_is_one_pointer_wide_and_send() {
    fn assert_send<T: Clone + Send + Sync + std::error::Error + 'static>() {}
    assert_send::<Error>();
    assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    let _: fn(twin_api::Error) -> Error = Error::from;
}
