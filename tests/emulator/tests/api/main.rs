//! Tests every operation, fault and delivery over raw HTTP, against the reference and
//! observations of the live service. They do not use the client, so that the emulator is an
//! independent check of it.
//!
//! There is roughly one module per tag of the API, and one per shared subject.

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
