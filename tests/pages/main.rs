//! Lists as streams: against the emulator, and against functions that answer like a faulty service.

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
