//! Integrates webhooks with axum: an extractor for deliveries, and a complete router.
//!
//! Both read a body up to the limit of the [`Verifier`], also without `Content-Length`. They set no
//! time limit for slow senders; add a timeout layer to the route, as for every public route.

use ::axum::Router;
use ::axum::body::{Body, Bytes};
use ::axum::extract::{FromRef, FromRequest, Request, State};
use ::axum::response::{IntoResponse, Response};
use ::axum::routing::post;
use http::StatusCode;
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::dedupe::{DedupeStore, Lease};
use super::receiver::status_of;
use super::{Delivery, Receiver, Verifier};

/// The rejection of the extractor [`Delivery`]: a status without a body, so an attacker learns
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryRejection(StatusCode);

impl DeliveryRejection {
    /// Returns the status: 400 for an authentic but invalid body, 401 for an untrusted delivery,
    /// and 413 for a body over the limit.
    pub fn status(self) -> StatusCode {
        self.0
    }
}

impl IntoResponse for DeliveryRejection {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// Extracts a delivery that the [`Verifier`] in the router's state accepts.
///
/// The extractor does not deduplicate: the event may have been delivered before. Use
/// [`Receiver::into_router`] to handle each event once.
///
/// ```no_run
/// use axum::{Router, routing::post};
/// use twin_ext::prelude::*;
/// use twin_ext::webhook::{Delivery, Verifier};
///
/// async fn hook(delivery: Delivery) {
///     println!("{}", delivery.key());
/// }
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let verifier = Verifier::new("whsec_a1b2c3")?;
/// let router: Router = Router::new().route("/webhooks/twin", post(hook)).with_state(verifier);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// axum::serve(listener, router).await?;
/// # Ok(())
/// # }
/// ```
impl<S> FromRequest<S> for Delivery
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = DeliveryRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, DeliveryRejection> {
        let verifier = Verifier::from_ref(state);
        let (head, body) = request.into_parts();
        let body = read(body, verifier.body_limit()).await?;
        verifier.verify(&head.headers, &body).map_err(|error| DeliveryRejection(status_of(&error)))
    }
}

impl<S, H, F, E> Receiver<S, H>
where
    S: DedupeStore,
    H: Fn(Delivery, Lease) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    /// Creates a router of axum 0.8 that receives deliveries by POST at `path`. It ignores the query
    /// of the URL. For a handler with state, see [`Receiver::new`].
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use twin_ext::prelude::*;
    /// # use twin_ext::webhook::{Delivery, Verifier};
    /// # use twin_ext::webhook::{MemoryStore, Receiver, Lease};
    /// # fn main() -> Result<(), Error> {
    /// # let verifier = Verifier::new("whsec_a1b2c3")?;
    /// # let store = MemoryStore::new(100_000, Duration::from_secs(300));
    /// let receiver = Receiver::new(verifier, store, async |delivery: Delivery, _: Lease| {
    ///     println!("{}", delivery.key());
    ///     Ok::<(), std::io::Error>(())
    /// });
    /// # let _ = async {
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// axum::serve(listener, receiver.into_router("/webhooks/twin")).await
    /// # };
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// Panics if `path` does not begin with `/`, as `axum::Router::route` does.
    pub fn into_router(self, path: &str) -> Router {
        Router::new().route(path, post(receive::<S, H, F, E>)).with_state(self)
    }
}

async fn receive<S, H, F, E>(State(receiver): State<Receiver<S, H>>, request: Request) -> StatusCode
where
    S: DedupeStore,
    H: Fn(Delivery, Lease) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    let (head, body) = request.into_parts();
    match read(body, receiver.body_limit()).await {
        Ok(body) => receiver.receive(&head.headers, &body).await,
        Err(refused) => refused.0,
    }
}

/// Reads the whole body. Refuses a body if its size, or the size in its headers, is over the limit.
async fn read(body: Body, limit: usize) -> Result<Bytes, DeliveryRejection> {
    if body.size_hint().lower() > limit as u64 {
        return Err(DeliveryRejection(StatusCode::PAYLOAD_TOO_LARGE));
    }
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(DeliveryRejection(StatusCode::PAYLOAD_TOO_LARGE))
        }
        // The sender closed the connection, so it never receives this status.
        Err(_) => Err(DeliveryRejection(StatusCode::BAD_REQUEST)),
    }
}
