//! Where deliveries of webhooks arrive: a small HTTP server that believes signatures only.
//!
//! It gives the verifier the bytes as they came, and hands on what that believes.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use twin_api::secrecy::SecretString;
use twin_ext::ErrorKind;
use twin_ext::webhook::{Delivery, Verifier};

/// An address that nobody answers at yet: the secret comes only when the webhook is made.
pub(crate) struct Receiver {
    listener: TcpListener,
    url: String,
}

/// The deliveries that were signed by the service, as they come in.
pub(crate) struct Deliveries {
    pub(crate) url: String,
    incoming: UnboundedReceiver<Received>,
}

/// A delivery that was verified, and what it was made of.
pub(crate) struct Received {
    pub(crate) delivery: Delivery,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Receiver {
    pub(crate) async fn bind() -> anyhow::Result<Self> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = bound.context("cannot listen for deliveries")?;
        let url = format!("http://{}/webhooks/twin", listener.local_addr()?);
        Ok(Self { listener, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Answers from now on, until the program ends.
    pub(crate) fn serve(self, secret: SecretString) -> anyhow::Result<Deliveries> {
        let Self { listener, url } = self;
        let (deliveries, incoming) = unbounded_channel();
        let verifier = Verifier::new(secret)?;
        let limit = DefaultBodyLimit::max(verifier.body_limit());
        let desk = Arc::new(Desk { verifier, deliveries });
        let router =
            Router::new().route("/webhooks/twin", post(take)).layer(limit).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Deliveries { url, incoming })
    }
}

impl Deliveries {
    pub(crate) async fn next(&mut self) -> Option<Received> {
        self.incoming.recv().await
    }
}

struct Desk {
    verifier: Verifier,
    deliveries: UnboundedSender<Received>,
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let delivery = match desk.verifier.verify(&headers, &body) {
        Ok(delivery) => delivery,
        Err(error) if error.kind() == ErrorKind::Webhook => return StatusCode::UNAUTHORIZED,
        Err(_) => return StatusCode::BAD_REQUEST,
    };
    // Answered at once: what is to be done about it is done elsewhere.
    match desk.deliveries.send(Received { delivery, headers, body }) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
