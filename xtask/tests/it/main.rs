//! Runs the commands as child processes with real sockets and files.

#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod callers;
mod diff;
mod fetch;
mod generate;
mod hostile;
mod interrupt;
mod regen;
mod support;
mod upstream;
