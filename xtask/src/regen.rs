//! `cargo xtask regen`: the document, known.json and overlay.json through the generator, and
//! the checked-in files that follow from them: surface snapshots and the effective document.
//!
//! Writing and checking are one function with a mode, so that a check cannot differ from what a
//! write would do. It works from the files on disk: an edit of known.json rebuilds nothing. It
//! writes nothing when nothing changed, nothing in a check, and no file of the repository when
//! the document is refused.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use twin_api_gen::{Generated, Input, Runtime};

use crate::console::Console;
use crate::diff::{self, Comparison};
use crate::fetch::{self, Limits, Source};
use crate::write::{self, Change, DOCUMENT, undisturbed};
use crate::{changes, report, snapshots};

mod accept;
mod outcome;

pub(crate) const KNOWN: &str = "twin-api-gen/known.json";
pub(crate) const OVERLAY: &str = "twin-api-gen/overlay.json";
const EFFECTIVE: &str = "tests/emulator/effective.json";

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
    /// The numbers of the edits to make, as an earlier run listed them.
    pub accept: Vec<usize>,
    /// Whether an operation that cannot be generated is an error.
    pub strict: bool,
    /// Where the report goes as Markdown.
    pub report: Option<PathBuf>,
    /// Whether to show every note.
    pub verbose: bool,
}

impl Options {
    /// The plain command: no fetch, no edits, no report.
    pub fn new(root: impl Into<PathBuf>, mode: Mode) -> Self {
        Self {
            root: root.into(),
            mode,
            fetch: None,
            accept: Vec::new(),
            strict: false,
            report: None,
            verbose: false,
        }
    }
}

/// What the client is generated from.
struct Sources {
    /// The document on disk, if there is one.
    old_document: Option<Vec<u8>>,
    document: Vec<u8>,
    known: String,
    overlay: String,
}

impl Sources {
    fn read(options: &Options, console: &mut Console) -> anyhow::Result<Self> {
        let root = &options.root;
        let document = fetched(options, console)?;
        let old_document = match fs::read(root.join(DOCUMENT)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && document.is_some() => None,
            other => Some(other.with_context(|| format!("reading {DOCUMENT}"))?),
        };
        let document = document.or_else(|| old_document.clone()).context("there is no document")?;
        let text = |path: &str| {
            fs::read_to_string(root.join(path)).with_context(|| format!("reading {path}"))
        };
        Ok(Self { old_document, document, known: text(KNOWN)?, overlay: text(OVERLAY)? })
    }

    fn generate(&self, strict: bool) -> Result<Generated, twin_api_gen::Error> {
        twin_api_gen::generate(Input {
            openapi: &self.document,
            known: Some(self.known.as_bytes()),
            overlay: Some(self.overlay.as_bytes()),
            runtime: Runtime::TwinApi,
            strict,
        })
    }
}

/// Regenerates, or checks that there is nothing to regenerate.
///
/// # Errors
/// When a file cannot be read or written, the document cannot be fetched, or no client can be
/// generated. The files of the repository are then as they were.
pub fn run(options: &Options, console: &mut Console) -> anyhow::Result<Verdict> {
    let root = options.root.as_path();
    if options.mode == Mode::Write {
        remove_leftovers(root, console)?;
    }
    let mut sources = Sources::read(options, console)?;
    console.progress(format_args!("generating from {} bytes", sources.document.len()));
    let accepted = accept::generate(options, &mut sources)?;
    let generated = accepted.generated;
    report::generation(&generated, options.verbose, console);
    let derived = derived(root, &generated)?;
    let inputs = inputs(root, &sources)?;
    let comparison = compare(root, &sources, &generated)?;
    let outcome = outcome::Outcome {
        sources: &sources,
        generated: &generated,
        comparison: &comparison,
        offers: &accepted.offers,
        edits: &accepted.made,
        root,
    };
    conclude(options, inputs, derived, &outcome, console)
}

/// Removes the temporary files of a regen that was killed.
fn remove_leftovers(root: &Path, console: &mut Console) -> anyhow::Result<()> {
    let removed = write::remove_leftovers(root)?;
    if removed > 0 {
        console.progress(format_args!("removed {removed} temporary files of a killed regen"));
    }
    Ok(())
}

/// The new document, if one is to be taken.
fn fetched(options: &Options, console: &mut Console) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(source) = &options.fetch else { return Ok(None) };
    let start = Instant::now();
    let document = fetch::fetch(source, Limits::default())?;
    report::stage(&"fetch", start.elapsed(), console);
    console.progress(format_args!("fetched {source}"));
    Ok(Some(document))
}

/// The files that follow from a generation and are not as they should be.
fn derived(root: &Path, generated: &Generated) -> anyhow::Result<Vec<Change>> {
    let mut changes = snapshots::changes(root, &generated.surface.files)?;
    let effective = format!("{:#}\n", generated.effective).into_bytes();
    changes.extend(changed(root, EFFECTIVE, effective)?);
    Ok(changes)
}

/// The inputs that a fetch or an accepted edit changes.
fn inputs(root: &Path, sources: &Sources) -> anyhow::Result<Vec<Change>> {
    let files = [
        (KNOWN, sources.known.as_bytes()),
        (OVERLAY, sources.overlay.as_bytes()),
        (DOCUMENT, &sources.document),
    ];
    let changes = files.into_iter().map(|(path, new)| changed(root, path, new.to_vec()));
    changes.filter_map(Result::transpose).collect()
}

fn changed(root: &Path, path: &str, new: Vec<u8>) -> anyhow::Result<Option<Change>> {
    let old = match fs::read(root.join(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        other => Some(other.with_context(|| format!("reading {path}"))?),
    };
    let differs = old.as_ref() != Some(&new);
    Ok(differs.then(|| Change { path: path.to_owned(), old, new: Some(new) }))
}

/// Compares the new document with the one on disk, and the new client with the one that the
/// checked-in effective document stands for.
fn compare(root: &Path, sources: &Sources, new: &Generated) -> anyhow::Result<Comparison> {
    let changes = match &sources.old_document {
        Some(old) if *old != sources.document => {
            diff::documents((DOCUMENT, old), ("the new document", &sources.document))?
        }
        _ => Vec::new(),
    };
    let old = match fs::read(root.join(EFFECTIVE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(diff::by_documents(changes, &format!("there is no {EFFECTIVE} yet")));
        }
        Err(error) => return Err(error).with_context(|| format!("reading {EFFECTIVE}")),
    };
    let is = diff::of_generated(new);
    if old == format!("{:#}\n", new.effective).into_bytes() {
        return Ok(diff::judged(changes, is, is));
    }
    let (known, overlay, runtime) = (None, None, Runtime::TwinApi);
    let input = Input { openapi: &old, known, overlay, runtime, strict: false };
    if new.left_out.is_empty() {
        return Ok(match twin_api_gen::plan(input) {
            Ok(was) => diff::judged(changes, diff::of_plan(&was), is),
            Err(error) => diff::by_documents(changes, &format!("{EFFECTIVE}: {error}")),
        });
    }
    // A plan does not know what progenitor refuses.
    Ok(match twin_api_gen::generate(input) {
        Ok(was) => diff::judged(changes, diff::of_generated(&was), is),
        Err(error) => diff::by_documents(changes, &format!("{EFFECTIVE}: {error}")),
    })
}

fn conclude(
    options: &Options,
    inputs: Vec<Change>,
    derived: Vec<Change>,
    outcome: &outcome::Outcome<'_>,
    console: &mut Console,
) -> anyhow::Result<Verdict> {
    let summary = changes::describe(&inputs, &derived);
    let all: Vec<Change> = derived.into_iter().chain(inputs).collect();
    if options.mode == Mode::Write && !all.is_empty() {
        let start = Instant::now();
        write::apply(&options.root, &all, &mut undisturbed)?;
        report::stage(&"write", start.elapsed(), console);
    }
    if let Some(path) = &options.report {
        let markdown = outcome.markdown();
        write::write_beside(path, markdown.as_bytes())
            .map_err(anyhow::Error::from)
            .and_then(|staged| Ok(staged.persist(path)?))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    console.product(format_args!("{summary}"))?;
    console.raw(outcome.text(!all.is_empty(), options.mode).as_bytes())?;
    if options.mode == Mode::Write || all.is_empty() {
        return Ok(Verdict::Fresh);
    }
    let fetch = options.fetch.as_ref().map(|source| format!(" --fetch {source}"));
    console.progress(format_args!("stale: run `cargo xtask regen{}`", fetch.unwrap_or_default()));
    Ok(Verdict::Stale)
}
