//! Lists as streams, against the emulator and against services made up for one test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by it")]

mod blocking;
mod guards;
mod harness;
mod lists;
mod resume;
mod streams;
mod surrogates;
