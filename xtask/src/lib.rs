//! The repository's own commands, run as `cargo xtask …`.
//!
//! `regen` takes the document and the overlay of this repository through the generator and
//! keeps the surface snapshots in step; `generate` does the same for any other document and
//! knows nothing of this repository. These are the generator's hands: it does no I/O, all of
//! it is here. It is a library so that tests reach what the command line does not offer: a
//! shorter time limit, a crash at a chosen step.
//!
//! It does not talk to the API, needs no key and sends none, and it leaves the client's
//! source alone: that is generated anew by every build.

pub mod api;
pub mod check;
pub mod cli;
pub mod console;
pub mod diff;
pub mod fetch;
pub mod generate;
pub mod package;
pub mod regen;
pub mod write;

mod changes;
mod edit;
mod report;
mod snapshots;
mod sources;
