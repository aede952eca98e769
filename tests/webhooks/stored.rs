//! Events with times, to be remembered.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use twin_ext::webhook::{DedupeStore, Delivery, Lease, Reservation, Uncertainty};

use crate::signed::verify;

/// As the service writes a time.
pub(crate) fn text(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Nanos, false)
}

/// The time of a [`ManualClock`](twin_ext::clock::ManualClock) after so many seconds.
pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds)
}

/// A run that ended, as it is told.
pub(crate) fn ended(run: &str, end: SystemTime) -> Value {
    json!({
        "event": "run.completed",
        "timestamp": text(end),
        "data": {
            "run_id": run, "agent_id": "a", "status": "completed", "outcome": "success",
            "finished_at": text(end),
        },
    })
}

/// A run that began, as it is told at this time.
pub(crate) fn began(run: &str, sent: SystemTime) -> Value {
    json!({
        "event": "run.started",
        "timestamp": text(sent),
        "data": {"run_id": run, "agent_id": "a", "status": "in_progress"},
    })
}

pub(crate) fn delivery(body: &Value) -> Delivery {
    verify(body).unwrap()
}

/// A claim without its reservation.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    New,
    Doubtful(Uncertainty),
    Done,
    Busy,
}

pub(crate) fn said<R>(claim: &Reservation<R>) -> Said {
    match claim {
        Reservation::Acquired(_, Lease { uncertainty: None, .. }) => Said::New,
        Reservation::Acquired(_, Lease { uncertainty: Some(doubt), .. }) => Said::Doubtful(*doubt),
        Reservation::AlreadyProcessed => Said::Done,
        Reservation::InProgress => Said::Busy,
    }
}

/// What a store says of this; whatever it reserves is abandoned.
pub(crate) async fn ask(seen: &impl DedupeStore, body: &Value) -> Said {
    let claim = seen.reserve(&delivery(body)).await.unwrap();
    let said = said(&claim);
    if let Reservation::Acquired(reservation, _) = claim {
        seen.abandon(reservation).await.unwrap();
    }
    said
}

/// What a store says of this; whatever it reserves is committed.
pub(crate) async fn handle(seen: &impl DedupeStore, body: &Value) -> Said {
    let claim = seen.reserve(&delivery(body)).await.unwrap();
    let said = said(&claim);
    if let Reservation::Acquired(reservation, _) = claim {
        seen.commit(reservation).await.unwrap();
    }
    said
}

/// Reserves what must be free.
pub(crate) async fn take<S: DedupeStore>(seen: &S, body: &Value) -> (S::Token, Lease) {
    match seen.reserve(&delivery(body)).await.unwrap() {
        Reservation::Acquired(reservation, lease) => (reservation, lease),
        Reservation::AlreadyProcessed | Reservation::InProgress => panic!("it is not free"),
    }
}
