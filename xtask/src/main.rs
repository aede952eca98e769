//! Runs `cargo xtask`. The library of the same name implements it.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::cli::main()
}
