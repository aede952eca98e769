//! A delivery that was verified.
//!
//! There is no other way to one than [`Verifier::verify`](super::Verifier::verify).

use serde_json::{Map, Value};

use super::event::{Event, required};
use super::key::DeliveryKey;
use super::refusal::unreadable;
use super::strict;
use crate::error::Error;

/// A delivery whose signature was right.
///
/// The service may deliver one event any number of times, late, and in any order:
/// [`key`](Self::key) tells whether two deliveries are of one event.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// What happened.
    pub event: Event,
    /// When the service sent it, an RFC 3339 time. It is signed. Whether the service stamps a
    /// delivery anew when it tries again is not published.
    pub timestamp: String,
    /// The members of the body that this version of the crate does not know.
    pub extra: Map<String, Value>,
    secret: usize,
}

impl Delivery {
    /// Reads an authentic body.
    pub(super) fn read(body: &[u8], secret: usize) -> Result<Self, Error> {
        let text = str::from_utf8(body).map_err(|_| unreadable("", "it is not UTF-8"))?;
        strict::check(text).map_err(|what| unreadable("", what))?;
        let mut members: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| unreadable("", "it is not an object"))?;
        let name = required(&mut members, "event", "event")?;
        let timestamp = required(&mut members, "timestamp", "timestamp")?;
        let data = members.remove("data").unwrap_or_default();
        Ok(Self { event: Event::read(name, data)?, timestamp, extra: members, secret })
    }

    /// What is the same of two deliveries of one event, and differs between two events.
    ///
    /// ```
    /// # use twin_ext::webhook::{sign, Verifier};
    /// # let body = br#"{"event": "run.started", "timestamp": "2026-03-11T14:32:15Z", "data":
    /// #   {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "in_progress"}}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("x-cobb-signature", sign("whsec_a1b2c3", body).parse().unwrap());
    /// # let delivery = Verifier::new("whsec_a1b2c3")?.verify(&headers, body)?;
    /// assert_eq!(delivery.key().to_string(), "agent_abc123/run_xyz789/run.started");
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn key(&self) -> DeliveryKey {
        DeliveryKey::of(&self.event)
    }

    /// Which secret it was signed with: 0 for that of [`Verifier::new`](super::Verifier::new),
    /// 1 for the first of [`Verifier::with_secret`](super::Verifier::with_secret), and so on.
    ///
    /// Once no delivery of an old secret comes any more, the old webhook can be deleted.
    ///
    /// ```
    /// # use twin_ext::webhook::{sign, Verifier};
    /// # let body = br#"{"event": "run.started", "timestamp": "2026-03-11T14:32:15Z", "data":
    /// #   {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "in_progress"}}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("x-cobb-signature", sign("whsec_old", body).parse().unwrap());
    /// let verifier = Verifier::new("whsec_new")?.with_secret("whsec_old")?;
    /// assert_eq!(verifier.verify(&headers, body)?.secret_index(), 1);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn secret_index(&self) -> usize {
        self.secret
    }
}
