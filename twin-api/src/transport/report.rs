//! What a transport knows of a call besides its answer.

use std::time::Duration;

use bytes::Bytes;

use crate::Outcome;

/// What a [`Transport`](super::Transport) knows of a call besides its answer.
///
/// A transport leaves it among the extensions of the response, where the client looks for it.
///
/// ```
/// use twin_api::transport::Report;
/// let mut report = Report::default();
/// report.attempts = 3;
/// assert_eq!(report.body, None);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// How many times the request was sent.
    pub attempts: u32,
    /// How long it took until the answer was there, pauses included.
    pub elapsed: Duration,
    /// The worst that an attempt before the last may have come to.
    pub earlier: Outcome,
    /// How long the service asked to wait, if the transport read it by a clock of its own.
    pub retry_after: Option<Duration>,
    /// The body, if the transport has read it; the response's own is not read then.
    pub body: Option<Bytes>,
}

impl Default for Report {
    /// One attempt that took no time.
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
