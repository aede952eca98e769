//! Receives webhook deliveries with the `Receiver` of `twin-ext`, which verifies signatures and passes
//! on each event once.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use twin_api::secrecy::SecretString;
use twin_ext::webhook::{Delivery, Lease, MemoryStore, Receiver, Verifier};

const PATH: &str = "/webhooks/twin";

/// The number of events that the store remembers.
const CAPACITY: usize = 1_000;
/// The time for which the service retries a delivery.
const RETRY_PERIOD: Duration = Duration::from_secs(600);

/// The address of the receiver. The receiver starts later, because the secret is known only after the
/// webhook was created.
pub(crate) struct Address {
    listener: TcpListener,
    url: String,
}

/// The verified deliveries, in the order of their arrival.
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

    /// Starts the receiver, which runs until the program ends.
    pub(crate) fn serve(self, secret: SecretString) -> anyhow::Result<Deliveries> {
        let Self { listener, url } = self;
        let (deliveries, incoming) = unbounded_channel();
        // The tour processes deliveries elsewhere, so that the service gets each response at once.
        let handler = move |delivery: Delivery, _: Lease| {
            let sent = deliveries.send(delivery);
            async move { sent }
        };
        let receiver = Receiver::new(
            Verifier::new(secret)?,
            MemoryStore::new(CAPACITY, RETRY_PERIOD),
            handler,
        );
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
