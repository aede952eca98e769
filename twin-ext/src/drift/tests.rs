//! Tests the callback and strict mode.

use std::sync::{Arc, Mutex};

use crate::clock::ManualClock;
use crate::testing::{Service, json};
use crate::{Error, ErrorKind, Outcome};

const DRIFTED: &str = r#"{"user_id": "u", "mood": "canary"}"#;

#[tokio::test]
async fn on_drift_calls_back_and_the_call_succeeds() {
    let service = Service::start([json(200, DRIFTED)]).await;
    let reports = Arc::new(Mutex::new(Vec::new()));
    let sink = reports.clone();
    let builder = service.builder(&ManualClock::new(1));
    let builder = builder.on_drift(move |drift| sink.lock().unwrap().push(drift.to_string()));
    let twin = builder.build().unwrap();
    assert_eq!(twin.get_me().send().await.unwrap().user_id, "u");
    assert_eq!(*reports.lock().unwrap(), ["get_me: unknown field at mood"]);
}

#[tokio::test]
async fn strict_mode_fails_without_printing_a_value() {
    let service = Service::start([json(200, DRIFTED)]).await;
    let twin = service.builder(&ManualClock::new(1)).strict().build().unwrap();
    let error: Error = twin.get_me().send().await.unwrap_err().into();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Drift, Outcome::Accepted));
    assert_eq!(error.drift().len(), 1);
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("get_me: unknown field at mood") && !shown.contains("canary"),
        "{shown}"
    );
}

#[tokio::test]
async fn drift_is_ignored_by_default() {
    let service = Service::start([json(200, DRIFTED)]).await;
    assert!(service.client().0.get_me().send().await.is_ok());
}
