//! Shared test code: loopback servers that do not depend on the client.
//!
//! Nothing here imports `twin-api`. The servers write JSON by hand, so a mistake in the client is
//! not repeated in the server that tests it.

pub mod forgeries;
pub mod raw;
pub mod scripted;
pub mod vendored;

pub use twin_emulator as emulator;
pub use twin_emulator::exchange;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
