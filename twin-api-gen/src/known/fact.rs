//! How a document compares with one known fact, for the report.

use std::fmt;

use crate::problem::Edit;

/// How a document compares with one known fact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fact {
    /// What the fact is about: `Agent.icon_config`, `GET /v1/me`.
    pub subject: String,
    /// What the fact says: a lower-case phrase without a full stop.
    pub says: String,
    /// Where it is known from: a section of the reference, or an observation.
    pub source: String,
    /// How the document compares.
    pub outcome: Outcome,
    /// Where in the document as it was given, as a URI-fragment JSON pointer.
    pub pointer: Option<String>,
    /// The pointer of the most similar thing in the document, where the fact's own is missing.
    pub closest: Option<String>,
    /// The edit of `known.json` that gives up the fact and takes what the document says.
    pub edit: Option<Edit>,
}

/// How a document compares with a known fact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The document does not say it; the fact adds it.
    Added,
    /// The document says the same as an observation: it is documented upstream now.
    Agreed,
    /// The document says something else.
    Contradicted {
        /// What the document says.
        document: String,
        /// Whether the known fact is still applied.
        known_wins: bool,
    },
    /// The document says different things at several places.
    Differs {
        /// What it says where.
        document: String,
    },
    /// The document lacks the whole operation; the fact supplies it.
    Missing,
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.says)?;
        match &self.outcome {
            Outcome::Added => f.write_str("; the document does not say so")?,
            Outcome::Agreed => f.write_str("; documented upstream now")?,
            Outcome::Contradicted { document, known_wins } => {
                let winner = if *known_wins { "the known fact" } else { "the document" };
                write!(f, "; the document says {document}; {winner} wins")?;
            }
            Outcome::Differs { document } => write!(f, "; the document has {document}")?,
            Outcome::Missing => f.write_str("; not in the document")?,
        }
        if let Some(closest) = &self.closest {
            write!(f, "; the closest match is {closest}")?;
        }
        write!(f, " ({})", self.source)
    }
}
