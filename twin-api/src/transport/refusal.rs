//! Every refusal as problem details (RFC 9457), whatever the service sent.
//!
//! progenitor reads a 4xx or 5xx as a `Problem`; one that is text, HTML, empty or has a
//! member of a wrong type would end as a decode error without its status. So its body is
//! rewritten before progenitor sees it. Status and headers stay as they came, and so does
//! the text, up to a bound. Successes pass unread.

use bytes::BytesMut;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, ResponseBuilderExt, StatusCode};
use serde_json::{Map, Value, json};

use super::{CONTEXT_HEADER, Context};

/// Where gRPC says how a call ended. As a name, so that no lookup has to read it as one.
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// More of a refusal is not read: it is for a person.
const READ: usize = 256 << 10;

/// A text of a problem is cut behind this many bytes.
const TEXT: usize = 4 << 10;

/// `response` as it is, or, where it is a refusal, with a problem as its body.
pub(super) async fn normalise(mut response: Response, key: Option<&HeaderValue>) -> Response {
    let Some(status) = refusal_status(response.status(), response.headers()) else {
        if !response.status().is_success() {
            // It reaches the caller as it is.
            redact_headers(response.headers_mut(), key);
        }
        return response;
    };
    let url = response.url().clone();
    let mut headers = response.headers().clone();
    redact_headers(&mut headers, key);
    tell(&mut headers, response.extensions().get(), url.path(), key);
    let extensions = response.extensions().clone();
    let body = read(response).await;
    let problem = problem(status, &without_key(body.as_deref(), key));
    let text = problem.to_string();
    // Only a URL is set on the builder, and a URL that was requested is one.
    let built = http::Response::builder().url(url).body(text.clone());
    let mut answer = built.unwrap_or_else(|_| http::Response::new(text));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer.extensions_mut().extend(extensions);
    Response::from(answer)
}

/// Puts what the transport tells among the headers, in the place of what a server pretends.
fn tell(headers: &mut HeaderMap, context: Option<&Context>, path: &str, key: Option<&HeaderValue>) {
    headers.remove(CONTEXT_HEADER);
    if let Some(context) = context {
        let context = Context { path: redact_text(path.as_bytes(), key), ..context.clone() };
        headers.extend(context.to_header().map(|value| (CONTEXT_HEADER, value)));
    }
}

/// The status of a refusal: 4xx and 5xx, and what a gRPC code means where the gateway lets
/// a request through to gRPC, which says 200 to everything.
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

/// HTTP for a gRPC code, as google.rpc.Code maps them; `None` for OK.
fn grpc_status(code: u16) -> Option<StatusCode> {
    Some(match code {
        0 => return None,
        1 => StatusCode::REQUEST_TIMEOUT, // cancelled; 499 is no registered status
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

/// The body, at most [`READ`] bytes of it; `None` where it could not be read. The status
/// is known then all the same, and worth more than the error of the connection.
async fn read(mut response: Response) -> Option<Vec<u8>> {
    let mut body = BytesMut::new();
    while body.len() < READ {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(READ - body.len())]),
            Ok(None) => break,
            Err(_) => return None,
        }
    }
    Some(body.to_vec())
}

/// A service that quotes the key in its refusal does not bring it into an error.
fn without_key(body: Option<&[u8]>, key: Option<&HeaderValue>) -> Body {
    body.map_or(Body::Unreadable, |body| Body::Text(redact_text(body, key)))
}

/// `text`, without the key: a transport that quotes an answer quotes it so.
///
/// ```
/// use twin_api::reqwest::header::HeaderValue;
/// use twin_api::transport::redact_text;
/// let key = HeaderValue::from_static("tw_live_1");
/// assert_eq!(redact_text(b"no such key: tw_live_1", Some(&key)), "no such key: [redacted]");
/// ```
pub fn redact_text(text: &[u8], key: Option<&HeaderValue>) -> String {
    let text = String::from_utf8_lossy(text);
    match key.and_then(|key| key.to_str().ok()).filter(|key| !key.is_empty()) {
        Some(key) => text.replace(key, "[redacted]"),
        None => text.into_owned(),
    }
}

/// Takes the key out of the headers of an answer that reaches the caller.
///
/// ```
/// use twin_api::reqwest::header::{HeaderMap, HeaderValue};
/// use twin_api::transport::redact_headers;
/// let key = HeaderValue::from_static("tw_live_1");
/// let mut headers = HeaderMap::new();
/// headers.insert("x-seen", HeaderValue::from_static("tw_live_1 at noon"));
/// redact_headers(&mut headers, Some(&key));
/// assert_eq!(headers["x-seen"], "[redacted]");
/// ```
pub fn redact_headers(headers: &mut HeaderMap, key: Option<&HeaderValue>) {
    let Some(key) = key.map(HeaderValue::as_bytes).filter(|key| !key.is_empty()) else { return };
    for value in headers.values_mut() {
        if value.as_bytes().windows(key.len()).any(|part| part == key) {
            *value = HeaderValue::from_static("[redacted]");
        }
    }
}

enum Body {
    Text(String),
    Unreadable,
}

/// The problem that a refusal with this body is.
fn problem(status: StatusCode, body: &Body) -> Value {
    let mut problem = match body {
        Body::Unreadable => stand_in(status, "the answer broke off before its body was read"),
        Body::Text(text) => match serde_json::from_str(text) {
            Ok(Value::Object(members)) => from_object(members),
            Ok(Value::String(text)) => stand_in(status, &text),
            _ => stand_in(status, text.trim()),
        },
    };
    problem.insert("status".to_owned(), status.as_u16().into());
    Value::Object(problem)
}

/// A problem for a refusal that is none: the standard title, and the text.
fn stand_in(status: StatusCode, text: &str) -> Map<String, Value> {
    let mut members = Map::new();
    if let Some(reason) = status.canonical_reason() {
        members.insert("title".to_owned(), reason.into());
    }
    if !text.is_empty() {
        members.insert("detail".to_owned(), cut(text, TEXT).into());
    }
    members
}

/// Members of a wrong type become text; a `null` is an absent member. Where the object is
/// no problem but the older `{"error": {"code", "message"}}` or its like, the message
/// becomes the detail. Nothing is taken away but a wrong `status`.
fn from_object(mut members: Map<String, Value>) -> Map<String, Value> {
    members.retain(|_, value| !value.is_null());
    if !members.contains_key("detail")
        && let Some(message) = older_message(&members)
    {
        members.insert("detail".to_owned(), message.into());
    }
    for name in ["type", "title", "detail", "instance"] {
        if let Some(value) = members.get_mut(name) {
            let text = match &*value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            *value = json!(cut(&text, TEXT));
        }
    }
    members
}

fn older_message(members: &Map<String, Value>) -> Option<String> {
    let error = members.get("error");
    [error.and_then(|error| error.get("message")), error, members.get("message")]
        .into_iter()
        .flatten()
        .find_map(|value| value.as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned))
}

/// `text`, cut behind about `most` bytes.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().map(|(index, _)| index).find(|index| *index >= most) {
        Some(end) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Value {
        problem(StatusCode::from_u16(status).unwrap(), &Body::Text(body.to_owned()))
    }

    #[test]
    fn a_problem_stays_as_it_came() {
        let body =
            json!({"type": "about:blank", "title": "T", "status": 404, "detail": "d", "x": [1]});
        assert_eq!(of(404, &body.to_string()), body);
    }

    #[test]
    fn the_status_is_that_of_the_answer() {
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
    fn long_and_deep_bodies_are_cut_text() {
        let long = of(500, &"é".repeat(100_000));
        assert!(long["detail"].as_str().unwrap().len() <= TEXT + "…".len() + 1);
        let deep = of(500, &"[".repeat(10_000));
        assert_eq!(deep["detail"].as_str().unwrap().len(), TEXT + "…".len());
    }

    #[test]
    fn the_key_is_not_quoted() {
        let key = HeaderValue::from_static("tw_live_canary");
        let Body::Text(text) = without_key(Some(b"bad key tw_live_canary!"), Some(&key)) else {
            panic!("the body was read");
        };
        assert_eq!(text, "bad key [redacted]!");
    }

    #[test]
    fn a_grpc_code_is_a_refusal_unless_it_is_ok() {
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
