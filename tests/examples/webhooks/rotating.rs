//! Rotates the signing secret without losing a delivery. Each webhook has its own secret, so that
//! two webhooks exist for a moment.

use twin_api::Client;
use twin_api::types::{CreateWebhookBody, CreateWebhookResponse, WebhookEventType};
use twin_ext::prelude::*;
use twin_ext::webhook::Verifier;

use super::fetching::Fetching;

/// Replaces a webhook by a new one, and passes its secret to the receiver.
///
/// While there are two webhooks, both send each event. The receiver handles it once, because both
/// deliveries have the same key. The receiver refuses deliveries of the new webhook until it has
/// the new secret; the service sends them again.
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

/// Drops the old secret. Call it when the old webhook has no delivery left: after the span for
/// which the service retries, or when [`Delivery::secret_index`] has been 0 for long.
pub(crate) fn retire_old_secret(
    receiver: &Fetching,
    new: &CreateWebhookResponse,
) -> Result<(), Error> {
    receiver.set_verifier(Verifier::new(&new.signing_secret)?);
    Ok(())
}
