//! Converts every error response to problem details (RFC 9457).

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::{Map, Value};

use super::Redactor;
use crate::{ErrorKind, Outcome, Problem, transport::Failure};

/// The header with the gRPC status, parsed once, so that no lookup has to parse it.
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Maximum bytes that are read of an error response. People read it, not the decoder.
pub(super) const MAX_BODY: usize = 256 << 10;

/// Maximum bytes of a text in problem details.
const MAX_TEXT: usize = 4 << 10;

/// Stands in for the body of an error response that could not be read.
const TORN: &str = "the response ended before its body was read";

/// Members of problem details with secret values.
const SECRETS: [&str; 2] = ["api_key", "signing_secret"];

/// Returns the status of an error response. `None` for a success.
///
/// It is the HTTP status for 4xx and 5xx. A gateway may pass gRPC through, with an HTTP status of
/// 200; the gRPC status is then mapped to HTTP.
///
/// ```
/// use twin_api::reqwest::{StatusCode, header::HeaderMap};
/// use twin_api::transport::refusal_status;
/// let mut headers = HeaderMap::new();
/// assert_eq!(refusal_status(StatusCode::OK, &headers), None);
/// headers.insert("grpc-status", "14".parse()?);
/// assert_eq!(refusal_status(StatusCode::OK, &headers), Some(StatusCode::SERVICE_UNAVAILABLE));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn refusal_status(status: StatusCode, headers: &HeaderMap) -> Option<StatusCode> {
    if status.is_client_error() || status.is_server_error() {
        return Some(status);
    }
    let code = headers.get(GRPC_STATUS)?.to_str().ok()?.trim().parse().ok()?;
    grpc_status(code)
}

/// Maps a gRPC status to HTTP, like google.rpc.Code. `None` for OK.
fn grpc_status(code: u16) -> Option<StatusCode> {
    Some(match code {
        0 => return None,
        1 => StatusCode::REQUEST_TIMEOUT, // cancelled; 499 is not a registered status
        3 | 9 | 11 => StatusCode::BAD_REQUEST,
        4 => StatusCode::GATEWAY_TIMEOUT,
        5 => StatusCode::NOT_FOUND,
        6 | 10 => StatusCode::CONFLICT,
        7 => StatusCode::FORBIDDEN,
        8 => StatusCode::TOO_MANY_REQUESTS,
        12 => StatusCode::NOT_IMPLEMENTED,
        14 => StatusCode::SERVICE_UNAVAILABLE,
        16 => StatusCode::UNAUTHORIZED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    })
}

/// Returns whether a request that failed with this status may succeed if it is repeated unchanged.
pub fn is_transient(status: StatusCode) -> bool {
    crate::error::is_transient(status)
}

/// Returns whether the operation may have happened although the service answered with this error.
///
/// A 503 with `Retry-After` is a rejection. After a 503 without it, and after most other 5xx, the
/// outcome is unknown: a gateway also sends them if it loses the service during the work.
pub fn refusal_outcome(status: StatusCode, has_retry_after: bool) -> Outcome {
    match status.as_u16() {
        503 if has_retry_after => Outcome::Rejected,
        501 | 505 => Outcome::Rejected,
        408 | 500..=599 => Outcome::Unknown,
        _ => Outcome::Rejected,
    }
}

/// Builds the failure of an error response. `None` stands for a body that could not be read.
pub(super) fn failure(status: StatusCode, body: Option<&Bytes>, redactor: Redactor<'_>) -> Failure {
    let mut failure = Failure::new(ErrorKind::Problem, Outcome::Rejected, "");
    failure.status = Some(status);
    failure.problem = Some(problem(status, body, redactor));
    failure
}

fn problem(status: StatusCode, body: Option<&Bytes>, redactor: Redactor<'_>) -> Problem {
    let mut problem = match body.map(|body| String::from_utf8_lossy(body)) {
        None => plain(status, TORN),
        Some(text) => match serde_json::from_str(&text) {
            Ok(Value::Object(members)) => from_object(redacted_members(members, redactor)),
            Ok(Value::String(text)) => plain(status, &redactor.text(&text)),
            _ => plain(status, redactor.text(text.trim()).trim()),
        },
    };
    problem.status = Some(status.as_u16().into());
    problem
}

/// Builds problem details for a body that is not problem+json.
fn plain(status: StatusCode, text: &str) -> Problem {
    Problem {
        title: status.canonical_reason().map(ToOwned::to_owned),
        detail: (!text.is_empty()).then(|| cut(text, MAX_TEXT)),
        ..Problem::default()
    }
}

/// Builds problem details from a JSON object.
///
/// Members of a wrong type become text, and `null` counts as absent. The message of the older
/// `{"error": {"code", "message"}}` becomes the detail. All other members are kept.
fn from_object(mut members: Map<String, Value>) -> Problem {
    members.retain(|_, value| !value.is_null());
    members.remove("status");
    if !members.contains_key("detail")
        && let Some(message) = older_message(&members)
    {
        members.insert("detail".to_owned(), message.into());
    }
    let mut take = |name: &str| {
        members.remove(name).map(|value| match value {
            Value::String(text) => cut(&text, MAX_TEXT),
            other => cut(&other.to_string(), MAX_TEXT),
        })
    };
    let (type_, title, detail) = (take("type"), take("title"), take("detail"));
    Problem { type_, title, detail, status: None, extra: members }
}

fn older_message(members: &Map<String, Value>) -> Option<String> {
    let error = members.get("error");
    [error.and_then(|error| error.get("message")), error, members.get("message")]
        .into_iter()
        .flatten()
        .find_map(|value| value.as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned))
}

/// Removes the key and the values of secrets from a problem.
pub(super) fn redacted_problem(problem: Problem, redactor: Redactor<'_>) -> Problem {
    let clean = |text: String| redactor.text(&text).into_owned();
    Problem {
        type_: problem.type_.map(clean),
        title: problem.title.map(clean),
        detail: problem.detail.map(clean),
        status: problem.status,
        extra: redacted_members(problem.extra, redactor),
    }
}

/// Removes the key and the values of secrets from members.
fn redacted_members(members: Map<String, Value>, redactor: Redactor<'_>) -> Map<String, Value> {
    let each = members.into_iter().map(|(name, value)| {
        let is_secret = SECRETS.contains(&name.as_str());
        let value = if is_secret { "[redacted]".into() } else { redacted(value, redactor) };
        (redactor.text(&name).into_owned(), value)
    });
    each.collect()
}

fn redacted(value: Value, redactor: Redactor<'_>) -> Value {
    match value {
        Value::String(text) => redactor.text(&text).into_owned().into(),
        Value::Array(items) => items.into_iter().map(|item| redacted(item, redactor)).collect(),
        Value::Object(members) => Value::Object(redacted_members(members, redactor)),
        Value::Number(number) => {
            let text = number.to_string();
            let clean = redactor.text(&text).into_owned();
            if clean == text { Value::Number(number) } else { clean.into() }
        }
        other => other,
    }
}

/// Truncates `text` to about `most` bytes.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().map(|(index, _)| index).find(|index| *index >= most) {
        Some(end) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;

    use super::*;

    fn with_key(status: u16, body: &str, key: Option<&HeaderValue>) -> Value {
        let status = StatusCode::from_u16(status).unwrap();
        let body = Bytes::from(body.to_owned());
        serde_json::to_value(problem(status, Some(&body), Redactor::new(key))).unwrap()
    }

    fn of(status: u16, body: &str) -> Value {
        with_key(status, body, None)
    }

    #[test]
    fn problem_json_is_kept() {
        let body =
            json!({"type": "about:blank", "title": "T", "status": 404, "detail": "d", "x": [1]});
        assert_eq!(of(404, &body.to_string()), body);
    }

    #[test]
    fn status_is_that_of_the_response() {
        assert_eq!(of(403, r#"{"title": "T"}"#), json!({"title": "T", "status": 403}));
        assert_eq!(of(403, r#"{"status": "404"}"#), json!({"status": 403}));
        assert_eq!(of(503, r#"{"status": 1e400}"#)["status"], 503);
    }

    #[test]
    fn members_of_a_wrong_type_become_text() {
        assert_eq!(
            of(400, r#"{"type": 7, "title": ["a"], "detail": {"b": true}, "instance": null}"#),
            json!({"type": "7", "title": "[\"a\"]", "detail": "{\"b\":true}", "status": 400}),
        );
    }

    #[test]
    fn other_bodies_become_the_detail() {
        let cases = [
            ("missing field `run_mode`\n", 422, "Unprocessable Entity", "missing field `run_mode`"),
            ("<html>no</html>", 502, "Bad Gateway", "<html>no</html>"),
            ("\"quoted\"", 400, "Bad Request", "quoted"),
            ("[1, 2]", 400, "Bad Request", "[1, 2]"),
        ];
        for (body, status, title, detail) in cases {
            let expected = json!({"title": title, "detail": detail, "status": status});
            assert_eq!(of(status, body), expected, "{body}");
        }
        assert_eq!(of(405, ""), json!({"title": "Method Not Allowed", "status": 405}));
    }

    #[test]
    fn the_older_format_keeps_its_error_and_gains_a_detail() {
        let body = r#"{"error": {"code": "not_found", "message": "no such agent"}}"#;
        assert_eq!(
            of(404, body),
            json!({
                "error": {"code": "not_found", "message": "no such agent"},
                "detail": "no such agent",
                "status": 404,
            }),
        );
        assert_eq!(of(404, r#"{"error": "gone"}"#)["detail"], "gone");
        assert_eq!(of(404, r#"{"message": "gone"}"#)["detail"], "gone");
    }

    #[test]
    fn long_and_deep_bodies_are_truncated() {
        let long = of(500, &"é".repeat(100_000));
        assert!(long["detail"].as_str().unwrap().len() <= MAX_TEXT + "…".len() + 1);
        let deep = of(500, &"[".repeat(10_000));
        assert_eq!(deep["detail"].as_str().unwrap().len(), MAX_TEXT + "…".len());
    }

    #[test]
    fn key_and_secrets_are_redacted_before_truncation() {
        let key = HeaderValue::from_static("tw_live_canary");
        let text = |body: &str| with_key(400, body, Some(&key)).to_string();
        let padded = format!("{}tw_live_canary", "x".repeat(MAX_TEXT - 8));
        for body in [
            "bad key tw_live_canary!",
            r#"{"tw_live_canary": "\u0074w_live_canary", "error": [{"tw_live_canary": 1}]}"#,
            r#"{"signing_secret": "canary", "a": {"api_key": {"b": "canary"}}}"#,
            &padded,
        ] {
            let text = text(body);
            assert!(!text.contains("canary") && !text.contains("tw_"), "{text}");
            assert!(text.contains("[redac"), "{text}");
        }
    }

    #[test]
    fn grpc_status_is_an_error_unless_ok() {
        let refused_with = |code: &'static str| {
            let headers = [("grpc-status".parse().unwrap(), HeaderValue::from_static(code))];
            refusal_status(StatusCode::OK, &headers.into_iter().collect())
        };
        assert_eq!(refused_with("12"), Some(StatusCode::NOT_IMPLEMENTED));
        assert_eq!(refused_with("0"), None);
        assert_eq!(refused_with("x"), None);
        assert_eq!(refused_with("99"), Some(StatusCode::INTERNAL_SERVER_ERROR));
    }
}
