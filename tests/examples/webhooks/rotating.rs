//! Rotates the signing secret without a gap. Each webhook has its own secret, so that there are
//! two webhooks for a moment.

use twin_api::Client;
use twin_api::types::{CreateWebhookBody, CreateWebhookResponse, WebhookEventType};
use twin_ext::prelude::*;
use twin_ext::webhook::Verifier;

use super::fetching::Fetching;

/// Replaces a webhook by a new one, and tells the receiver its secret.
///
/// While there are two webhooks, both send each event, which is handled once: its key is the
/// same. What the new one sends before the receiver has its secret is refused and sent again.
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

/// Drops the old secret, once nothing of the old webhook can be under way: after as long as the
/// service retries, or when [`Delivery::secret_index`] has shown none for long.
pub(crate) fn retire_the_old(
    receiver: &Fetching,
    new: &CreateWebhookResponse,
) -> Result<(), Error> {
    receiver.set_verifier(Verifier::new(&new.signing_secret)?);
    Ok(())
}
