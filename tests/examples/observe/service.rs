//! An emulator with data for every operation that reads.

use anyhow::Context as _;
use twin_api::types::{CreateWebhookBody, WebhookEventType};
use twin_emulator::{Emulator, Profile, World};

/// Starts an emulator on a free loopback port, with agents, a run and a webhook.
pub(crate) async fn start(profile: Profile) -> anyhow::Result<Emulator> {
    let emulator = Emulator::builder(profile).start().await.context("cannot listen on loopback")?;
    emulator.with(|world| world.add_agents(3));
    emulator.with(World::add_example);
    let twin = twin_api::connect(&emulator.url(), emulator.api_key())?;
    // The agent has no further runs, so nothing is delivered to this URL.
    let body = CreateWebhookBody::builder()
        .url("https://example.com/hook")
        .events(vec![WebhookEventType::RunCompleted]);
    twin.create_webhook().agent_id("agent_abc123").body(body).send().await?;
    Ok(emulator)
}
