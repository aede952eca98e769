//! Generates the source of a Rust client from an OpenAPI 3.1 document.
//!
//! [`generate`] runs the stages in order: parse, identify, known facts, overlay, lower, client,
//! passes, render. It takes bytes and returns text. It reads no file, opens no connection and
//! prints nothing. Every input gives a result or an [`Error`]; nothing panics.

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
pub use overlay::Applied;
pub use problem::{Change, Edit, EditedFile, Problem};
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
    /// What the lowering rewrote or lost.
    pub diagnostics: Vec<Diagnostic>,
    /// The effects of the overlay's actions.
    pub applied: Vec<Applied>,
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
/// All problems that the failing stage found, each with its [`Stage`], the cause, what to do, and
/// the JSON pointer if it is known.
pub fn generate(input: Input<'_>) -> Result<Generated, Error> {
    guard::run(|| generate_guarded(input))
}

fn generate_guarded(input: Input<'_>) -> Result<Generated, Error> {
    let mut clock = Clock::start();
    let Prepared { known, mut identified, facts, applied } = prepare(input, &mut clock)?;
    let written = write_client(input, &known, &mut identified, &mut clock);
    // The stages from here on report pointers into the effective document.
    let Client { lowered, written } = written.map_err(|error| error.located_in(&identified))?;
    let passes::Passed { tree, operations } = written.passed;
    let left_out = lowered.left_out.into_iter().map(|(left_out, _)| left_out);
    let left_out: Vec<LeftOut> =
        left_out.map(|it| LeftOut { pointer: identified.origin(&it.pointer), ..it }).collect();
    let done = surface::Done {
        applied: &applied,
        facts: &facts,
        diagnostics: &lowered.diagnostics,
        left_out: &left_out,
    };
    let surface = surface::describe(&tree, &lowered.document, &operations, done);
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
        timings: clock.laps,
    })
}

/// The input of the last stages. It determines the public surface of the client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
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
/// A plan includes operations that progenitor refuses, which [`generate`] leaves out.
///
/// # Errors
/// Same as [`generate`], up to the lowering.
pub fn plan(input: Input<'_>) -> Result<Plan, Error> {
    guard::run(|| {
        let (known, mut identified) = read(input, &mut Clock::start())?;
        let alone = identified.clone();
        let (facts, _) = apply(input, &known, &mut identified, &mut Clock::start())?;
        let (lowered, _) =
            lower(input, &known, &mut identified).map_err(|error| error.located_in(&identified))?;
        let left_out = lowered.left_out.into_iter().map(|(left_out, _)| left_out).collect();
        Ok(Plan {
            identified: alone,
            facts,
            effective: identified.document,
            lowered: lowered.document,
            left_out,
        })
    })
}

/// The effective document, as an identified one, with reports of its stages.
struct Prepared {
    known: Known,
    identified: identify::Identified,
    facts: Vec<Fact>,
    applied: Vec<Applied>,
}

/// Reads and identifies the document, then applies known facts and overlay.
fn prepare(input: Input<'_>, clock: &mut Clock) -> Result<Prepared, Error> {
    let (known, mut identified) = read(input, clock)?;
    let (facts, applied) = apply(input, &known, &mut identified, clock)?;
    Ok(Prepared { known, identified, facts, applied })
}

fn read(input: Input<'_>, clock: &mut Clock) -> Result<(Known, identify::Identified), Error> {
    let document = parse::parse(input.openapi)?;
    clock.lap(Stage::Parse);
    let known = input.known.map(Known::read).transpose()?.unwrap_or_default();
    let identified = identify::identify(document, &known);
    clock.lap(Stage::Identify);
    Ok((known, identified))
}

/// Applies known facts and overlay to the identified document.
///
/// # Errors
/// Reports the problems of these stages and of the identification at once, with those that the
/// lowering would find.
fn apply(
    input: Input<'_>,
    known: &Known,
    identified: &mut identify::Identified,
    clock: &mut Clock,
) -> Result<(Vec<Fact>, Vec<Applied>), Error> {
    let mut facts = std::mem::take(&mut identified.facts);
    facts.extend(known::apply::apply(identified, known));
    clock.lap(Stage::Known);
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
        return Err(match refusal_of_lowering(input, known, identified) {
            Some(more) => error.and(more.located_in(identified)),
            None => error,
        });
    }
    client::check_size(&identified.document)?;
    clock.lap(Stage::Overlay);
    Ok((facts, applied))
}

/// Returns the problems that the lowering would report, so that a failed run lists them as well.
fn refusal_of_lowering(
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

/// Lowers the effective document without its webhooks. A known operation stays, without the parts
/// that cannot be read.
fn lower(
    input: Input<'_>,
    known: &Known,
    identified: &mut identify::Identified,
) -> Result<(lower::Lowered, Vec<Diagnostic>), Error> {
    let options = lower::Options { native_types: input.runtime == Runtime::TwinApi };
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

/// The lowered document with the client generated from it.
struct Client {
    lowered: lower::Lowered,
    written: write::Written,
}

fn write_client(
    input: Input<'_>,
    known: &Known,
    identified: &mut identify::Identified,
    clock: &mut Clock,
) -> Result<Client, Error> {
    let (mut lowered, diagnostics) = lower(input, known, identified)?;
    clock.lap(Stage::Lower);
    let written = write::write(&mut lowered, &identified.document, input.runtime, clock)?;
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
    Ok(Client { lowered, written })
}

/// # Errors
/// An operation was left out.
fn refuse_left_out(left_out: &[(LeftOut, Vec<Problem>)]) -> Result<(), Error> {
    let problems = left_out.iter().map(|(left_out, _)| {
        let what = format!("{} cannot be generated: {}", left_out.operation, left_out.reason);
        Problem::new(Stage::Lower, what)
            .at(&*left_out.pointer)
            .help("without --strict it is left out of the client")
    });
    Error::from_problems(problems).map_or(Ok(()), Err)
}

/// Measures the stages, for reports only.
struct Clock {
    last: Instant,
    laps: Vec<(Stage, Duration)>,
}

impl Clock {
    fn start() -> Self {
        Self { last: Instant::now(), laps: Vec::new() }
    }

    fn lap(&mut self, stage: Stage) {
        let now = Instant::now();
        // A stage that runs again adds to its time.
        match self.laps.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, time)) => *time += now - self.last,
            None => self.laps.push((stage, now - self.last)),
        }
        self.last = now;
    }
}
