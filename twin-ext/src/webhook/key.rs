//! What identifies an event over all of its deliveries.
//!
//! The time of a delivery has no part in it: the service may stamp a repeated delivery anew.

use std::fmt::{self, Write as _};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::event::Event;

/// Agent, run, event, and when the run ended: the same of all deliveries of one event.
///
/// Two events of one run that agree in all four have one key: the second pause of a run
/// cannot be told from the first one delivered again. Of an event that this crate does not
/// know, the whole `data` counts.
///
/// As a text it is `agent/run/event/finished_at`, without what is not there, each part
/// percent-encoded but for letters, digits and `-._~:+`. [`digest`](Self::digest) is of a
/// fixed size, for a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryKey {
    agent_id: String,
    run_id: String,
    event: String,
    finished_at: Option<String>,
    /// The digest of the data of an event that is not known.
    data: Option<[u8; 32]>,
}

impl DeliveryKey {
    pub(super) fn of(event: &Event) -> Self {
        if let Event::Unknown { name, data } = event {
            let member = |name: &str| data.get(name).and_then(Value::as_str).map(str::to_owned);
            return Self {
                agent_id: member("agent_id").unwrap_or_default(),
                run_id: member("run_id").unwrap_or_default(),
                event: name.clone(),
                finished_at: member("finished_at"),
                data: Some(Sha256::digest(data.to_string()).into()),
            };
        }
        let run = event.run();
        Self {
            agent_id: run.map(|run| run.agent_id.clone()).unwrap_or_default(),
            run_id: run.map(|run| run.run_id.clone()).unwrap_or_default(),
            event: event.name().to_owned(),
            finished_at: run.and_then(|run| run.finished_at.clone()),
            data: None,
        }
    }

    /// The agent; empty where an event that is not known names none.
    ///
    /// ```
    /// # use twin_ext::webhook::{sign, Verifier};
    /// # let body = br#"{"event": "run.failed", "timestamp": "2026-03-11T14:32:15Z", "data":
    /// #   {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "error",
    /// #    "finished_at": "2026-03-11T14:32:15Z"}}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("x-cobb-signature", sign("whsec_a1b2c3", body).parse().unwrap());
    /// # let delivery = Verifier::new("whsec_a1b2c3")?.verify(&headers, body)?;
    /// assert_eq!(delivery.key().agent_id(), "agent_abc123");
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn agent_id(&self) -> &str {
        &self.agent_id
    }

    /// The run; empty where an event that is not known names none.
    ///
    /// ```
    /// # use twin_ext::webhook::{sign, Verifier};
    /// # let body = br#"{"event": "run.failed", "timestamp": "2026-03-11T14:32:15Z", "data":
    /// #   {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "error",
    /// #    "finished_at": "2026-03-11T14:32:15Z"}}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("x-cobb-signature", sign("whsec_a1b2c3", body).parse().unwrap());
    /// # let delivery = Verifier::new("whsec_a1b2c3")?.verify(&headers, body)?;
    /// assert_eq!(delivery.key().run_id(), "run_xyz789");
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The name of the event: `run.completed`.
    ///
    /// ```
    /// # use twin_ext::webhook::{sign, Verifier};
    /// # let body = br#"{"event": "run.failed", "timestamp": "2026-03-11T14:32:15Z", "data":
    /// #   {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "error",
    /// #    "finished_at": "2026-03-11T14:32:15Z"}}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("x-cobb-signature", sign("whsec_a1b2c3", body).parse().unwrap());
    /// # let delivery = Verifier::new("whsec_a1b2c3")?.verify(&headers, body)?;
    /// assert_eq!(delivery.key().event(), "run.failed");
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn event(&self) -> &str {
        &self.event
    }

    /// When the run ended, as it came.
    ///
    /// ```
    /// # use twin_ext::webhook::{sign, Verifier};
    /// # let body = br#"{"event": "run.failed", "timestamp": "2026-03-11T14:32:15Z", "data":
    /// #   {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "error",
    /// #    "finished_at": "2026-03-11T14:32:15Z"}}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("x-cobb-signature", sign("whsec_a1b2c3", body).parse().unwrap());
    /// # let delivery = Verifier::new("whsec_a1b2c3")?.verify(&headers, body)?;
    /// assert_eq!(delivery.key().finished_at(), Some("2026-03-11T14:32:15Z"));
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn finished_at(&self) -> Option<&str> {
        self.finished_at.as_deref()
    }

    /// SHA-256 over all of it: the same in every version of this crate and on every machine.
    ///
    /// ```
    /// # use twin_ext::webhook::{sign, Verifier};
    /// # let body = br#"{"event": "run.started", "timestamp": "2026-03-11T14:32:15Z", "data":
    /// #   {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "in_progress"}}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("x-cobb-signature", sign("whsec_a1b2c3", body).parse().unwrap());
    /// # let delivery = Verifier::new("whsec_a1b2c3")?.verify(&headers, body)?;
    /// println!("seen:{:x?}", delivery.key().digest());
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        // Each part with its length, so that no two keys are one text.
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

/// A text without what separates parts, and without what a log would not bear.
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
