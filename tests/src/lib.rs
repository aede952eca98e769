//! What the tests stand on: servers on loopback that know nothing of the client.
//!
//! Nothing here imports `twin-api`: JSON is written by hand, so that a mistake in the
//! client is not made a second time by what it is tested against.

pub mod forgeries;
pub mod raw;
pub mod scripted;
pub mod vendored;

pub use twin_emulator as emulator;
pub use twin_emulator::exchange;

/// What the README shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
