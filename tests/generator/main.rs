//! Tests of the generator: names, surface, hostile documents, and a compiled specimen client.

mod bad_input;
mod hostile_text;
#[path = "../../twin-api-gen/examples/generate_all/mutation.rs"]
mod mutation;
mod openapi;
mod other_hands;
mod rewordings;
mod specimen;
mod surface;

use std::collections::BTreeMap;

use serde_json::Value;
use twin_api_gen::{Generated, Input, Runtime, generate};
use twin_tests::vendored::{CONTRACT, KNOWN, OPENAPI, OVERLAY};

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

/// The frozen edition of the reference in place of the vendored document.
fn contract() -> Input<'static> {
    Input { openapi: CONTRACT.as_bytes(), ..vendored() }
}

/// The client of another document than the vendored one.
#[expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]
fn client_of(document: &Value) -> Generated {
    let text = document.to_string();
    generate(Input { openapi: text.as_bytes(), ..contract() }).expect("the document generates")
}

/// The surface without the report, which names places of the document.
fn surface_of(generated: Generated) -> BTreeMap<String, String> {
    let mut files = generated.surface.files;
    files.remove("report");
    files
}
