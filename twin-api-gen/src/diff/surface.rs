//! Compares what two documents make of our Rust client.
//!
//! The lowered document is what the client is generated from, name for name: a component is a
//! type, an operation is a method, a member is a field. So two lowered documents are compared by
//! name, and whatever changes a type, a name or a required argument is [`Verdict::Major`].
//! Limits are checked before a request is sent and belong to the surface, and so do servers,
//! security schemes, deprecation and the operations that the client leaves out.

mod client;
mod shape;

use std::fmt;

use serde_json::Value;

use super::rules;
use crate::LeftOut;

/// What a difference asks of the next version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// No release is needed.
    None,
    /// Only documentation or behaviour behind the same types changed.
    Patch,
    /// Programs compile as before, and there is more to use.
    Minor,
    /// A program may not compile, or may fail where it did not.
    Major,
}

impl Verdict {
    /// Returns the verdict as it stands in the JSON report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }

    /// Returns the version that follows `current`. Below 1.0 a breaking change raises the minor number
    /// and everything else the patch number. `None` if `current` is not a version.
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
    /// What it asks of the next version.
    pub verdict: Verdict,
    /// The method, type or field: `Agent.icon_config`.
    pub place: String,
    /// What is different: a lower-case sentence without a full stop.
    pub message: String,
}

/// A client, as far as its surface is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// The OpenAPI 3.0.3 document that the source is generated from.
    pub lowered: &'a Value,
    /// The document with known facts and overlay, for servers and security.
    pub effective: &'a Value,
    /// The operations that are not in the client.
    pub left_out: &'a [LeftOut],
}

/// Compares two clients. What asks most of the version comes first.
pub fn compare(old: Client<'_>, new: Client<'_>) -> Vec<Difference> {
    let mut found = Found::default();
    client::compare(old, new, &mut found);
    shape::components(old.lowered, new.lowered, &mut found);
    found.0.sort_by_key(|difference| std::cmp::Reverse(difference.verdict));
    found.0.dedup();
    found.0
}

/// Finds the operations that a document withdraws. A client that keeps their methods compiles, but
/// their calls may fail.
pub fn withdrawn(changes: &[super::Change]) -> impl Iterator<Item = Difference> + '_ {
    let removed = changes.iter().filter(|change| change.rule == rules::OPERATION_REMOVED.id);
    removed.map(|change| Difference {
        verdict: Verdict::Major,
        place: change.operation.clone().unwrap_or_default(),
        message: "is not in the document any more: calls may fail".to_owned(),
    })
}

/// Returns the verdict over all `differences`.
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
