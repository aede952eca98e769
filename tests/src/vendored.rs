//! The vendored files, as text: the document, what is known beyond it, the corrections, and
//! the frozen edition of the reference.

/// The OpenAPI 3.1 document, as published.
pub const OPENAPI: &str = include_str!("../../openapi.json");

/// What is known of the API whatever its document says.
pub const KNOWN: &str = include_str!("../../twin-api-gen/known.json");

/// The corrections of the document: an OpenAPI Overlay 1.0 document.
pub const OVERLAY: &str = include_str!("../../twin-api-gen/overlay.json");

/// The document that was written from the reference. Unlike [`OPENAPI`] it stays as it is
/// when upstream publishes another one, so tests that change or count something start here.
pub const CONTRACT: &str = include_str!("../emulator/contract.json");
