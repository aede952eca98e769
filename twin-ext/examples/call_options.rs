//! Sets other limits and a header for some calls.
//!
//! `TWIN_API_KEY=… cargo run -p twin-ext --example call_options`

use std::time::Duration;

use twin_ext::prelude::*;
use twin_ext::{CallOptions, Retry};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let twin = ClientBuilder::from_env()?
        .deadline(Duration::from_secs(30))
        .retry(Retry::default().max_attempts(2))
        .app_info("nightly-report", "1.0")
        .build()?;

    // Both clients share connections and the retry budget.
    let options = CallOptions::new()
        .deadline(Duration::from_secs(600))
        .max_attempts(6)
        .header("x-trace", "4711");
    let patient = twin.with(options);

    let me = twin.get_me().send().await?.into_inner();
    let mut agents = patient.list_agents().items();
    let mut count = 0;
    while agents.try_next().await?.is_some() {
        count += 1;
    }
    println!("{} has {count} agents", me.user_id);
    Ok(())
}
