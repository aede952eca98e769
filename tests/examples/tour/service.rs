//! The emulator of the tour, with agents and runs.

use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::http::StatusCode;
use twin_emulator::fault::{Attempts, Fault, Rule};
use twin_emulator::{
    DeliveryFault, DeliveryRule, Emulator, EventType, Outcome, Profile, RunMode, RunScript,
    RunStep, World,
};

/// The emulator of the tour.
pub(crate) struct TourEmulator(Emulator);

/// Starts the emulator on a free loopback port.
pub(crate) async fn start() -> anyhow::Result<TourEmulator> {
    let twin = Emulator::builder(Profile::Observed)
        // The live service was observed to ignore `after_index`. The tour needs it to follow a run.
        .switches(|switches| switches.ignore_after_index = false)
        .running_clock()
        .start()
        .await
        .context("cannot listen on loopback")?;
    twin.with(add_example_data);
    Ok(TourEmulator(twin))
}

impl TourEmulator {
    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    pub(crate) fn api_key(&self) -> &str {
        self.0.api_key()
    }

    /// Returns 503 for the next `attempts` requests of `get_me`.
    pub(crate) fn fail_next(&self, attempts: u64) -> anyhow::Result<()> {
        let unavailable = Fault::status(StatusCode::SERVICE_UNAVAILABLE, None);
        Ok(self.0.add_fault(Rule::new("get_me", unavailable).on(1..=attempts))?)
    }

    /// Waits until every delivery was attempted.
    pub(crate) async fn settled(&self) {
        self.0.settled().await;
    }

    /// Returns how many requests an operation has received.
    pub(crate) fn request_count(&self, operation: &str) -> u64 {
        self.0.count(operation)
    }

    /// Stops the emulator, and returns how many requests it received.
    pub(crate) fn close(self) -> anyhow::Result<usize> {
        // Without this, dropping the emulator would panic.
        if let Some(mismatch) = self.0.take_mismatches().first() {
            bail!("an exchange does not conform to the API's document: {mismatch}");
        }
        Ok(self.0.take_exchanges().len())
    }
}

/// Adds eight agents, one of them with five runs. Future runs take a second, and the delivery of their
/// end is sent twice.
fn add_example_data(world: &mut World) {
    world.add_agents(7);
    world.add_example();
    for outcome in [Outcome::Success, Outcome::Fail, Outcome::Partial, Outcome::Success] {
        world.script_next_run(RunScript::manual());
        let run = world.start_run("agent_abc123", RunMode::Run);
        world.apply_step("agent_abc123", &run, &RunStep::Complete(outcome));
    }
    world.script_runs(one_second_script());
    world.add_delivery_fault(DeliveryRule {
        event: Some(EventType::Completed),
        deliveries: Attempts::Every,
        fault: DeliveryFault::Duplicate(1),
    });
}

fn one_second_script() -> RunScript {
    let delay = Duration::from_millis(200);
    ["RunPolicyInitialized", "PolicyDecided", "ToolCallStarted", "ToolCallResolved"]
        .into_iter()
        .fold(RunScript::manual(), |script, kind| {
            script.then(delay, RunStep::Event(kind.to_owned()))
        })
        .then(delay, RunStep::Complete(Outcome::Success))
}
