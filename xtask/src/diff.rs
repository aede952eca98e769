//! `cargo xtask diff OLD NEW`: compares two documents, for users of the API and of our client.
//!
//! The changes come from comparing the documents. The verdict comes from comparing the clients that
//! are generated from them with the known facts and the overlay of this repository. The command writes
//! no file. A difference is not an error.

use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Context as _;
use clap::ValueEnum;
use twin_api_gen::diff::surface::{self, ClientSurface, Difference, Verdict};
use twin_api_gen::diff::{self, Change, Level};
use twin_api_gen::{ClientPlan, Generated, Input, Known, Runtime, identify};

use crate::console::Console;

pub(crate) mod load;
pub(crate) mod render;

/// The format of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal: breaking changes first. A change of many operations names six of them.
    Text,
    /// For the body of a pull request.
    Markdown,
    /// For programs.
    Json,
}

/// The options of the command.
#[derive(Debug, Clone)]
pub struct DiffOptions {
    /// The repository with the history, the known facts and the overlay.
    pub root: PathBuf,
    /// A file, a revision or `revision:path`.
    pub old: String,
    /// The newer document, in the same form.
    pub new: String,
    /// The format of the report.
    pub format: Format,
}

/// The result of comparing two documents.
#[derive(Debug, Clone)]
pub(crate) struct DocumentComparison {
    /// Differences between the documents.
    pub(crate) changes: Vec<Change>,
    /// Differences between the clients.
    pub(crate) differences: Vec<Difference>,
    /// The version step that the differences require.
    pub(crate) verdict: Verdict,
    /// The reason why the clients could not be compared.
    pub(crate) note: Option<String>,
}

impl DocumentComparison {
    pub(crate) fn of_level(&self, level: Level) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.level == level)
    }
}

/// Compares two documents and prints the report to standard output.
///
/// # Errors
/// Fails if a document cannot be read or is not an OpenAPI document.
pub fn run(options: &DiffOptions, console: &mut Console) -> anyhow::Result<()> {
    let old = load::load(&options.root, &options.old).context(options.old.clone())?;
    let new = load::load(&options.root, &options.new).context(options.new.clone())?;
    let comparison = compare(&options.root, (&options.old, &old), (&options.new, &new))?;
    match options.format {
        Format::Text => console.product(format_args!("{}", render::text(&comparison))),
        Format::Markdown => console.product(format_args!("{}", render::markdown(&comparison))),
        Format::Json => console.raw(render::json(&comparison).as_bytes()),
    }
}

/// Compares two documents. Each comes with its name.
pub(crate) fn compare(
    root: &Path,
    old: (&str, &[u8]),
    new: (&str, &[u8]),
) -> anyhow::Result<DocumentComparison> {
    let known = load::optional(root, crate::regen::KNOWN)?;
    let overlay = load::optional(root, crate::regen::OVERLAY)?;
    let (known, overlay) = (known.as_deref(), overlay.as_deref());
    let client = |openapi| {
        let runtime = Runtime::TwinApi;
        twin_api_gen::plan(Input { openapi, known, overlay, runtime, strict: false })
    };
    let clients = thread::scope(|scope| {
        let was = scope.spawn(|| client(old.1));
        let is = client(new.1);
        was.join().ok().map(|was| (was, is))
    });
    Ok(match clients {
        Some((Ok(was), Ok(is))) => {
            let changes = diff::compare_identified(&was.identified, &is.identified);
            judged(changes, of_plan(&was), of_plan(&is))
        }
        Some((Err(error), _) | (_, Err(error))) => {
            by_documents(documents(old, new, known)?, &error.to_string())
        }
        None => by_documents(documents(old, new, known)?, "the generator panicked"),
    })
}

/// Compares two documents without generating clients. If the known facts cannot be read, it
/// compares the documents under their own names.
pub(crate) fn documents(
    old: (&str, &[u8]),
    new: (&str, &[u8]),
    known: Option<&[u8]>,
) -> anyhow::Result<Vec<Change>> {
    let known = known.filter(|known| Known::read(known).is_ok());
    let was = identify::from_bytes(old.1, known).context(old.0.to_owned())?;
    let is = identify::from_bytes(new.1, known).context(new.0.to_owned())?;
    Ok(diff::compare_identified(&was, &is))
}

/// Compares two clients.
pub(crate) fn judged(
    changes: Vec<Change>,
    was: ClientSurface<'_>,
    is: ClientSurface<'_>,
) -> DocumentComparison {
    let mut differences: Vec<Difference> = surface::withdrawn(&changes).collect();
    differences.extend(surface::compare(was, is));
    let verdict = surface::verdict(&differences);
    DocumentComparison { changes, differences, verdict, note: None }
}

pub(crate) fn of_plan(plan: &ClientPlan) -> ClientSurface<'_> {
    ClientSurface { lowered: &plan.lowered, effective: &plan.effective, left_out: &plan.left_out }
}

pub(crate) fn of_generated(generated: &Generated) -> ClientSurface<'_> {
    let Generated { lowered, effective, left_out, .. } = generated;
    ClientSurface { lowered, effective, left_out }
}

/// Derives the verdict from the documents, if no clients can be compared.
pub(crate) fn by_documents(changes: Vec<Change>, cause: &str) -> DocumentComparison {
    let worst = changes.iter().map(|change| change.level).min();
    let verdict = match worst {
        Some(Level::Breaking) => Verdict::Major,
        Some(Level::Compatible) => Verdict::Minor,
        Some(Level::Docs) => Verdict::Patch,
        None => Verdict::None,
    };
    let note =
        format!("the clients could not be compared; the verdict is for the documents: {cause}");
    DocumentComparison { changes, differences: Vec::new(), verdict, note: Some(note) }
}
