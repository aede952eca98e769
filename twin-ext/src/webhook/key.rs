//! Derives the identity of an event, which is equal in all of its deliveries.
//!
//! The timestamp of the delivery is not part of the identity, because the service may renew it when
//! it retries. The spelling of `finished_at` and the order of members do not matter. All other
//! bytes matter, so two events that differ only in a lossy number or a lone surrogate are different.

use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};

use super::event::Event;
use super::json::{JsonNode, JsonText};
use crate::time::Timestamp;

/// The identity of an event: the agent, the run, the event name and the end of the run.
///
/// All deliveries of one event have the same key. Use it to deduplicate events, or as an
/// idempotency key for the work of a handler. For an unknown event, the key also covers `data`.
///
/// The service does not number events, so the second pause of a run has the same key as a repeated
/// delivery of its first pause.
///
/// `Display` writes `agent/run/event/finished_at`, without absent parts. It percent-encodes all
/// bytes except letters, digits and `-._~:+`. [`digest`](Self::digest) has a fixed size.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryKey {
    agent_id: String,
    run_id: String,
    event: String,
    finished_at: Option<String>,
    /// A digest of the parts that the other fields cannot represent exactly.
    data: Option<[u8; 32]>,
}

/// The digest of an identity that the fields of an [`Event`] cannot represent exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity([u8; 32]);

impl Identity {
    /// Returns the identity of an unknown event: its name and its whole `data`.
    pub(super) fn of_unknown(name: &JsonText<'_>, data: &JsonNode<'_>) -> Self {
        let mut canonical = match name {
            JsonText::Exact(_) => Vec::new(),
            JsonText::Surrogates(bytes) => bytes.clone(),
        };
        let end = match data {
            JsonNode::Object(members) => members.text("finished_at").and_then(normalized_time),
            _ => None,
        };
        data.write_canonical(&mut canonical, end.as_deref().map(|end| ("finished_at", end)));
        Self(Sha256::digest(canonical).into())
    }

    /// Returns the identity of a known event if a part of its key has a lone surrogate. Otherwise
    /// the fields of the key represent the parts exactly, and it returns `None`.
    pub(super) fn of_run(parts: [Option<&JsonText<'_>>; 3]) -> Option<Self> {
        parts.iter().flatten().find(|part| !part.is_exact())?;
        let mut exact = Vec::new();
        for part in parts.into_iter().flatten() {
            exact.extend_from_slice(&(part.as_bytes().len() as u64).to_be_bytes());
            exact.extend_from_slice(part.as_bytes());
        }
        Some(Self(Sha256::digest(exact).into()))
    }
}

/// Normalizes a time. Returns `None` if the text is not a time, or has more than nine decimals.
fn normalized_time(text: &str) -> Option<String> {
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
            finished_at: finished_at.map(|text| normalized_time(&text).unwrap_or(text)),
            data: identity.map(|Identity(digest)| digest),
        }
    }

    /// Returns the identifier of the agent. It is empty if an unknown event has none.
    pub fn agent_id(&self) -> &str {
        &self.agent_id
    }

    /// Returns the identifier of the run. It is empty if an unknown event has none.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Returns the name of the event, such as `run.completed`.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// Returns the end of the run as RFC 3339 in UTC, or `None` if the event has none.
    ///
    /// Text that is not an RFC 3339 time is returned unchanged.
    pub fn finished_at(&self) -> Option<&str> {
        self.finished_at.as_deref()
    }

    /// Returns the SHA-256 digest of the key, for use as a key in a store.
    ///
    /// It is the same in every version of this crate and on every machine.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        // Hashing the length of each part prevents collisions between keys with shifted parts.
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
        write!(
            f,
            "{}/{}/{}",
            KeyPart(&self.agent_id),
            KeyPart(&self.run_id),
            KeyPart(&self.event)
        )?;
        if let Some(finished_at) = &self.finished_at {
            write!(f, "/{}", KeyPart(finished_at))?;
        }
        if let Some(data) = &self.data {
            write!(f, "#{}", base16ct::HexDisplay(&data[..]))?;
        }
        Ok(())
    }
}

/// Percent-encodes separators and control characters, which could forge log lines.
struct KeyPart<'a>(&'a str);

impl fmt::Display for KeyPart<'_> {
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
