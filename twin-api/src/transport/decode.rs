//! Decodes the response of an operation.
//!
//! A decoding error contains the JSON path of the wrong value. It quotes neither the API key nor
//! any part of a response that contains secrets.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{Failure, Redactor, json_path, refusal, replace_lone_surrogates, run_id};
use crate::{ErrorKind, Outcome};

/// Maximum bytes of an error text of serde, which quotes values of any length.
const MAX_MESSAGE: usize = 300;

/// Maximum characters of the excerpt of a response.
const MAX_EXCERPT: usize = 200;

/// Names and prefixes of secrets in responses.
const SECRETS: [&str; 3] = ["\"api_key\"", "\"signing_secret\"", "whsec_"];

/// How much of a response an error may quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    Excerpt,
    /// Nothing, because the response of this operation contains a secret.
    Nothing,
}

/// Decodes a `T`. Invalid Unicode in the body is replaced and does not fail the response.
pub(super) fn decode<T: DeserializeOwned>(
    body: &Bytes,
    quote: Quote,
    redactor: Redactor<'_>,
) -> Result<T, Box<Failure>> {
    let error = match serde_json::from_slice(body) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if let Ok(value) = serde_json::from_slice(&valid_unicode(body)) {
        return Ok(value);
    }
    Err(Box::new(failure(&error, body, quote, redactor)))
}

/// Builds the failure of a body that does not decode. It is not generic, because a program compiles
/// [`decode`] once for each type of response.
fn failure(
    error: &serde_json::Error,
    body: &Bytes,
    quote: Quote,
    redactor: Redactor<'_>,
) -> Failure {
    if !is_json(error, body) {
        let mut failure = Failure::new(ErrorKind::NotTheApi, Outcome::Accepted, "");
        failure.excerpt = excerpt(body, redactor).filter(|_| quote == Quote::Excerpt);
        return failure;
    }
    if quote == Quote::Nothing {
        return secret_failure(error);
    }
    let mut failure = if names_a_secret(body) {
        secret_failure(error)
    } else {
        quoted_failure(error, body, redactor)
    };
    failure.run_id = run_id::find(&valid_unicode(body));
    failure
}

/// Replaces invalid UTF-8 and lone surrogates with U+FFFD. One malformed name must not fail a list.
fn valid_unicode(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    replace_lone_surrogates(text.as_bytes()).into_owned()
}

/// Returns whether the body is JSON, perhaps truncated.
fn is_json(error: &serde_json::Error, body: &[u8]) -> bool {
    match error.classify() {
        Category::Data => true,
        Category::Eof => body.trim_ascii_start().starts_with(b"{"),
        Category::Syntax | Category::Io => false,
    }
}

/// Returns whether the body seems to contain the name of a secret.
fn names_a_secret(body: &[u8]) -> bool {
    SECRETS.iter().any(|name| body.windows(name.len()).any(|part| part == name.as_bytes()))
}

/// Builds the failure of a response that must not be quoted.
fn secret_failure(error: &serde_json::Error) -> Failure {
    let message = format!(
        "the response cannot be decoded ({:?} error at line {} column {}); \
         it contains a secret and is not shown",
        error.classify(),
        error.line(),
        error.column()
    );
    let mut failure = Failure::new(ErrorKind::Decode, Outcome::Accepted, message);
    failure.json_path = Some(".".to_owned());
    failure
}

fn quoted_failure(error: &serde_json::Error, body: &Bytes, redactor: Redactor<'_>) -> Failure {
    let path = redactor.text(&json_path::find(body, error)).into_owned();
    let text = refusal::cut(&redactor.text(&error.to_string()), MAX_MESSAGE);
    let message = match path.as_str() {
        "." => format!("the response cannot be decoded: {text}"),
        path => format!("the response cannot be decoded at {path}: {text}"),
    };
    let mut failure = Failure::new(ErrorKind::Decode, Outcome::Accepted, message);
    failure.json_path = Some(path);
    failure.excerpt = excerpt(body, redactor);
    failure
}

/// Returns the beginning of a response. `None` if it contains a secret.
///
/// The text is redacted before it is truncated, so that no part of the key remains.
pub(super) fn excerpt(body: &[u8], redactor: Redactor<'_>) -> Option<String> {
    if names_a_secret(body) {
        return None;
    }
    // A character has at most four bytes. The margin has room for an encoded key.
    let beginning = &body[..body.len().min(MAX_EXCERPT * 4 + 8 * 1024)];
    let text = String::from_utf8_lossy(beginning);
    let text = redactor.text(&text);
    Some(match text.char_indices().nth(MAX_EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    })
}

/// Builds the failure of a response that does not come from the API. `from` is a URL without query.
pub(super) fn not_the_api(
    status: StatusCode,
    headers: &HeaderMap,
    from: &str,
    body: &[u8],
) -> Failure {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_empty = body.trim_ascii().is_empty();
    let what = match content_type.filter(|content_type| !is_json_type(content_type)) {
        Some(content_type) if is_empty => format!("{content_type} and an empty body"),
        Some(content_type) => content_type.to_owned(),
        None if is_empty => "an empty body".to_owned(),
        None if content_type.is_some() => "a body that is not JSON".to_owned(),
        None => "a body without a content type".to_owned(),
    };
    let status_code = status.as_u16();
    let message = format!("{from} does not respond like the Twin API: {status_code} with {what}");
    let mut failure = Failure::new(ErrorKind::NotTheApi, Outcome::Accepted, message);
    failure.status = Some(status);
    failure
}

fn is_json_type(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.ends_with("/json") || essence.ends_with("+json")
}

/// Returns whether the response is a web page, or gRPC without an error. Such a response does not
/// come from the API, even for an operation without a response body.
pub(super) fn is_foreign(headers: &HeaderMap, body: &[u8]) -> bool {
    let content_type = headers.get(CONTENT_TYPE);
    let content_type = content_type.map(|value| value.as_bytes().trim_ascii()).unwrap_or_default();
    let starts = |text: &[u8], with: &str| {
        text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
    };
    let body = body.trim_ascii_start();
    let foreign = ["text/html", "application/xhtml", "application/grpc"];
    // Most responses end the comparison here.
    let is_foreign = content_type != b"application/json"
        && foreign.iter().any(|foreign| starts(content_type, foreign));
    is_foreign || starts(body, "<!doctype html") || starts(body, "<html")
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde::Deserialize;

    use super::*;

    const KEY: &str = "tw_live_canary";

    #[derive(Debug, Deserialize)]
    struct AgentResponse {
        agent: Agent,
    }

    #[derive(Debug, Deserialize)]
    struct Agent {
        agent_id: String,
    }

    fn decode_agent(body: &str) -> Result<AgentResponse, Box<Failure>> {
        let key = HeaderValue::from_static(KEY);
        decode(&Bytes::from(body.to_owned()), Quote::Excerpt, Redactor::new(Some(&key)))
    }

    #[test]
    fn failure_has_the_json_path() {
        let failure = decode_agent(r#"{"agent": {"agent_id": 7}}"#).unwrap_err();
        assert_eq!(failure.json_path.as_deref(), Some("agent.agent_id"));
        assert!(failure.message.contains("at agent.agent_id: invalid type: integer `7`"));
    }

    #[test]
    fn body_without_json_is_not_the_api() {
        let cases = [
            ("{\"agent\": ", ErrorKind::Decode),
            ("{\"agent\": 7}", ErrorKind::Decode),
            ("[]", ErrorKind::Decode),
            ("null", ErrorKind::Decode),
            ("{]", ErrorKind::NotTheApi),
            ("hello", ErrorKind::NotTheApi),
            ("<html>", ErrorKind::NotTheApi),
            (" \n", ErrorKind::NotTheApi),
            ("", ErrorKind::NotTheApi),
        ];
        for (body, kind) in cases {
            assert_eq!(decode_agent(body).unwrap_err().kind, kind, "{body}");
        }
    }

    #[test]
    fn lone_surrogate_does_not_fail_the_response() {
        let response = decode_agent(r#"{"agent": {"agent_id": "a\ud83d"}}"#).unwrap();
        assert_eq!(response.agent.agent_id, "a\u{fffd}");
    }

    #[test]
    fn keeps_run_id_beside_a_secret() {
        let beside = r#"{"run": {"goal": "whsec_canary", "run_id": "run_7"}}"#;
        assert_eq!(decode_agent(beside).unwrap_err().run_id.as_deref(), Some("run_7"));
    }

    #[test]
    fn key_and_secrets_are_not_quoted() {
        let padded = format!(r#"{{"agent": "{}{KEY}"}}"#, "x".repeat(MAX_EXCERPT - 16));
        for body in [
            format!(r#"{{"agent": "{KEY}"}}"#),
            format!(r#"{{"agent": {{"{KEY}": 7}}}}"#),
            r#"{"agent": {"signing_secret": "canary"}}"#.to_owned(),
            padded,
        ] {
            let failure = decode_agent(&body).unwrap_err();
            let shown = format!("{failure:?}");
            assert!(!shown.contains("canary") && !shown.contains("tw_live"), "{shown}");
        }
    }

    #[test]
    fn key_that_crosses_the_end_of_the_excerpt_is_redacted() {
        let key = HeaderValue::from_static(KEY);
        // Each of these characters has four bytes.
        let body = format!("{}{KEY}", "\u{1d11e}".repeat(MAX_EXCERPT - 5));
        let shown = excerpt(body.as_bytes(), Redactor::new(Some(&key))).unwrap();
        assert!(!shown.contains("tw_li"), "{shown}");
    }

    #[test]
    fn body_without_json_is_quoted_only_if_the_operation_allows_it() {
        let body = Bytes::from_static(b"hello");
        for (quote, quoted) in [(Quote::Excerpt, Some("hello")), (Quote::Nothing, None)] {
            let failure = decode::<AgentResponse>(&body, quote, Redactor::new(None)).unwrap_err();
            assert_eq!(failure.excerpt.as_deref(), quoted);
        }
    }
}
