//! A webhook receiver: `receiver AGENT`. It creates a webhook of the agent that delivers to this
//! program on loopback, and prints how many events each completed run has.
//!
//! It reads the environment variables `TWIN_API_KEY`, `TWIN_BASE_URL` and `REDIS_URL`.

use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use twin_ext::RunTicket;
use twin_ext::prelude::*;
use twin_ext::twin_api::types::{CreateWebhookBody, WebhookEventType};
use twin_ext::webhook::{Delivery, Event, Lease, Receiver, RedisStore, Verifier};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let agent = std::env::args().nth(1).context("usage: receiver AGENT")?;
    let twin = ClientBuilder::from_env()?.build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/webhooks/twin", listener.local_addr()?);
    let body = CreateWebhookBody::builder().url(url).events(vec![WebhookEventType::RunCompleted]);
    let webhook = twin.create_webhook().agent_id(agent).body(body).send().await?.into_inner();
    let verifier = Verifier::new(webhook.signing_secret)?;
    let store = RedisStore::new(&std::env::var("REDIS_URL")?, Duration::from_secs(3600))?;
    let receiver = Receiver::new(verifier, store, move |delivery: Delivery, _: Lease| {
        let twin = twin.clone();
        async move {
            let Event::RunCompleted(run) = delivery.event else { return Ok::<(), Error>(()) };
            let mut events = twin.resume(RunTicket::new(&*run.agent_id, &*run.run_id)).events();
            let mut count = 0;
            while events.try_next().await?.is_some() {
                count += 1;
            }
            println!("{} has {count} events", run.run_id);
            Ok(())
        }
    });
    println!("ready");
    axum::serve(listener, receiver.into_router("/webhooks/twin")).await?;
    Ok(())
}
