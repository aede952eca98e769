//! Describes the operation of a request.

/// The only idempotent `POST`: cancelling a run again has no further effect.
const CANCEL_RUN: &str = "cancel_run";

/// Describes the operation of a request.
///
/// A [`Transport`](super::Transport) uses it to decide whether a retry is safe, and to name the
/// operation in logs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationInfo {
    /// The name of the operation, as in the client: `get_agent`.
    pub operation_id: &'static str,
    /// The HTTP method: `GET`.
    pub method: &'static str,
    /// The path template: `/v1/agents/{agent_id}`.
    pub path_template: &'static str,
    /// Whether the caller reads the response body as a stream, for any length of time.
    pub is_stream: bool,
    /// Whether a success may have an empty body, which is then read as `null`.
    pub(crate) may_be_empty: bool,
}

impl OperationInfo {
    /// Describes an operation.
    pub const fn new(
        operation_id: &'static str,
        method: &'static str,
        path_template: &'static str,
    ) -> Self {
        Self { operation_id, method, path_template, is_stream: false, may_be_empty: false }
    }

    /// Marks the operation as one with a streamed response.
    #[must_use]
    pub const fn streamed(self) -> Self {
        Self { is_stream: true, ..self }
    }

    /// Marks the operation as one whose success may have an empty body.
    #[allow(dead_code, reason = "other documents have such operations")]
    #[must_use]
    pub(crate) const fn or_empty(self) -> Self {
        Self { may_be_empty: true, ..self }
    }

    /// Returns whether the request may be repeated although the operation may have happened:
    /// GET, HEAD, OPTIONS, TRACE, PUT, DELETE, and cancelling a run.
    pub fn is_idempotent(&self) -> bool {
        matches!(self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
            || self.operation_id == CANCEL_RUN
    }

    /// Returns whether the operation only reads.
    pub fn is_safe(&self) -> bool {
        matches!(self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
    }
}
