//! Validates a response against its operation.
//!
//! Whether the response fits the request is not checked.

use axum::http::header;

use super::document::{Document, step};
use super::index::{Operation, Response};
use super::report::SideReport;
use crate::exchange::BufferedResponse;

/// Reports where `answer` differs from the responses of the operation.
pub(super) fn check(
    document: &Document,
    operation: &Operation,
    answer: &BufferedResponse,
    report: &mut SideReport<'_>,
) {
    let Some(response) = operation.response(answer.status) else {
        let message = format!("the document does not list the status {}", answer.status.as_u16());
        return report.add(&step(&operation.pointer, "responses"), "", &message);
    };
    check_response(document, response, answer, report);
}

/// Reports where `answer` differs from `response`.
pub(super) fn check_response(
    document: &Document,
    response: &Response,
    answer: &BufferedResponse,
    report: &mut SideReport<'_>,
) {
    if response.content.is_none() {
        if !answer.body.is_empty() {
            report.add(&response.pointer, "", "the document lists no body for this response");
        }
        return;
    }
    response.content.check(document, content_type(answer), &answer.body, report);
}

/// Returns the content type of a response, or the empty string.
pub(super) fn content_type(answer: &BufferedResponse) -> &str {
    let value = answer.headers.get(header::CONTENT_TYPE);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}
