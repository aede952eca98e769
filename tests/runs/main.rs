//! Runs: launch, wait, follow, resume and cancel. Most tests use the emulator in both profiles;
//! `scripted` has the responses that the emulator does not send.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    reason = "a test fails by a panic"
)]

mod blocking;
mod finished_since;
mod follow;
mod harness;
mod launch;
mod redaction;
mod resume;
mod schedules;
mod scripted;
mod wait;
