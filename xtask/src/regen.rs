//! `cargo xtask regen`: openapi.json and overlay.json through the generator, and the surface
//! snapshots brought in step with what came out.
//!
//! Writing and checking are one function with a mode, so that a check can not differ from
//! what a write would do. It writes nothing when nothing changed, nothing in a check, and
//! nothing at all of a fetched document that does not generate. It works from the files on
//! the disk, not from the copies that were compiled into the generator.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use twin_api_gen::{Generated, Input, Runtime};

use crate::console::Console;
use crate::fetch::{self, Limits, Source};
use crate::write::{self, Change, DOCUMENT, undisturbed};
use crate::{changes, report, snapshots};

const KNOWN: &str = "twin-api-gen/known.json";
const OVERLAY: &str = "twin-api-gen/overlay.json";

/// Whether what is found stale is written or reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Bring the repository up to date.
    Write,
    /// Change nothing.
    Check,
}

/// What a command found, or left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is up to date.
    Fresh,
    /// Something is not, and it was only to be checked.
    Stale,
}

/// What to regenerate, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The repository.
    pub root: PathBuf,
    /// Whether to write.
    pub mode: Mode,
    /// Where a new document comes from, if one is to be taken.
    pub fetch: Option<Source>,
    /// Whether to show every note.
    pub verbose: bool,
}

/// What a regeneration would change.
#[derive(Debug)]
struct Plan {
    document: Option<Change>,
    surface: Vec<Change>,
}

/// Regenerates, or checks that there is nothing to regenerate.
///
/// # Errors
/// When a file cannot be read or written, the document cannot be fetched, or no client can
/// be generated. The files are then as they were.
pub fn run(options: &Options, console: &mut Console) -> anyhow::Result<Verdict> {
    let root = options.root.as_path();
    if options.mode == Mode::Write {
        remove_leftovers(root, console)?;
    }
    let (document, new_document) = document(options, console)?;
    let known = read(root, KNOWN)?;
    let overlay = read(root, OVERLAY)?;
    console.progress(format_args!("generating from {} bytes", document.len()));
    let generated = generate(&document, &known, &overlay)?;
    report::generation(&generated, options.verbose, console);
    let surface = snapshots::changes(root, &generated.surface.files)?;
    let plan = Plan { document: new_document, surface };
    conclude(options, plan, console)
}

/// Removes the temporary files of a regen that was killed.
fn remove_leftovers(root: &Path, console: &mut Console) -> anyhow::Result<()> {
    let removed = write::remove_leftovers(root)?;
    if removed > 0 {
        console.progress(format_args!("removed {removed} temporary files of a killed regen"));
    }
    Ok(())
}

/// The document to generate from, and the change that it is if it was fetched and is new.
fn document(options: &Options, console: &mut Console) -> anyhow::Result<(Vec<u8>, Option<Change>)> {
    let Some(source) = &options.fetch else {
        return Ok((read(&options.root, DOCUMENT)?, None));
    };
    let start = Instant::now();
    let fetched = fetch::fetch(source, Limits::default())?;
    report::stage(&"fetch", start.elapsed(), console);
    console.progress(format_args!("fetched {source}"));
    let path = options.root.join(DOCUMENT);
    let old = path.exists().then(|| read(&options.root, DOCUMENT)).transpose()?;
    if old.as_ref() == Some(&fetched) {
        return Ok((fetched, None));
    }
    let change = Change { path: DOCUMENT.into(), old, new: Some(fetched.clone()) };
    Ok((fetched, Some(change)))
}

fn generate(document: &[u8], known: &[u8], overlay: &[u8]) -> anyhow::Result<Generated> {
    let input = Input {
        openapi: document,
        known: Some(known),
        overlay: Some(overlay),
        runtime: Runtime::TwinApi,
        strict: false,
    };
    twin_api_gen::generate(input).context("no client can be generated from the document")
}

fn conclude(options: &Options, plan: Plan, console: &mut Console) -> anyhow::Result<Verdict> {
    let summary = changes::describe(plan.document.as_ref(), &plan.surface);
    let all: Vec<Change> = plan.document.into_iter().chain(plan.surface).collect();
    if options.mode == Mode::Write && !all.is_empty() {
        let start = Instant::now();
        write::apply(&options.root, &all, &mut undisturbed)?;
        report::stage(&"write", start.elapsed(), console);
    }
    console.product(format_args!("{summary}"))?;
    if options.mode == Mode::Write || all.is_empty() {
        return Ok(Verdict::Fresh);
    }
    let fetch = options.fetch.as_ref().map(|source| format!(" --fetch {source}"));
    console.progress(format_args!("stale: run `cargo xtask regen{}`", fetch.unwrap_or_default()));
    Ok(Verdict::Stale)
}

fn read(root: &Path, path: &str) -> anyhow::Result<Vec<u8>> {
    fs::read(root.join(path)).with_context(|| format!("reading {path}"))
}
