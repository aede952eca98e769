//! Which operation a request belongs to.

/// The one `POST` that does no harm when it comes twice: a run is cancelled once.
const CANCEL_RUN: &str = "cancel_run";

/// The operation that a request belongs to.
///
/// ```
/// use twin_api::transport::OperationInfo;
/// let operation = OperationInfo::new("get_agent", "GET", "/v1/agents/{agent_id}");
/// assert!(operation.is_idempotent());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationInfo {
    /// The name of its function: `get_agent`.
    pub operation_id: &'static str,
    /// The method: `GET`.
    pub method: &'static str,
    /// The path with the names of its parameters: `/v1/agents/{agent_id}`.
    pub path_template: &'static str,
    /// Whether the caller reads the body of the answer as a stream, however long that takes.
    pub is_stream: bool,
}

impl OperationInfo {
    /// Describes an operation.
    pub const fn new(
        operation_id: &'static str,
        method: &'static str,
        path_template: &'static str,
    ) -> Self {
        Self { operation_id, method, path_template, is_stream: false }
    }

    /// Describes the operation as one whose answer is a stream.
    #[must_use]
    pub const fn streamed(self) -> Self {
        Self { is_stream: true, ..self }
    }

    /// Returns whether the same request may be sent although an earlier one may have had its
    /// effect: GET, HEAD, OPTIONS, PUT and DELETE, and cancelling a run.
    pub fn is_idempotent(&self) -> bool {
        matches!(self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
            || self.operation_id == CANCEL_RUN
    }

    /// Returns whether the operation only reads, so that it cannot happen.
    pub fn is_safe(&self) -> bool {
        matches!(self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
    }
}
