//! What a rule changed or could not say: never fatal, never silent.

use std::fmt;

/// How much a [`Diagnostic`] asks of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Said in other words; nothing is lost.
    Note,
    /// Something that the document says is not in the client. The types are still right,
    /// only wider or unchecked.
    Loss,
}

/// One thing that one rule did at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where, as a URI-fragment JSON pointer into the document that the rule saw.
    pub pointer: String,
    /// The rule's name, as in [`crate::lower::RULES`].
    pub rule: &'static str,
    /// Whether something was lost.
    pub severity: Severity,
    /// What was done, or lost: a lower-case sentence without a full stop.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Loss => "loss",
        };
        write!(f, "{severity}: {}: {}: {}", self.pointer, self.rule, self.message)
    }
}
