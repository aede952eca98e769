//! From an OpenAPI 3.1 document to the source of a Rust client.
//!
//! [`generate`] lists the stages in their order: parse, identify, known facts, overlay,
//! lower, client, passes, render. It takes bytes and returns text. It reads no file, opens
//! no connection, prints nothing, and returns a result or an [`Error`] for every input.

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
mod outline;
mod passes;
mod render;
mod write;

use std::time::{Duration, Instant};

pub use diagnostic::{Diagnostic, Severity};
pub use error::{Error, Stage};
pub use known::{Fact, Known};
pub use overlay::Applied;
pub use problem::{Change, Edit, EditedFile, Problem};
use serde_json::Value;
pub use surface::Surface;

/// The methods that a path item may have, in the order in which they are shown.
pub(crate) const METHODS: [&str; 8] =
    ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

/// What the generated source may count on around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Runtime {
    /// The crate `twin-api`: its transport, its hand-written types.
    TwinApi,
    /// Nothing but `progenitor-client`, `reqwest`, `serde` and `serde_json`.
    StandAlone,
}

/// What to generate from.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// An OpenAPI 3.1 (or 3.0) document as JSON.
    pub openapi: &'a [u8],
    /// What is known of the API whatever its document says: `known.json`.
    pub known: Option<&'a [u8]>,
    /// An OpenAPI Overlay 1.0 document as JSON; every action must apply.
    pub overlay: Option<&'a [u8]>,
    /// Where the source will live.
    pub runtime: Runtime,
    /// Whether an operation that cannot be generated is an error. Otherwise the client
    /// leaves it out and [`Generated::left_out`] names it.
    pub strict: bool,
}

/// A client, and how it came to be.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Generated {
    /// Formatted Rust source. Its first line says which command makes it anew.
    pub source: String,
    /// The public surface of `source`, as readable text.
    pub surface: Surface,
    /// The OpenAPI 3.1 document after identification, known facts and overlay.
    pub effective: Value,
    /// The OpenAPI 3.0.3 document that the source was generated from.
    pub lowered: Value,
    /// What the lowering did and what it could not say.
    pub diagnostics: Vec<Diagnostic>,
    /// What the overlay's actions did.
    pub applied: Vec<Applied>,
    /// How the document compares with each known fact.
    pub facts: Vec<Fact>,
    /// The operations that the client leaves out.
    pub left_out: Vec<LeftOut>,
    /// How long each stage took, in the order in which they ran.
    pub timings: Vec<(Stage, Duration)>,
}

/// An operation that is in the document and not in the client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Method and path: `POST /v1/files`.
    pub operation: String,
    /// Where it is, as a URI-fragment JSON pointer into the document as it was given.
    pub pointer: String,
    /// What cannot be generated: a lower-case sentence without a full stop.
    pub reason: String,
}

impl Generated {
    /// Returns the lowered document without the parts for people only: descriptions, examples.
    pub fn outline(&self) -> Value {
        outline::outline(&self.lowered)
    }
}

/// Generates a client.
///
/// The same input gives the same bytes on every machine. Takes about a tenth of a second
/// for a document of 100 KB in a release build.
///
/// # Errors
/// Everything that a stage finds wrong: the [`Stage`], the JSON pointer where it is known,
/// the cause and what to do.
pub fn generate(input: Input<'_>) -> Result<Generated, Error> {
    guard::run(|| generate_guarded(input))
}

fn generate_guarded(input: Input<'_>) -> Result<Generated, Error> {
    let mut clock = Clock::start();
    let Prepared { known, identified, facts, applied } = prepare(input, &mut clock)?;
    let written = write_client(input, &known, &identified.document, &mut clock);
    // The stages from here on point into the effective document.
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
        effective: identified.document,
        lowered: lowered.document,
        diagnostics: lowered.diagnostics,
        applied,
        facts,
        left_out,
        timings: clock.laps,
    })
}

/// What a client is generated from; its public surface follows from it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// As [`Generated::effective`].
    pub effective: Value,
    /// As [`Generated::lowered`].
    pub lowered: Value,
    /// The operations that the lowering leaves out.
    pub left_out: Vec<LeftOut>,
}

/// Prepares a client without writing its source, in a fraction of the time of [`generate`].
///
/// It cannot see which operations progenitor refuses: those are in the plan, and
/// [`generate`] leaves them out.
///
/// # Errors
/// As [`generate`], as far as it goes.
pub fn plan(input: Input<'_>) -> Result<Plan, Error> {
    guard::run(|| {
        let Prepared { known, identified, .. } = prepare(input, &mut Clock::start())?;
        let native_types = input.runtime == Runtime::TwinApi;
        let (document, _) = identify::without_webhooks(&identified.document, &known);
        let lowered = lower::lower(document, lower::Options { native_types })
            .map_err(|error| error.located_in(&identified))?;
        let left_out = lowered.left_out.into_iter().map(|(left_out, _)| left_out).collect();
        Ok(Plan { effective: identified.document, lowered: lowered.document, left_out })
    })
}

/// The effective document (as the identified one), and how it came to be.
struct Prepared {
    known: Known,
    identified: identify::Identified,
    facts: Vec<Fact>,
    applied: Vec<Applied>,
}

/// Identifies the document and applies known facts and overlay; all their problems at once.
fn prepare(input: Input<'_>, clock: &mut Clock) -> Result<Prepared, Error> {
    let document = parse::parse(input.openapi)?;
    clock.lap(Stage::Parse);
    let known = input.known.map(Known::read).transpose()?.unwrap_or_default();
    let mut identified = identify::identify(document, &known);
    clock.lap(Stage::Identify);
    let mut facts = std::mem::take(&mut identified.facts);
    facts.extend(known::apply::apply(&mut identified, &known));
    clock.lap(Stage::Known);
    let mut refusals = Error::from_problems(std::mem::take(&mut identified.problems));
    let effective = &mut identified.document;
    let overlaid = input.overlay.map(|overlay| overlay::apply(effective, overlay)).transpose();
    let mut applied = Vec::new();
    match overlaid {
        Ok(actions) => applied = actions.unwrap_or_default(),
        Err(error) => {
            let error = error.located_in(&identified);
            refusals = Some(refusals.map_or(error.clone(), |first| first.and(error)));
        }
    }
    if let Some(error) = refusals {
        return Err(error);
    }
    client::check_size(&identified.document)?;
    clock.lap(Stage::Overlay);
    Ok(Prepared { known, identified, facts, applied })
}

/// The lowered document, and the client of it.
struct Client {
    lowered: lower::Lowered,
    written: write::Written,
}

fn write_client(
    input: Input<'_>,
    known: &Known,
    effective: &Value,
    clock: &mut Clock,
) -> Result<Client, Error> {
    let native_types = input.runtime == Runtime::TwinApi;
    let (document, webhooks) = identify::without_webhooks(effective, known);
    let mut lowered = lower::lower(document, lower::Options { native_types })?;
    clock.lap(Stage::Lower);
    let written = write::write(&mut lowered, input.runtime, clock)?;
    if input.strict {
        refuse_left_out(&lowered.left_out)?;
    }
    let secrets = known::secret::check(&written.passed.tree, known);
    if let Some(error) = Error::from_problems(secrets).filter(|_| native_types) {
        return Err(error);
    }
    lowered.diagnostics.extend(webhooks);
    lowered.diagnostics.sort();
    Ok(Client { lowered, written })
}

/// # Errors
/// When the lowering left an operation out.
fn refuse_left_out(left_out: &[(LeftOut, Vec<Problem>)]) -> Result<(), Error> {
    let problems = left_out.iter().map(|(left_out, _)| {
        let what = format!("{} cannot be generated: {}", left_out.operation, left_out.reason);
        Problem::new(Stage::Lower, what)
            .at(&*left_out.pointer)
            .help("without --strict it is left out of the client")
    });
    Error::from_problems(problems).map_or(Ok(()), Err)
}

/// A stop-watch over the stages: for people to read, never for a decision.
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
        // Where the last stages run once more, their time adds up.
        match self.laps.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, time)) => *time += now - self.last,
            None => self.laps.push((stage, now - self.last)),
        }
        self.last = now;
    }
}
