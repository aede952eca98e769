//! A webhook: registered, its deliveries received and believed, a forged one refused.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::body::Bytes;
use twin_api::types::WebhookEventType::{RunCompleted, RunStarted};
use twin_api::types::{CreateWebhookBody, RunStatus, WebhookEvent};
use twin_api::{Client, reqwest};

use crate::receiver::{Deliveries, Delivery, Receiver, SIGNATURE};
use crate::say::{self, shown};

/// Deliveries are a matter of milliseconds on this machine.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn register(
    twin: &Client,
    agent: &str,
    receiver: Receiver,
) -> anyhow::Result<Deliveries> {
    say::heading("A webhook, to be told of its runs");
    let (url, events) = (receiver.url(), vec![RunStarted, RunCompleted]);
    let webhook = shown!(
        twin.create_webhook()
            .agent_id(agent)
            .body(CreateWebhookBody::builder().url(url).events(events))
            .send()
            .await?
    );
    let webhook = webhook.into_inner();
    say::came(format!("{} deliveries go to {}", webhook.status, webhook.url));
    say::note("The signing secret comes this once; the receiver has it, and nobody sees it.");
    Ok(receiver.serve(webhook.signing_secret))
}

/// Waits until the end of the run was delivered.
pub(crate) async fn receive(deliveries: &mut Deliveries, run: &str) -> anyhow::Result<Delivery> {
    say::heading("What the webhook received meanwhile, over HTTP");
    say::note("A signature is HMAC-SHA256 of the raw bytes, compared in constant time.");
    loop {
        let next = tokio::time::timeout(PATIENCE, deliveries.next()).await;
        let delivery = next.context("no delivery came")?.context("the receiver is gone")?;
        let WebhookEvent { event, data, .. } = &delivery.event;
        ensure!(data.run_id == run, "a delivery of another run came: {}", data.run_id);
        let outcome = data.outcome.as_ref().map(|outcome| format!(", {outcome}"));
        say::came(format!(
            "{event}: {}{}. The signature of its {} bytes is right.",
            data.status,
            outcome.unwrap_or_default(),
            delivery.body.len()
        ));
        if data.status != RunStatus::InProgress {
            return Ok(delivery);
        }
    }
}

/// Sends the last delivery once more, with another outcome under the same signature.
pub(crate) async fn forge(deliveries: &Deliveries, real: &Delivery) -> anyhow::Result<()> {
    let text = std::str::from_utf8(&real.body)?.replace("success", "partial");
    ensure!(text.as_bytes() != real.body, "the delivery does not tell its outcome");
    let http = reqwest::Client::builder().no_proxy().build()?;
    let request = http.post(&deliveries.url).header(SIGNATURE, &real.signature);
    let answer = request.body(Bytes::from(text)).send().await?;
    ensure!(answer.status() == 401, "a forged delivery was answered with {}", answer.status());
    say::came(format!("The same with one word changed: the receiver says {}.", answer.status()));
    Ok(())
}
