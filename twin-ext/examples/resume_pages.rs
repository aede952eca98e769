//! Prints one page of the runs of an agent. The next call of the program prints the next page.
//!
//! `TWIN_API_KEY=… cargo run -p twin-ext --example resume_pages AGENT_ID FILE`
//!
//! A copy of this program also needs the crate `serde_json`.

use std::fs;

use twin_ext::Position;
use twin_ext::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: resume_pages AGENT_ID FILE";
    let (agent, file) = (arguments.next().ok_or(usage)?, arguments.next().ok_or(usage)?);
    let twin = ClientBuilder::from_env()?.build()?;

    let runs = twin.list_runs().agent_id(agent).page_size(10);
    let pages = match fs::read_to_string(&file) {
        Ok(stored) => runs.pages_from(serde_json::from_str::<Position>(&stored)?),
        Err(_) => runs.pages(),
    };
    // Request the next page while this one is used.
    let mut pages = pages.prefetch(1);
    if let Some(page) = pages.try_next().await? {
        for run in &page.items {
            println!("{} is {}", run.run_id, run.status);
        }
        // Store the position after the work is done: a crash repeats a page and skips none.
        match page.next {
            Some(next) => fs::write(&file, serde_json::to_string(&next)?)?,
            None => println!("that was the last page"),
        }
    }
    Ok(())
}
