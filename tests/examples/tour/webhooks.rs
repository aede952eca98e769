//! A webhook: registered, its deliveries received and believed, a forged one refused.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::body::Bytes;
use twin_api::types::CreateWebhookBody;
use twin_api::types::WebhookEventType::{RunCompleted, RunStarted};
use twin_api::{Client, reqwest};
use twin_ext::webhook::{Event, SIGNATURE_HEADER};

use crate::receiver::{Deliveries, Received, Receiver};
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
    receiver.serve(webhook.signing_secret)
}

/// Waits until the end of the run was delivered.
pub(crate) async fn receive(deliveries: &mut Deliveries, run: &str) -> anyhow::Result<Received> {
    say::heading("What the webhook received meanwhile, over HTTP");
    say::call("verifier.verify(&headers, &body)?");
    loop {
        let next = tokio::time::timeout(PATIENCE, deliveries.next()).await;
        let received = next.context("no delivery came")?.context("the receiver is gone")?;
        let event = &received.delivery.event;
        let change = event.run().with_context(|| format!("nobody knows {}", event.name()))?;
        ensure!(change.run_id == run, "a delivery of another run came: {}", change.run_id);
        let outcome = change.outcome.as_ref().map(|outcome| format!(", {outcome}"));
        say::came(format!(
            "{}: {}{}. The signature of its {} bytes is right.",
            event.name(),
            change.status,
            outcome.unwrap_or_default(),
            received.body.len()
        ));
        if matches!(event, Event::RunCompleted(_)) {
            return Ok(received);
        }
    }
}

/// Sends the last delivery once more, with another outcome under the same signature.
pub(crate) async fn forge(deliveries: &Deliveries, real: &Received) -> anyhow::Result<()> {
    let text = std::str::from_utf8(&real.body)?.replace("success", "partial");
    ensure!(text.as_bytes() != real.body, "the delivery does not tell its outcome");
    let signature = real.headers.get(SIGNATURE_HEADER).context("it was signed")?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let request = http.post(&deliveries.url).header(SIGNATURE_HEADER, signature);
    let answer = request.body(Bytes::from(text)).send().await?;
    ensure!(answer.status() == 401, "a forged delivery was answered with {}", answer.status());
    say::came(format!("The same with one word changed: the receiver says {}.", answer.status()));
    Ok(())
}
