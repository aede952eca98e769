//! One place where an exchange differs from the document of the API.

use std::fmt;

/// Where an exchange breaks the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The operation: `GET /v1/agents`.
    pub operation: String,
    /// Whose mistake it is.
    pub side: Side,
    /// The rule that is broken: a JSON pointer into the [`document`] of the profile, as a
    /// URI fragment that is not percent-encoded. It always leads somewhere.
    pub pointer: String,
    /// What breaks it: a JSON pointer into the body; or a parameter, as `?limit`,
    /// `{agent_id}` or the name of a header.
    pub instance: String,
    /// What is wrong, never with a secret, and never long.
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

/// One of the two halves of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The request; and that it was accepted.
    Request,
    /// The answer.
    Answer,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Answer => "answer",
        })
    }
}
