//! The event of a delivery: a run changed its state, or the event is unknown to this crate.
//!
//! Unknown enum values and unknown members are kept. The run may have changed since the service
//! sent the event: ask the service for its current state.

use serde_json::{Map, Value};
use twin_api::types::{RunOutcome, RunStatus};

use super::json::{Members, Node, Text};
use super::key::Identity;
use super::refusal::unreadable;
use crate::error::Error;

/// What happened.
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
    /// `run.started`: a run begins to execute.
    RunStarted(RunChange),
    /// `run.completed`: a run finished. Its [`outcome`](RunChange::outcome) may be a failure.
    RunCompleted(RunChange),
    /// `run.failed`: an error ended a run.
    RunFailed(RunChange),
    /// `run.stopped`: the user stopped a run.
    RunStopped(RunChange),
    /// `run.paused`: a run waits. A run may pause more than once.
    RunPaused(RunChange),
    /// An event that this version of the crate does not know.
    #[non_exhaustive]
    Unknown {
        /// The name, as the service sent it.
        name: String,
        /// The member `data`, or null if it is missing. A number that neither `u64`, `i64` nor `f64`
        /// can hold is kept as a string, and a lone surrogate is replaced with U+FFFD.
        data: Value,
    },
}

/// A run, as a delivery shows it ("Webhook payload" in the reference).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunChange {
    /// The run.
    pub run_id: String,
    /// The agent that the run belongs to.
    pub agent_id: String,
    /// The status of the run when the event happened.
    pub status: RunStatus,
    /// The result of the run; sent with `run.completed`.
    pub outcome: Option<RunOutcome>,
    /// When the run ended, an RFC 3339 time; sent with `run.completed`, `run.failed` and
    /// `run.stopped`.
    pub finished_at: Option<String>,
    /// The members of `data` that this version of the crate does not know, as
    /// [`Event::Unknown`] keeps them.
    pub extra: Map<String, Value>,
}

impl Event {
    /// Returns the name, as the service writes it: `run.completed`.
    ///
    /// ```
    /// # use twin_ext::webhook::{sign, Verifier};
    /// # let body = br#"{"event": "run.resumed", "timestamp": "2026-03-11T14:32:15Z"}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("x-cobb-signature", sign("whsec_a1b2c3", body).parse().unwrap());
    /// # let delivery = Verifier::new("whsec_a1b2c3")?.verify(&headers, body)?;
    /// assert_eq!(delivery.event.name(), "run.resumed");
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
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

    /// Returns the run; `None` for an unknown event.
    ///
    /// ```
    /// # use twin_ext::webhook::{sign, Verifier};
    /// # let body = br#"{"event": "run.started", "timestamp": "2026-03-11T14:32:15Z", "data":
    /// #   {"run_id": "run_xyz789", "agent_id": "a", "status": "in_progress"}}"#;
    /// # let mut headers = http::HeaderMap::new();
    /// # headers.insert("x-cobb-signature", sign("whsec_a1b2c3", body).parse().unwrap());
    /// # let delivery = Verifier::new("whsec_a1b2c3")?.verify(&headers, body)?;
    /// assert_eq!(delivery.event.run().unwrap().run_id, "run_xyz789");
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
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

    /// Returns the agent, if the event names one.
    pub(super) fn agent_id(&self) -> Option<&str> {
        match self {
            Self::Unknown { data, .. } => data.get("agent_id").and_then(Value::as_str),
            _ => self.run().map(|run| run.agent_id.as_str()),
        }
    }

    /// Reads the event. Returns its identity, too, if its fields cannot hold that exactly.
    pub(super) fn read(
        name: Text<'_>,
        data: Option<Node<'_>>,
    ) -> Result<(Self, Option<Identity>), Error> {
        let known: fn(RunChange) -> Self = match name.as_bytes() {
            b"run.started" => Self::RunStarted,
            b"run.completed" => Self::RunCompleted,
            b"run.failed" => Self::RunFailed,
            b"run.stopped" => Self::RunStopped,
            b"run.paused" => Self::RunPaused,
            _ => {
                let data = data.unwrap_or(Node::Null);
                let identity = Some(Identity::of_unknown(&name, &data));
                return Ok((
                    Self::Unknown { name: name.into_string(), data: data.into_value() },
                    identity,
                ));
            }
        };
        let Some(Node::Object(members)) = data else {
            return Err(unreadable("data", "it is not an object"));
        };
        let (run, identity) = RunChange::read(members)?;
        Ok((known(run), identity))
    }
}

impl RunChange {
    fn read(mut members: Members<'_>) -> Result<(Self, Option<Identity>), Error> {
        let run_id = required(&mut members, "run_id", "data.run_id")?;
        let agent_id = required(&mut members, "agent_id", "data.agent_id")?;
        let status = required(&mut members, "status", "data.status")?;
        let outcome = optional(&mut members, "outcome", "data.outcome")?;
        let finished_at = optional(&mut members, "finished_at", "data.finished_at")?;
        let identity = Identity::of_run([Some(&agent_id), Some(&run_id), finished_at.as_ref()]);
        let run = Self {
            run_id: run_id.into_string(),
            agent_id: agent_id.into_string(),
            status: RunStatus::from(&*status.replaced()),
            outcome: outcome.map(|outcome| RunOutcome::from(&*outcome.replaced())),
            finished_at: finished_at.map(Text::into_string),
            extra: members.into_map(),
        };
        Ok((run, identity))
    }
}

/// Removes a member that must be a string.
pub(super) fn required<'a>(
    members: &mut Members<'a>,
    name: &str,
    path: &'static str,
) -> Result<Text<'a>, Error> {
    optional(members, name, path)?.ok_or_else(|| unreadable(path, "it is missing"))
}

/// Removes a member that must be a string, null or missing.
fn optional<'a>(
    members: &mut Members<'a>,
    name: &str,
    path: &'static str,
) -> Result<Option<Text<'a>>, Error> {
    match members.take(name) {
        None | Some(Node::Null) => Ok(None),
        Some(Node::Text(text)) => Ok(Some(text)),
        Some(_) => Err(unreadable(path, "it is not a string")),
    }
}
