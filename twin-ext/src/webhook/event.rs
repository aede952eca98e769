//! What a delivery tells: a run that changed its state, or something newer than this crate.
//!
//! The values of enumerations stay open, and members that are not known are kept. What may
//! have changed since is not here: ask the service for the run.

use serde_json::{Map, Value};
use twin_api::types::{RunOutcome, RunStatus};

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
///     Event::RunCompleted(run) => println!("{} came to its end: {:?}", run.run_id, run.outcome),
///     Event::RunFailed(run) | Event::RunStopped(run) => println!("{} did not", run.run_id),
///     Event::Unknown { name, .. } => println!("{name} is news"),
///     event => println!("{}", event.name()),
/// }
/// # Ok::<(), twin_ext::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// `run.started`: a run begins to execute.
    RunStarted(RunChange),
    /// `run.completed`: a run came to its end by itself, with whatever
    /// [`outcome`](RunChange::outcome).
    RunCompleted(RunChange),
    /// `run.failed`: an error ended a run.
    RunFailed(RunChange),
    /// `run.stopped`: the user stopped a run.
    RunStopped(RunChange),
    /// `run.paused`: a run waits. It may be told again of the same run.
    RunPaused(RunChange),
    /// An event that this version of the crate does not know.
    #[non_exhaustive]
    Unknown {
        /// Its name, as it came.
        name: String,
        /// Its `data`, as it came; null where there was none.
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
    /// Where the run stood when the event was made.
    pub status: RunStatus,
    /// How well the run did; told with `run.completed`.
    pub outcome: Option<RunOutcome>,
    /// When the run ended, an RFC 3339 time; told with `run.completed`, `run.failed` and
    /// `run.stopped`.
    pub finished_at: Option<String>,
    /// The members of `data` that this version of the crate does not know.
    pub extra: Map<String, Value>,
}

impl Event {
    /// The name, as the service writes it: `run.completed`.
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

    /// The run that it happened to; `None` of an event that is not known.
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

    /// The agent that it is about, if it names one.
    pub(super) fn agent_id(&self) -> Option<&str> {
        match self {
            Self::Unknown { data, .. } => data.get("agent_id").and_then(Value::as_str),
            _ => self.run().map(|run| run.agent_id.as_str()),
        }
    }

    pub(super) fn read(name: String, data: Value) -> Result<Self, Error> {
        let known: fn(RunChange) -> Self = match name.as_str() {
            "run.started" => Self::RunStarted,
            "run.completed" => Self::RunCompleted,
            "run.failed" => Self::RunFailed,
            "run.stopped" => Self::RunStopped,
            "run.paused" => Self::RunPaused,
            _ => return Ok(Self::Unknown { name, data }),
        };
        RunChange::read(data).map(known)
    }
}

impl RunChange {
    fn read(data: Value) -> Result<Self, Error> {
        let Value::Object(mut members) = data else {
            return Err(unreadable("data", "there is no object"));
        };
        Ok(Self {
            run_id: required(&mut members, "run_id", "data.run_id")?,
            agent_id: required(&mut members, "agent_id", "data.agent_id")?,
            status: required(&mut members, "status", "data.status")?.into(),
            outcome: optional(&mut members, "outcome", "data.outcome")?.map(Into::into),
            finished_at: optional(&mut members, "finished_at", "data.finished_at")?,
            extra: members,
        })
    }
}

/// Takes a member that is a text.
pub(super) fn required(
    members: &mut Map<String, Value>,
    name: &str,
    path: &'static str,
) -> Result<String, Error> {
    optional(members, name, path)?.ok_or_else(|| unreadable(path, "it is missing"))
}

/// Takes a member that is a text, or missing, or null.
fn optional(
    members: &mut Map<String, Value>,
    name: &str,
    path: &'static str,
) -> Result<Option<String>, Error> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(unreadable(path, "it is not a text")),
    }
}
