//! Defines a verified delivery. Only [`Verifier::verify`](super::Verifier::verify) creates it.

use serde_json::{Map, Value};

use super::event::{Event, required};
use super::json;
use super::key::{DeliveryKey, Identity};
use super::refusal::unreadable;
use crate::error::Error;

/// A delivery with a valid signature.
///
/// The service delivers at least once, late, and in any order. All deliveries of one event have the
/// same [`key`](Self::key).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// The event.
    pub event: Event,
    /// The signed time of the delivery, in RFC 3339. It is undocumented whether the service renews
    /// it when it retries.
    pub timestamp: String,
    /// The members of the body that this version of the crate does not know. Numbers and surrogates
    /// are converted as in [`Event::Unknown`].
    pub extra: Map<String, Value>,
    secret: usize,
    identity: Option<Identity>,
}

impl Delivery {
    /// Reads an authentic body.
    pub(super) fn read(body: &[u8], secret: usize) -> Result<Self, Error> {
        let text = str::from_utf8(body).map_err(|_| unreadable("", "it is not valid UTF-8"))?;
        let members = json::object(text).map_err(|what| unreadable("", what))?;
        let ([name, timestamp, data], extra) = members.split(["event", "timestamp", "data"]);
        let name = required(name, "event")?;
        let timestamp = required(timestamp, "timestamp")?.into_string();
        let (event, identity) = Event::read(name, data)?;
        Ok(Self { event, timestamp, extra, secret, identity })
    }

    /// Returns the identity of the event, which is the same in all of its deliveries.
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
        DeliveryKey::of(&self.event, self.identity)
    }

    /// Returns the index of the secret that signed the delivery: 0 for the secret of
    /// [`Verifier::new`](super::Verifier::new), 1 for the first
    /// [`with_secret`](super::Verifier::with_secret), and so on.
    ///
    /// Use it during a rotation: when deliveries no longer use the old secret, remove it.
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
