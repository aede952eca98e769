//! Generates a client from every document of a directory, or from random mutations of them.
//!
//! ```text
//! cargo build --release -p twin-api-gen --example generate_all
//! (ulimit -v 1048576; timeout 3600 target/release/examples/generate_all DIR)
//! (ulimit -v 1048576; timeout 3600 target/release/examples/generate_all DIR --mutations 44000 --seed 1)
//! ```
//!
//! Without `--mutations`, it writes the sources as one crate. To check that they compile, run
//! `cargo check --manifest-path target/generate_all/Cargo.toml`.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use serde_json::Value;
use twin_api_gen::{Input, Runtime, generate};

mod mutation;

/// The maximum time for one document.
const MAX_TIME: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some(directory) = arguments.first() else {
        return Err("name a directory of documents".into());
    };
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let documents = documents(Path::new(directory))?;
    match option("--mutations") {
        Some(count) => mutations(&documents, count, option("--seed").unwrap_or(1)),
        None => all(&documents),
    }
}

fn documents(directory: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found: Vec<PathBuf> = fs::read_dir(directory)
        .map_err(|error| format!("{}: {error}", directory.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    found.retain(|path| path.extension() == Some(OsStr::new("json")));
    found.sort();
    if found.is_empty() {
        return Err(format!("there is no JSON file in {}", directory.display()).into());
    }
    Ok(found)
}

fn input(openapi: &[u8]) -> Input<'_> {
    Input { openapi, known: None, overlay: None, runtime: Runtime::StandAlone, strict: false }
}

/// Generates all documents into one crate.
fn all(documents: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/generate_all");
    fs::create_dir_all(root.join("src"))?;
    let mut modules = String::from("#![allow(warnings)]\n");
    let (mut generated, mut left_out) = (0, 0);
    for path in documents {
        let bytes = fs::read(path)?;
        let started = Instant::now();
        let result = generate(input(&bytes));
        let time = started.elapsed().as_millis();
        match result {
            Ok(client) => {
                generated += 1;
                left_out += client.left_out.len();
                let name = format!("document_{generated}");
                writeln!(modules, "pub mod {name}; // {}", path.display())?;
                fs::write(root.join("src").join(format!("{name}.rs")), client.source)?;
                println!("{}: {time} ms, {} left out", path.display(), client.left_out.len());
            }
            Err(error) => println!("{}: refused: {error}", path.display()),
        }
    }
    fs::write(root.join("src/lib.rs"), modules)?;
    fs::write(root.join("Cargo.toml"), MANIFEST)?;
    println!("{generated} of {} generate; {left_out} operations are left out", documents.len());
    Ok(())
}

/// The manifest of the crate of the generated sources. Stand-alone output needs these dependencies.
const MANIFEST: &str = r#"[package]
name = "generate_all"
version = "0.0.0"
edition = "2024"

[dependencies]
progenitor-client = "0.15"
reqwest = { version = "0.13", default-features = false, features = ["json", "query"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"

[workspace]
"#;

/// Generates `count` clients, each from a document with one to three changes.
fn mutations(documents: &[PathBuf], count: u64, seed: u64) -> Result<(), Box<dyn Error>> {
    let mut parsed: Vec<Value> = Vec::new();
    for path in documents {
        parsed.push(serde_json::from_slice(&fs::read(path)?)?);
    }
    let mut random = SeededRandom(seed);
    let (mut generated, mut slowest) = (0, Duration::ZERO);
    for round in 0..count {
        let mut document = parsed[random.below(parsed.len())].clone();
        for _ in 0..=random.below(3) {
            mutation::mutate(&mut document, &mut |end| random.below(end));
        }
        let bytes = document.to_string().into_bytes();
        let started = Instant::now();
        let result = generate(input(&bytes));
        let time = started.elapsed();
        slowest = slowest.max(time);
        if time >= MAX_TIME {
            return Err(format!("mutation {round} of seed {seed} took {time:?}").into());
        }
        match result {
            Ok(_) => generated += 1,
            Err(error) if error.to_string().contains("the generator itself failed") => {
                fs::write("target/mutation.json", &bytes)?;
                return Err(format!(
                    "mutation {round} of seed {seed}, in target/mutation.json: {error}"
                )
                .into());
            }
            Err(_) => {}
        }
        if round % 1_000 == 999 {
            println!("{} mutations, {generated} generate, the slowest took {slowest:?}", round + 1);
        }
    }
    println!("{count} mutations, {generated} generate, the slowest took {slowest:?}");
    Ok(())
}

/// A linear congruential generator. The same seed gives the same numbers on every machine.
struct SeededRandom(u64);

impl SeededRandom {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end.max(1)
    }
}
