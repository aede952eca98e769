//! Problem details (RFC 9457).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the service says when it refuses: problem details (RFC 9457).
///
/// The client makes one of every refusal, whatever its body was: problem+json, the older
/// `error` object, text, HTML or nothing.
///
/// ```
/// # fn example(error: &twin_api::Error) {
/// if let Some(problem) = error.problem() {
///     println!("{}", problem.detail.as_deref().unwrap_or("the service gives no reason"));
/// }
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// A URI for the kind of problem; `about:blank` says no more than the status does.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// A short text for the kind of problem, usually the reason phrase of the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The HTTP status code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
    /// What went wrong, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// All other members.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
