//! The vendored files as text: the OpenAPI document, the known facts, the overlay, and the frozen
//! edition of the reference.

/// The OpenAPI 3.1 document of the repository, which `cargo xtask regen --fetch` replaces.
pub const OPENAPI: &str = include_str!("../../openapi.json");

/// The known facts about the API, from the reference and from observations.
pub const KNOWN: &str = include_str!("../../twin-api-gen/known.json");

/// The corrections of the document, as an OpenAPI Overlay 1.0 document.
pub const OVERLAY: &str = include_str!("../../twin-api-gen/overlay.json");

/// The OpenAPI document written from the reference. Unlike [`OPENAPI`] it does not change when
/// upstream publishes another document, so tests that edit or count start from it.
pub const CONTRACT: &str = include_str!("../emulator/contract.json");
