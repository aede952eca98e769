//! A difference between an exchange and the document of the API.

use std::fmt;

/// A difference between an exchange and the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The operation: `GET /v1/agents`.
    pub operation: String,
    /// The side that differs.
    pub side: Side,
    /// The broken rule: a JSON pointer into the document of the profile, as a URI fragment
    /// that is not percent-encoded.
    pub pointer: String,
    /// The wrong value: a JSON pointer into the body, or a parameter as `?limit`, `{agent_id}` or
    /// the name of a header.
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
    /// The request, which was accepted.
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
