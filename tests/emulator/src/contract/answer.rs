//! Holds an answer against its operation.
//!
//! Whether the answer is the right one to the request is not for here.

use axum::http::header;

use super::document::{Document, step};
use super::index::{Operation, Response};
use super::report::Half;
use crate::exchange::Answer;

/// Adds to `report` where `answer` is none that the document gives.
pub(super) fn check(
    document: &Document,
    operation: &Operation,
    answer: &Answer,
    report: &mut Half<'_>,
) {
    let Some(response) = operation.response(answer.status) else {
        let message = format!("the document does not give the status {}", answer.status.as_u16());
        return report.add(&step(&operation.pointer, "responses"), "", &message);
    };
    hold(document, response, answer, report);
}

/// Holds an answer against one that the document gives.
pub(super) fn hold(
    document: &Document,
    response: &Response,
    answer: &Answer,
    report: &mut Half<'_>,
) {
    if response.content.is_none() {
        if !answer.body.is_empty() {
            report.add(&response.pointer, "", "there is a body, and the document gives none");
        }
        return;
    }
    response.content.check(document, content_type(answer), &answer.body, report);
}

/// The media type of an answer, or the empty string.
pub(super) fn content_type(answer: &Answer) -> &str {
    let value = answer.headers.get(header::CONTENT_TYPE);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}
