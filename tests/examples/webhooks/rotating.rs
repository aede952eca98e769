//! Another secret, without a gap: a secret comes with a webhook, so there are two for a moment.

use twin_api::Client;
use twin_api::types::{CreateWebhookBody, CreateWebhookResponse, WebhookEventType};
use twin_ext::prelude::*;
use twin_ext::webhook::Verifier;

use super::fetching::Fetching;

/// Puts another webhook in the place of this one, which the receiver believes.
///
/// Each event is told by both while there are two, and handled once: its key is the same. What
/// the new one tells before the receiver knows its secret is refused, and told again.
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
    // A program stores the new secret here, before it believes it.
    receiver.set_verifier(Verifier::new(&new.signing_secret)?.with_secret(&old.signing_secret)?);
    twin.delete_webhook().agent_id(agent).webhook_id(old.webhook_id).send().await?;
    Ok(new)
}

/// Believes the old secret no more, once nothing of the old webhook can be under way: after as
/// long as the service goes on trying, or when [`Delivery::secret_index`] has told of none for long.
pub(crate) fn retire_the_old(
    receiver: &Fetching,
    new: &CreateWebhookResponse,
) -> Result<(), Error> {
    receiver.set_verifier(Verifier::new(&new.signing_secret)?);
    Ok(())
}
