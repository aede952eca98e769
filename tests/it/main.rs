//! The tests across crates, in one binary: it links once.

mod bad_input;
mod emulator;
mod emulator_program;
mod hostile_text;
mod names;
mod openapi;
mod operations;
mod page;
mod raw;
mod specimen;
mod surface;
mod whole_client;
