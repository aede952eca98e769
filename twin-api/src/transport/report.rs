//! Defines the report of a transport about a call.

use std::time::Duration;

use bytes::Bytes;

use crate::Outcome;

/// Reports what a [`Transport`](super::Transport) knows about a call besides its response.
///
/// The transport adds it to the extensions of the response. The client copies it to the
/// [`Error`](crate::Error) of the call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The number of attempts.
    pub attempts: u32,
    /// The time until the response arrived, pauses included.
    pub elapsed: Duration,
    /// The worst outcome of the attempts before the last.
    pub earlier: Outcome,
    /// The delay that the service requested, if the transport has read it.
    pub retry_after: Option<Duration>,
    /// The body, if the transport has read it. The client then does not read the response.
    pub body: Option<Bytes>,
}

impl Default for Report {
    /// Returns a report of one attempt.
    fn default() -> Self {
        Self {
            attempts: 1,
            elapsed: Duration::ZERO,
            earlier: Outcome::NotSent,
            retry_after: None,
            body: None,
        }
    }
}
