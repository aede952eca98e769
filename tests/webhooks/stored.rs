//! Events with times, and helpers that reserve them in a deduplication store.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use twin_ext::webhook::{DedupeStore, Delivery, Lease, Reservation, Uncertainty};

use crate::signed::verify;

/// Writes a time as the service does.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Nanos, false)
}

/// Returns the time of day of a [`ManualClock`](twin_ext::clock::ManualClock) after `seconds`.
pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds)
}

/// The body of `run.completed` for a run that ended at `end`.
pub(crate) fn ended(run: &str, end: SystemTime) -> Value {
    json!({
        "event": "run.completed",
        "timestamp": rfc3339(end),
        "data": {
            "run_id": run, "agent_id": "a", "status": "completed", "outcome": "success",
            "finished_at": rfc3339(end),
        },
    })
}

/// The body of `run.started`, sent at `sent`.
pub(crate) fn began(run: &str, sent: SystemTime) -> Value {
    json!({
        "event": "run.started",
        "timestamp": rfc3339(sent),
        "data": {"run_id": run, "agent_id": "a", "status": "in_progress"},
    })
}

pub(crate) fn delivery(body: &Value) -> Delivery {
    verify(body).unwrap()
}

/// The answer of a store to a reservation, without the token.
#[derive(Debug, PartialEq)]
pub(crate) enum StoreAnswer {
    New,
    Uncertain(Uncertainty),
    Processed,
    InProgress,
}

pub(crate) fn answer_of<T>(reservation: &Reservation<T>) -> StoreAnswer {
    match reservation {
        Reservation::Acquired(_, Lease { uncertainty: None, .. }) => StoreAnswer::New,
        Reservation::Acquired(_, Lease { uncertainty: Some(uncertainty), .. }) => {
            StoreAnswer::Uncertain(*uncertainty)
        }
        Reservation::AlreadyProcessed => StoreAnswer::Processed,
        Reservation::InProgress => StoreAnswer::InProgress,
    }
}

/// Reserves the event, abandons it if it was reserved, and returns the answer.
pub(crate) async fn reserve_then_abandon(store: &impl DedupeStore, body: &Value) -> StoreAnswer {
    let reservation = store.reserve(&delivery(body)).await.unwrap();
    let answer = answer_of(&reservation);
    if let Reservation::Acquired(token, _) = reservation {
        store.abandon(token).await.unwrap();
    }
    answer
}

/// Reserves the event, commits it if it was reserved, and returns the answer.
pub(crate) async fn reserve_then_commit(store: &impl DedupeStore, body: &Value) -> StoreAnswer {
    let reservation = store.reserve(&delivery(body)).await.unwrap();
    let answer = answer_of(&reservation);
    if let Reservation::Acquired(token, _) = reservation {
        store.commit(token).await.unwrap();
    }
    answer
}

/// Reserves an event that no receiver has.
pub(crate) async fn acquire<S: DedupeStore>(store: &S, body: &Value) -> (S::Token, Lease) {
    match store.reserve(&delivery(body)).await.unwrap() {
        Reservation::Acquired(token, lease) => (token, lease),
        Reservation::AlreadyProcessed | Reservation::InProgress => {
            panic!("the event cannot be reserved")
        }
    }
}
