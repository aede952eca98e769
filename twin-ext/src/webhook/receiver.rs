//! What a receiver does with a request: verify, drop what was handled, handle, answer.
//!
//! It knows no web framework: it gets headers and a body, and gives a status. What the handler
//! does it does not look into, and nothing of it gets into an answer or a trace.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use http::{HeaderMap, StatusCode};

use super::seen::{Claim, Seen, Turn};
use super::{Delivery, Verifier};
use crate::error::{Error, ErrorKind};

/// Handles each event once, however often it is delivered.
///
/// The handler is called with a [`Delivery`] and its [`Turn`]. When it answers `Ok` the event is
/// done; an `Err` says that nothing was done, and the service is asked to try again. It runs
/// in a task of its own, which goes on when the sender has gone away.
///
/// | what came | status |
/// |---|---|
/// | handled, now or before | 204 |
/// | authentic, but unreadable | 400 |
/// | not to be trusted | 401 |
/// | too large | 413 |
/// | the handler failed or panicked, another receiver is at it, the store does not answer, or it cannot vouch for the event | 503 |
///
/// A 503 asks the service to try again. What the store [doubts](super::Doubt) is refused and
/// told in a trace event (feature `tracing`, level warn), unless
/// [`take_doubtful`](Self::take_doubtful) is set.
///
/// # With any framework
/// Read the body, up to [`body_limit`](Self::body_limit), and answer what
/// [`receive`](Self::receive) says. For hyper:
///
/// ```no_run
/// use http_body_util::{BodyExt as _, Empty, Limited};
/// use hyper::body::{Bytes, Incoming};
/// use hyper::{Request, Response, StatusCode};
/// use twin_ext::webhook::{Delivery, Receiver, Seen, Turn};
///
/// async fn answer<S, H, F, E>(
///     receiver: Receiver<S, H>,
///     request: Request<Incoming>,
/// ) -> Response<Empty<Bytes>>
/// where
///     S: Seen,
///     H: Fn(Delivery, Turn) -> F + Send + Sync + 'static,
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
    take_doubtful: bool,
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
    /// # use twin_ext::webhook::{MemorySeen, Receiver, Turn};
    /// # fn main() -> Result<(), Error> {
    /// # async fn handle(_: Delivery, _: Turn) -> Result<(), Error> { Ok(()) }
    /// let seen = MemorySeen::new(100_000, Duration::from_secs(300));
    /// let receiver = Receiver::new(Verifier::new("whsec_old")?, seen, handle);
    /// // A second webhook was created; the first one is deleted next.
    /// receiver.set_verifier(Verifier::new("whsec_new")?.also("whsec_old")?);
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
    S: Seen,
    H: Fn(Delivery, Turn) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    /// A receiver of what `verifier` believes, `seen` has not seen, and `handler` handles.
    ///
    /// ```
    /// use std::time::Duration;
    /// use twin_ext::prelude::*;
    /// use twin_ext::webhook::{Delivery, Verifier};
    /// use twin_ext::webhook::{MemorySeen, Receiver, Turn};
    ///
    /// # fn main() -> Result<(), Error> {
    /// async fn handle(delivery: Delivery, _: Turn) -> Result<(), std::io::Error> {
    ///     println!("{}", delivery.key());
    ///     Ok(())
    /// }
    ///
    /// let verifier = Verifier::new("whsec_a1b2c3")?;
    /// let seen = MemorySeen::new(100_000, Duration::from_secs(300));
    /// let receiver = Receiver::new(verifier, seen, handle);
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(verifier: Verifier, seen: S, handler: H) -> Self {
        let verifier = RwLock::new(verifier);
        Self { parts: Arc::new(Parts { verifier, seen, handler }), take_doubtful: false }
    }

    /// Whether the handler is called also for what the store cannot vouch for, with
    /// [`Turn::doubt`]: right for one that bears to be called twice, such as one that asks the
    /// service how the run stands.
    #[must_use]
    pub fn take_doubtful(mut self, take: bool) -> Self {
        self.take_doubtful = take;
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
        let (parts, take_doubtful) = (Arc::clone(&self.parts), self.take_doubtful);
        let done = tokio::spawn(async move { parts.handle(delivery, take_doubtful).await });
        // It fails if the handler panics; its reservation is in doubt then.
        done.await.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
    }
}

impl<S, H, F, E> Parts<S, H>
where
    S: Seen,
    H: Fn(Delivery, Turn) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    async fn handle(&self, delivery: Delivery, take_doubtful: bool) -> StatusCode {
        let (reservation, turn) = match self.seen.reserve(&delivery).await {
            Ok(Claim::Taken(reservation, turn)) => (reservation, turn),
            Ok(Claim::Done) => return StatusCode::NO_CONTENT,
            Ok(Claim::Busy) => return StatusCode::SERVICE_UNAVAILABLE,
            Err(error) => {
                told("the store of deliveries does not answer", &error);
                return StatusCode::SERVICE_UNAVAILABLE;
            }
        };
        if turn.doubt.is_some() && !take_doubtful {
            doubted(&delivery, turn);
        } else if (self.handler)(delivery, turn).await.is_ok() {
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
fn doubted(delivery: &Delivery, turn: Turn) {
    let (key, doubt) = (delivery.key(), turn.doubt);
    tracing::warn!(%key, ?doubt, "a delivery is not vouched for, and refused");
}

#[cfg(not(feature = "tracing"))]
fn doubted(_: &Delivery, _: Turn) {}

#[cfg(feature = "tracing")]
fn told(what: &str, error: &Error) {
    tracing::warn!(%error, "{what}");
}

#[cfg(not(feature = "tracing"))]
fn told(_: &str, _: &Error) {}

impl<S, H> Clone for Receiver<S, H> {
    fn clone(&self) -> Self {
        Self { parts: Arc::clone(&self.parts), take_doubtful: self.take_doubtful }
    }
}

impl<S: fmt::Debug, H> fmt::Debug for Receiver<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("verifier", &self.verifier())
            .field("seen", &self.parts.seen)
            .field("take_doubtful", &self.take_doubtful)
            .finish_non_exhaustive()
    }
}
