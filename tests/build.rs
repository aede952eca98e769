//! Generates the specimen: a stand-alone client of a small document that has what Twin's
//! has not, so that it is compiled and called, too.

use std::error::Error;
use std::{env, fs, path::Path};

use twin_api_gen::{Input, Runtime, generate};

const SPECIMEN: &str = "specimen/openapi.json";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SPECIMEN}");
    let openapi = fs::read(SPECIMEN)?;
    let client =
        generate(Input { openapi: &openapi, overlay: None, runtime: Runtime::StandAlone })?;
    let directory = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?;
    fs::write(Path::new(&directory).join("specimen.rs"), client.source)?;
    Ok(())
}
