//! Runs from end to end: launched, waited for, followed, resumed, against the emulator in
//! both profiles, and against servers that answer by script.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    reason = "these are tests, and the helpers of tests"
)]

mod blocking;
mod finished;
mod follow;
mod harness;
mod launch;
mod restart;
mod schedules;
mod scripted;
mod wait;
