//! Generates what the tests compile.
//!
//! - The specimen: a stand-alone client of a small document that has what Twin's has not.
//! - The examples in the docs of the operations, as functions: `raw_client` runs them.

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

/// The source of twin-api, as its own build script makes it.
fn twin_api() -> Result<String, Box<dyn Error>> {
    let (openapi, known, overlay) = (read(DOCUMENT)?, read(KNOWN)?, read(OVERLAY)?);
    Ok(generate(Input::twin_api(&openapi, &known, &overlay))?.source)
}

/// A module for each program in a doc comment, and a function that runs one by its name.
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

/// The programs in the docs of functions, by the function's name. The lines that rustdoc hides
/// are part of them.
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
