//! Compares the Rust clients that two documents generate, and derives the next version.
//!
//! In a lowered document, each component is a Rust type, each operation is a method, and each
//! property is a field. The comparison therefore matches the parts of two lowered documents by
//! name. A change of a type, a name or a required argument is [`Verdict::Major`]. The surface also
//! includes servers, security schemes, deprecations, omitted operations, and the limits that the
//! client checks before it sends a request.

mod client;
mod shape;

use std::fmt;

use serde_json::Value;

use super::rules;
use crate::LeftOut;

/// The message of a difference in documentation only.
pub const DOCUMENTATION_CHANGED: &str = "the documentation changed";

/// The message of a difference whose part became deprecated.
pub const BECAME_DEPRECATED: &str = "became deprecated";

/// The version bump that a difference requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// No release is needed.
    None,
    /// The types are the same. Documentation or behaviour changed.
    Patch,
    /// Every program still compiles, and the client offers more.
    Minor,
    /// A program may not compile, or may fail at run time.
    Major,
}

impl Verdict {
    /// Returns the name of the verdict in the JSON report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }

    /// Returns the version that follows `current`, or `None` if `current` is not a version.
    ///
    /// Below 1.0, a major change raises the minor number, and any other change the patch number.
    pub fn next_version(self, current: &str) -> Option<String> {
        let numbers = current.split(['-', '+']).next()?;
        let numbers: Vec<u64> =
            numbers.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
        let [major, minor, patch] = numbers[..] else { return None };
        let next = match (self, major) {
            (Self::None, _) => return Some(current.to_owned()),
            (Self::Major, 0) => (0, minor + 1, 0),
            (_, 0) => (0, minor, patch + 1),
            (Self::Major, _) => (major + 1, 0, 0),
            (Self::Minor, _) => (major, minor + 1, 0),
            (Self::Patch, _) => (major, minor, patch + 1),
        };
        Some(format!("{}.{}.{}", next.0, next.1, next.2))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One difference between two clients.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The version bump that the difference requires.
    pub verdict: Verdict,
    /// The method, type or field: `Agent.icon_config`.
    pub place: String,
    /// What is different: a lower-case sentence without a full stop.
    pub message: String,
}

/// The parts of a generated client that determine its surface.
#[derive(Debug, Clone, Copy)]
pub struct ClientSurface<'a> {
    /// The OpenAPI 3.0.3 document that the source is generated from.
    pub lowered: &'a Value,
    /// The document after known facts and overlay. Only servers and security are read from it.
    pub effective: &'a Value,
    /// The operations that the client omits.
    pub left_out: &'a [LeftOut],
}

/// Compares two clients. The differences with the highest verdict come first.
pub fn compare(old: ClientSurface<'_>, new: ClientSurface<'_>) -> Vec<Difference> {
    let mut found = Found::default();
    client::compare(old, new, &mut found);
    shape::components(old.lowered, new.lowered, &mut found);
    found.0.sort_by_key(|difference| std::cmp::Reverse(difference.verdict));
    found.0.dedup();
    found.0
}

/// Returns a difference for each operation that was removed from the document.
///
/// Known facts may keep the method in the client. Programs then still compile, but their calls
/// may fail.
pub fn withdrawn(changes: &[super::Change]) -> impl Iterator<Item = Difference> + '_ {
    let removed = changes.iter().filter(|change| change.rule == rules::OPERATION_REMOVED.id);
    removed.map(|change| Difference {
        verdict: Verdict::Major,
        place: change.operation.clone().unwrap_or_default(),
        message:
            "the document no longer has the operation; the client keeps it, but calls may fail"
                .to_owned(),
    })
}

/// Returns the highest verdict of `differences`, or [`Verdict::None`] if there are none.
pub fn verdict(differences: &[Difference]) -> Verdict {
    differences.iter().map(|difference| difference.verdict).max().unwrap_or(Verdict::None)
}

/// The differences found so far.
#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    fn add(&mut self, verdict: Verdict, place: &str, message: impl Into<String>) {
        self.0.push(Difference { verdict, place: place.to_owned(), message: message.into() });
    }
}

#[cfg(test)]
mod tests;
