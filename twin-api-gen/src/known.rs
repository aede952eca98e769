//! What is known of the API whatever its document says: `known.json`.
//!
//! The facts are a floor under the document: what was promised once stays promised.

use crate::{Error, Stage};

/// The content of `known.json`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Known {}

impl Known {
    /// Reads `known.json`.
    ///
    /// # Errors
    /// Of [`Stage::Known`]: not JSON, or not of the form that the module describes.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| {
            Error::new(Stage::Known, format!("known.json is not JSON: {error}"))
        })?;
        if !value.is_object() {
            return Err(Error::new(Stage::Known, "known.json is not an object"));
        }
        Ok(Self {})
    }
}

/// How a document compares with one known fact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fact {
    /// What the fact is about: `Agent.icon_config`, `GET /v1/me`.
    pub subject: String,
    /// What the fact says: a lower-case sentence without a full stop.
    pub says: String,
    /// Where it is known from: a section of the reference, or an observation.
    pub source: String,
    /// How the document compares.
    pub outcome: Outcome,
    /// Where in the document, as a URI-fragment JSON pointer, if the document has the place.
    pub pointer: Option<String>,
}

/// How a document compares with a known fact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The document does not say it; the fact adds it.
    Added,
    /// The document says the same.
    Agreed,
    /// The document says something else.
    Contradicted {
        /// What the document says.
        document: String,
        /// Whether the known fact is applied all the same.
        known_wins: bool,
    },
    /// The document lacks the whole operation; the fact supplies it.
    Missing,
}
