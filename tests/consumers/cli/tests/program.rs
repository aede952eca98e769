//! Runs the program against the emulator, with both profiles.

use std::process::Output;

use tokio::process::Command;
use twin_emulator::{Emulator, Outcome, Profile, RunScript, RunStep, World};

async fn cli(twin: &Emulator, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cli"))
        .args(arguments)
        .env("TWIN_API_KEY", twin.api_key())
        .env("TWIN_BASE_URL", twin.url())
        .output()
        .await
        .unwrap()
}

fn stdout(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {error}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

const PROFILES: [Profile; 2] = [Profile::Documented, Profile::Observed];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_all_agents() {
    for profile in PROFILES {
        let twin = Emulator::builder(profile).running_clock().start().await.unwrap();
        twin.with(|world| world.add_agents(75));
        let listed = stdout(&cli(&twin, &["agents"]).await);
        assert_eq!(listed.lines().count(), 75, "{profile}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_an_agent_to_its_end() {
    for profile in PROFILES {
        let twin = Emulator::builder(profile).running_clock().start().await.unwrap();
        let agent = twin.with(World::add_agent);
        let script = RunScript::manual()
            .then(std::time::Duration::ZERO, RunStep::Complete(Outcome::Success));
        twin.with(|world| world.script_runs(script));
        let shown = stdout(&cli(&twin, &["run", &agent, "Go."]).await);
        assert!(shown.contains(" is finished"), "{profile}: {shown}");
        assert_eq!(twin.count("start_run"), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prints_one_readable_error_for_an_unknown_agent() {
    for profile in PROFILES {
        let twin = Emulator::builder(profile).running_clock().start().await.unwrap();
        let output = cli(&twin, &["show", "agent_none"]).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        for part in ["cannot show agent_none", "GET /v1/agents/"] {
            assert!(error.contains(part), "{profile}: {error}");
        }
        assert!(!error.contains(twin.api_key()), "{error}");
    }
}
