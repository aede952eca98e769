//! Tests of the generator: names, surface, hostile documents, and a compiled specimen client.

mod bad_input;
mod fetch;
mod hostile_text;
mod names;
mod openapi;
mod specimen;
mod surface;

use twin_api_gen::{Input, Runtime};
use twin_tests::vendored::{KNOWN, OPENAPI, OVERLAY};

/// The vendored files, for the crate `twin-api`.
fn vendored() -> Input<'static> {
    Input {
        openapi: OPENAPI.as_bytes(),
        known: Some(KNOWN.as_bytes()),
        overlay: Some(OVERLAY.as_bytes()),
        runtime: Runtime::TwinApi,
        strict: false,
    }
}
