//! Reports responses that differ from the OpenAPI document.
//!
//! The client tolerates such responses.
//! [`ClientBuilder::on_drift`](crate::ClientBuilder::on_drift) reports each difference to a
//! callback, to notice changes of the service early.
//! [`ClientBuilder::strict`](crate::ClientBuilder::strict) fails the call, for tests against the
//! service. Without either setting, responses are not compared.
//!
//! A report contains names and JSON paths, never values. The payloads of events are not compared.

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

/// One difference between a response and the OpenAPI document.
///
/// # Example
/// ```
/// use twin_ext::ClientBuilder;
/// use twin_ext::drift::DriftKind;
///
/// let twin = ClientBuilder::new("tw_live_0123")
///     .on_drift(|drift| match drift.kind {
///         DriftKind::MissingField => eprintln!("warning: {drift}"),
///         _ => println!("{drift}"),
///     })
///     .build()?;
/// # let _: twin_ext::twin_api::Client = twin;
/// # Ok::<(), twin_ext::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Drift {
    /// The operation, named as in the client: `list_agents`.
    pub operation: &'static str,
    /// The JSON path of the difference: `agents[].icon`. All items of a list share one path.
    pub path: String,
    /// The kind of difference.
    pub kind: DriftKind,
}

/// The kind of a difference between a response and the OpenAPI document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DriftKind {
    /// The value is not one that the document lists.
    UnknownValue,
    /// The document does not define this field.
    UnknownField,
    /// The document requires this field, and the response lacks it.
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

type DriftCallback = Arc<dyn Fn(&Drift) + Send + Sync>;

/// The drift settings of a client.
#[derive(Clone, Default)]
pub(crate) struct DriftWatch {
    pub(crate) callback: Option<DriftCallback>,
    pub(crate) strict: bool,
}

impl fmt::Debug for DriftWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let callback = self.callback.is_some();
        f.debug_struct("DriftWatch")
            .field("callback", &callback)
            .field("strict", &self.strict)
            .finish()
    }
}

impl DriftWatch {
    /// Compares a response with the document and calls the callback for each difference.
    ///
    /// Returns the differences in strict mode, otherwise nothing. `key` is redacted in reports:
    /// a service may send it back as a field name.
    pub(crate) fn check(
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

/// The differences in strict mode. It is the source of the error, for
/// [`Error::drift`](crate::Error::drift).
#[derive(Debug, Clone)]
pub(crate) struct StrictDrift(Vec<Drift>);

impl StrictDrift {
    pub(crate) fn all(&self) -> &[Drift] {
        &self.0
    }
}

impl fmt::Display for StrictDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differences = self.0.len();
        write!(f, "{differences} differences from the OpenAPI document")
    }
}

impl StdError for StrictDrift {}

/// Builds the error for strict mode, from at least one difference.
pub(crate) fn failure(status: StatusCode, drift: Vec<Drift>) -> Failure {
    let first = drift.first().map(ToString::to_string).unwrap_or_default();
    let more = match drift.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let message = format!("the response differs from the OpenAPI document: {first}{more}");
    let mut failure = Failure::new(ErrorKind::Drift, Outcome::Accepted, message);
    failure.status = Some(status);
    failure.caused_by(StrictDrift(drift))
}
