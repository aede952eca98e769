//! Lists agents with the hand-written client.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = std::env::var("TWIN_API_KEY")?;
    let twin = client::Client::new("https://build.twin.so", &key).map_err(|e| format!("{e:?}"))?;
    let page = twin.list_agents(None, None, Some(20)).await.map_err(|e| format!("{e:?}"))?;
    for agent in page.agents {
        println!("{}", agent.agent_id);
    }
    Ok(())
}
