//! Lists as streams, against the emulator and against services in this process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

mod blocking;
mod faulty_services;
mod harness;
mod lists;
mod lone_surrogates;
mod resume;
mod streams;
