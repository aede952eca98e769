//! Writes the generated client and an outline of its document to `OUT_DIR`.
//!
//! The three JSON files are symbolic links to files of the repository. `cargo package` packs their
//! content.

use std::error::Error;
use std::{env, fs, path::Path};

use twin_api_gen::Input;

const DOCUMENT: &str = "openapi.json";
const KNOWN: &str = "known.json";
const OVERLAY: &str = "overlay.json";

fn main() -> Result<(), Box<dyn Error>> {
    for file in ["build.rs", DOCUMENT, KNOWN, OVERLAY] {
        println!("cargo::rerun-if-changed={file}");
    }
    let (openapi, known, overlay) = (read(DOCUMENT)?, read(KNOWN)?, read(OVERLAY)?);
    let client = twin_api_gen::generate(Input::twin_api(&openapi, &known, &overlay))?;
    let directory = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?;
    let directory = Path::new(&directory);
    fs::write(directory.join("client.rs"), &client.source)?;
    fs::write(directory.join("document.json"), client.outline().to_string())?;
    Ok(())
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("cannot read twin-api/{file}: {error}"))
}
