//! What a receiver does with a request: verify, drop what was handled, handle, answer.
//!
//! It knows no web framework: it gets headers and a body, and gives a status. What the handler
//! does it does not look into, and nothing of it gets into an answer or a trace.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use http::{HeaderMap, StatusCode};

use super::dedupe::{DedupeStore, Lease, Reservation};
use super::{Delivery, Verifier};
use crate::error::{Error, ErrorKind};

/// Handles each event once, however often it is delivered.
///
/// The handler is called with a [`Delivery`] and its [`Lease`]. When it answers `Ok` the event is
/// done; an `Err` says that nothing was done, and the service is asked to try again. It runs
/// in a task of its own, which goes on when the sender has gone away.
///
/// | what came | status |
/// |---|---|
/// | handled, now or before | 204 |
/// | authentic, but unreadable | 400 |
/// | not to be trusted | 401 |
/// | too large | 413 |
/// | the handler failed or panicked, another receiver is at it, the store does not answer, or the event is uncertain and `refuse_uncertain` is set | 503 |
///
/// A 503 asks the service to try again. An event that the store is [not sure
/// about](super::Uncertainty) is handled, and [`Lease::uncertainty`] says why;
/// [`refuse_uncertain`](Self::refuse_uncertain) refuses it instead.
///
/// # With any framework
/// Read the body, up to [`body_limit`](Self::body_limit), and answer what
/// [`receive`](Self::receive) says. For hyper:
///
/// ```no_run
/// use http_body_util::{BodyExt as _, Empty, Limited};
/// use hyper::body::{Bytes, Incoming};
/// use hyper::{Request, Response, StatusCode};
/// use twin_ext::webhook::{Delivery, Receiver, DedupeStore, Lease};
///
/// async fn answer<S, H, F, E>(
///     receiver: Receiver<S, H>,
///     request: Request<Incoming>,
/// ) -> Response<Empty<Bytes>>
/// where
///     S: DedupeStore,
///     H: Fn(Delivery, Lease) -> F + Send + Sync + 'static,
///     F: Future<Output = Result<(), E>> + Send + 'static,
/// {
///     let (head, body) = request.into_parts();
///     let status = match Limited::new(body, receiver.body_limit()).collect().await {
///         Ok(body) => receiver.receive(&head.headers, &body.to_bytes()).await,
///         Err(_) => StatusCode::PAYLOAD_TOO_LARGE,
///     };
///     let mut response = Response::new(Empty::new());
///     *response.status_mut() = status;
///     response
/// }
/// ```
pub struct Receiver<S, H> {
    parts: Arc<Parts<S, H>>,
    refuse_uncertain: bool,
}

struct Parts<S, H> {
    verifier: RwLock<Verifier>,
    seen: S,
    handler: H,
}

impl<S, H> Receiver<S, H> {
    /// Larger bodies need not be read.
    pub fn body_limit(&self) -> usize {
        self.verifier().body_limit()
    }

    /// Believes from now on what this verifier does, in all clones: secrets change without a
    /// restart. Deliveries that are under way keep the one that they came to.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use twin_ext::prelude::*;
    /// # use twin_ext::webhook::{Delivery, Verifier};
    /// # use twin_ext::webhook::{MemoryStore, Receiver, Lease};
    /// # fn main() -> Result<(), Error> {
    /// # async fn handle(_: Delivery, _: Lease) -> Result<(), Error> { Ok(()) }
    /// let seen = MemoryStore::new(100_000, Duration::from_secs(300));
    /// let receiver = Receiver::new(Verifier::new("whsec_old")?, seen, handle);
    /// // A second webhook was created; the first one is deleted next.
    /// receiver.set_verifier(Verifier::new("whsec_new")?.with_secret("whsec_old")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_verifier(&self, verifier: Verifier) {
        *self.parts.verifier.write().unwrap_or_else(PoisonError::into_inner) = verifier;
    }

    fn verifier(&self) -> Verifier {
        self.parts.verifier.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S, H, F, E> Receiver<S, H>
where
    S: DedupeStore,
    H: Fn(Delivery, Lease) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    /// A receiver of what `verifier` believes, `seen` has not seen, and `handler` handles.
    ///
    /// ```
    /// use std::time::Duration;
    /// use twin_ext::prelude::*;
    /// use twin_ext::webhook::{Delivery, Verifier};
    /// use twin_ext::webhook::{MemoryStore, Receiver, Lease};
    ///
    /// # fn main() -> Result<(), Error> {
    /// async fn handle(delivery: Delivery, _: Lease) -> Result<(), std::io::Error> {
    ///     println!("{}", delivery.key());
    ///     Ok(())
    /// }
    ///
    /// let verifier = Verifier::new("whsec_a1b2c3")?;
    /// let seen = MemoryStore::new(100_000, Duration::from_secs(300));
    /// let receiver = Receiver::new(verifier, seen, handle);
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(verifier: Verifier, seen: S, handler: H) -> Self {
        let verifier = RwLock::new(verifier);
        Self { parts: Arc::new(Parts { verifier, seen, handler }), refuse_uncertain: false }
    }

    /// Refuses events that the store is not sure about, instead of passing them to the handler
    /// with [`Lease::uncertainty`].
    ///
    /// Right for a handler that must never run twice for one event. A refused event is answered
    /// with 503 each time, so somebody has to look after it.
    #[must_use]
    pub fn refuse_uncertain(mut self) -> Self {
        self.refuse_uncertain = true;
        self
    }

    /// The status to answer a request with.
    ///
    /// It must be called in a tokio runtime. When it is dropped, what it began goes on.
    pub async fn receive(&self, headers: &HeaderMap, body: &[u8]) -> StatusCode {
        let delivery = match self.verifier().verify(headers, body) {
            Ok(delivery) => delivery,
            Err(error) => return status_of(&error),
        };
        let (parts, refuse_uncertain) = (Arc::clone(&self.parts), self.refuse_uncertain);
        let done = tokio::spawn(async move { parts.handle(delivery, refuse_uncertain).await });
        // It fails if the handler panics; its reservation is in doubt then.
        done.await.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
    }
}

impl<S, H, F, E> Parts<S, H>
where
    S: DedupeStore,
    H: Fn(Delivery, Lease) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    async fn handle(&self, delivery: Delivery, refuse_uncertain: bool) -> StatusCode {
        let (reservation, lease) = match self.seen.reserve(&delivery).await {
            Ok(Reservation::Acquired(reservation, lease)) => (reservation, lease),
            Ok(Reservation::AlreadyProcessed) => return StatusCode::NO_CONTENT,
            Ok(Reservation::InProgress) => return StatusCode::SERVICE_UNAVAILABLE,
            Err(error) => {
                told("the store of deliveries does not answer", &error);
                return StatusCode::SERVICE_UNAVAILABLE;
            }
        };
        if lease.uncertainty.is_some() && refuse_uncertain {
            doubted(&delivery, lease);
        } else if (self.handler)(delivery, lease).await.is_ok() {
            // It was handled, whatever the store makes of it: to ask for it again is no help.
            if let Err(error) = self.seen.commit(reservation).await {
                told("a delivery was handled, but the store does not know", &error);
            }
            return StatusCode::NO_CONTENT;
        }
        if let Err(error) = self.seen.abandon(reservation).await {
            told("a delivery was not handled, but the store does not know", &error);
        }
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// The status that says this of a delivery.
pub(super) fn status_of(error: &Error) -> StatusCode {
    match error.kind() {
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Decode => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNAUTHORIZED,
    }
}

#[cfg(feature = "tracing")]
fn doubted(delivery: &Delivery, lease: Lease) {
    let (key, doubt) = (delivery.key(), lease.uncertainty);
    tracing::warn!(%key, ?doubt, "a delivery is not vouched for, and refused");
}

#[cfg(not(feature = "tracing"))]
fn doubted(_: &Delivery, _: Lease) {}

#[cfg(feature = "tracing")]
fn told(what: &str, error: &Error) {
    tracing::warn!(%error, "{what}");
}

#[cfg(not(feature = "tracing"))]
fn told(_: &str, _: &Error) {}

impl<S, H> Clone for Receiver<S, H> {
    fn clone(&self) -> Self {
        Self { parts: Arc::clone(&self.parts), refuse_uncertain: self.refuse_uncertain }
    }
}

impl<S: fmt::Debug, H> fmt::Debug for Receiver<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("verifier", &self.verifier())
            .field("seen", &self.parts.seen)
            .field("refuse_uncertain", &self.refuse_uncertain)
            .finish_non_exhaustive()
    }
}
