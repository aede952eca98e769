//! The commands for the development of this repository, run as `cargo xtask …`.
//!
//! `regen` updates the checked-in files that are generated from openapi.json, known.json and
//! overlay.json. `generate` generates a client from any other document. The generator does no I/O, so
//! this crate reads and writes its files. This crate is a library so that tests can set a shorter
//! time limit or end the process at a chosen step.
//!
//! No command needs an API key. `regen` does not write the source of the client, because every build
//! generates it.

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
