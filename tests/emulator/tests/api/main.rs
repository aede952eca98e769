//! The emulator, held against the reference and against what was measured: raw HTTP, with
//! JSON written by hand, so that it witnesses for nobody but itself.
//!
//! One module a tag of the API or two, and one each for what concerns them all.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

mod agent_changes;
mod agents;
mod contract;
mod control;
mod cors;
mod deliveries;
mod delivery_faults;
mod due;
mod events;
mod faults;
mod harness;
mod instructions;
mod keys;
mod lifecycle;
mod receiver;
#[path = "../support/recorder.rs"]
mod recorder;
mod refusals;
mod run_filters;
mod runs;
mod schedules;
mod seeds;
mod webhooks;
mod workspaces;
