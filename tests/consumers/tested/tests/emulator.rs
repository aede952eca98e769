//! Tests the library with twin-emulator. The tests need no network and no account.

use tested::delete_unused_agents;
use twin_emulator::fault::{Fault, Rule, StatusBody};
use twin_emulator::{Emulator, Profile, RunMode, World};
use twin_ext::prelude::*;
use twin_ext::twin_api::Client;

fn client(twin: &Emulator) -> Client {
    ClientBuilder::new(twin.api_key()).base_url(twin.url()).build().unwrap()
}

const PROFILES: [Profile; 2] = [Profile::Documented, Profile::Observed];

#[tokio::test]
async fn deletes_agents_without_runs_only() {
    for profile in PROFILES {
        let twin = Emulator::builder(profile).start().await.unwrap();
        let used = twin.with(World::add_agent);
        twin.with(|world| world.start_run(&used, RunMode::Run));
        twin.with(|world| world.add_agents(30));
        assert_eq!(delete_unused_agents(&client(&twin)).await.unwrap(), 30, "{profile}");
        assert_eq!(delete_unused_agents(&client(&twin)).await.unwrap(), 0, "{profile}");
    }
}

#[tokio::test]
async fn deletes_agent_after_first_attempt_fails() {
    for profile in PROFILES {
        let twin = Emulator::builder(profile).start().await.unwrap();
        twin.with(World::add_agent);
        let status = 503_u16.try_into().unwrap();
        let fault = Fault::Status { status, retry_after: None, body: StatusBody::default() };
        twin.add_fault(Rule::new("delete_agent", fault).on(1)).unwrap();
        assert_eq!(delete_unused_agents(&client(&twin)).await.unwrap(), 1, "{profile}");
        assert_eq!(twin.count("delete_agent"), 2);
    }
}
