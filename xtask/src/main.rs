//! `cargo xtask`: see the library of the same name, which does everything.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::cli::main()
}
