//! The identity of an event, equal in all of its deliveries.
//!
//! The timestamp of a delivery is not part of it, because the service may renew it when it
//! retries. The spelling of the run's end and the order of members do not count either. Every
//! other byte counts, so that a lossy number or a replaced character cannot join two events.

use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};

use super::event::Event;
use super::json::{Node, Text};
use crate::time::Timestamp;

/// The identity of an event: agent, run, event, and when the run ended. All deliveries of one
/// event have the same key.
///
/// Two events of one run that agree in all four have one key: the second pause of a run
/// cannot be distinguished from a repeated delivery of the first. For an unknown event, the
/// whole `data` counts.
///
/// `Display` writes `agent/run/event/finished_at`, without what is absent. Each part is
/// percent-encoded except letters, digits and `-._~:+`. [`digest`](Self::digest) has a fixed
/// size, for a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryKey {
    agent_id: String,
    run_id: String,
    event: String,
    finished_at: Option<String>,
    /// A digest of what the other fields cannot hold exactly.
    data: Option<[u8; 32]>,
}

/// The digest of an identity that the fields of an [`Event`] cannot hold exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity([u8; 32]);

impl Identity {
    /// Returns the identity of an unknown event: all of `data` counts.
    pub(super) fn of_unknown(name: &Text<'_>, data: &Node<'_>) -> Self {
        let mut canonical = match name {
            Text::Exact(_) => Vec::new(),
            Text::Surrogates(bytes) => bytes.clone(),
        };
        let end = match data {
            Node::Object(members) => members.text("finished_at").and_then(instant),
            _ => None,
        };
        data.write_canonical(&mut canonical, end.as_deref().map(|end| ("finished_at", end)));
        Self(Sha256::digest(canonical).into())
    }

    /// Returns the identity of a known event, if a lone surrogate was replaced in a part of its
    /// key. Otherwise the fields of the key hold the parts exactly.
    pub(super) fn of_run(parts: [Option<&Text<'_>>; 3]) -> Option<Self> {
        parts.iter().flatten().find(|part| !part.is_exact())?;
        let mut exact = Vec::new();
        for part in parts.into_iter().flatten() {
            exact.extend_from_slice(&(part.as_bytes().len() as u64).to_be_bytes());
            exact.extend_from_slice(part.as_bytes());
        }
        Some(Self(Sha256::digest(exact).into()))
    }
}

/// Normalizes a time. Returns `None` for text that is not a time, or is finer than a nanosecond.
fn instant(text: &str) -> Option<String> {
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit);
    if digits.skip(9).any(|digit| digit != b'0') {
        return None;
    }
    Timestamp::parse(text)?.rfc3339()
}

impl DeliveryKey {
    pub(super) fn of(event: &Event, identity: Option<Identity>) -> Self {
        let member = |data: &serde_json::Value, name: &str| {
            data.get(name).and_then(serde_json::Value::as_str).map(str::to_owned)
        };
        let (agent_id, run_id, finished_at) = match event {
            Event::Unknown { data, .. } => (
                member(data, "agent_id").unwrap_or_default(),
                member(data, "run_id").unwrap_or_default(),
                member(data, "finished_at"),
            ),
            _ => event.run().map_or_else(Default::default, |run| {
                (run.agent_id.clone(), run.run_id.clone(), run.finished_at.clone())
            }),
        };
        Self {
            agent_id,
            run_id,
            event: event.name().to_owned(),
            finished_at: finished_at.map(|text| instant(&text).unwrap_or(text)),
            data: identity.map(|Identity(digest)| digest),
        }
    }

    /// Returns the agent; empty if an unknown event names none.
    pub fn agent_id(&self) -> &str {
        &self.agent_id
    }

    /// Returns the run; empty if an unknown event names none.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Returns the name of the event: `run.completed`.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// Returns when the run ended, in UTC. Text that is not an RFC 3339 time is returned unchanged.
    pub fn finished_at(&self) -> Option<&str> {
        self.finished_at.as_deref()
    }

    /// Returns the SHA-256 of the key: the same in every version of this crate and on every
    /// machine.
    ///
    /// ```
    /// # use twin_ext::webhook::{sign, Verifier};
    /// # let body = br#"{"event": "run.started", "timestamp": "2026-03-11T14:32:15Z", "data":
    /// #   {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "in_progress"}}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("x-cobb-signature", sign("whsec_a1b2c3", body).parse().unwrap());
    /// # let delivery = Verifier::new("whsec_a1b2c3")?.verify(&headers, body)?;
    /// let name = format!("webhooks:{}", base16ct::lower::encode_string(&delivery.key().digest()));
    /// assert_eq!(name.len(), "webhooks:".len() + 64);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        // Each part with its length, so that two keys never hash the same text.
        let mut part = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        part(self.agent_id.as_bytes());
        part(self.run_id.as_bytes());
        part(self.event.as_bytes());
        for optional in [
            self.finished_at.as_ref().map(String::as_bytes),
            self.data.as_ref().map(|data| &data[..]),
        ] {
            part(&[u8::from(optional.is_some())]);
            part(optional.unwrap_or_default());
        }
        digest.finalize().into()
    }
}

impl fmt::Display for DeliveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", Part(&self.agent_id), Part(&self.run_id), Part(&self.event))?;
        if let Some(finished_at) = &self.finished_at {
            write!(f, "/{}", Part(finished_at))?;
        }
        if let Some(data) = &self.data {
            write!(f, "#{}", base16ct::HexDisplay(&data[..]))?;
        }
        Ok(())
    }
}

/// Percent-encodes separators, and characters that could forge log lines.
struct Part<'a>(&'a str);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            match byte {
                b'-' | b'.' | b'_' | b'~' | b':' | b'+' => f.write_char(char::from(byte))?,
                _ if byte.is_ascii_alphanumeric() => f.write_char(char::from(byte))?,
                _ => write!(f, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}
