//! Stores the identifiers of a run, so that another process can resume it.
//!
//! A ticket contains two identifiers and a version. It contains no API key, and no state of the
//! run, which may change.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The version of the stored form. Other versions are rejected.
const VERSION: u64 = 1;

/// The identifiers of a run in a form to store.
///
/// Store the ticket after a launch, and [resume](super::RunExt::resume) the run with it after a
/// restart or in another process. Its JSON is
/// `{"version":1,"agent_id":"agent_abc123","run_id":"run_xyz789"}`. Deserializing ignores unknown
/// members and rejects unknown versions.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// use twin_ext::RunTicket;
/// # use twin_ext::twin_api::types::{RunMode, StartRunBody};
/// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Box<dyn std::error::Error>> {
/// # let body = StartRunBody::builder().run_mode(RunMode::Run);
/// let run = twin.launch("agent_abc123", body).await?;
/// std::fs::write("run.json", serde_json::to_string(&run.ticket())?)?;
///
/// // After a restart:
/// let ticket: RunTicket = serde_json::from_str(&std::fs::read_to_string("run.json")?)?;
/// let done = twin.resume(ticket).wait().await?;
/// println!("{} is {}", done.run_id, done.state());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "StoredTicket", into = "StoredTicket")]
pub struct RunTicket {
    agent_id: String,
    run_id: String,
}

impl RunTicket {
    /// Creates a ticket from the identifiers of a run, for example those in a webhook delivery.
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

/// The stored form of a ticket. The identifiers are optional, so that a ticket of a later version
/// with other members is rejected for its version.
#[derive(Serialize, Deserialize)]
struct StoredTicket {
    version: u64,
    #[serde(default)]
    agent_id: Option<String>,
    #[serde(default)]
    run_id: Option<String>,
}

impl From<RunTicket> for StoredTicket {
    fn from(ticket: RunTicket) -> Self {
        let RunTicket { agent_id, run_id } = ticket;
        Self { version: VERSION, agent_id: Some(agent_id), run_id: Some(run_id) }
    }
}

impl TryFrom<StoredTicket> for RunTicket {
    type Error = TicketError;

    fn try_from(stored: StoredTicket) -> Result<Self, TicketError> {
        match stored {
            StoredTicket { version: VERSION, agent_id: Some(agent_id), run_id: Some(run_id) } => {
                Ok(Self { agent_id, run_id })
            }
            StoredTicket { version: VERSION, agent_id: None, .. } => {
                Err(TicketError::Missing("agent_id"))
            }
            StoredTicket { version: VERSION, .. } => Err(TicketError::Missing("run_id")),
            StoredTicket { version, .. } => Err(TicketError::Version(version)),
        }
    }
}

/// Why a stored ticket cannot be read.
#[derive(Debug)]
enum TicketError {
    Version(u64),
    Missing(&'static str),
}

impl fmt::Display for TicketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(
                f,
                "the run ticket has version {version}, but this twin-ext reads version {VERSION}; \
                 use the twin-ext that wrote it, or a newer one"
            ),
            Self::Missing(member) => write!(f, "the run ticket has no {member}"),
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
            "the run ticket has version 2, but this twin-ext reads version 1; use the twin-ext \
             that wrote it, or a newer one"
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
