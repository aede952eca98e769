//! Defines problem details (RFC 9457).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The problem details of an error response (RFC 9457).
///
/// The client builds them for every error response, also for bodies that are not problem+json: the
/// older `error` object, text, HTML or an empty body.
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
    /// A URI for the type of problem. `about:blank` means that only the status describes it.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// A short title, usually the reason phrase of the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The HTTP status code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
    /// An explanation for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// All other members, such as field errors.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
