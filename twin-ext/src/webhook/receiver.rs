//! Receives deliveries: verifies and deduplicates them, calls the handler, and returns a status.
//!
//! The receiver is independent of web frameworks: it takes headers and a body, and returns a
//! status. The sender never sees the error of the handler.

use std::error::Error as StdError;
use std::fmt;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::Poll;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::callback::Callback;
use super::dedupe::{DedupeStore, Lease, Reservation};
use super::observe::{ReceiverEvent, StoreStep};
use super::{Delivery, DeliveryKey, Verifier};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind};

/// The default of [`Receiver::handler_timeout`].
const HANDLER_TIMEOUT: Duration = Duration::from_secs(600);

/// The minimum time between two renewals of a lease.
const MIN_RENEWAL: Duration = Duration::from_millis(100);

type ReceiverCallback = dyn Fn(&ReceiverEvent<'_>) + Send + Sync;

/// The error of a handler: any error type, `anyhow::Error`, or a string.
type BoxError = Box<dyn StdError + Send + Sync>;

/// Verifies deliveries, and calls a handler once for each event.
///
/// The handler gets a [`Delivery`] and its [`Lease`]. It returns `Ok` if it has handled the event.
/// It returns `Err` if it has done nothing; the receiver then reports the error and asks the
/// service to retry. The handler runs in its own task and continues if the sender disconnects.
///
/// | result | status |
/// |---|---|
/// | the event was handled, now or earlier | 204 |
/// | the body is authentic, but not a valid delivery | 400 |
/// | the delivery cannot be trusted | 401 |
/// | the body is over the limit | 413 |
/// | the handler failed, panicked or timed out | 503 |
/// | another receiver has reserved the event, or the store failed | 503 |
/// | the event is uncertain, and `refuse_uncertain` is set | 503 |
///
/// The service retries after a 503. If the store does not know whether an event is new, the handler
/// still runs, and [`Lease::uncertainty`] has the reason. No event is lost, but the handler may run
/// twice for one event. Make it idempotent, check the lease, or set
/// [`refuse_uncertain`](Self::refuse_uncertain).
///
/// # With any framework
/// Read the body up to [`body_limit`](Self::body_limit), and return the status of
/// [`receive`](Self::receive). For hyper:
///
/// ```no_run
/// use http_body_util::{BodyExt as _, Empty, Limited};
/// use hyper::body::{Bytes, Incoming};
/// use hyper::{Request, Response, StatusCode};
/// use twin_ext::webhook::{Delivery, Receiver, DedupeStore, Lease};
///
/// async fn respond<S, H, F, E>(
///     receiver: Receiver<S, H>,
///     request: Request<Incoming>,
/// ) -> Response<Empty<Bytes>>
/// where
///     S: DedupeStore,
///     H: Fn(Delivery, Lease) -> F + Send + Sync + 'static,
///     F: Future<Output = Result<(), E>> + Send + 'static,
///     E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
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
    parts: Arc<ReceiverParts<S, H>>,
    settings: ReceiverSettings,
}

struct ReceiverParts<S, H> {
    verifier: RwLock<Verifier>,
    store: S,
    handler: H,
}

#[derive(Debug, Clone)]
struct ReceiverSettings {
    refuse_uncertain: bool,
    handler_timeout: Duration,
    clock: Arc<dyn Clock>,
    on_event: Option<Callback<ReceiverCallback>>,
}

impl<S, H> Receiver<S, H> {
    /// Returns the maximum size of a body in bytes. Set it with
    /// [`Verifier::max_body_bytes`].
    pub fn body_limit(&self) -> usize {
        self.verifier().body_limit()
    }

    /// Replaces the verifier of this receiver and all its clones. Use it to rotate secrets without
    /// a restart.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use twin_ext::prelude::*;
    /// # use twin_ext::webhook::{Delivery, Verifier};
    /// # use twin_ext::webhook::{MemoryStore, Receiver, Lease};
    /// # fn main() -> Result<(), Error> {
    /// # async fn handle(_: Delivery, _: Lease) -> Result<(), Error> { Ok(()) }
    /// let store = MemoryStore::new(100_000, Duration::from_secs(300));
    /// let receiver = Receiver::new(Verifier::new("whsec_old")?, store, handle);
    /// // After a second webhook was created, and before the first one is deleted:
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
    E: Into<BoxError> + 'static,
{
    /// Creates a receiver that calls `handler` for the deliveries that `verifier` accepts.
    ///
    /// ```
    /// use std::time::Duration;
    /// use twin_ext::prelude::*;
    /// use twin_ext::webhook::{Delivery, Lease, MemoryStore, Receiver, Verifier};
    ///
    /// # fn main() -> Result<(), Error> {
    /// async fn handle(delivery: Delivery, _: Lease) -> Result<(), std::io::Error> {
    ///     println!("{}", delivery.key());
    ///     Ok(())
    /// }
    ///
    /// let verifier = Verifier::new("whsec_a1b2c3")?;
    /// let store = MemoryStore::new(100_000, Duration::from_secs(300));
    /// let receiver = Receiver::new(verifier, store, handle);
    /// # let (headers, body) = (http::HeaderMap::new(), b"");
    /// # let _ = async {
    /// // In the handler of the HTTP server:
    /// let status = receiver.receive(&headers, body).await;
    /// # };
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A handler with state clones it for each call, because each call runs in its own task. An
    /// `async |…|` closure borrows what it captures, so it works only without captures.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use twin_ext::prelude::*;
    /// # use twin_ext::webhook::{Delivery, Lease, MemoryStore, Receiver, Verifier};
    /// # fn main() -> Result<(), Error> {
    /// # let verifier = Verifier::new("whsec_a1b2c3")?;
    /// # let store = MemoryStore::new(100_000, Duration::from_secs(300));
    /// # let (handled, _received) = tokio::sync::mpsc::unbounded_channel();
    /// let handle = move |delivery: Delivery, _: Lease| {
    ///     let handled = handled.clone();
    ///     async move {
    ///         handled.send(delivery.event).map_err(|_| "the program ends")?;
    ///         Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    ///     }
    /// };
    /// let receiver = Receiver::new(verifier, store, handle);
    /// # drop(receiver);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(verifier: Verifier, store: S, handler: H) -> Self {
        let verifier = RwLock::new(verifier);
        let settings = ReceiverSettings {
            refuse_uncertain: false,
            handler_timeout: HANDLER_TIMEOUT,
            clock: Arc::new(SystemClock),
            on_event: None,
        };
        Self { parts: Arc::new(ReceiverParts { verifier, store, handler }), settings }
    }

    /// Refuses uncertain events with 503, instead of passing them to the handler.
    ///
    /// Use it if the handler must never run twice for one event and cannot be made idempotent. The
    /// receiver refuses every delivery of such an event, and reports
    /// [`ReceiverEvent::UncertainRefused`]. Check these events by hand.
    #[must_use]
    pub fn refuse_uncertain(mut self) -> Self {
        self.settings.refuse_uncertain = true;
        self
    }

    /// Sets the maximum time of a handler. The default is 10 minutes.
    ///
    /// A handler that runs longer is cancelled at its next `.await`, and the event becomes
    /// uncertain.
    #[must_use]
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.settings.handler_timeout = timeout;
        self
    }

    /// Sets the clock for the handler timeout and the renewal of leases. Use a
    /// [`ManualClock`](crate::clock::ManualClock) in tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Arc::new(clock);
        self
    }

    /// Calls `report` for the result of each delivery and for each failure. Use it for logs and
    /// metrics.
    ///
    /// A second call replaces the callback. With the feature `tracing`, failures are also trace
    /// events of level warn, and refusals of level debug.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use twin_ext::prelude::*;
    /// # use twin_ext::webhook::{Delivery, Lease, MemoryStore, Receiver, Verifier};
    /// use twin_ext::webhook::ReceiverEvent;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # async fn handle(_: Delivery, _: Lease) -> Result<(), Error> { Ok(()) }
    /// # let store = MemoryStore::new(100_000, Duration::from_secs(300));
    /// # let (headers, body) = (http::HeaderMap::new(), b"{}");
    /// let receiver = Receiver::new(Verifier::new("whsec_a1b2c3")?, store, handle).on_event(
    ///     |event| match event {
    ///         ReceiverEvent::Refused { reason, .. } => eprintln!("refused: {reason:?}"),
    ///         ReceiverEvent::HandlerFailed { key, error, .. } => eprintln!("{key}: {error}"),
    ///         _ => {}
    ///     },
    /// );
    /// let status = receiver.receive(&headers, body).await;
    /// # assert_eq!(status, 401);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_event(mut self, report: impl Fn(&ReceiverEvent<'_>) + Send + Sync + 'static) -> Self {
        self.settings.on_event = Some(Callback(Arc::new(report)));
        self
    }

    /// Processes a request, and returns the status of the response.
    ///
    /// If the future is dropped, the handler continues in its task.
    ///
    /// # Panics
    /// Panics outside of a tokio runtime.
    pub async fn receive(&self, headers: &HeaderMap, body: &[u8]) -> StatusCode {
        let delivery = match self.verifier().check(headers, body) {
            Ok(delivery) => delivery,
            Err(refusal) => {
                let (reason, error) = (refusal.reason, &refusal.error);
                self.settings.report(&ReceiverEvent::Refused { reason, error });
                return status_of(error);
            }
        };
        let (parts, settings) = (Arc::clone(&self.parts), self.settings.clone());
        let handled = tokio::spawn(async move { parts.handle(delivery, &settings).await });
        // The task fails if the handler panics.
        handled.await.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
    }
}

impl<S, H, F, E> ReceiverParts<S, H>
where
    S: DedupeStore,
    H: Fn(Delivery, Lease) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    async fn handle(&self, delivery: Delivery, settings: &ReceiverSettings) -> StatusCode {
        let key = &delivery.key();
        let failed = |step, error: &Error| {
            settings.report(&ReceiverEvent::StoreFailed { key, error, step });
        };
        let (mut token, lease) = match self.store.reserve(&delivery).await {
            Ok(Reservation::Acquired(token, lease)) => (token, lease),
            Ok(Reservation::AlreadyProcessed) => {
                settings.report(&ReceiverEvent::AlreadyProcessed { key });
                return StatusCode::NO_CONTENT;
            }
            Ok(Reservation::InProgress) => {
                settings.report(&ReceiverEvent::InProgress { key });
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            Err(error) => {
                failed(StoreStep::Reserve, &error);
                return StatusCode::SERVICE_UNAVAILABLE;
            }
        };
        if lease.uncertainty.is_some() && settings.refuse_uncertain {
            settings.report(&ReceiverEvent::UncertainRefused { key, lease });
        } else {
            let panicked = OnPanic(|| settings.report(&ReceiverEvent::HandlerPanicked { key }));
            let handler = (self.handler)(delivery, lease);
            let result = self.run(handler, &mut token, key, settings).await;
            drop(panicked);
            match result.map(|result| result.map_err(Into::into)) {
                Some(Ok(())) => {
                    settings.report(&ReceiverEvent::Handled { key, lease });
                    // The event was handled, so a retry would not help if the commit fails.
                    if let Err(error) = self.store.commit(token).await {
                        failed(StoreStep::Commit, &error);
                    }
                    return StatusCode::NO_CONTENT;
                }
                Some(Err(error)) => {
                    let error: BoxError = error;
                    settings.report(&ReceiverEvent::HandlerFailed { key, error: &*error });
                }
                None => {
                    // The handler may have done some work, so the event must become uncertain.
                    settings.report(&ReceiverEvent::HandlerTimedOut { key });
                    return StatusCode::SERVICE_UNAVAILABLE;
                }
            }
        }
        if let Err(error) = self.store.abandon(token).await {
            failed(StoreStep::Abandon, &error);
        }
        StatusCode::SERVICE_UNAVAILABLE
    }

    /// Runs the handler and renews its lease. Returns `None` if the handler timed out.
    async fn run<T>(
        &self,
        handler: impl Future<Output = T>,
        token: &mut S::Token,
        key: &DeliveryKey,
        settings: &ReceiverSettings,
    ) -> Option<T> {
        let mut limit = settings.clock.alarm(settings.handler_timeout);
        let (mut handler, mut renewal) = (pin!(handler), pin!(self.renew(token, key, settings)));
        poll_fn(|context| {
            if let Poll::Ready(result) = handler.as_mut().poll(context) {
                return Poll::Ready(Some(result));
            }
            if limit.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            renewal.as_mut().poll(context).map(|never| match never {})
        })
        .await
    }

    /// Renews a lease each time a third of it has passed. The future never completes.
    async fn renew(
        &self,
        token: &mut S::Token,
        key: &DeliveryKey,
        settings: &ReceiverSettings,
    ) -> std::convert::Infallible {
        let Some(lease) = self.store.lease_duration() else { return pending().await };
        loop {
            settings.clock.alarm((lease / 3).max(MIN_RENEWAL)).await;
            match self.store.renew(token).await {
                Ok(true) => {}
                Ok(false) => {
                    settings.report(&ReceiverEvent::LeaseLost { key });
                    return pending().await;
                }
                Err(error) => {
                    let (error, step) = (&error, StoreStep::Renew);
                    settings.report(&ReceiverEvent::StoreFailed { key, error, step });
                }
            }
        }
    }
}

impl ReceiverSettings {
    fn report(&self, event: &ReceiverEvent<'_>) {
        event.trace();
        if let Some(Callback(report)) = &self.on_event {
            report(event);
        }
    }
}

/// Calls a function if it is dropped during a panic.
struct OnPanic<F: Fn()>(F);

impl<F: Fn()> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)();
        }
    }
}

/// Returns the status for the error of a refused delivery.
pub(super) fn status_of(error: &Error) -> StatusCode {
    match error.kind() {
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Decode => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNAUTHORIZED,
    }
}

impl<S, H> Clone for Receiver<S, H> {
    fn clone(&self) -> Self {
        Self { parts: Arc::clone(&self.parts), settings: self.settings.clone() }
    }
}

impl<S: fmt::Debug, H> fmt::Debug for Receiver<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("verifier", &self.verifier())
            .field("store", &self.parts.store)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
