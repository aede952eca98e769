//! Runs that another process or client resumes from a ticket.

use std::process::{Command, Output};

use futures_util::TryStreamExt as _;
use twin_api::types::RunEvent;
use twin_ext::RunState;
use twin_ext::prelude::*;
use twin_tests::emulator::{Emulator, Profile, RunScript};

use crate::harness::{EmulatedTwin, start_body};

/// The variables that give the child the URL, the API key and the agent.
const VARIABLES: [&str; 3] = ["TWIN_TEST_URL", "TWIN_TEST_KEY", "TWIN_TEST_AGENT"];

/// The prefix of the line with the ticket in the child's output.
const TICKET_PREFIX: &str = "ticket: ";

#[tokio::test]
async fn ticket_resumes_a_run_in_another_process() {
    for profile in Profile::ALL {
        let builder = Emulator::builder(profile);
        let twin =
            EmulatedTwin::start(builder.switches(|switches| switches.ignore_after_index = false))
                .await;
        twin.with(|world| world.script_next_run(RunScript::standard()));
        let values = [twin.url(), twin.api_key().to_owned(), twin.agent.clone()];
        let output = tokio::task::spawn_blocking(|| launch_in_child(values)).await.unwrap();
        assert!(!output.status.success(), "the child did not abort");
        let said = String::from_utf8(output.stdout).unwrap();
        let ticket = said.lines().find_map(|line| line.split_once(TICKET_PREFIX)).expect(&said).1;

        let run = twin.client.resume(serde_json::from_str(ticket).unwrap());
        let events: Vec<RunEvent> = run.events().try_collect().await.unwrap();
        assert_eq!(events.len(), 6);
        assert_eq!(run.wait().await.unwrap().state(), RunState::Finished(None));
        assert_eq!(twin.count("start_run"), 1);
    }
}

fn launch_in_child(values: [String; 3]) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "resume::child_process_launches_a_run_and_aborts",
            "--ignored",
            "--nocapture",
        ])
        .envs(VARIABLES.into_iter().zip(values))
        .output()
        .unwrap()
}

#[tokio::test]
#[ignore = "ticket_resumes_a_run_in_another_process starts it as a child process, and it aborts"]
async fn child_process_launches_a_run_and_aborts() {
    let [url, key, agent] = VARIABLES.map(|name| std::env::var(name).expect(name));
    let twin = ClientBuilder::new(key).base_url(url).build().unwrap();
    let run = twin.launch(agent, start_body()).await.unwrap();
    println!("{TICKET_PREFIX}{}", serde_json::to_string(&run.ticket()).unwrap());
    std::process::abort();
}

#[tokio::test]
async fn ticket_resumes_a_run_on_another_client() {
    let twin = EmulatedTwin::observed().await;
    let run = twin.launch(RunScript::standard()).await;
    let stored = serde_json::to_vec(&run.ticket()).unwrap();
    let EmulatedTwin { client, .. } = &twin;
    let other = client.clone();
    drop(run);
    let resumed = other.resume(serde_json::from_slice(&stored).unwrap());
    assert!(resumed.started().is_none());
    assert!(resumed.wait().await.unwrap().require_success().is_ok());
}
