//! Defines the report on one known fact: whether the document states it too.

use std::fmt;

use crate::problem::Edit;

/// How a document compares with one known fact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fact {
    /// The subject of the fact, such as `Agent.icon_config` or `GET /v1/me`.
    pub subject: String,
    /// The statement: a lower-case phrase without a full stop.
    pub says: String,
    /// The source: a section of the API reference, or an observation of the live service.
    pub source: String,
    /// Whether the document states the fact.
    pub status: FactStatus,
    /// The place in the original document, as a URI-fragment JSON pointer.
    pub pointer: Option<String>,
    /// The pointer of the most similar part of the document, if the subject is missing.
    pub closest: Option<String>,
    /// The edit of `known.json` that lets the document win.
    pub edit: Option<Edit>,
}

/// Whether a document states a known fact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FactStatus {
    /// The document lacks the fact. The fact is added.
    Added,
    /// The document agrees with an observation: the fact is now documented upstream.
    Agreed,
    /// The document contradicts the fact.
    Contradicted {
        /// The statement of the document.
        document: String,
        /// Whether the known fact is still applied.
        known_wins: bool,
    },
    /// The document describes the subject differently at several places.
    Differs {
        /// The differences, with their places.
        document: String,
    },
    /// The document lacks the operation. The fact supplies it.
    Missing,
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.says)?;
        match &self.status {
            FactStatus::Added | FactStatus::Missing => f.write_str("; not in the document")?,
            FactStatus::Agreed => f.write_str("; now documented upstream")?,
            FactStatus::Contradicted { document, known_wins } => {
                let winner = if *known_wins { "the known fact" } else { "the document" };
                write!(f, "; the document says {document}; {winner} wins")?;
            }
            FactStatus::Differs { document } => write!(f, "; the document has {document}")?,
        }
        if let Some(closest) = &self.closest {
            write!(f, "; the closest match is {closest}")?;
        }
        write!(f, " ({})", self.source)
    }
}
