//! Verifies the signature of the received bytes, then reads the [`Delivery`].
//!
//! The verifier checks the signature of the raw bytes first, then parses them. Headers are not
//! signed, so it trusts none of them. It never shows a secret.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName};

use super::callback::Callback;
use super::delivery::Delivery;
use super::mac::HmacKey;
use super::refusal::{Refusal, RefusalReason};
use super::secret::SigningSecret;
use super::signature;
use crate::clock::Clock;
use crate::error::Error;
use crate::time::{Timestamp, nanos};

/// The name of the header with the event name. The signature does not cover this header.
pub const EVENT_HEADER: &str = "x-cobb-event";

static EVENT_NAME: HeaderName = HeaderName::from_static(EVENT_HEADER);

/// The default of [`Verifier::max_body_bytes`].
const MAX_BODY: usize = 256 * 1024;

/// Verifies webhook deliveries, and reads the event of those that are authentic.
///
/// The section "Verifying webhook signatures" of the Twin API reference defines the signature.
///
/// A verifier accepts one or several secrets. Cloning it is cheap, and `Debug` shows no secret.
///
/// ```
/// use twin_ext::prelude::*;
/// use twin_ext::webhook::Verifier;
/// # use twin_ext::webhook::sign;
/// # fn secrets() -> (&'static str, &'static str) { ("whsec_new", "whsec_old") }
/// # let (secret, previous) = secrets();
/// # let body = br#"{"event": "run.started", "timestamp": "2026-03-11T14:32:15Z", "data":
/// #   {"run_id": "run_xyz789", "agent_id": "agent_abc123", "status": "in_progress"}}"#;
/// # let mut headers = http::HeaderMap::new();
/// # headers.insert("x-cobb-signature", sign(secret, body).parse().unwrap());
/// let verifier = Verifier::new(secret)?.with_secret(previous)?;
/// let delivery = verifier.verify(&headers, body)?;
/// assert_eq!(delivery.event.name(), "run.started");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Verifier(Arc<VerifierSettings>);

#[derive(Debug, Clone)]
struct VerifierSettings {
    keys: Vec<HmacKey>,
    agents: Option<BTreeSet<String>>,
    tolerance: Option<Tolerance>,
    /// `None` uses the system clock.
    clock: Option<Arc<dyn Clock>>,
    max_body: usize,
    on_refusal: Option<Callback<dyn Fn(RefusalReason) + Send + Sync>>,
}

/// The range of accepted timestamps around now, including both ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tolerance {
    pub(super) past: Duration,
    pub(super) future: Duration,
}

impl Tolerance {
    pub(super) fn check(self, now: Timestamp, timestamp: &str) -> Result<(), RefusalReason> {
        let stamp = Timestamp::parse(timestamp).ok_or(RefusalReason::UnreadableTimestamp)?;
        let age = now.nanos().saturating_sub(stamp.nanos());
        if age > nanos(self.past) {
            Err(RefusalReason::TooOld)
        } else if age < -nanos(self.future) {
            Err(RefusalReason::InFuture)
        } else {
            Ok(())
        }
    }
}

impl Verifier {
    /// Creates a verifier for a secret: the `signing_secret` in the response of `create_webhook`.
    ///
    /// Whitespace around the secret is trimmed.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): the secret is blank, so that anybody could
    /// sign a delivery, or contains a control character.
    pub fn new(secret: impl SigningSecret) -> Result<Self, Error> {
        let settings = VerifierSettings {
            keys: vec![key(secret)?],
            agents: None,
            tolerance: None,
            clock: None,
            max_body: MAX_BODY,
            on_refusal: None,
        };
        Ok(Self(Arc::new(settings)))
    }

    /// Adds another secret: deliveries that are signed with it are accepted, too.
    ///
    /// Use it during a rotation, or if several webhooks call one URL.
    /// [`Delivery::secret_index`] returns which secret signed a delivery.
    ///
    /// # Errors
    /// See [`new`](Self::new).
    pub fn with_secret(mut self, secret: impl SigningSecret) -> Result<Self, Error> {
        let key = key(secret)?;
        self.settings().keys.push(key);
        Ok(self)
    }

    /// Accepts only deliveries for these agents. Repeated calls add agents.
    ///
    /// A webhook and its secret belong to one agent, so this is an additional check. Events
    /// without `agent_id` are refused.
    #[must_use]
    pub fn agents(mut self, agents: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let allowed = self.settings().agents.get_or_insert_default();
        allowed.extend(agents.into_iter().map(Into::into));
        self
    }

    /// Accepts only deliveries whose timestamp is at most `past` before and `future` after now,
    /// including both ends.
    ///
    /// By default, the timestamp is not checked: an attacker who captured a delivery can send it
    /// again at any time, and it is accepted. A tolerance limits this time. A
    /// [`DedupeStore`](super::DedupeStore) also protects against replays, and loses no late
    /// delivery.
    ///
    /// The reference does not say whether the service renews the timestamp when it retries. If it
    /// does not, choose `past` longer than the service retries. With a tolerance, a timestamp that
    /// is not an RFC 3339 time is refused.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use twin_ext::webhook::{Verifier, sign};
    /// let verifier = Verifier::new("whsec_a1b2c3")?
    ///     .tolerance(Duration::from_secs(86_400), Duration::from_secs(60));
    /// # let body = r#"{"event": "ping", "timestamp": "2020-01-01T00:00:00Z"}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("x-cobb-signature", sign("whsec_a1b2c3", body).parse().unwrap());
    /// // A delivery of 2020 is refused, although its signature is valid.
    /// assert!(verifier.verify(&headers, body.as_bytes()).is_err());
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    #[must_use]
    pub fn tolerance(mut self, past: Duration, future: Duration) -> Self {
        self.settings().tolerance = Some(Tolerance { past, future });
        self
    }

    /// Sets the clock for the tolerance. The default is the clock of the system.
    ///
    /// Use a [`ManualClock`](crate::clock::ManualClock) in tests. On `wasm32-unknown-unknown`,
    /// which has no system clock, a tolerance needs a clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings().clock = Some(Arc::new(clock));
        self
    }

    /// Sets the maximum size of a body in bytes. The default is 256 KiB.
    ///
    /// The verifier refuses a larger body with
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge), before it checks the signature.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.settings().max_body = bytes;
        self
    }

    /// Calls `report` with the reason of each refusal. Use it for metrics, and to find out why
    /// deliveries are refused.
    ///
    /// A second call replaces the callback.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use twin_ext::webhook::Verifier;
    /// let refused = Arc::new(AtomicU64::new(0));
    /// let counter = Arc::clone(&refused);
    /// let verifier = Verifier::new("whsec_a1b2c3")?
    ///     .on_refusal(move |_reason| { counter.fetch_add(1, Ordering::Relaxed); });
    /// verifier.verify(&http::HeaderMap::new(), b"{}").unwrap_err();
    /// assert_eq!(refused.load(Ordering::Relaxed), 1);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    #[must_use]
    pub fn on_refusal(mut self, report: impl Fn(RefusalReason) + Send + Sync + 'static) -> Self {
        self.settings().on_refusal = Some(Callback(Arc::new(report)));
        self
    }

    /// Returns the maximum size of a body in bytes. Read no more than this from a request.
    pub fn body_limit(&self) -> usize {
        self.0.max_body
    }

    /// Verifies a request, and reads its delivery.
    ///
    /// `body` must be the received bytes: the signature of a body that was parsed and serialised
    /// again does not match. The request must have exactly one `X-Cobb-Signature`: `sha256=` and 64
    /// lower-case hex digits. `X-Cobb-Event` is optional; if present, it must be the name of the
    /// signed event.
    ///
    /// ```
    /// use twin_ext::{ErrorKind, webhook::{Verifier, sign}};
    /// let mut headers = http::HeaderMap::new();
    /// headers.insert("x-cobb-signature", sign("whsec_of_somebody_else", "{}").parse().unwrap());
    /// let error = Verifier::new("whsec_a1b2c3")?.verify(&headers, b"{}").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Webhook);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::Webhook`](crate::ErrorKind::Webhook): the delivery cannot be trusted. Return
    ///   401. The error is the same for every reason; [`on_refusal`](Self::on_refusal) and a trace
    ///   event (feature `tracing`, level debug) have the [`RefusalReason`].
    /// - [`ErrorKind::Decode`](crate::ErrorKind::Decode): the body is authentic, but is not a JSON
    ///   object, or a member is missing, repeated or not a string. Return 400.
    ///   [`Error::json_path`] returns which member.
    /// - [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge): the body is over the limit. Return
    ///   413.
    ///
    /// No error contains a part of the body.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Error> {
        self.check(headers, body).map_err(|refusal| refusal.error)
    }

    /// Verifies, and reports a refusal.
    pub(super) fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Refusal> {
        self.read(headers, body).inspect_err(|refusal| {
            trace(refusal.reason);
            if let Some(Callback(report)) = &self.0.on_refusal {
                report(refusal.reason);
            }
        })
    }

    fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Refusal> {
        if body.len() > self.0.max_body {
            return Err(Refusal::too_large(self.0.max_body));
        }
        let secret = self.authenticate(headers, body).map_err(Refusal::untrusted)?;
        let delivery = Delivery::read(body, secret).map_err(Refusal::unreadable)?;
        self.accept(headers, &delivery).map_err(Refusal::untrusted)?;
        Ok(delivery)
    }

    /// Returns the index of the secret that signed the body.
    ///
    /// It tries all secrets even after a match, so that the duration does not reveal which one
    /// matched. It does not allocate.
    #[inline(never)]
    pub(super) fn authenticate(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<usize, RefusalReason> {
        let tag = signature::claimed(headers)?;
        let mut signed_with = None;
        for (index, key) in self.0.keys.iter().enumerate() {
            let matches = key.verifies(body, &tag);
            signed_with = signed_with.or(matches.then_some(index));
        }
        signed_with.ok_or(RefusalReason::WrongSignature)
    }

    /// Checks an authentic delivery against the event header, the agents and the tolerance.
    fn accept(&self, headers: &HeaderMap, delivery: &Delivery) -> Result<(), RefusalReason> {
        let mut names = headers.get_all(&EVENT_NAME).iter();
        match (names.next(), names.next()) {
            (None, _) => {}
            (Some(name), None) if name.as_bytes() == delivery.event.name().as_bytes() => {}
            _ => return Err(RefusalReason::EventHeader),
        }
        if let Some(allowed) = &self.0.agents
            && !delivery.event.agent_id().is_some_and(|agent| allowed.contains(agent))
        {
            return Err(RefusalReason::OtherAgent);
        }
        let Some(tolerance) = self.0.tolerance else { return Ok(()) };
        let now = self.0.clock.as_ref().map_or_else(SystemTime::now, |clock| clock.wall());
        tolerance.check(now.into(), &delivery.timestamp)
    }

    fn settings(&mut self) -> &mut VerifierSettings {
        Arc::make_mut(&mut self.0)
    }
}

/// Builds the key of a secret. Trims whitespace, because a secret from a file ends with a line
/// break that is not part of the key.
fn key(secret: impl SigningSecret) -> Result<HmacKey, Error> {
    secret.with(|secret| match secret.trim_ascii() {
        blank if blank.trim().is_empty() => {
            Err(Error::config("the signing secret of a webhook is blank"))
        }
        secret if secret.contains(char::is_control) => Err(Error::config(
            "the signing secret of a webhook contains a line break or another control character; \
             pass each secret to `Verifier::with_secret` separately",
        )),
        secret => Ok(HmacKey::new(secret.as_bytes())),
    })
}

#[cfg(feature = "tracing")]
fn trace(reason: RefusalReason) {
    tracing::debug!(?reason, "refused a webhook delivery");
}

#[cfg(not(feature = "tracing"))]
fn trace(_: RefusalReason) {}
