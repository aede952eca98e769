//! Stores the identifiers of a run, so that another process can resume it.
//!
//! A ticket holds two identifiers and a version. It holds no API key and no state of the run,
//! which may have changed meanwhile.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The version that is written, and the only one that is read.
const VERSION: u64 = 1;

/// The identifiers of a run, to store and to [resume](super::RunExt::resume) it, also in another
/// process.
///
/// As JSON: `{"version":1,"agent_id":"agent_abc123","run_id":"run_xyz789"}`. Unknown members are
/// ignored. An unknown version is an error that names the version.
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
    /// Creates the ticket of a run from its identifiers, for example those of a webhook delivery.
    pub fn new(agent_id: impl Into<String>, run_id: impl Into<String>) -> Self {
        Self { agent_id: agent_id.into(), run_id: run_id.into() }
    }

    /// Returns the identifier of the agent.
    pub fn agent_id(&self) -> &str {
        &self.agent_id
    }

    /// Returns the identifier of the run.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }
}

/// The stored form of a ticket. The identifiers are optional, because a later version may have
/// other members and must still be reported by its version.
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

/// Why a stored ticket cannot be read.
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
                "the run ticket has version {version}, and this twin-ext reads version {VERSION}: \
                 read it with the twin-ext that wrote it, or a newer one"
            ),
            Self::Without(member) => write!(f, "the run ticket has no {member}"),
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
            "the run ticket has version 2, and this twin-ext reads version 1: read it with the \
             twin-ext that wrote it, or a newer one"
        );
    }

    #[test]
    fn ticket_error_names_the_missing_member() {
        assert!(refused(r#"{"agent_id":"a","run_id":"r"}"#).contains("version"));
        assert_eq!(refused(r#"{"version":1,"run_id":"r"}"#), "the run ticket has no agent_id");
        assert_eq!(refused(r#"{"version":1,"agent_id":"a"}"#), "the run ticket has no run_id");
        assert!(refused(r#"{"version":-1,"agent_id":"a","run_id":"r"}"#).contains("-1"));
        assert!(refused("\"run_xyz789\"").contains("invalid type"));
    }
}
