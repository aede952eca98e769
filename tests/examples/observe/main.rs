//! Compares the responses of a service with the document: `cargo run --example observe`.
//!
//! The program calls the operations that only read, and compares each response with the effective
//! document: openapi.json with known.json and the overlay applied. It prints which facts of the
//! document are confirmed or contradicted, and new facts as entries for known.json. It prints names of
//! members, types and enum values, but no body and no secret.
//!
//! By default, the service is an emulator inside this program. With `--live` it is the real service,
//! and the key comes from `TWIN_API_KEY`.

mod calls;
mod comparison;
mod facts;
mod service;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use serde_json::Value;
use twin_emulator::Profile;

use self::facts::Facts;

/// Compares the responses of a service with the document and known.json.
#[derive(Debug, Parser)]
struct Arguments {
    /// Call the real service, with the key in `TWIN_API_KEY`. `TWIN_BASE_URL` sets another base URL
    #[arg(long)]
    live: bool,
    /// The emulator's profile: documented or observed
    #[arg(long, default_value = "observed", conflicts_with = "live")]
    profile: Profile,
    /// The document to compare with, instead of the effective one
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match observe(&Arguments::parse()).await {
        Ok(facts) => {
            print!("{}", facts.report());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("observe: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn observe(arguments: &Arguments) -> anyhow::Result<Facts> {
    let repository = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let effective = repository.join("tests/emulator/effective.json");
    let document = read(arguments.document.as_ref().unwrap_or(&effective))?;
    let known = read(&repository.join("twin-api-gen/known.json"))?;
    if arguments.live {
        let key = std::env::var("TWIN_API_KEY").context("--live needs a key in TWIN_API_KEY")?;
        let url = std::env::var("TWIN_BASE_URL").unwrap_or_else(|_| calls::SERVICE.to_owned());
        return calls::observe(&url, &key, &document, &known).await;
    }
    let emulator = service::start(arguments.profile).await?;
    calls::observe(&emulator.url(), emulator.api_key(), &document, &known).await
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let name = || path.display().to_string();
    let text = std::fs::read(path).with_context(name)?;
    serde_json::from_slice(&text).with_context(name)
}

#[cfg(test)]
mod tests;
