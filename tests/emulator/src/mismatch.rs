//! Differences between exchanges and the OpenAPI document of the API.

use std::fmt;

/// A difference between an exchange and the OpenAPI document of the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The method and path of the operation, such as `GET /v1/agents`, or `delivery of run.completed`.
    pub operation: String,
    /// The side of the exchange that differs.
    pub side: Side,
    /// The rule that is broken: a JSON pointer into the document, such as
    /// `#/components/schemas/Agent/required`. It is not percent-encoded.
    pub pointer: String,
    /// The wrong value: a JSON pointer into the body, a query parameter as `?limit`, a path parameter
    /// as `{agent_id}`, or the name of a header. It is empty for the whole body or exchange.
    pub instance: String,
    /// The reason. It is short and contains no secret.
    pub message: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, side, pointer, instance, message } = self;
        write!(f, "{operation}, {side}")?;
        if !instance.is_empty() {
            write!(f, " at {instance}")?;
        }
        write!(f, ": {message} ({pointer})")
    }
}

/// A side of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// A request that the emulator accepted, or a delivery.
    Request,
    /// The response.
    Response,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Response => "response",
        })
    }
}
