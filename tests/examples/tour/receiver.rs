//! Where deliveries of webhooks arrive: a small HTTP server, which is twin-ext's.
//!
//! It believes signatures only, and hands on each event once.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use twin_api::secrecy::SecretString;
use twin_ext::webhook::{Delivery, Lease, MemoryStore, Receiver, Verifier};

const PATH: &str = "/webhooks/twin";

/// How many events are remembered, and for how long the service may go on trying.
const MEMORY: usize = 1_000;
const RETRIES: Duration = Duration::from_secs(600);

/// An address that nobody answers at yet: the secret comes only when the webhook is made.
pub(crate) struct Address {
    listener: TcpListener,
    url: String,
}

/// The events that the service has told of, as they come in.
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

    /// Answers from now on, until the program ends.
    pub(crate) fn serve(self, secret: SecretString) -> anyhow::Result<Deliveries> {
        let Self { listener, url } = self;
        let (deliveries, incoming) = unbounded_channel();
        // What is to be done about a delivery is done elsewhere, so that it is answered at once.
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

    /// Whether there is none that was not yet looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.incoming.is_empty()
    }
}
