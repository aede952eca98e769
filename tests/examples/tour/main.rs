//! The raw client, shown against a small Twin that runs inside this program.
//!
//! `cargo run --example tour`. It needs no key and no network.

mod service;

use anyhow::Context as _;
use twin_api::types::{RunMode, StartRunBody};
use twin_api::{Client, Error};

const KEY: &str = "tw_live_tour";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let service = service::start(KEY).await.context("cannot listen on loopback")?;
    println!("a small Twin listens on {}\n", service.url);
    let twin = twin_api::connect(&service.url, KEY)?;

    who_am_i(&twin).await?;
    agents(&twin).await?;
    a_run(&twin).await?;
    a_problem(&twin).await?;
    nothing_sent(&twin).await;

    println!("{} requests were sent. That is the tour.", service.requests());
    Ok(())
}

async fn who_am_i(twin: &Client) -> anyhow::Result<()> {
    let me = twin.get_me().send().await?;
    println!("GET /v1/me\n  the key belongs to {}\n", me.user_id);
    Ok(())
}

async fn agents(twin: &Client) -> anyhow::Result<()> {
    let page = twin.list_agents().limit(20).send().await?;
    println!("GET /v1/agents?limit=20");
    for agent in &page.agents {
        println!("  {} is {}", agent.agent_id, agent.deployment_state);
    }
    println!("  (a state that this client does not know came through as it is)\n");
    Ok(())
}

async fn a_run(twin: &Client) -> anyhow::Result<()> {
    let body = StartRunBody::builder()
        .run_mode(RunMode::Run)
        .user_message("Please execute the latest workflow.");
    let run = twin.start_run().agent_id("agent_abc123").body(body).send().await?.into_inner().run;
    println!("POST /v1/agents/agent_abc123/runs\n  {} is {}\n", run.run_id, run.status);

    let events = twin.list_run_events().agent_id("agent_abc123").run_id(run.run_id).send().await?;
    println!("GET /v1/agents/agent_abc123/runs/…/events");
    for event in &events.events {
        println!("  {}", event.event.get());
    }
    println!();
    Ok(())
}

async fn a_problem(twin: &Client) -> anyhow::Result<()> {
    match twin.get_agent().agent_id("agent_deleted").send().await {
        Err(Error::ErrorResponse(answer)) => {
            let detail = answer.detail.as_deref().unwrap_or("no detail");
            println!("GET /v1/agents/agent_deleted\n  {}: {detail}\n", answer.status());
            Ok(())
        }
        other => anyhow::bail!("the service should have refused, but: {other:?}"),
    }
}

async fn nothing_sent(twin: &Client) {
    if let Err(error) = twin.delete_run().agent_id("agent_abc123").run_id("..").send().await {
        println!("DELETE /v1/agents/agent_abc123/runs/..\n  not sent. {error}\n");
    }
}
