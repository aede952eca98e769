//! The vendored files, as text: the document, what is known beyond it, the corrections.

/// The OpenAPI 3.1 document, as published.
pub const OPENAPI: &str = include_str!("../../openapi.json");

/// What is known of the API whatever its document says.
pub const KNOWN: &str = include_str!("../../twin-api-gen/known.json");

/// The corrections of the document: an OpenAPI Overlay 1.0 document.
pub const OVERLAY: &str = include_str!("../../twin-api-gen/overlay.json");
