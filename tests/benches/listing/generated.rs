//! Lists agents with the client that openapi-generator generates.

use client::apis::agents_api::list_agents;
use client::apis::configuration::{ApiKey, Configuration};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = std::env::var("TWIN_API_KEY")?;
    let mut twin = Configuration::new();
    twin.base_path = "https://build.twin.so".to_owned();
    twin.api_key = Some(ApiKey { prefix: None, key });
    let page = list_agents(&twin, None, None, Some(20)).await?;
    for agent in page.agents {
        println!("{}", agent.agent_id);
    }
    Ok(())
}
