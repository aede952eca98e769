//! What is left of a run's handle when the program ends: where to find the run again.
//!
//! It holds two identifiers and a version, no key and no state: what became of the run
//! meanwhile, the service says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The version that is written, and the only one that is read.
const VERSION: u64 = 1;

/// Where a run is, to be stored and to be [resumed](super::RunExt::resume) from, by another
/// process too.
///
/// As JSON: `{"version":1,"agent_id":"agent_abc123","run_id":"run_xyz789"}`. A version that
/// this crate does not know is refused when the ticket is read, with an error that names it;
/// members that it does not know are ignored.
///
/// ```
/// use twin_ext::prelude::*;
/// use twin_ext::RunTicket;
/// let ticket = RunTicket::new("agent_abc123", "run_xyz789");
/// let stored = serde_json::to_string(&ticket)?;
/// let read: RunTicket = serde_json::from_str(&stored)?;
/// assert_eq!(read, ticket);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct RunTicket {
    agent_id: String,
    run_id: String,
}

impl RunTicket {
    /// The ticket of a run that something else told of, a delivery of a webhook say.
    ///
    /// ```
    /// let ticket = twin_ext::RunTicket::new("agent_abc123", "run_xyz789");
    /// assert_eq!(ticket.run_id(), "run_xyz789");
    /// ```
    pub fn new(agent_id: impl Into<String>, run_id: impl Into<String>) -> Self {
        Self { agent_id: agent_id.into(), run_id: run_id.into() }
    }

    /// The agent whose run it is.
    ///
    /// ```
    /// let ticket = twin_ext::RunTicket::new("agent_abc123", "run_xyz789");
    /// assert_eq!(ticket.agent_id(), "agent_abc123");
    /// ```
    pub fn agent_id(&self) -> &str {
        &self.agent_id
    }

    /// The run.
    ///
    /// ```
    /// let ticket = twin_ext::RunTicket::new("agent_abc123", "run_xyz789");
    /// assert_eq!(ticket.run_id(), "run_xyz789");
    /// ```
    pub fn run_id(&self) -> &str {
        &self.run_id
    }
}

/// A ticket as it is written. What a later version has in place of the identifiers is not
/// known, so that they are looked for only when the version is.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u64,
    #[serde(default)]
    agent_id: Option<String>,
    #[serde(default)]
    run_id: Option<String>,
}

impl From<RunTicket> for Stored {
    fn from(ticket: RunTicket) -> Self {
        let RunTicket { agent_id, run_id } = ticket;
        Self { version: VERSION, agent_id: Some(agent_id), run_id: Some(run_id) }
    }
}

impl TryFrom<Stored> for RunTicket {
    type Error = Unreadable;

    fn try_from(stored: Stored) -> Result<Self, Unreadable> {
        match stored {
            Stored { version: VERSION, agent_id: Some(agent_id), run_id: Some(run_id) } => {
                Ok(Self { agent_id, run_id })
            }
            Stored { version: VERSION, agent_id: None, .. } => Err(Unreadable::Without("agent_id")),
            Stored { version: VERSION, .. } => Err(Unreadable::Without("run_id")),
            Stored { version, .. } => Err(Unreadable::Version(version)),
        }
    }
}

/// Why a stored ticket is none.
#[derive(Debug)]
enum Unreadable {
    Version(u64),
    Without(&'static str),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(
                f,
                "a run ticket of version {version}, and this twin-ext reads version {VERSION}: \
                 read it with the twin-ext that wrote it, or a newer one"
            ),
            Self::Without(member) => write!(f, "a run ticket without {member}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = r#"{"version":1,"agent_id":"agent_abc123","run_id":"run_xyz789"}"#;

    fn refused(json: &str) -> String {
        serde_json::from_str::<RunTicket>(json).unwrap_err().to_string()
    }

    #[test]
    fn ticket_round_trips_in_its_stored_form() {
        let ticket = RunTicket::new("agent_abc123", "run_xyz789");
        assert_eq!(serde_json::to_string(&ticket).unwrap(), STORED);
        assert_eq!(serde_json::from_str::<RunTicket>(STORED).unwrap(), ticket);
    }

    #[test]
    fn ticket_ignores_new_members_and_rejects_other_versions() {
        let more = r#"{"version":1,"agent_id":"a","run_id":"r","seen":[1]}"#;
        assert_eq!(serde_json::from_str::<RunTicket>(more).unwrap(), RunTicket::new("a", "r"));
        assert_eq!(
            refused(r#"{"version":2,"run":"a/r"}"#),
            "a run ticket of version 2, and this twin-ext reads version 1: read it with the \
             twin-ext that wrote it, or a newer one"
        );
    }

    #[test]
    fn ticket_error_names_the_missing_member() {
        assert!(refused(r#"{"agent_id":"a","run_id":"r"}"#).contains("version"));
        assert_eq!(refused(r#"{"version":1,"run_id":"r"}"#), "a run ticket without agent_id");
        assert_eq!(refused(r#"{"version":1,"agent_id":"a"}"#), "a run ticket without run_id");
        assert!(refused(r#"{"version":-1,"agent_id":"a","run_id":"r"}"#).contains("-1"));
        assert!(refused("\"run_xyz789\"").contains("invalid type"));
    }
}
