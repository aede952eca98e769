//! Receives webhook deliveries with the HTTP receiver of `twin-ext`.
//!
//! It verifies signatures, and passes each event on once.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use twin_api::secrecy::SecretString;
use twin_ext::webhook::{Delivery, Lease, MemoryStore, Receiver, Verifier};

const PATH: &str = "/webhooks/twin";

/// How many events are kept for deduplication, and for how long the service retries.
const MEMORY: usize = 1_000;
const RETRIES: Duration = Duration::from_secs(600);

/// A bound address. Serving starts later, because the secret is known only after the webhook is
/// created.
pub(crate) struct Address {
    listener: TcpListener,
    url: String,
}

/// The verified deliveries in their order of arrival.
pub(crate) struct Deliveries {
    pub(crate) url: String,
    incoming: UnboundedReceiver<Delivery>,
}

impl Address {
    pub(crate) async fn bind() -> anyhow::Result<Self> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = bound.context("cannot listen for deliveries")?;
        let url = format!("http://{}{PATH}", listener.local_addr()?);
        Ok(Self { listener, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Serves until the program ends.
    pub(crate) fn serve(self, secret: SecretString) -> anyhow::Result<Deliveries> {
        let Self { listener, url } = self;
        let (deliveries, incoming) = unbounded_channel();
        // Deliveries are processed elsewhere, so that each gets its response at once.
        let handler = move |delivery: Delivery, _: Lease| {
            let handed_on = deliveries.send(delivery);
            async move { handed_on }
        };
        let receiver =
            Receiver::new(Verifier::new(secret)?, MemoryStore::new(MEMORY, RETRIES), handler);
        tokio::spawn(async move { axum::serve(listener, receiver.into_router(PATH)).await });
        Ok(Deliveries { url, incoming })
    }
}

impl Deliveries {
    pub(crate) async fn next(&mut self) -> Option<Delivery> {
        self.incoming.recv().await
    }

    /// Returns whether all deliveries were read.
    pub(crate) fn is_empty(&self) -> bool {
        self.incoming.is_empty()
    }
}
