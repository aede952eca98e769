//! Webhook deliveries: their content, their attempts and their state.
//!
//! [`super::courier`] sends them. A delivery is retried until the response is 2xx or the retries are
//! used up (at-least-once). The retry delays of the live service are not published.

use std::collections::{BTreeMap, HashMap};

use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::entry::{Entry, InvalidEntry, suggestion};
use super::fault::Attempts;
use super::webhooks::EventType;
use super::world::{Due, World};

/// The delay before each retry. After the last retry, the delivery is given up.
const RETRY_DELAYS: [TimeDelta; 4] =
    [TimeDelta::seconds(1), TimeDelta::seconds(5), TimeDelta::seconds(30), TimeDelta::minutes(5)];

/// How long a reordered delivery waits for another delivery to overtake it.
const REORDER_TIMEOUT: TimeDelta = TimeDelta::minutes(1);

/// The maximum number of kept deliveries. Deliveries that wait are kept beyond it.
const MAX_KEPT: usize = 1_000;

/// A rule that applies a fault to some deliveries.
///
/// In a fault file: `{"event": "run.completed", "deliveries": [1], "fault": {"duplicate": 2}}`.
#[derive(Debug, Clone)]
pub struct DeliveryRule {
    /// The event of the deliveries; `None` for every event.
    pub event: Option<EventType>,
    /// The deliveries of the event that get the fault, counted from 1 since the rule was added.
    pub deliveries: Attempts,
    /// The fault.
    pub fault: DeliveryFault,
}

impl DeliveryRule {
    /// Creates a rule for every delivery of every event.
    pub const fn new(fault: DeliveryFault) -> Self {
        Self { event: None, deliveries: Attempts::Every, fault }
    }

    pub(super) fn read(entry: &Entry<'_>) -> Result<Self, InvalidEntry> {
        let members = entry.object(&["event", "deliveries", "fault"])?;
        Ok(Self {
            event: members.read("event", EventType::read)?,
            deliveries: members.read("deliveries", Attempts::read)?.unwrap_or_default(),
            fault: DeliveryFault::read(members.required("fault")?)?,
        })
    }
}

/// A fault of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryFault {
    /// The delivery is sent this number of additional times.
    Duplicate(u8),
    /// The delivery is sent after this number of milliseconds, on the emulator's clock.
    Late(u32),
    /// The delivery is sent after the next delivery of the same webhook. If there is none within a
    /// minute, the delivery is sent then.
    Reorder,
    /// The signature is made with another secret.
    WrongSignature,
    /// The delivery is never sent.
    Lost,
}

impl DeliveryFault {
    /// Returns the name of the kind in fault files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duplicate(_) => "duplicate",
            Self::Late(_) => "late",
            Self::Reorder => "reorder",
            Self::WrongSignature => "wrong_signature",
            Self::Lost => "lost",
        }
    }

    fn read(entry: &Entry<'_>) -> Result<Self, InvalidEntry> {
        if entry.is_text() {
            return match entry.text()?.as_str() {
                "duplicate" => Ok(Self::Duplicate(1)),
                "late" => Err(entry.invalid("\"late\" needs a duration: {\"late\": \"5s\"}")),
                "reorder" => Ok(Self::Reorder),
                "wrong_signature" => Ok(Self::WrongSignature),
                "lost" => Ok(Self::Lost),
                other => Err(unknown_fault(entry, other)),
            };
        }
        let members = entry.members()?;
        match members.only_member("fault")? {
            ("duplicate", copies) => {
                let copies = copies.number(0..=u8::MAX.into())?;
                Ok(Self::Duplicate(u8::try_from(copies).unwrap_or(u8::MAX)))
            }
            ("late", delay) => {
                let ms = u32::try_from(delay.duration()?.as_millis());
                let most = "a delivery can be late by 49 days at most";
                ms.map(Self::Late).map_err(|_| delay.invalid(most))
            }
            (known, value) if DELIVERY_FAULTS.contains(&known) => {
                Err(value.invalid(format!("{known:?} takes no value; write \"fault\": {known:?}")))
            }
            (other, _) => Err(unknown_fault(entry, other)),
        }
    }
}

/// The names of all kinds, in the order of `--help-faults`.
pub(super) const DELIVERY_FAULTS: [&str; 5] =
    ["duplicate", "late", "reorder", "wrong_signature", "lost"];

fn unknown_fault(entry: &Entry<'_>, name: &str) -> InvalidEntry {
    let known = suggestion(name, &DELIVERY_FAULTS);
    entry.invalid(format!("unknown fault {name:?} of a delivery{known}"))
}

/// The kept deliveries, and the rules for future ones.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    known: BTreeMap<u64, Delivery>,
    made: u64,
    rules: Vec<(DeliveryRule, u64)>,
    /// The reordered deliveries that wait for another delivery, by webhook.
    held: HashMap<String, Vec<u64>>,
}

/// A delivery of one event to one webhook.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) agent_id: String,
    pub(super) webhook_id: String,
    pub(super) outgoing: Outgoing,
    pub(super) fault: Option<DeliveryFault>,
    /// The time of each attempt, and the status of the response or the error.
    pub(super) attempts: Vec<(DateTime<Utc>, Result<u16, String>)>,
    pub(super) state: DeliveryState,
}

/// The reason why an attempt got no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AttemptError {
    reason: String,
    /// Whether every further attempt would fail for the same reason.
    is_permanent: bool,
}

impl AttemptError {
    /// Creates an error after which another attempt may succeed.
    pub(super) fn transient(reason: &str) -> Self {
        Self { reason: reason.to_owned(), is_permanent: false }
    }

    /// Creates an error after which every further attempt would fail.
    pub(super) const fn permanent(reason: String) -> Self {
        Self { reason, is_permanent: true }
    }
}

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryState {
    Waiting,
    Delivered,
    GivenUp,
    Lost,
}

/// The request of a delivery.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) delivery: u64,
    pub(super) url: String,
    pub(super) event: EventType,
    pub(super) signature: String,
    pub(super) body: Bytes,
}

impl DeliveryState {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
            Self::Lost => "lost",
        }
    }
}

impl Outgoing {
    /// Returns the headers of the request.
    pub(super) fn headers(&self) -> [(&'static str, &str); 3] {
        [
            ("content-type", "application/json"),
            ("x-cobb-event", self.event.name()),
            ("x-cobb-signature", &self.signature),
        ]
    }
}

impl Deliveries {
    fn fault(&mut self, event: EventType) -> Option<DeliveryFault> {
        let mut found = None;
        for (rule, seen) in &mut self.rules {
            if rule.event.is_none_or(|wanted| wanted == event) {
                *seen += 1;
                let hit = rule.deliveries.contains(*seen).then_some(rule.fault);
                found = found.or(hit);
            }
        }
        found
    }

    fn remember(&mut self, delivery: Delivery) {
        self.known.insert(delivery.outgoing.delivery, delivery);
        if self.known.len() > MAX_KEPT {
            let done =
                self.known.iter().find(|(_, delivery)| delivery.state != DeliveryState::Waiting);
            if let Some(oldest) = done.map(|(id, _)| *id) {
                self.known.remove(&oldest);
            }
        }
    }

    /// Returns the kept deliveries, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Delivery> {
        self.known.values().rev()
    }

    /// Returns the rules, each with the number of deliveries of its event so far.
    pub(super) fn rules(&self) -> &[(DeliveryRule, u64)] {
        &self.rules
    }

    /// Creates an empty list after a reset. The numbers of `old` are not reused, so that the late
    /// result of an old delivery does not belong to a new one.
    pub(super) fn succeeding(old: &Self) -> Self {
        Self { made: old.made, ..Self::default() }
    }

    /// Returns how many deliveries were made.
    pub(super) const fn made(&self) -> u64 {
        self.made
    }
}

impl World {
    /// Adds a rule for faults of future deliveries. It counts deliveries from now on.
    pub fn add_delivery_fault(&mut self, rule: DeliveryRule) {
        self.deliveries.rules.push((rule, 0));
    }

    /// Creates a delivery, applies its fault, queues it, and returns its number.
    pub(super) fn deliver(
        &mut self,
        agent_id: &str,
        (webhook_id, url, secret): (String, String, String),
        event: EventType,
        body: String,
    ) -> u64 {
        let fault = self.deliveries.fault(event);
        self.deliveries.made += 1;
        let id = self.deliveries.made;
        let signature = match fault {
            Some(DeliveryFault::WrongSignature) => sign("whsec_of_somebody_else", &body),
            _ => sign(&secret, &body),
        };
        let outgoing = Outgoing { delivery: id, url, event, signature, body: body.into() };
        let state = match fault {
            Some(DeliveryFault::Lost) => DeliveryState::Lost,
            _ => DeliveryState::Waiting,
        };
        let delivery = Delivery {
            agent_id: agent_id.to_owned(),
            webhook_id: webhook_id.clone(),
            outgoing,
            fault,
            attempts: Vec::new(),
            state,
        };
        self.deliveries.remember(delivery);
        match fault {
            Some(DeliveryFault::Lost) => {}
            Some(DeliveryFault::Late(ms)) => {
                self.after(TimeDelta::milliseconds(ms.into()), Due::Delivery { delivery: id });
            }
            Some(DeliveryFault::Reorder) => {
                self.deliveries.held.entry(webhook_id).or_default().push(id);
                self.after(REORDER_TIMEOUT, Due::Release { delivery: id });
            }
            fault => {
                let copies = match fault {
                    Some(DeliveryFault::Duplicate(more)) => 1 + u32::from(more),
                    _ => 1,
                };
                (0..copies).for_each(|_| self.dispatch(id));
                for overtaken in self.deliveries.held.remove(&webhook_id).unwrap_or_default() {
                    self.dispatch(overtaken);
                }
            }
        }
        id
    }

    /// Sends a delivery again, whatever its state. Its bytes and its signature are the same.
    ///
    /// # Errors
    /// Returns an error if no delivery with this number is kept.
    pub fn repeat_delivery(&mut self, number: u64) -> Result<(), String> {
        let known = self.deliveries.known.get(&number);
        let outgoing = known.map(|delivery| delivery.outgoing.clone());
        let outgoing = outgoing.ok_or_else(|| format!("there is no delivery {number}"))?;
        self.post(outgoing);
        Ok(())
    }

    /// Removes all rules for faults of future deliveries.
    pub fn clear_delivery_faults(&mut self) {
        self.deliveries.rules.clear();
    }

    /// Sends a reordered delivery that no other delivery has overtaken.
    pub(super) fn release(&mut self, id: u64) {
        let mut lists = self.deliveries.held.values_mut();
        if let Some(held) = lists.find(|held| held.contains(&id)) {
            held.retain(|waiting| *waiting != id);
            self.deliveries.held.retain(|_, held| !held.is_empty());
            self.dispatch(id);
        }
    }

    /// Sends a waiting delivery. If its webhook was deleted or disabled, gives it up instead.
    pub(super) fn dispatch(&mut self, id: u64) {
        let known = self.deliveries.known.get_mut(&id);
        // A duplicate may have been accepted while the delivery waited for its retry.
        let Some(delivery) = known.filter(|known| known.state == DeliveryState::Waiting) else {
            return;
        };
        let agent = self.agents.get(&delivery.agent_id);
        if agent.is_some_and(|agent| agent.has_active_webhook(&delivery.webhook_id)) {
            let outgoing = delivery.outgoing.clone();
            self.post(outgoing);
        } else {
            delivery.state = DeliveryState::GivenUp;
        }
    }

    /// Records the result of an attempt: the status of the response, or the error.
    pub(super) fn record_attempt(&mut self, id: u64, outcome: Result<u16, AttemptError>) {
        let now = self.now;
        let Some(delivery) = self.deliveries.known.get_mut(&id) else { return };
        let accepted = matches!(outcome, Ok(200..=299));
        let is_permanent = outcome.as_ref().is_err_and(|failure| failure.is_permanent);
        delivery.attempts.push((now, outcome.map_err(|failure| failure.reason)));
        if accepted {
            delivery.state = DeliveryState::Delivered;
        } else if is_permanent && delivery.state == DeliveryState::Waiting {
            delivery.state = DeliveryState::GivenUp;
        } else if delivery.state == DeliveryState::Waiting {
            match RETRY_DELAYS.get(delivery.attempts.len() - 1) {
                Some(delay) => self.after(*delay, Due::Delivery { delivery: id }),
                None => delivery.state = DeliveryState::GivenUp,
            }
        }
    }
}

/// Returns the value of `X-Cobb-Signature`: the HMAC-SHA256 of the raw body. The key is the text of
/// the secret, including its prefix.
fn sign(secret: &str, body: &str) -> String {
    // HMAC accepts a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body.as_bytes());
    format!("sha256={}", base16ct::lower::encode_string(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn signs_with_hmac_sha256_in_lower_case_hex() {
        assert_eq!(
            sign("Jefe", "what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
