//! Tests every operation, fault and delivery over HTTP. The expected behaviour is that of the
//! reference and of the observations of the live service.
//!
//! The tests do not use the client of this repository, so that the emulator and the client are
//! independent checks of each other.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

mod agent_changes;
mod agents;
mod contract;
mod control;
mod cors;
mod deliveries;
mod delivery_faults;
mod errors;
mod events;
mod faults;
mod harness;
mod instructions;
mod keys;
mod lifecycle;
mod receiver;
#[path = "../support/recorder.rs"]
mod recorder;
mod run_filters;
mod runs;
mod scheduled_runs;
mod schedules;
mod seeds;
mod webhooks;
mod workspaces;
