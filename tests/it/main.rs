//! The tests across crates, in one binary: it links once.

mod bad_input;
mod faults;
mod hostile_text;
mod names;
mod openapi;
mod operations;
mod raw;
mod specimen;
mod surface;
