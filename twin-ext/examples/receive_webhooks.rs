//! Receives webhooks with axum, and handles each event once.
//!
//! `TWIN_WEBHOOK_SECRET=whsec_… cargo run -p twin-ext --features axum --example receive_webhooks`
//!
//! A copy of this program also needs the crate `axum` 0.8.

use std::time::Duration;

use twin_ext::prelude::*;
use twin_ext::webhook::{Delivery, Event, Lease, MemoryStore, Receiver, ReceiverEvent, Verifier};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let secret = std::env::var("TWIN_WEBHOOK_SECRET")
        .map_err(|error| format!("TWIN_WEBHOOK_SECRET: {error}"))?;

    let store = MemoryStore::new(100_000, Duration::from_secs(24 * 3600));
    let receiver = Receiver::new(Verifier::new(secret)?, store, handle).on_event(|event| {
        // The response does not contain the reason, so that an attacker learns nothing.
        if let ReceiverEvent::Refused { reason, .. } = event {
            println!("refused: {reason:?}");
        }
    });

    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, receiver.into_router("/webhooks/twin")).await?;
    Ok(())
}

/// Handles one event. An `Err` asks the service to deliver the event again.
async fn handle(delivery: Delivery, _: Lease) -> Result<(), Error> {
    match delivery.event {
        Event::RunCompleted(run) => println!("{} completed: {:?}", run.run_id, run.outcome),
        Event::RunFailed(run) | Event::RunStopped(run) => println!("{} failed", run.run_id),
        other => println!("{}", other.name()),
    }
    Ok(())
}
