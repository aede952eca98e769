//! Defines the event of a delivery: a change of a run, or an event that this crate does not know.
//!
//! Unknown enum values and unknown members are kept.

use serde_json::{Map, Value};
use twin_api::types::{RunOutcome, RunStatus};

use super::json::{JsonMembers, JsonNode, JsonText};
use super::key::Identity;
use super::refusal::unreadable;
use crate::error::Error;

/// The event of a delivery.
///
/// The run may have changed since the service sent the event. To get its current state, read it
/// with [`RunHandle::get`](crate::RunHandle::get).
///
/// ```
/// # use twin_ext::webhook::{sign, Event, Verifier};
/// # let body = br#"{"event": "run.completed", "timestamp": "2026-03-11T14:32:15Z", "data":
/// #   {"run_id": "r", "agent_id": "a", "status": "completed", "outcome": "success"}}"#;
/// # let mut headers = http::HeaderMap::new();
/// # headers.insert("x-cobb-signature", sign("whsec_a1b2c3", body).parse().unwrap());
/// # let delivery = Verifier::new("whsec_a1b2c3")?.verify(&headers, body)?;
/// match &delivery.event {
///     Event::RunCompleted(run) => println!("{} ended: {:?}", run.run_id, run.outcome),
///     Event::RunFailed(run) | Event::RunStopped(run) => println!("{} failed", run.run_id),
///     Event::Unknown { name, .. } => println!("unknown event {name}"),
///     event => println!("{}", event.name()),
/// }
/// # Ok::<(), twin_ext::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// `run.started`: the run has started.
    RunStarted(RunChange),
    /// `run.completed`: the run has finished. Check [`outcome`](RunChange::outcome), which may be a
    /// failure.
    RunCompleted(RunChange),
    /// `run.failed`: the run has ended with an error.
    RunFailed(RunChange),
    /// `run.stopped`: a user has stopped the run.
    RunStopped(RunChange),
    /// `run.paused`: the run waits for input. A run may pause several times.
    RunPaused(RunChange),
    /// An event that this version of the crate does not know.
    #[non_exhaustive]
    Unknown {
        /// The name of the event.
        name: String,
        /// The member `data`, or null if it is missing. A number outside the ranges of `u64`, `i64`
        /// and `f64` becomes a string, and a lone surrogate becomes U+FFFD.
        data: Value,
    },
}

/// The run in a delivery ("Webhook payload" in the reference).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunChange {
    /// The identifier of the run.
    pub run_id: String,
    /// The identifier of the agent of the run.
    pub agent_id: String,
    /// The status of the run at the time of the event.
    pub status: RunStatus,
    /// The outcome of the run. `run.completed` has it.
    pub outcome: Option<RunOutcome>,
    /// The end of the run, an RFC 3339 time. `run.completed`, `run.failed` and `run.stopped` have
    /// it.
    pub finished_at: Option<String>,
    /// The members of `data` that this version of the crate does not know. Numbers and surrogates
    /// are converted as in [`Event::Unknown`].
    pub extra: Map<String, Value>,
}

impl Event {
    /// Returns the name of the event as the service spells it, such as `run.completed`.
    pub fn name(&self) -> &str {
        match self {
            Self::RunStarted(_) => "run.started",
            Self::RunCompleted(_) => "run.completed",
            Self::RunFailed(_) => "run.failed",
            Self::RunStopped(_) => "run.stopped",
            Self::RunPaused(_) => "run.paused",
            Self::Unknown { name, .. } => name,
        }
    }

    /// Returns the run of the event, or `None` for an unknown event.
    ///
    /// To read more about the run, create a handle from its identifiers with
    /// [`RunTicket::new`](crate::RunTicket::new) and [`RunExt::resume`](crate::RunExt::resume).
    pub fn run(&self) -> Option<&RunChange> {
        match self {
            Self::RunStarted(run)
            | Self::RunCompleted(run)
            | Self::RunFailed(run)
            | Self::RunStopped(run)
            | Self::RunPaused(run) => Some(run),
            Self::Unknown { .. } => None,
        }
    }

    /// Returns the identifier of the agent, if the event has one.
    pub(super) fn agent_id(&self) -> Option<&str> {
        match self {
            Self::Unknown { data, .. } => data.get("agent_id").and_then(Value::as_str),
            _ => self.run().map(|run| run.agent_id.as_str()),
        }
    }

    /// Reads the event. Also returns its identity if the fields cannot represent it exactly.
    pub(super) fn read(
        name: JsonText<'_>,
        data: Option<JsonNode<'_>>,
    ) -> Result<(Self, Option<Identity>), Error> {
        let known: fn(RunChange) -> Self = match name.as_bytes() {
            b"run.started" => Self::RunStarted,
            b"run.completed" => Self::RunCompleted,
            b"run.failed" => Self::RunFailed,
            b"run.stopped" => Self::RunStopped,
            b"run.paused" => Self::RunPaused,
            _ => {
                let data = data.unwrap_or(JsonNode::Null);
                let identity = Some(Identity::of_unknown(&name, &data));
                return Ok((
                    Self::Unknown { name: name.into_string(), data: data.into_value() },
                    identity,
                ));
            }
        };
        let Some(JsonNode::Object(members)) = data else {
            return Err(unreadable("data", "it is not an object"));
        };
        let (run, identity) = RunChange::read(members)?;
        Ok((known(run), identity))
    }
}

impl RunChange {
    fn read(members: JsonMembers<'_>) -> Result<(Self, Option<Identity>), Error> {
        let ([run_id, agent_id, status, outcome, finished_at], extra) =
            members.split(["run_id", "agent_id", "status", "outcome", "finished_at"]);
        let run_id = required(run_id, "data.run_id")?;
        let agent_id = required(agent_id, "data.agent_id")?;
        let status = required(status, "data.status")?;
        let outcome = optional(outcome, "data.outcome")?;
        let finished_at = optional(finished_at, "data.finished_at")?;
        let identity = Identity::of_run([Some(&agent_id), Some(&run_id), finished_at.as_ref()]);
        let run = Self {
            run_id: run_id.into_string(),
            agent_id: agent_id.into_string(),
            status: RunStatus::from(&*status.replaced()),
            outcome: outcome.map(|outcome| RunOutcome::from(&*outcome.replaced())),
            finished_at: finished_at.map(JsonText::into_string),
            extra,
        };
        Ok((run, identity))
    }
}

/// Reads a required member of type string.
pub(super) fn required<'a>(
    node: Option<JsonNode<'a>>,
    path: &'static str,
) -> Result<JsonText<'a>, Error> {
    optional(node, path)?.ok_or_else(|| unreadable(path, "it is missing"))
}

/// Reads an optional, nullable member of type string.
fn optional<'a>(
    node: Option<JsonNode<'a>>,
    path: &'static str,
) -> Result<Option<JsonText<'a>>, Error> {
    match node {
        None | Some(JsonNode::Null) => Ok(None),
        Some(JsonNode::Text(text)) => Ok(Some(text)),
        Some(_) => Err(unreadable(path, "it is not a string")),
    }
}
