//! Tests of the generator: the surface of the client, known facts, documents of other generators,
//! broken and hostile documents, and a compiled specimen client.
//!
//! Most tests start from `contract.json`, the frozen edition of the reference, because
//! `openapi.json` changes with each published document.

mod bad_input;
mod fetch;
mod hostile_text;
#[path = "../../twin-api-gen/examples/generate_all/mutation.rs"]
mod mutation;
mod other_generators;
mod reference;
mod rewordings;
mod specimen;
mod surface;

use std::collections::BTreeMap;

use serde_json::Value;
use twin_api_gen::{Generated, Input, generate};
use twin_tests::vendored::{CONTRACT, KNOWN, OPENAPI, OVERLAY};

/// Returns the vendored files as input for `twin-api`.
fn vendored() -> Input<'static> {
    Input::twin_api(OPENAPI.as_bytes(), KNOWN.as_bytes(), OVERLAY.as_bytes())
}

/// Returns the same input with the frozen edition of the reference as its document.
fn contract() -> Input<'static> {
    Input { openapi: CONTRACT.as_bytes(), ..vendored() }
}

/// Parses the frozen edition of the reference.
#[expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]
fn contract_document() -> Value {
    serde_json::from_str(CONTRACT).expect("contract.json is JSON")
}

/// Generates the client of the frozen edition.
#[expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]
fn contract_client() -> Generated {
    generate(contract()).expect("the contract generates")
}

/// Generates the client of `document` with the known facts and the overlay.
#[expect(clippy::expect_used, reason = "the helpers of a test may fail it too")]
fn client_of(document: &Value) -> Generated {
    let text = document.to_string();
    generate(Input { openapi: text.as_bytes(), ..contract() }).expect("the document generates")
}

/// Returns the surface without the report, which contains JSON pointers of the document.
fn surface_of(generated: Generated) -> BTreeMap<String, String> {
    let mut files = generated.surface.files;
    files.remove("report");
    files
}
