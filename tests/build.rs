//! Generates the specimen: a stand-alone client of a small document that has what Twin's
//! has not, so that it is compiled and called, too. And writes the document as it is with
//! the overlay applied, which is what the emulator is held against in its observed profile.
//!
//! What the emulator links knows nothing of the generator: it gets a text.

use std::error::Error;
use std::{env, fs, path::Path};

use twin_api_gen::{Input, OPENAPI, OVERLAY, Runtime, generate, overlay};

const SPECIMEN: &str = "specimen/openapi.json";

fn main() -> Result<(), Box<dyn Error>> {
    // The document and the overlay are in the generator, so that a change in them builds
    // this program anew, and cargo runs it then.
    println!("cargo::rerun-if-changed={SPECIMEN}");
    let directory = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?;
    let directory = Path::new(&directory);
    fs::write(directory.join("specimen.rs"), specimen()?)?;
    fs::write(directory.join("observed.json"), observed()?)?;
    Ok(())
}

fn specimen() -> Result<String, Box<dyn Error>> {
    let openapi = fs::read(SPECIMEN)?;
    let client =
        generate(Input { openapi: &openapi, overlay: None, runtime: Runtime::StandAlone })?;
    Ok(client.source)
}

fn observed() -> Result<String, Box<dyn Error>> {
    let mut document = OPENAPI.parse()?;
    overlay::apply(&mut document, OVERLAY.as_bytes())?;
    Ok(document.to_string())
}
