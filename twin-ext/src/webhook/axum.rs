//! Deliveries in axum: an extractor, and a complete router.
//!
//! A body is read up to the limit of the [`Verifier`], even if it has no `Content-Length`. There is
//! no time limit for slow senders: add one in front of the route, as for every route.

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

/// The rejection of a [`Delivery`]: a status without a body, so that a forger learns nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(StatusCode);

impl Refused {
    /// Returns 400 if the delivery is unreadable, 401 if it cannot be trusted, and 413 if it is
    /// too large.
    pub fn status(self) -> StatusCode {
        self.0
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// Extracts a delivery that the [`Verifier`] in the state accepts. Its event may have been
/// delivered before.
///
/// ```
/// use axum::{Router, routing::post};
/// use twin_ext::prelude::*;
/// use twin_ext::webhook::{Delivery, Verifier};
///
/// async fn hook(delivery: Delivery) {
///     println!("{}", delivery.key());
/// }
///
/// # fn main() -> Result<(), Error> {
/// let verifier = Verifier::new("whsec_a1b2c3")?;
/// let router: Router = Router::new().route("/webhooks/twin", post(hook)).with_state(verifier);
/// # drop(router);
/// # Ok(())
/// # }
/// ```
impl<S> FromRequest<S> for Delivery
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let verifier = Verifier::from_ref(state);
        let (head, body) = request.into_parts();
        let body = read(body, verifier.body_limit()).await?;
        verifier.verify(&head.headers, &body).map_err(|error| Refused(status_of(&error)))
    }
}

impl<S, H, F, E> Receiver<S, H>
where
    S: DedupeStore,
    H: Fn(Delivery, Lease) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    /// Creates a router that receives deliveries by POST at `path`. A query in the webhook's URL
    /// is ignored.
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
    pub fn into_router(self, path: &str) -> Router {
        Router::new().route(path, post(take::<S, H, F, E>)).with_state(self)
    }
}

async fn take<S, H, F, E>(State(receiver): State<Receiver<S, H>>, request: Request) -> StatusCode
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

/// Reads the whole body. Refuses a body that is over the limit, or announces to be.
async fn read(body: Body, limit: usize) -> Result<Bytes, Refused> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Refused(StatusCode::PAYLOAD_TOO_LARGE));
    }
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refused(StatusCode::PAYLOAD_TOO_LARGE)),
        // The sender closed the connection, and does not see the status.
        Err(_) => Err(Refused(StatusCode::BAD_REQUEST)),
    }
}
