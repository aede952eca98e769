//! Defines the diagnostics of the lowering. They are never fatal.

use std::fmt;

/// The severity of a [`Diagnostic`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// The construct was rewritten; nothing is lost.
    Note,
    /// The client lacks something that the document describes. Its types are correct, but wider
    /// than in the document, or a constraint is not checked.
    Loss,
}

/// A change or a loss that one rule made at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The place, as a URI-fragment JSON pointer into the input of the rule.
    pub pointer: String,
    /// The name of the rule, as in [`crate::lower::RULES`].
    pub rule: &'static str,
    /// Whether something is lost.
    pub severity: Severity,
    /// What was changed or lost: a lower-case sentence without a full stop.
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
