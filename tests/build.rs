//! Generates the specimen: a stand-alone client of a small document. The document has features
//! that Twin's document lacks, so that their generated code is compiled and called.

use std::error::Error;
use std::{env, fs, path::Path};

use twin_api_gen::{Input, Runtime, generate};

const SPECIMEN: &str = "specimen/openapi.json";

fn main() -> Result<(), Box<dyn Error>> {
    for file in ["build.rs", SPECIMEN] {
        println!("cargo::rerun-if-changed={file}");
    }
    let directory = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?;
    let directory = Path::new(&directory);
    fs::write(directory.join("specimen.rs"), specimen()?)?;
    Ok(())
}

fn specimen() -> Result<String, Box<dyn Error>> {
    let openapi = read(SPECIMEN)?;
    let client = generate(Input {
        openapi: &openapi,
        known: None,
        overlay: None,
        runtime: Runtime::StandAlone,
        strict: true,
    })?;
    Ok(client.source)
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("cannot read tests/{file}: {error}"))
}
