//! Tests of the emulator: its operations, its program and its page.

mod emulator;
mod emulator_program;
mod page;
