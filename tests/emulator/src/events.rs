//! The events of runs.
//!
//! A payload is stored as JSON text, which needs little memory: the store is built for a million
//! events.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::call::{OperationResult, RoutedRequest};
use super::ids::Ids;
use super::world::World;
use crate::exchange::BufferedResponse;

/// An event of a run.
#[derive(Debug)]
pub(super) struct RecordedEvent {
    /// The position among the events of its run, from 1.
    index: u64,
    /// The index among the events of all runs, with gaps, as the live service has them.
    global: u64,
    pub(super) at: DateTime<Utc>,
    payload: Box<RawValue>,
}

/// The next index among the events of all runs.
#[derive(Debug)]
pub(super) struct Indexes(u64);

impl Indexes {
    pub(super) fn new(ids: &mut Ids) -> Self {
        Self(157_000_000 + u64::from(ids.below(1_000_000)))
    }

    fn next(&mut self, ids: &mut Ids) -> u64 {
        self.0 += 1 + u64::from(ids.below(7));
        self.0
    }
}

impl World {
    /// Records an event of a run, with a kind such as `ToolCallStarted` and `detail` as its payload.
    /// Does nothing if there is no such run.
    pub fn record(&mut self, agent_id: &str, run_id: &str, kind: &str, detail: &serde_json::Value) {
        let payload = if self.observed() {
            json!({
                "agent_id": {"id": agent_id}, "run_id": {"id": run_id},
                "event": {"event": {kind: detail}},
            })
        } else {
            json!({snake_case(kind): detail})
        };
        // A `Value` can always be serialized.
        let Ok(payload) = serde_json::value::to_raw_value(&payload) else { return };
        let global = self.indexes.next(&mut self.ids);
        let at = self.now;
        let run = self.agents.get_mut(agent_id).and_then(|agent| agent.runs.get_mut(run_id));
        if let Some(run) = run {
            let index = run.events.len() as u64 + 1;
            run.event_bytes += payload.get().len();
            run.events.push(RecordedEvent { index, global, at, payload });
        }
    }
}

/// Converts `ToolCallStarted` to `tool_call_started`.
fn snake_case(kind: &str) -> String {
    let mut name = String::with_capacity(kind.len() + 4);
    for (place, letter) in kind.char_indices() {
        if letter.is_uppercase() && place > 0 {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[derive(Serialize)]
#[serde(untagged)]
enum EventBody<'a> {
    Documented { index: u64, event: &'a RawValue },
    Observed { event_index: u64, recorded_at: String, event: &'a RawValue },
}

impl<'a> EventBody<'a> {
    fn new(world: &World, recorded: &'a RecordedEvent) -> Self {
        let event = &*recorded.payload;
        if world.observed() {
            let recorded_at = world.time(recorded.at);
            Self::Observed { event_index: recorded.global, recorded_at, event }
        } else {
            Self::Documented { index: recorded.index, event }
        }
    }
}

#[derive(Serialize)]
struct EventPage<'a> {
    events: Vec<EventBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_count: Option<usize>,
}

pub(super) fn list(world: &mut World, call: &RoutedRequest<'_>) -> OperationResult {
    let asked = call.number("limit", 1)?.and_then(|limit| usize::try_from(limit).ok());
    let limit = asked.unwrap_or(usize::MAX).min(world.switches.event_cap.unwrap_or(usize::MAX));
    let after = call.number("after_index", 0)?.filter(|_| !world.switches.ignore_after_index);
    let after = after.unwrap_or(0);
    let agent = world.agent(call.id("agent_id"))?;
    let events = match agent.runs.get(call.id("run_id")) {
        Some(run) => run.events.as_slice(),
        None if world.observed() => &[],
        None => return Err(world.missing("run")),
    };
    let observed = world.observed();
    let place = |event: &RecordedEvent| if observed { event.global } else { event.index };
    let first = events.partition_point(|event| place(event) <= after);
    let view = |event| EventBody::new(world, event);
    let views = events[first..].iter().take(limit).map(view).collect();
    let page = EventPage { events: views, total_count: observed.then_some(events.len()) };
    // Every value of a page can be serialized.
    let body = serde_json::to_vec(&page).unwrap_or_default();
    let response = BufferedResponse::new(StatusCode::OK, "application/json", body);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_event_kinds_to_snake_case() {
        for (kind, name) in [("Started", "started"), ("ToolCallStarted", "tool_call_started")] {
            assert_eq!(snake_case(kind), name);
        }
    }
}
