//! Receives webhooks from the emulator: `cargo run --example webhooks`.
//!
//! - [`fetching`]: a receiver that fetches the events of a finished run.
//! - [`sweeping`]: a search for finished runs whose delivery never arrived.
//! - [`rotating`]: a change of the signing secret that loses no delivery.

mod fetching;
mod rotating;
mod sweeping;

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use twin_emulator::{DeliveryFault, DeliveryRule, Emulator, Profile, RunMode, RunScript, World};
use twin_ext::prelude::*;
use twin_ext::twin_api::types::CreateWebhookBody;
use twin_ext::twin_api::types::WebhookEventType::{RunCompleted, RunFailed, RunStopped};

use fetching::Outputs;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let service = Emulator::builder(Profile::Observed).start().await?;
    let agent = service.with(World::add_agent);
    let twin = ClientBuilder::new(service.api_key()).base_url(service.url()).build()?;

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}{}", listener.local_addr()?, fetching::PATH);
    let events = vec![RunCompleted, RunFailed, RunStopped];
    let body = CreateWebhookBody::builder().url(&url).events(events.clone());
    let webhook = twin.create_webhook().agent_id(&agent).body(body).send().await?.into_inner();

    let outputs = Outputs::default();
    let receiver = fetching::receiver(&twin, &webhook.signing_secret, &outputs)?;
    let router = receiver.clone().into_router(fetching::PATH);
    tokio::spawn(async move { axum::serve(listener, router).await });

    run(&service, &agent).await;
    println!("events fetched after a delivery, by run: {outputs}");

    let webhook = rotating::rotate(&twin, &receiver, &agent, webhook, &url, events).await?;
    run(&service, &agent).await;
    rotating::retire_old_secret(&receiver, &webhook)?;
    println!("events fetched with the new secret, by run: {outputs}");

    let before = service.with(|world| world.now()).into();
    let lost = DeliveryRule::new(DeliveryFault::Lost);
    service.with(|world| world.add_delivery_fault(lost));
    let run = run(&service, &agent).await;
    let found = sweeping::sweep(&twin, &agent, before, &outputs).await?;
    println!("runs found by the search after their delivery was lost: {found:?}");
    let found = found.first().context("the search found no run")?;
    anyhow::ensure!(*found == run, "the search found another run");
    Ok(())
}

/// Starts a run, and advances the clock until its end and its deliveries. Returns its identifier.
async fn run(service: &Emulator, agent: &str) -> String {
    let run = service.with(|world| {
        world.script_next_run(RunScript::standard());
        world.start_run(agent, RunMode::Run)
    });
    service.advance(Duration::from_secs(3600)).await;
    run
}
