//! Lists agents with twin-api.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = std::env::var("TWIN_API_KEY")?;
    let twin = client::connect("https://build.twin.so", &key)?;
    let page = twin.list_agents().limit(20).send().await?.into_inner();
    for agent in page.agents {
        println!("{}", agent.agent_id);
    }
    Ok(())
}
