//! Differences between an answer and the document.
//!
//! The client still reads such an answer. [`ClientBuilder::on_drift`](crate::ClientBuilder::on_drift)
//! reports the differences to a callback, and [`ClientBuilder::strict`](crate::ClientBuilder::strict),
//! for tests, fails the call. A report holds names and places, never values, and does not look into
//! the payloads of events. Without either setting the client does not compare.

mod compare;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use twin_api::transport::{Failure, Redactor};
use twin_api::{ErrorKind, Outcome};

use crate::document;

/// One way in which an answer is not as documented.
///
/// ```
/// use twin_ext::ClientBuilder;
/// let twin = ClientBuilder::new("tw_live_0123")
///     .on_drift(|drift| eprintln!("{drift}"))
///     .build()?;
/// # drop(twin);
/// # Ok::<(), twin_ext::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Drift {
    /// The operation, as its function is called: `list_agents`.
    pub operation: &'static str,
    /// The place in the answer, the same for all items of a list: `agents[].icon`.
    pub path: String,
    /// What is different there.
    pub kind: DriftKind,
}

/// In what an answer is not as documented.
///
/// ```
/// assert_eq!(twin_ext::drift::DriftKind::UnknownField.to_string(), "unknown field");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DriftKind {
    /// A value that is none of those that the document lists.
    UnknownValue,
    /// A member that the document does not have.
    UnknownField,
    /// A member that the document says is always there.
    MissingField,
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownValue => "unknown value",
            Self::UnknownField => "unknown field",
            Self::MissingField => "missing field",
        })
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, path, kind } = self;
        write!(f, "{operation}: {kind} at {}", path.escape_debug())
    }
}

type Callback = Arc<dyn Fn(&Drift) + Send + Sync>;

/// Who is told of drift.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    pub(crate) callback: Option<Callback>,
    pub(crate) strict: bool,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let callback = self.callback.is_some();
        f.debug_struct("Watch").field("callback", &callback).field("strict", &self.strict).finish()
    }
}

impl Watch {
    /// Looks at an answer, tells what is to be told, and gives back what must not be.
    ///
    /// A name may be anything, the key too where a service sends it back.
    pub(crate) fn look(
        &self,
        operation: &'static str,
        body: &[u8],
        key: Option<&HeaderValue>,
    ) -> Vec<Drift> {
        let Some(schema) = document::response_schema(operation) else { return Vec::new() };
        // Decoding reports a body that is not JSON or is nested too deeply.
        let Ok(value) = serde_json::from_slice(body) else { return Vec::new() };
        let drift = compare::compare(operation, schema, &value, Redactor::new(key));
        if let Some(callback) = &self.callback {
            for drift in &drift {
                callback(drift);
            }
        }
        if self.strict { drift } else { Vec::new() }
    }
}

/// What a strict client found: the cause of an error of the kind `Drift`.
#[derive(Debug, Clone)]
pub(crate) struct Findings(Vec<Drift>);

impl Findings {
    pub(crate) fn all(&self) -> &[Drift] {
        &self.0
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differences = self.0.len();
        write!(f, "{differences} differences from the document")
    }
}

impl StdError for Findings {}

/// Builds the error for strict mode.
pub(crate) fn failure(status: StatusCode, drift: Vec<Drift>) -> Failure {
    let first = drift.first().map(ToString::to_string).unwrap_or_default();
    let more = match drift.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let message = format!("the answer differs from the document: {first}{more}");
    let mut failure = Failure::new(ErrorKind::Drift, Outcome::Accepted, message);
    failure.status = Some(status);
    failure.caused_by(Findings(drift))
}
