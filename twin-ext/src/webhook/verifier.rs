//! The one door to a [`Delivery`]: signature first, over the bytes as they came.
//!
//! Nothing is parsed, decoded or normalised before; no header is believed that is not
//! signed, and no secret gets out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::delivery::Delivery;
use super::mac::Key;
use super::refusal::{Reason, too_large, untrusted};
use super::secret::SigningSecret;
use super::signature;
use super::time::{self, Place, Window};
use crate::clock::{Clock, SystemClock};
use crate::error::Error;

/// The header with the name of the event. It is not signed.
pub const EVENT_HEADER: &str = "x-cobb-event";

/// Larger bodies are not looked at, unless [`Verifier::max_body_bytes`] says otherwise.
const MAX_BODY: usize = 256 * 1024;

/// Tells deliveries of the service from all others ("Verifying webhook signatures" in the
/// reference).
///
/// Cheap to clone. It holds secrets, and shows none.
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
    window: Option<Window>,
    clock: Arc<dyn Clock>,
    max_body: usize,
}

impl Verifier {
    /// Believes what is signed with this secret: the whole text that the answer of
    /// `create_webhook` has as `signing_secret`.
    ///
    /// ```
    /// use twin_ext::{ErrorKind, webhook::Verifier};
    /// assert!(Verifier::new("whsec_a1b2c3").is_ok());
    /// assert_eq!(Verifier::new(" ").unwrap_err().kind(), ErrorKind::Config);
    /// ```
    ///
    /// # Errors
    /// The secret is empty or blank: anybody could sign with it.
    pub fn new(secret: impl SigningSecret) -> Result<Self, Error> {
        let settings = Settings {
            keys: vec![key(secret)?],
            agents: None,
            window: None,
            clock: Arc::new(SystemClock),
            max_body: MAX_BODY,
        };
        Ok(Self(Arc::new(settings)))
    }

    /// Believes what is signed with this secret, too, as while secrets are changed.
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
    /// The secret is empty or blank.
    pub fn with_secret(mut self, secret: impl SigningSecret) -> Result<Self, Error> {
        let key = key(secret)?;
        self.settings().keys.push(key);
        Ok(self)
    }

    /// Takes deliveries about these agents only, and about those of an earlier call.
    ///
    /// A secret belongs to a webhook, and a webhook to an agent; this is for who wants to be
    /// sure of it. An event that names no agent is refused then.
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

    /// Takes deliveries only that are stamped from `past` ago until `future` from now, both
    /// ends included.
    ///
    /// It is not set by itself: whether the service stamps a delivery anew when it tries again
    /// is not published, and if it does not, a window loses what comes late. Against repeated
    /// deliveries there is [`DedupeStore`](super::DedupeStore). A timestamp that cannot be read is outside.
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
        self.settings().window = Some(Window { past, future });
        self
    }

    /// Takes the time of day for the window from `clock`.
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

    /// Refuses larger bodies before anything else; 256 KiB if it is not set.
    ///
    /// ```
    /// # use twin_ext::webhook::Verifier;
    /// let verifier = Verifier::new("whsec_a1b2c3")?.max_body_bytes(16 * 1024);
    /// assert_eq!(verifier.body_limit(), 16 * 1024);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.settings().max_body = bytes;
        self
    }

    /// How many bytes of a body a receiver should read at most.
    ///
    /// ```
    /// # use twin_ext::webhook::Verifier;
    /// assert_eq!(Verifier::new("whsec_a1b2c3")?.body_limit(), 256 * 1024);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn body_limit(&self) -> usize {
        self.0.max_body
    }

    /// The delivery, if it is one of the service. `body` is the bytes as they came.
    ///
    /// There must be exactly one `X-Cobb-Signature`, `sha256=` and 64 lower-case hex digits.
    /// `X-Cobb-Event`, which is not signed, must agree with the signed event where it is there.
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
    /// - [`ErrorKind::Webhook`](crate::ErrorKind::Webhook): it is not to be trusted. The error
    ///   is the same whatever the reason, which a trace event has (feature `tracing`, level
    ///   debug). Answer 401.
    /// - [`ErrorKind::Decode`](crate::ErrorKind::Decode): it is authentic, but no JSON, or a
    ///   member is missing, named twice or no text; [`Error::json_path`] says where. Answer 400.
    /// - [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge): answer 413.
    ///
    /// No error holds anything of the body. [`Error::outcome`] is
    /// [`NotSent`](crate::Outcome::NotSent): verifying sends nothing.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Error> {
        if body.len() > self.0.max_body {
            return Err(too_large(self.0.max_body));
        }
        let secret = self.authenticate(headers, body).map_err(untrusted)?;
        let delivery = Delivery::read(body, secret)?;
        self.accept(headers, &delivery).map_err(untrusted)?;
        Ok(delivery)
    }

    /// Which secret the body is signed with. All are tried, whichever is right, and nothing
    /// is allocated.
    #[inline(never)]
    pub(super) fn authenticate(&self, headers: &HeaderMap, body: &[u8]) -> Result<usize, Reason> {
        let tag = signature::claimed(headers)?;
        let mut signed_with = None;
        for (index, key) in self.0.keys.iter().enumerate() {
            let right = key.verifies(body, &tag);
            signed_with = signed_with.or(right.then_some(index));
        }
        signed_with.ok_or(Reason::Forged)
    }

    /// Whether an authentic delivery is one that is wanted.
    fn accept(&self, headers: &HeaderMap, delivery: &Delivery) -> Result<(), Reason> {
        let mut names = headers.get_all(EVENT_HEADER).iter();
        match (names.next(), names.next()) {
            (None, _) => {}
            (Some(name), None) if name.as_bytes() == delivery.event.name().as_bytes() => {}
            _ => return Err(Reason::EventHeader),
        }
        if let Some(allowed) = &self.0.agents
            && !delivery.event.agent_id().is_some_and(|agent| allowed.contains(agent))
        {
            return Err(Reason::Agent);
        }
        let Some(window) = self.0.window else { return Ok(()) };
        let stamp = time::read(&delivery.timestamp).ok_or(Reason::Undated)?;
        match window.place(time::of(self.0.clock.wall()), stamp) {
            Place::Within => Ok(()),
            Place::Before => Err(Reason::Stale),
            Place::After => Err(Reason::Early),
        }
    }

    fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.0)
    }
}

fn key(secret: impl SigningSecret) -> Result<Key, Error> {
    secret.with(|secret| match secret.trim() {
        "" => Err(Error::config("the signing secret of a webhook is blank")),
        _ => Ok(Key::new(secret.as_bytes())),
    })
}
