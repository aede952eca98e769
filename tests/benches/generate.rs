//! Measures the time of the generator and of `cargo xtask`:
//! `cargo bench -p twin-tests --bench generate`.
//!
//! Each time is printed with its target. A missed target does not fail the benchmark, because other
//! programs may load the machine.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use twin_api_gen::{Input, Runtime, generate};
use twin_tests::vendored::{CONTRACT, KNOWN, OPENAPI, OVERLAY};
use xtask::console::Console;
use xtask::diff::{self, Format};
use xtask::regen;

/// The allocator of the program `xtask`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VENDORED: Input<'static> =
    Input::twin_api(OPENAPI.as_bytes(), KNOWN.as_bytes(), OVERLAY.as_bytes());

fn main() -> anyhow::Result<()> {
    report("our document to source", "0.1 s", 30, || Ok(generate(VENDORED).map(drop)?))?;
    for (stage, time) in generate(VENDORED)?.timings {
        println!("  {stage}: {time:.1?}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    report("regen after an edit of known.json", "2 s", 10, || {
        let options = regen::RegenOptions::new(root, regen::UpdateMode::Check);
        regen::run(&options, &mut Console::silent()).map(drop)
    })?;

    let folder = tempfile::tempdir()?;
    let [old, new] = ["old.json", "new.json"].map(|name| folder.path().join(name));
    fs::write(&old, repeated(1_000_000, false)?)?;
    fs::write(&new, repeated(1_000_000, true)?)?;
    let options = diff::DiffOptions {
        root: root.to_owned(),
        old: old.display().to_string(),
        new: new.display().to_string(),
        format: Format::Text,
    };
    report("diff of two documents of 1 MB", "1 s", 5, || {
        diff::run(&options, &mut Console::silent())
    })?;

    let large = repeated(2_700_000, false)?;
    let runtime = Runtime::StandAlone;
    let input = Input { openapi: &large, known: None, overlay: None, runtime, strict: false };
    report("a document of 2.7 MB to source", "3 s", 3, || Ok(generate(input).map(drop)?))
}

/// Measures `rounds` runs and prints the minimum, the median and the maximum.
fn report(
    what: &str,
    target: &str,
    rounds: usize,
    run: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..rounds {
        let started = Instant::now();
        run()?;
        times.push(started.elapsed());
    }
    times.sort();
    let [min, median, max] = [times[0], times[rounds / 2], times[rounds - 1]];
    println!("{what}: min {min:.2?}, median {median:.2?}, max {max:.2?} (target {target})");
    Ok(())
}

/// Makes a document of about `bytes` bytes, from copies of the frozen document under other names.
/// If it is `evolved`, every second copy has a new member, a changed type and one operation less.
fn repeated(bytes: usize, evolved: bool) -> anyhow::Result<Vec<u8>> {
    let mut document: Value = serde_json::from_str(CONTRACT)?;
    let one: Value = document.clone();
    for copy in 0..bytes / serde_json::to_vec(&one)?.len() {
        let evolved = evolved && copy % 2 == 0;
        for (name, schema) in one["components"]["schemas"].as_object().into_iter().flatten() {
            let mut schema = renamed(schema, copy)?;
            if evolved && name == "Agent" {
                schema["properties"]["extra"] = serde_json::json!({"type": "string"});
                schema["properties"]["has_runs"] = serde_json::json!({"type": "string"});
            }
            document["components"]["schemas"][format!("X{copy}{name}")] = schema;
        }
        for (path, item) in one["paths"].as_object().into_iter().flatten() {
            if !(evolved && path == "/v1/me") {
                document["paths"][format!("/x{copy}{path}")] = renamed(item, copy)?;
            }
        }
    }
    Ok(serde_json::to_vec(&document)?)
}

/// Changes the references and operation names of a part.
fn renamed(part: &Value, copy: usize) -> anyhow::Result<Value> {
    let text = part.to_string();
    let text = text.replace("#/components/schemas/", &format!("#/components/schemas/X{copy}"));
    let text = text.replace("\"operationId\":\"", &format!("\"operationId\":\"x{copy}_"));
    Ok(serde_json::from_str(&text)?)
}
