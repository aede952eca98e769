//! From an OpenAPI 3.1 document to the source of a Rust client.
//!
//! [`generate`] is the whole story in its order: parse, overlay, lower, client, passes,
//! render. It takes bytes and gives text; it reads no file, opens no connection, prints
//! nothing, and answers every input with a result or an [`Error`] that says where.

pub mod diagnostic;
pub mod error;
pub mod lower;
pub mod overlay;
pub mod parse;
pub mod pointer;
pub mod surface;

mod blame;
mod client;
mod guard;
mod outline;
mod passes;
mod render;

use std::time::{Duration, Instant};

pub use diagnostic::{Diagnostic, Severity};
pub use error::{Error, Stage};
pub use overlay::Applied;
use serde_json::Value;
pub use surface::Surface;

/// The vendored OpenAPI 3.1 document of the Twin API, as published.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// What is known of the Twin API beyond [`OPENAPI`]: an OpenAPI Overlay 1.0 document.
pub const OVERLAY: &str = include_str!("../overlay.json");

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
    /// An OpenAPI Overlay 1.0 document as JSON; every action must apply.
    pub overlay: Option<&'a [u8]>,
    /// Where the source will live.
    pub runtime: Runtime,
}

impl Input<'static> {
    /// The vendored document and overlay, for the crate `twin-api`.
    pub const fn vendored() -> Self {
        Self {
            openapi: OPENAPI.as_bytes(),
            overlay: Some(OVERLAY.as_bytes()),
            runtime: Runtime::TwinApi,
        }
    }
}

/// A client, and how it came to be.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Generated {
    /// Formatted Rust source. Its first line says which command makes it anew.
    pub source: String,
    /// The public surface of `source`, as readable text.
    pub surface: Surface,
    /// The OpenAPI 3.0.3 document that the source was generated from.
    pub lowered: Value,
    /// What the lowering did and what it could not say.
    pub diagnostics: Vec<Diagnostic>,
    /// What the overlay's actions did.
    pub applied: Vec<Applied>,
    /// How long each stage took, in the order in which they ran.
    pub timings: Vec<(Stage, Duration)>,
}

impl Generated {
    /// The lowered document without what is for people only: descriptions, examples.
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
/// The first thing that makes a right client impossible: the [`Stage`], the JSON pointer
/// where it is known, the cause and what to do.
pub fn generate(input: Input<'_>) -> Result<Generated, Error> {
    guard::run(|| generate_guarded(input))
}

fn generate_guarded(input: Input<'_>) -> Result<Generated, Error> {
    let mut clock = Clock::start();
    let mut document = parse::parse(input.openapi)?;
    clock.lap(Stage::Parse);
    let applied = match input.overlay {
        Some(overlay) => overlay::apply(&mut document, overlay)?,
        None => Vec::new(),
    };
    client::check_size(&document)?;
    clock.lap(Stage::Overlay);
    let native_types = input.runtime == Runtime::TwinApi;
    let lowered = lower::lower(document, lower::Options { native_types })?;
    clock.lap(Stage::Lower);
    let tokens = client::generate(&lowered.document, input.runtime)?;
    clock.lap(Stage::Client);
    let passes::Passed { tree, operations } =
        passes::run(tokens, &lowered.document, input.runtime)?;
    let surface =
        surface::describe(&tree, &lowered.document, &operations, &applied, &lowered.diagnostics);
    clock.lap(Stage::Passes);
    let source = render::render(&tree, input.runtime)?;
    clock.lap(Stage::Render);
    Ok(Generated {
        source,
        surface,
        lowered: lowered.document,
        diagnostics: lowered.diagnostics,
        applied,
        timings: clock.laps,
    })
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
        self.laps.push((stage, now - self.last));
        self.last = now;
    }
}
