//! The verifier: checks the signature of the received bytes, then reads the [`Delivery`].
//!
//! It parses, decodes and normalises nothing before the signature is checked. It trusts no
//! unsigned header, and shows no secret.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName};

use super::callback::Callback;
use super::delivery::Delivery;
use super::mac::Key;
use super::refusal::{Refusal, RefusalReason};
use super::secret::SigningSecret;
use super::signature;
use super::tolerance::Tolerance;
use crate::clock::{Clock, SystemClock};
use crate::error::Error;

/// The header with the name of the event. It is not signed.
pub const EVENT_HEADER: &str = "x-cobb-event";

static EVENT_NAME: HeaderName = HeaderName::from_static(EVENT_HEADER);

/// The default of [`Verifier::max_body_bytes`].
const MAX_BODY: usize = 256 * 1024;

/// Verifies deliveries of the service ("Verifying webhook signatures" in the reference).
///
/// Cheap to clone. `Debug` shows no secret.
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
pub struct Verifier(Arc<Settings>);

#[derive(Debug, Clone)]
struct Settings {
    keys: Vec<Key>,
    agents: Option<BTreeSet<String>>,
    tolerance: Option<Tolerance>,
    clock: Arc<dyn Clock>,
    max_body: usize,
    on_refusal: Option<Callback<dyn Fn(RefusalReason) + Send + Sync>>,
}

impl Verifier {
    /// Creates a verifier that accepts what is signed with this secret: the `signing_secret` in
    /// the answer of `create_webhook`. Blanks and line breaks around it are trimmed.
    ///
    /// # Errors
    /// The secret is blank, which anybody could sign with, or contains a control character.
    pub fn new(secret: impl SigningSecret) -> Result<Self, Error> {
        let settings = Settings {
            keys: vec![key(secret)?],
            agents: None,
            tolerance: None,
            clock: Arc::new(SystemClock),
            max_body: MAX_BODY,
            on_refusal: None,
        };
        Ok(Self(Arc::new(settings)))
    }

    /// Accepts deliveries signed with this secret as well, for example during a rotation.
    ///
    /// ```
    /// # fn main() -> Result<(), twin_ext::Error> {
    /// use twin_ext::webhook::Verifier;
    /// let verifier = Verifier::new("whsec_new")?.with_secret("whsec_old")?;
    /// # drop(verifier);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_secret(mut self, secret: impl SigningSecret) -> Result<Self, Error> {
        let key = key(secret)?;
        self.settings().keys.push(key);
        Ok(self)
    }

    /// Accepts only deliveries about these agents, and about those of an earlier call.
    ///
    /// A secret belongs to a webhook, and a webhook to an agent, so that this is a second check.
    /// It refuses an event that names no agent.
    ///
    /// ```
    /// # use twin_ext::webhook::Verifier;
    /// let verifier = Verifier::new("whsec_a1b2c3")?.agents(["agent_abc123"]);
    /// # drop(verifier);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    #[must_use]
    pub fn agents(mut self, agents: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let allowed = self.settings().agents.get_or_insert_default();
        allowed.extend(agents.into_iter().map(Into::into));
        self
    }

    /// Accepts only deliveries whose timestamp lies between `past` ago and `future` from now,
    /// both ends included.
    ///
    /// There is no tolerance by default: if the service does not renew the timestamp when it
    /// retries, a tolerance loses late deliveries. The service does not publish whether it does.
    /// A [`DedupeStore`](super::DedupeStore) protects against repeated deliveries. With a
    /// tolerance, a timestamp that is not a time is refused.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use twin_ext::webhook::Verifier;
    /// let verifier = Verifier::new("whsec_a1b2c3")?
    ///     .tolerance(Duration::from_secs(86_400), Duration::from_secs(60));
    /// # drop(verifier);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    #[must_use]
    pub fn tolerance(mut self, past: Duration, future: Duration) -> Self {
        self.settings().tolerance = Some(Tolerance { past, future });
        self
    }

    /// Takes the time of day for the tolerance from `clock`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use twin_ext::webhook::Verifier;
    /// use twin_ext::clock::ManualClock;
    /// let verifier = Verifier::new("whsec_a1b2c3")?
    ///     .tolerance(Duration::from_secs(300), Duration::ZERO)
    ///     .clock(ManualClock::new(1));
    /// # drop(verifier);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings().clock = Arc::new(clock);
        self
    }

    /// Refuses larger bodies before it reads the headers; the default is 256 KiB.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.settings().max_body = bytes;
        self
    }

    /// Calls `report` with the reason of each refusal, for example to count them.
    ///
    /// Repeated calls replace the callback.
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

    /// Returns how many bytes of a body a receiver should read at most.
    pub fn body_limit(&self) -> usize {
        self.0.max_body
    }

    /// Verifies a request and reads its delivery. `body` must be the received bytes, unchanged.
    ///
    /// There must be exactly one `X-Cobb-Signature`, `sha256=` and 64 lower-case hex digits.
    /// `X-Cobb-Event` is optional and not signed. If it is present, it must name the signed event.
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
    /// - [`ErrorKind::Webhook`](crate::ErrorKind::Webhook): the delivery cannot be trusted. The
    ///   error is the same for every reason. [`on_refusal`](Self::on_refusal) and a trace event
    ///   (feature `tracing`, level debug) have the [`RefusalReason`]. Answer 401.
    /// - [`ErrorKind::Decode`](crate::ErrorKind::Decode): the body is authentic, but is not a JSON
    ///   object, or a member is missing, repeated or not a string. [`Error::json_path`] says
    ///   which. Answer 400.
    /// - [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge): the body is over the limit. Answer
    ///   413.
    ///
    /// No error contains a part of the body. [`Error::outcome`] is
    /// [`NotSent`](crate::Outcome::NotSent): verifying sends no request.
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

    /// Finds the secret that the body is signed with. It tries every secret even after a match,
    /// so that the duration does not tell which one matched. It allocates nothing.
    #[inline(never)]
    pub(super) fn authenticate(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<usize, RefusalReason> {
        let tag = signature::claimed(headers)?;
        let mut signed_with = None;
        for (index, key) in self.0.keys.iter().enumerate() {
            let right = key.verifies(body, &tag);
            signed_with = signed_with.or(right.then_some(index));
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
        tolerance.check(self.0.clock.wall().into(), &delivery.timestamp)
    }

    fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.0)
    }
}

/// Builds the key of a secret, without whitespace around it. A secret read from a file ends with a
/// line break, and would refuse every delivery.
fn key(secret: impl SigningSecret) -> Result<Key, Error> {
    secret.with(|secret| match secret.trim_ascii() {
        blank if blank.trim().is_empty() => {
            Err(Error::config("the signing secret of a webhook is blank"))
        }
        secret if secret.contains(char::is_control) => Err(Error::config(
            "the signing secret of a webhook contains a line break or another control character; \
             pass each secret to `Verifier::with_secret` separately",
        )),
        secret => Ok(Key::new(secret.as_bytes())),
    })
}

#[cfg(feature = "tracing")]
fn trace(reason: RefusalReason) {
    tracing::debug!(?reason, "refused the delivery of a webhook");
}

#[cfg(not(feature = "tracing"))]
fn trace(_: RefusalReason) {}
