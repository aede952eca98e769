//! `cargo xtask regen`: generates the client, and updates the checked-in files that depend on it:
//! the snapshots of its surface, the effective document and the index of the operations.
//!
//! `--check` runs the same code without the last step, so it reports exactly the files that a run
//! without `--check` writes. The inputs are read from disk, so an edit of known.json needs no
//! rebuild. If the document is refused, no file of the repository changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use twin_api_gen::{ClientPlan, Generated, Input, Runtime, identify};

use self::accept::OldContradictions;
use crate::console::Console;
use crate::diff::{self, DocumentComparison, load};
use crate::fetch::{self, DocumentSource, FetchLimits};
use crate::write::{self, DOCUMENT, FileChange, undisturbed};
use crate::{changes, report, snapshots};

mod accept;
mod user_report;

pub(crate) const KNOWN: &str = "twin-api-gen/known.json";
pub(crate) const OVERLAY: &str = "twin-api-gen/overlay.json";
const INDEX: &str = "twin-ext/src/guide/operations.md";
const EFFECTIVE: &str = "tests/emulator/effective.json";

/// Whether to write stale files or to report them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateMode {
    /// Writes stale files.
    Write,
    /// Reports stale files and writes nothing.
    Check,
}

/// The result of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Everything is up to date.
    Fresh,
    /// A file is stale, and the mode is [`UpdateMode::Check`].
    Stale,
}

/// The options of the command.
#[derive(Debug, Clone)]
pub struct RegenOptions {
    /// The repository.
    pub root: PathBuf,
    /// Whether to write.
    pub mode: UpdateMode,
    /// The source of the new document, if one is fetched.
    pub fetch: Option<DocumentSource>,
    /// The numbers of the accepted edits in the report of the previous run.
    pub accept: Vec<usize>,
    /// Whether an operation that cannot be generated is an error.
    pub strict: bool,
    /// The output file for the report in Markdown.
    pub report: Option<PathBuf>,
    /// Whether to show every note.
    pub verbose: bool,
}

impl RegenOptions {
    /// Returns options without fetch, edits and report.
    pub fn new(root: impl Into<PathBuf>, mode: UpdateMode) -> Self {
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

/// The inputs of the generator.
struct RegenInputs {
    /// The document of the last commit, if there is one.
    old_document: Option<Vec<u8>>,
    document: Vec<u8>,
    known: String,
    overlay: String,
}

impl RegenInputs {
    fn read(options: &RegenOptions, console: &mut Console) -> anyhow::Result<Self> {
        let root = &options.root;
        let document = match fetched(options, console)? {
            Some(document) => document,
            None => fs::read(root.join(DOCUMENT)).with_context(|| format!("reading {DOCUMENT}"))?,
        };
        let old_document = load::committed(root, DOCUMENT)?;
        let text = |path: &str| {
            fs::read_to_string(root.join(path)).with_context(|| format!("reading {path}"))
        };
        Ok(Self { old_document, document, known: text(KNOWN)?, overlay: text(OVERLAY)? })
    }

    /// Plans the client of the committed document, if the document differs from it.
    fn old_plan(&self) -> OldDocument {
        match &self.old_document {
            Some(old) if *old == self.document => OldDocument::Same,
            Some(old) => {
                let (known, overlay) = (self.known.as_bytes(), self.overlay.as_bytes());
                let input = Input { openapi: old, ..self.input(known, overlay, false) };
                twin_api_gen::plan(input)
                    .map_or(OldDocument::None, |plan| OldDocument::Plan(Box::new(plan)))
            }
            None => OldDocument::None,
        }
    }

    fn input<'a>(&'a self, known: &'a [u8], overlay: &'a [u8], strict: bool) -> Input<'a> {
        Input { strict, ..Input::twin_api(&self.document, known, overlay) }
    }

    fn generate(&self, strict: bool) -> Result<Generated, twin_api_gen::Error> {
        let (known, overlay) = (self.known.as_bytes(), self.overlay.as_bytes());
        twin_api_gen::generate(self.input(known, overlay, strict))
    }
}

/// The document of the last commit.
enum OldDocument {
    /// There is no document, or no client can be generated from it.
    None,
    Same,
    Plan(Box<ClientPlan>),
}

/// Regenerates the files, or checks them.
///
/// # Errors
/// Fails if a file cannot be read or written, the document cannot be fetched, or no client can be
/// generated. If the document is refused, no file of the repository has changed.
pub fn run(options: &RegenOptions, console: &mut Console) -> anyhow::Result<Freshness> {
    let root = options.root.as_path();
    if options.mode == UpdateMode::Write {
        remove_leftovers(root, console)?;
    }
    let mut sources = RegenInputs::read(options, console)?;
    console.progress(format_args!("generating from {} bytes", sources.document.len()));
    let old = sources.old_plan();
    let standing = match &old {
        OldDocument::Same => OldContradictions::All,
        OldDocument::None => OldContradictions::Of(Vec::new()),
        OldDocument::Plan(plan) => OldContradictions::Of(plan.facts.clone()),
    };
    let accepted = accept::generate(options, &mut sources, &standing)?;
    let generated = accepted.generated;
    report::generation(&generated, options.verbose, console);
    let derived = derived(root, &generated)?;
    let inputs = inputs(root, &sources)?;
    let comparison = compare(root, &sources, &old, &generated)?;
    let user_report = user_report::UserReport {
        sources: &sources,
        generated: &generated,
        comparison: &comparison,
        offers: &accepted.offers,
        edits: &accepted.made,
        root,
    };
    conclude(options, inputs, derived, &user_report, console)
}

/// Removes temporary files of a killed regen.
fn remove_leftovers(root: &Path, console: &mut Console) -> anyhow::Result<()> {
    let removed = write::remove_leftovers(root)?;
    if removed > 0 {
        console.progress(format_args!("removed {removed} temporary files of a killed regen"));
    }
    Ok(())
}

/// Fetches the new document, if one is requested.
fn fetched(options: &RegenOptions, console: &mut Console) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(source) = &options.fetch else { return Ok(None) };
    let start = Instant::now();
    let document = fetch::fetch(source, FetchLimits::default())?;
    report::stage(&"fetch", start.elapsed(), console);
    console.progress(format_args!("fetched {source}"));
    Ok(Some(document))
}

/// Returns the derived files that are stale.
fn derived(root: &Path, generated: &Generated) -> anyhow::Result<Vec<FileChange>> {
    let mut changes = snapshots::changes(root, &generated.surface.files)?;
    let effective = format!("{:#}\n", generated.effective).into_bytes();
    changes.extend(changed(root, EFFECTIVE, effective)?);
    changes.extend(changed(root, INDEX, generated.index.clone().into_bytes())?);
    Ok(changes)
}

/// Returns the inputs that a fetch or an accepted edit changes.
fn inputs(root: &Path, sources: &RegenInputs) -> anyhow::Result<Vec<FileChange>> {
    let files = [
        (KNOWN, sources.known.as_bytes()),
        (OVERLAY, sources.overlay.as_bytes()),
        (DOCUMENT, &sources.document),
    ];
    let changes = files.into_iter().map(|(path, new)| changed(root, path, new.to_vec()));
    changes.filter_map(Result::transpose).collect()
}

fn changed(root: &Path, path: &str, new: Vec<u8>) -> anyhow::Result<Option<FileChange>> {
    let old = match fs::read(root.join(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        other => Some(other.with_context(|| format!("reading {path}"))?),
    };
    let differs = old.as_ref() != Some(&new);
    Ok(differs.then(|| FileChange { path: path.to_owned(), old, new: Some(new) }))
}

/// Compares the documents, and the new client with the client of the committed effective document.
fn compare(
    root: &Path,
    sources: &RegenInputs,
    old: &OldDocument,
    new: &Generated,
) -> anyhow::Result<DocumentComparison> {
    let known = Some(sources.known.as_bytes());
    let changes = match (old, &sources.old_document) {
        (OldDocument::Plan(old), _) => {
            let new = identify::from_bytes(&sources.document, known)?;
            twin_api_gen::diff::compare_identified(&old.identified, &new)
        }
        (OldDocument::None, Some(old)) => {
            diff::documents((DOCUMENT, old), ("the new document", &sources.document), known)?
        }
        _ => Vec::new(),
    };
    let Some(old) = load::committed(root, EFFECTIVE)? else {
        return Ok(diff::by_documents(changes, &format!("there is no {EFFECTIVE} yet")));
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
    // A plan does not run progenitor, which may refuse further operations.
    Ok(match twin_api_gen::generate(input) {
        Ok(was) => diff::judged(changes, diff::of_generated(&was), is),
        Err(error) => diff::by_documents(changes, &format!("{EFFECTIVE}: {error}")),
    })
}

fn conclude(
    options: &RegenOptions,
    inputs: Vec<FileChange>,
    derived: Vec<FileChange>,
    user_report: &user_report::UserReport<'_>,
    console: &mut Console,
) -> anyhow::Result<Freshness> {
    let summary = changes::describe(&inputs, &derived);
    let all: Vec<FileChange> = derived.into_iter().chain(inputs).collect();
    // First, so that a report that cannot be written leaves the repository unchanged.
    if let Some(path) = &options.report {
        write_report(path, &user_report.markdown())
            .with_context(|| format!("writing {}", path.display()))?;
    }
    if options.mode == UpdateMode::Write && !all.is_empty() {
        let start = Instant::now();
        write::apply(&options.root, &all, &mut undisturbed)?;
        report::stage(&"write", start.elapsed(), console);
    }
    console.product(format_args!("{summary}"))?;
    console.raw(user_report.text(!all.is_empty(), options).as_bytes())?;
    if options.mode == UpdateMode::Write || all.is_empty() {
        return Ok(Freshness::Fresh);
    }
    let fetch = options.fetch.as_ref().map(|source| format!(" --fetch {source}"));
    console.progress(format_args!("stale: run `cargo xtask regen{}`", fetch.unwrap_or_default()));
    Ok(Freshness::Stale)
}

/// Writes the report, and creates its folder.
fn write_report(path: &Path, markdown: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    write::write_beside(path, markdown.as_bytes())?.persist(path)?;
    Ok(())
}
