//! Runs each agent once, one after the other, and prints the last text of each run.

use twin_ext::prelude::*;
use twin_ext::twin_api::types::{RunMode, StartRunBody};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let twin = ClientBuilder::from_env()?.build()?;
    for agent in twin.list_agents().items().blocking()? {
        let agent = agent?.agent_id;
        let body = StartRunBody::builder().run_mode(RunMode::Run).user_message("Report.");
        let run = twin.launch(&*agent, body).blocking()?;
        let done = run.wait().blocking()?;
        let mut last = None;
        for event in run.events().blocking()? {
            last = event?.final_text().or(last);
        }
        println!("{agent} is {}: {}", done.state(), last.as_deref().unwrap_or("no text"));
    }
    Ok(())
}
