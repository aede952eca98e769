//! Generates the source of a Rust client from an OpenAPI 3.1 document.
//!
//! [`generate`] runs the stages in order: parse, identify, known facts, overlay, lower, client,
//! passes, render. It takes bytes and returns text. It reads no file, opens no connection and
//! prints nothing. For every input, it returns a client or an [`Error`] and does not panic.

pub mod diagnostic;
pub mod diff;
pub mod error;
pub mod identify;
pub mod known;
pub mod lower;
pub mod overlay;
pub mod parse;
pub mod pointer;
pub mod problem;
pub mod surface;

mod blame;
mod client;
mod closest;
mod guard;
mod index;
mod limits;
mod names;
mod outline;
mod passes;
mod render;
mod schemas;
mod write;

use std::time::{Duration, Instant};

pub use diagnostic::{Diagnostic, Severity};
pub use error::{Error, Stage};
pub use known::{Fact, Known};
pub use overlay::AppliedAction;
pub use problem::{Edit, EditChange, EditedFile, Problem};
use serde_json::Value;
pub use surface::Surface;

/// The methods that a path item may have, in display order.
pub(crate) const METHODS: [&str; 8] =
    ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

/// A JSON object.
pub(crate) type Object = serde_json::Map<String, Value>;

/// The runtime that the generated source depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Runtime {
    /// The crate `twin-api`, with its transport and hand-written types.
    TwinApi,
    /// Only `progenitor-client`, `reqwest`, `serde` and `serde_json`.
    StandAlone,
}

/// The inputs of the generator.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// An OpenAPI 3.1 (or 3.0) document as JSON.
    pub openapi: &'a [u8],
    /// The known facts of the API, which hold even if the document differs: `known.json`.
    pub known: Option<&'a [u8]>,
    /// An OpenAPI Overlay 1.0 document as JSON. Every action must apply.
    pub overlay: Option<&'a [u8]>,
    /// The runtime of the source.
    pub runtime: Runtime,
    /// Whether an operation that cannot be generated is an error. Otherwise it is left out and
    /// listed in [`Generated::left_out`].
    pub strict: bool,
}

impl<'a> Input<'a> {
    /// Returns the input of the client that twin-api contains.
    #[must_use]
    pub const fn twin_api(openapi: &'a [u8], known: &'a [u8], overlay: &'a [u8]) -> Self {
        let (known, overlay) = (Some(known), Some(overlay));
        Self { openapi, known, overlay, runtime: Runtime::TwinApi, strict: false }
    }
}

/// A generated client, with reports of the stages.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Generated {
    /// Formatted Rust source. Its first line names the command that regenerates it.
    pub source: String,
    /// The public surface of `source`, as readable text.
    pub surface: Surface,
    /// The index of the operations: a page of twin-ext's guide, as Markdown.
    pub index: String,
    /// The OpenAPI 3.1 document after identification, known facts and overlay.
    pub effective: Value,
    /// The OpenAPI 3.0.3 document that the source was generated from.
    pub lowered: Value,
    /// The constructs that the lowering rewrote or dropped.
    pub diagnostics: Vec<Diagnostic>,
    /// The effects of the overlay's actions.
    pub applied: Vec<AppliedAction>,
    /// The comparison of the document with each known fact.
    pub facts: Vec<Fact>,
    /// The operations that the client leaves out.
    pub left_out: Vec<LeftOut>,
    /// The duration of each stage, in order.
    pub timings: Vec<(Stage, Duration)>,
}

/// An operation of the document that the client lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Method and path: `POST /v1/files`.
    pub operation: String,
    /// The place, as a URI-fragment JSON pointer into the document as given.
    pub pointer: String,
    /// The reason: a lower-case sentence without a full stop.
    pub reason: String,
}

impl Generated {
    /// Returns the lowered document without descriptions, summaries and examples.
    pub fn outline(&self) -> Value {
        outline::outline(&self.lowered)
    }
}

/// Generates a client.
///
/// The same input gives the same bytes on every machine. A document of 100 KB takes less than 0.1 s
/// in a release build.
///
/// # Errors
/// Returns all problems that the failing stage found. Each has its [`Stage`], the cause, what to do,
/// and the JSON pointer if it is known.
pub fn generate(input: Input<'_>) -> Result<Generated, Error> {
    guard::run(|| generate_guarded(input))
}

fn generate_guarded(input: Input<'_>) -> Result<Generated, Error> {
    let mut timer = StageTimer::start();
    let Prepared { known, mut identified, facts, applied } = prepare(input, &mut timer)?;
    let written = write_client(input, &known, &mut identified, &mut timer);
    // The stages from here on report pointers into the effective document.
    let (lowered, written) = written.map_err(|error| error.located_in(&identified))?;
    let passes::Passed { tree, operations } = written.passed;
    let left_out = lowered.left_out.into_iter().map(|(left_out, _)| left_out);
    let left_out: Vec<LeftOut> =
        left_out.map(|it| LeftOut { pointer: identified.origin(&it.pointer), ..it }).collect();
    let reports = surface::StageReports {
        applied: &applied,
        facts: &facts,
        diagnostics: &lowered.diagnostics,
        left_out: &left_out,
    };
    let surface = surface::describe(&tree, &lowered.document, &operations, reports);
    Ok(Generated {
        source: written.source,
        surface,
        index: index::write(&operations),
        effective: identified.document,
        lowered: lowered.document,
        diagnostics: lowered.diagnostics,
        applied,
        facts,
        left_out,
        timings: timer.durations,
    })
}

/// The input of the last stages, which determines the public surface of the client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientPlan {
    /// The document with our names, without known facts and overlay.
    pub identified: identify::Identified,
    /// Same as [`Generated::facts`].
    pub facts: Vec<Fact>,
    /// Same as [`Generated::effective`].
    pub effective: Value,
    /// Same as [`Generated::lowered`].
    pub lowered: Value,
    /// The operations that the lowering leaves out.
    pub left_out: Vec<LeftOut>,
}

/// Prepares a client without generating its source, in a fraction of the time of [`generate`].
///
/// The plan includes operations that progenitor refuses. [`generate`] leaves them out.
///
/// # Errors
/// Returns the same errors as [`generate`], up to the lowering.
pub fn plan(input: Input<'_>) -> Result<ClientPlan, Error> {
    guard::run(|| {
        let (known, mut identified) = read(input, &mut StageTimer::start())?;
        let alone = identified.clone();
        let (facts, _) = apply(input, &known, &mut identified, &mut StageTimer::start())?;
        let (lowered, _) =
            lower(input, &known, &mut identified).map_err(|error| error.located_in(&identified))?;
        let left_out = lowered.left_out.into_iter().map(|(left_out, _)| left_out).collect();
        Ok(ClientPlan {
            identified: alone,
            facts,
            effective: identified.document,
            lowered: lowered.document,
            left_out,
        })
    })
}

/// The effective document, with the reports of the stages that produced it.
struct Prepared {
    known: Known,
    identified: identify::Identified,
    facts: Vec<Fact>,
    applied: Vec<AppliedAction>,
}

/// Reads and identifies the document, then applies known facts and overlay.
fn prepare(input: Input<'_>, timer: &mut StageTimer) -> Result<Prepared, Error> {
    let (known, mut identified) = read(input, timer)?;
    let (facts, applied) = apply(input, &known, &mut identified, timer)?;
    Ok(Prepared { known, identified, facts, applied })
}

fn read(input: Input<'_>, timer: &mut StageTimer) -> Result<(Known, identify::Identified), Error> {
    let document = parse::parse(input.openapi)?;
    timer.lap(Stage::Parse);
    let known = input.known.map(Known::read).transpose()?.unwrap_or_default();
    let identified = identify::identify(document, &known);
    timer.lap(Stage::Identify);
    Ok((known, identified))
}

/// Applies known facts and overlay to the identified document.
///
/// # Errors
/// Returns the problems of these stages, of the identification, and those that the lowering would
/// find.
fn apply(
    input: Input<'_>,
    known: &Known,
    identified: &mut identify::Identified,
    timer: &mut StageTimer,
) -> Result<(Vec<Fact>, Vec<AppliedAction>), Error> {
    let mut facts = std::mem::take(&mut identified.facts);
    facts.extend(known::apply::apply(identified, known));
    timer.lap(Stage::Known);
    let mut refusals = Error::from_problems(std::mem::take(&mut identified.problems));
    let effective = &mut identified.document;
    let overlaid = input.overlay.map(|overlay| overlay::apply(effective, overlay)).transpose();
    let mut applied = Vec::new();
    match overlaid {
        Ok(actions) => applied = actions.unwrap_or_default(),
        Err(error) => {
            let error = error.located_in(identified);
            refusals = Some(refusals.map_or(error.clone(), |first| first.and(error)));
        }
    }
    if let Some(error) = refusals {
        return Err(match lowering_problems(input, known, identified) {
            Some(more) => error.and(more.located_in(identified)),
            None => error,
        });
    }
    client::check_size(&identified.document)?;
    timer.lap(Stage::Overlay);
    Ok((facts, applied))
}

/// Returns the problems that the lowering would report, so that a failed run lists them as well.
fn lowering_problems(
    input: Input<'_>,
    known: &Known,
    identified: &mut identify::Identified,
) -> Option<Error> {
    client::check_size(&identified.document).ok()?;
    match lower(input, known, identified) {
        Err(error) => Some(error),
        Ok((lowered, _)) if input.strict => refuse_left_out(&lowered.left_out).err(),
        Ok(_) => None,
    }
}

/// Lowers the effective document without its webhooks. Invalid parts of a known operation are
/// replaced, so that the operation stays.
fn lower(
    input: Input<'_>,
    known: &Known,
    identified: &mut identify::Identified,
) -> Result<(lower::Lowered, Vec<Diagnostic>), Error> {
    let options = lower::LoweringOptions { native_types: input.runtime == Runtime::TwinApi };
    let mut repairs = known::repair::Repairs::default();
    loop {
        let (document, mut diagnostics) = identify::without_webhooks(&identified.document, known);
        let lowered = lower::lower(document, options);
        if !repairs.round(identified, known, &lowered) {
            diagnostics.append(&mut repairs.diagnostics);
            return lowered.map(|lowered| (lowered, diagnostics));
        }
    }
}

/// Lowers the effective document, and generates the client from it.
fn write_client(
    input: Input<'_>,
    known: &Known,
    identified: &mut identify::Identified,
    timer: &mut StageTimer,
) -> Result<(lower::Lowered, write::Written), Error> {
    let (mut lowered, diagnostics) = lower(input, known, identified)?;
    timer.lap(Stage::Lower);
    let written = write::write(&mut lowered, &identified.document, input.runtime, timer)?;
    if input.strict {
        refuse_left_out(&lowered.left_out)?;
    }
    let secrets = known::secret::check(&written.passed.tree, known);
    let is_ours = input.runtime == Runtime::TwinApi;
    if let Some(error) = Error::from_problems(secrets).filter(|_| is_ours) {
        return Err(error);
    }
    lowered.diagnostics.extend(diagnostics);
    lowered.diagnostics.sort();
    Ok((lowered, written))
}

/// Returns an error with one problem for each operation that was left out.
fn refuse_left_out(left_out: &[(LeftOut, Vec<Problem>)]) -> Result<(), Error> {
    let problems = left_out.iter().map(|(left_out, _)| {
        let what = format!("{} cannot be generated: {}", left_out.operation, left_out.reason);
        Problem::new(Stage::Lower, what)
            .at(&*left_out.pointer)
            .help("without --strict it is left out of the client")
    });
    Error::from_problems(problems).map_or(Ok(()), Err)
}

/// Measures the duration of each stage, for reports.
struct StageTimer {
    last: Instant,
    durations: Vec<(Stage, Duration)>,
}

impl StageTimer {
    fn start() -> Self {
        Self { last: Instant::now(), durations: Vec::new() }
    }

    fn lap(&mut self, stage: Stage) {
        let now = Instant::now();
        // A stage that runs again adds to its time.
        match self.durations.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, time)) => *time += now - self.last,
            None => self.durations.push((stage, now - self.last)),
        }
        self.last = now;
    }
}
