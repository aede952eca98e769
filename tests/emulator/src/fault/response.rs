//! Builds the responses that replace the real one, and changes the real one. The result depends only
//! on the fault, the real response and the time.

use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use serde_json::value::RawValue;

use super::bomb;
use super::kind::{Cursor, Fault, RetryAfter, StatusBody};
use crate::exchange::BufferedResponse;

/// A page like the one that the web interface of Twin returns for every path.
const SINGLE_PAGE: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
    <title>Twin</title></head><body><div id=\"root\"></div>\
    <script type=\"module\" src=\"/assets/index.js\"></script></body></html>\n";

/// The text in the body of an injected error.
const INJECTED: &str = "twin-emulator injected this fault";

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// Returns the response that replaces the real one; `None` for a fault that keeps the real one.
pub(super) fn replacement(fault: &Fault, now: DateTime<Utc>) -> Option<BufferedResponse> {
    Some(match fault {
        Fault::Status { status, retry_after, body } => {
            let response = plain(*status, *body);
            retry_after
                .iter()
                .fold(response, |response, value| with_retry_after(response, value, now))
        }
        Fault::EndlessBody { .. } => BufferedResponse::new(StatusCode::OK, JSON, ""),
        Fault::Html => BufferedResponse::new(StatusCode::OK, HTML, SINGLE_PAGE),
        Fault::Grpc { code } => BufferedResponse::new(StatusCode::OK, "application/grpc", "")
            .header(HeaderName::from_static("grpc-status"), HeaderValue::from(*code)),
        Fault::Redirect { status, to } => {
            BufferedResponse::empty(*status).header(header::LOCATION, to.clone())
        }
        Fault::GzipBomb { bytes } => {
            BufferedResponse::new(StatusCode::OK, JSON, bomb::gzip(*bytes))
                .header(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))
        }
        _ => return None,
    })
}

/// Returns the response for a fault that changes the real response, if the rule does not let the
/// operation run.
pub(super) fn operation_not_run() -> BufferedResponse {
    plain(StatusCode::SERVICE_UNAVAILABLE, StatusBody::Problem)
}

fn plain(status: StatusCode, body: StatusBody) -> BufferedResponse {
    let title = status.canonical_reason().unwrap_or("Unknown");
    match body {
        StatusBody::Problem => {
            let problem = json!({
                "type": "about:blank",
                "title": title,
                "status": status.as_u16(),
                "detail": INJECTED,
            });
            BufferedResponse::new(status, "application/problem+json", problem.to_string())
        }
        StatusBody::Older => {
            let code = title.to_ascii_lowercase().replace(' ', "_");
            let error = json!({"code": code, "message": INJECTED});
            BufferedResponse::json(status, &json!({ "error": error }))
        }
        StatusBody::Text => {
            BufferedResponse::new(status, "text/plain; charset=utf-8", title.to_ascii_lowercase())
        }
        StatusBody::Html => {
            let line = format!("{} {title}", status.as_u16());
            let page = format!(
                "<html>\n<head><title>{line}</title></head>\n<body>\n\
                 <center><h1>{line}</h1></center>\n</body>\n</html>\n"
            );
            BufferedResponse::new(status, HTML, page)
        }
        StatusBody::Empty => BufferedResponse::empty(status),
    }
}

fn with_retry_after(
    response: BufferedResponse,
    value: &RetryAfter,
    now: DateTime<Utc>,
) -> BufferedResponse {
    let value = match value {
        RetryAfter::Seconds(seconds) => HeaderValue::from(*seconds),
        RetryAfter::Literal(literal) => literal.clone(),
        RetryAfter::DateIn(seconds) => date(now, *seconds),
        RetryAfter::Each(values) => {
            return values
                .iter()
                .fold(response, |response, one| with_retry_after(response, one, now));
        }
    };
    response.header(header::RETRY_AFTER, value)
}

/// Formats the HTTP date `seconds` after `now`. A date outside the range of chrono becomes its first
/// or last date.
fn date(now: DateTime<Utc>, seconds: i64) -> HeaderValue {
    let end = if seconds < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    let then = TimeDelta::try_seconds(seconds).and_then(|delta| now.checked_add_signed(delta));
    let text = then.unwrap_or(end).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    // An HTTP date is ASCII, so the fallback is not reached.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// Changes the real response by a fault that was applied `nth` times before. All members of a page
/// except the cursor keep their bytes.
pub(super) fn amended(fault: &Fault, nth: u64, mut response: BufferedResponse) -> BufferedResponse {
    match fault {
        Fault::ContentType { value } => {
            response.headers.insert(header::CONTENT_TYPE, value.clone());
        }
        Fault::Cursors(cursors) if response.status.is_success() => {
            let index = usize::try_from(nth).ok().and_then(|nth| nth.checked_rem(cursors.len()));
            let cursor = index.and_then(|index| cursors.get(index));
            let page = cursor.and_then(|cursor| with_cursor(&response.body, cursor));
            response.body = page.map_or(response.body, Into::into);
        }
        _ => {}
    }
    response
}

/// Replaces the cursor of a page; `None` for a body that is not an object.
fn with_cursor(page: &[u8], cursor: &Cursor) -> Option<Vec<u8>> {
    let mut page: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(page).ok()?;
    let value = match cursor {
        Cursor::Text(text) => Some(serde_json::value::to_raw_value(text).ok()?),
        Cursor::Null => Some(serde_json::value::to_raw_value(&()).ok()?),
        Cursor::Absent => None,
    };
    match value {
        Some(value) => page.insert("next_cursor".to_owned(), value),
        None => page.remove("next_cursor"),
    };
    serde_json::to_vec(&page).ok()
}
