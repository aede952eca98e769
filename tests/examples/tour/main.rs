//! A tour of the client: `cargo run --example tour`. It needs no key and no network.
//!
//! `TWIN_API_KEY=… cargo run --example tour -- --live` reads from the real service, and changes
//! nothing there. The tour never prints a secret.

mod agents;
mod keys;
mod live;
mod pages;
mod problems;
mod read_only;
mod receiver;
mod retries;
mod runs;
mod say;
mod schedules;
mod service;
mod settings;
mod webhooks;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser as _;
use twin_ext::ClientBuilder;

use self::read_only::ReadOnly;
use self::receiver::Address;
use self::settings::{Arguments, Environment, TourMode};

#[tokio::main]
async fn main() -> ExitCode {
    let started = Instant::now();
    let toured = match settings::mode(&Arguments::parse(), Environment::read()) {
        Ok(TourMode::Emulated { is_key_set }) => emulated(is_key_set).await,
        Ok(TourMode::Live { key, base_url }) => live(&key, &base_url).await,
        Err(error) => Err(error),
    };
    match toured {
        Ok(requests) => {
            say::goodbye(requests, started.elapsed());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("tour: {}", say::explain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Runs the whole tour against an emulator in this program. Returns the number of requests.
async fn emulated(is_key_set: bool) -> anyhow::Result<usize> {
    let service = service::start().await?;
    let twin = ClientBuilder::new(service.api_key()).base_url(service.url()).build()?;
    say::welcome(&service.url(), is_key_set);

    keys::show_owner(&twin).await?;
    keys::use_second_key(&twin, &service.url()).await?;
    let agent = agents::create(&twin).await?;
    let address = Address::bind().await?;
    let mut deliveries = webhooks::register(&twin, &agent, address).await?;
    let run = runs::launch(&twin, &agent).await?;
    runs::follow(&run).await?;
    webhooks::receive(&mut deliveries, &service, run.run_id()).await?;
    webhooks::forge(&deliveries, run.run_id()).await?;
    runs::resume(&twin, run, &agent).await?;
    pages::by_cursor(&twin).await?;
    pages::by_number(&twin).await?;
    schedules::every_weekday(&twin, &agent).await?;
    retries::retry_after_503(&twin, &service).await?;
    problems::refused(&twin).await?;
    problems::not_sent(&twin, &agent).await?;

    service.close()
}

/// Runs the read-only tour against the real service. Returns the number of requests.
async fn live(key: &str, base_url: &str) -> anyhow::Result<usize> {
    let transport = ReadOnly::default();
    let twin = read_only::connect(base_url, key, transport.clone())?;
    say::welcome_live(base_url);
    live::read_account(&twin).await?;
    Ok(transport.sent())
}
