//! The Twin inside this program: the emulator, with something in it to be looked at.

use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::http::StatusCode;
use twin_emulator::fault::{Attempts, Fault, Rule};
use twin_emulator::{
    DeliveryFault, DeliveryRule, Emulator, EventType, Outcome, Profile, RunMode, Script, Step,
    World,
};

/// A Twin, and what it was asked.
pub(crate) struct Service(Emulator);

/// Listens on a free port of loopback.
pub(crate) async fn start() -> anyhow::Result<Service> {
    let twin = Emulator::builder(Profile::Observed)
        // The service was once seen to ignore it; to follow a run takes one that does not.
        .switches(|switches| switches.ignore_after_index = false)
        .running_clock()
        .start()
        .await
        .context("cannot listen on loopback")?;
    twin.with(furnish);
    Ok(Service(twin))
}

impl Service {
    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    pub(crate) fn api_key(&self) -> &str {
        self.0.api_key()
    }

    /// So many requests of `get_me` are answered with 503, from the next one on.
    pub(crate) fn fail_next(&self, attempts: u64) -> anyhow::Result<()> {
        let unavailable = Fault::status(StatusCode::SERVICE_UNAVAILABLE, None);
        Ok(self.0.order(Rule::new("get_me", unavailable).on(1..=attempts))?)
    }

    /// Waits until no delivery is on its way.
    pub(crate) async fn settled(&self) {
        self.0.settled().await;
    }

    /// How often an operation was asked for.
    pub(crate) fn asked(&self, operation: &str) -> u64 {
        self.0.count(operation)
    }

    /// Ends it, and tells how many requests it had.
    pub(crate) fn close(self) -> anyhow::Result<usize> {
        // Read before the emulator is dropped: it would panic.
        if let Some(mismatch) = self.0.take_mismatches().first() {
            bail!("an exchange broke the API's own document: {mismatch}");
        }
        Ok(self.0.take_exchanges().len())
    }
}

/// Eight agents, one of which has run five times; and runs to come that take a second, and of
/// whose end is told twice.
fn furnish(world: &mut World) {
    world.add_agents(7);
    world.add_example();
    for outcome in [Outcome::Success, Outcome::Fail, Outcome::Partial, Outcome::Success] {
        world.script_next_run(Script::by_hand());
        let run = world.start_run("agent_abc123", RunMode::Run);
        world.happen("agent_abc123", &run, &Step::Complete(outcome));
    }
    world.script_runs(a_second());
    world.order_delivery_fault(DeliveryRule {
        event: Some(EventType::Completed),
        deliveries: Attempts::Every,
        fault: DeliveryFault::Duplicate(1),
    });
}

fn a_second() -> Script {
    let moment = Duration::from_millis(200);
    ["RunPolicyInitialized", "PolicyDecided", "ToolCallStarted", "ToolCallResolved"]
        .into_iter()
        .fold(Script::by_hand(), |script, kind| script.then(moment, Step::Event(kind.to_owned())))
        .then(moment, Step::Complete(Outcome::Success))
}
