//! Webhooks: register a webhook, receive its deliveries, and reject a forged delivery.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use twin_api::types::CreateWebhookBody;
use twin_api::types::WebhookEventType::{RunCompleted, RunStarted};
use twin_api::{Client, reqwest};
use twin_ext::webhook::{Event, SIGNATURE_HEADER, sign};

use crate::receiver::{Address, Deliveries};
use crate::say::{self, shown};
use crate::service::TourEmulator;

/// The timeout for a delivery, which takes milliseconds.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) async fn register(
    twin: &Client,
    agent: &str,
    address: Address,
) -> anyhow::Result<Deliveries> {
    say::heading("Register a webhook for runs");
    let (url, events) = (address.url(), vec![RunStarted, RunCompleted]);
    let webhook = shown!(
        twin.create_webhook()
            .agent_id(agent)
            .body(CreateWebhookBody::builder().url(url).events(events))
            .send()
            .await?
    );
    let webhook = webhook.into_inner();
    say::result(format!(
        "the webhook is {}, and its deliveries go to {}",
        webhook.status, webhook.url
    ));
    say::note(
        "Only this response has the signing secret. The receiver uses it, and the tour does not print it.",
    );
    address.serve(webhook.signing_secret)
}

/// Receives the deliveries of the run until its end. The delivery of the end is sent twice.
pub(crate) async fn receive(
    deliveries: &mut Deliveries,
    service: &TourEmulator,
    run: &str,
) -> anyhow::Result<()> {
    say::heading("Receive the deliveries over HTTP");
    say::call("Receiver::new(verifier, store, handler).into_router(\"/webhooks/twin\")");
    loop {
        let next = tokio::time::timeout(TIMEOUT, deliveries.next()).await;
        let delivery =
            next.context("no delivery in 10 seconds")?.context("the receiver has stopped")?;
        let event = &delivery.event;
        let change = event.run().with_context(|| format!("unknown event {}", event.name()))?;
        ensure!(change.run_id == run, "a delivery of another run: {}", change.run_id);
        let outcome = change.outcome.as_ref().map(|outcome| format!(", {outcome}"));
        let outcome = outcome.unwrap_or_default();
        say::result(format!("{}: {}{outcome}", event.name(), change.status));
        if matches!(event, Event::RunCompleted(_)) {
            break;
        }
    }
    service.settled().await;
    ensure!(deliveries.is_empty(), "the end of the run was handled twice");
    say::note(
        "Both deliveries have a valid signature. The second arrived twice, but was handled once.",
    );
    Ok(())
}

/// Sends a delivery that the service did not sign.
pub(crate) async fn forge(deliveries: &Deliveries, run: &str) -> anyhow::Result<()> {
    let body = format!(r#"{{"event": "run.failed", "data": {{"run_id": "{run}"}}}}"#);
    let signature = sign("whsec_a_guess", &body);
    let http = reqwest::Client::builder().no_proxy().build()?;
    let request = http.post(&deliveries.url).header(SIGNATURE_HEADER, signature).body(body);
    let response = request.send().await?;
    ensure!(response.status() == 401, "a forged delivery got {}", response.status());
    ensure!(deliveries.is_empty(), "a forged delivery was handled");
    say::result(format!(
        "a delivery with a wrong signature is rejected with {}",
        response.status()
    ));
    Ok(())
}
