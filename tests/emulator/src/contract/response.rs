//! Validates a response against its operation.
//!
//! Whether the response fits the request is not checked.

use axum::http::header;

use super::document::{Document, step};
use super::index::{DocumentedOperation, DocumentedResponse};
use super::report::SideReport;
use crate::exchange::BufferedResponse;

/// Reports where `response` differs from the responses that the document lists for `operation`.
pub(super) fn check(
    document: &Document,
    operation: &DocumentedOperation,
    response: &BufferedResponse,
    report: &mut SideReport<'_>,
) {
    let Some(documented) = operation.response(response.status) else {
        let message = format!("the document does not list the status {}", response.status.as_u16());
        return report.add(&step(&operation.pointer, "responses"), "", &message);
    };
    check_response(document, documented, response, report);
}

/// Reports where `response` differs from `documented`.
pub(super) fn check_response(
    document: &Document,
    documented: &DocumentedResponse,
    response: &BufferedResponse,
    report: &mut SideReport<'_>,
) {
    if documented.content.is_none() {
        if !response.body.is_empty() {
            report.add(&documented.pointer, "", "the document lists no body for this response");
        }
        return;
    }
    documented.content.check(document, content_type(response), &response.body, report);
}

/// Returns the content type of a response, or the empty string.
pub(super) fn content_type(response: &BufferedResponse) -> &str {
    let value = response.headers.get(header::CONTENT_TYPE);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}
