//! The commands of the repository, run as `cargo xtask …`.
//!
//! `regen` generates the client of this repository and updates the surface snapshots. `generate`
//! generates a client from any other document. The generator does no I/O, so this crate reads and
//! writes its files. It is a library so that tests can set a shorter time limit or crash at a
//! chosen step.
//!
//! It needs no API key and does not write the source of the client, which every build generates.

pub mod api;
pub mod check;
pub mod cli;
pub mod console;
pub mod diff;
pub mod fetch;
pub mod generate;
pub mod package;
pub mod regen;
pub mod rendered;
pub mod write;

mod changes;
mod edit;
mod report;
mod snapshots;
mod sources;
