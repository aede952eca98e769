//! Generates the Rust code that the suites include.
//!
//! - `specimen.rs`: a stand-alone client of `specimen/openapi.json`, a small document with the
//!   features that Twin's document lacks. The suite `generator` tests it.
//! - `examples.rs`: the program in the docs of each operation, as a function. The suite `raw_client`
//!   runs every program.

use std::error::Error;
use std::fmt::Write as _;
use std::{env, fs, path::Path};

use twin_api_gen::{Input, Runtime, generate};

const SPECIMEN: &str = "specimen/openapi.json";
const DOCUMENT: &str = "../openapi.json";
const KNOWN: &str = "../twin-api-gen/known.json";
const OVERLAY: &str = "../twin-api-gen/overlay.json";

fn main() -> Result<(), Box<dyn Error>> {
    for file in ["build.rs", SPECIMEN, DOCUMENT, KNOWN, OVERLAY] {
        println!("cargo::rerun-if-changed={file}");
    }
    let directory = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR for build scripts")?;
    let directory = Path::new(&directory);
    fs::write(directory.join("specimen.rs"), specimen()?)?;
    fs::write(directory.join("examples.rs"), examples(&twin_api()?)?)?;
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

/// Generates the source of twin-api, as its build script does.
fn twin_api() -> Result<String, Box<dyn Error>> {
    let (openapi, known, overlay) = (read(DOCUMENT)?, read(KNOWN)?, read(OVERLAY)?);
    Ok(generate(Input::twin_api(&openapi, &known, &overlay))?.source)
}

/// Writes a module for each program in a doc comment, and a function that runs a program by name.
fn examples(source: &str) -> Result<String, Box<dyn Error>> {
    let (mut modules, mut arms, mut names) = (String::new(), String::new(), String::new());
    let mut count = 0;
    for (name, program) in programs(source) {
        count += 1;
        let program = program.replacen("async fn", "pub(super) async fn", 1);
        write!(modules, "mod {name} {{\n{program}\n}}\n")?;
        writeln!(arms, "\"{name}\" => {name}::example(twin).await,")?;
        writeln!(names, "\"{name}\",")?;
    }
    Ok(format!(
        "{modules}
        pub(super) const NAMES: [&str; {count}] = [{names}];
        pub(super) async fn run(name: &str, twin: &twin_api::Client) -> Result<(), twin_api::Error> {{
            match name {{ {arms} _ => panic!(\"no operation has the example {{name}}\") }}
        }}"
    ))
}

/// Returns the program in the docs of each function, with the function's name. A program includes
/// the lines that rustdoc hides.
fn programs(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let (mut program, mut open) = (Vec::new(), false);
    for line in source.lines().map(str::trim) {
        match line.strip_prefix("///").map(|doc| doc.strip_prefix(' ').unwrap_or(doc)) {
            Some("```no_run") => (program, open) = (Vec::new(), true),
            Some("```") => open = false,
            Some(code) if open => program.push(code.strip_prefix("# ").unwrap_or(code)),
            Some(_) => {}
            None => {
                let function = line.strip_prefix("pub fn ").and_then(|rest| rest.split_once('('));
                if let Some((name, _)) = function.filter(|_| !program.is_empty()) {
                    found.push((name.to_owned(), program.join("\n")));
                }
                if !line.starts_with('#') {
                    program = Vec::new();
                }
            }
        }
    }
    found
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("cannot read tests/{file}: {error}"))
}
