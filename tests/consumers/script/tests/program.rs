//! Runs the script against the emulator, with both profiles.

use std::process::Command;
use std::time::Duration;

use twin_emulator::{Emulator, Outcome, Profile, RunScript, RunStep};

fn script(profile: Profile) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let twin = runtime.block_on(Emulator::builder(profile).running_clock().start()).unwrap();
    let script = RunScript::manual().then(Duration::ZERO, RunStep::Complete(Outcome::Success));
    twin.with(|world| {
        world.add_agents(3);
        world.script_runs(script);
    });
    let output = Command::new(env!("CARGO_BIN_EXE_script"))
        .env("TWIN_API_KEY", twin.api_key())
        .env("TWIN_BASE_URL", twin.url())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{profile}: {error}");
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().filter(|line| line.contains(" is finished")).count(), 3, "{lines}");
    assert_eq!(twin.count("start_run"), 3);
    runtime.block_on(async { drop(twin) });
}

#[test]
fn runs_each_agent_in_documented_profile() {
    script(Profile::Documented);
}

#[test]
fn runs_each_agent_in_observed_profile() {
    script(Profile::Observed);
}
