//! Builds the responses that replace the real one. They depend only on the fault and the time.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::bomb;
use super::kind::{Fault, RetryAfter, StatusBody};
use crate::exchange::Answer;

/// The page that the web interface returns for every path.
const SINGLE_PAGE: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
    <title>Twin</title></head><body><div id=\"root\"></div>\
    <script type=\"module\" src=\"/assets/index.js\"></script></body></html>\n";

/// The text in the body of an injected error.
const INJECTED: &str = "twin-emulator injected this fault";

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// Returns the response that a fault puts in place of the real one.
pub(super) fn replacement(fault: &Fault, now: DateTime<Utc>) -> Option<Answer> {
    Some(match fault {
        Fault::Status { status, retry_after, body } => {
            let answer = plain(*status, *body);
            retry_after.iter().fold(answer, |answer, value| with_retry_after(answer, value, now))
        }
        Fault::EndlessBody { .. } => Answer::new(StatusCode::OK, JSON, ""),
        Fault::Html => Answer::new(StatusCode::OK, HTML, SINGLE_PAGE),
        Fault::Grpc { code } => Answer::new(StatusCode::OK, "application/grpc", "")
            .header(HeaderName::from_static("grpc-status"), HeaderValue::from(*code)),
        Fault::Redirect { status, to } => {
            Answer::empty(*status).header(header::LOCATION, to.clone())
        }
        Fault::GzipBomb { bytes } => Answer::new(StatusCode::OK, JSON, bomb::gzip(*bytes))
            .header(header::CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        _ => return None,
    })
}

/// Returns the response for a fault that needs the real one, if the rule keeps the operation from
/// running.
pub(super) fn held_back() -> Answer {
    plain(StatusCode::SERVICE_UNAVAILABLE, StatusBody::Problem)
}

fn plain(status: StatusCode, body: StatusBody) -> Answer {
    let title = status.canonical_reason().unwrap_or("Unknown");
    match body {
        StatusBody::Problem => {
            let problem = json!({
                "type": "about:blank",
                "title": title,
                "status": status.as_u16(),
                "detail": INJECTED,
            });
            Answer::new(status, "application/problem+json", problem.to_string())
        }
        StatusBody::Older => {
            let code = title.to_ascii_lowercase().replace(' ', "_");
            let error = json!({"code": code, "message": INJECTED});
            Answer::json(status, &json!({ "error": error }))
        }
        StatusBody::Text => {
            Answer::new(status, "text/plain; charset=utf-8", title.to_ascii_lowercase())
        }
        StatusBody::Html => {
            let line = format!("{} {title}", status.as_u16());
            let page = format!(
                "<html>\n<head><title>{line}</title></head>\n<body>\n\
                 <center><h1>{line}</h1></center>\n</body>\n</html>\n"
            );
            Answer::new(status, HTML, page)
        }
        StatusBody::Empty => Answer::empty(status),
    }
}

fn with_retry_after(answer: Answer, value: &RetryAfter, now: DateTime<Utc>) -> Answer {
    let value = match value {
        RetryAfter::Seconds(seconds) => HeaderValue::from(*seconds),
        RetryAfter::Literal(literal) => literal.clone(),
        RetryAfter::DateIn(seconds) => date(now, *seconds),
        RetryAfter::Each(values) => {
            return values.iter().fold(answer, |answer, one| with_retry_after(answer, one, now));
        }
    };
    answer.header(header::RETRY_AFTER, value)
}

/// Formats the HTTP date `seconds` after `now`, limited to chrono's range.
fn date(now: DateTime<Utc>, seconds: i64) -> HeaderValue {
    let end = if seconds < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    let then = TimeDelta::try_seconds(seconds).and_then(|delta| now.checked_add_signed(delta));
    let text = then.unwrap_or(end).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    // It is ASCII whatever the date is; the empty header is not reached.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}
