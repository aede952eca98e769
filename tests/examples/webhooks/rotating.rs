//! Changes the signing secret without losing a delivery. Each webhook has its own secret, so two
//! webhooks exist for a short time.

use twin_ext::prelude::*;
use twin_ext::twin_api::Client;
use twin_ext::twin_api::types::{CreateWebhookBody, CreateWebhookResponse, WebhookEventType};
use twin_ext::webhook::Verifier;

use super::fetching::Fetching;

/// Replaces a webhook by a new one, and gives the new secret to the receiver.
///
/// While there are two webhooks, the service sends each event to both. The receiver handles the event
/// once, because both deliveries have the same deduplication key. Until the receiver has the new secret,
/// it rejects deliveries of the new webhook; the service retries them.
pub(crate) async fn rotate(
    twin: &Client,
    receiver: &Fetching,
    agent: &str,
    old: CreateWebhookResponse,
    url: &str,
    events: Vec<WebhookEventType>,
) -> Result<CreateWebhookResponse, Error> {
    let body = CreateWebhookBody::builder().url(url).events(events);
    let new = twin.create_webhook().agent_id(agent).body(body).send().await?.into_inner();
    // A real program stores the new secret first.
    receiver.set_verifier(Verifier::new(&new.signing_secret)?.with_secret(&old.signing_secret)?);
    twin.delete_webhook().agent_id(agent).webhook_id(old.webhook_id).send().await?;
    Ok(new)
}

/// Makes the receiver reject the old secret. Call this when no delivery of the old webhook can arrive
/// any more: after the time for which the service retries, or when `Delivery::secret_index` has been 0
/// for a long time.
pub(crate) fn retire_old_secret(
    receiver: &Fetching,
    new: &CreateWebhookResponse,
) -> Result<(), Error> {
    receiver.set_verifier(Verifier::new(&new.signing_secret)?);
    Ok(())
}
