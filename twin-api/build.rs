//! Writes the generated client and an outline of its document to `OUT_DIR`. The document and
//! the overlay are inside `twin-api-gen`, so that a change of either rebuilds it and runs
//! this again.

use std::error::Error;
use std::{env, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let client = twin_api_gen::generate(twin_api_gen::Input::vendored())?;
    let directory = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?;
    let directory = Path::new(&directory);
    fs::write(directory.join("client.rs"), &client.source)?;
    fs::write(directory.join("document.json"), client.outline().to_string())?;
    Ok(())
}
