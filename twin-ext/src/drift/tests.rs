//! Who is told of drift, and who is not.

use std::sync::{Arc, Mutex};

use crate::clock::ManualClock;
use crate::testing::{Service, json};
use crate::{Error, ErrorKind, Outcome};

const DRIFTED: &str = r#"{"user_id": "u", "mood": "canary"}"#;

#[tokio::test]
async fn a_callback_is_told_and_the_call_succeeds() {
    let service = Service::start([json(200, DRIFTED)]).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let builder = service.builder(&ManualClock::new(1));
    let builder = builder.on_drift(move |drift| heard.lock().unwrap().push(drift.to_string()));
    let twin = builder.build().unwrap();
    assert_eq!(twin.get_me().send().await.unwrap().user_id, "u");
    assert_eq!(*told.lock().unwrap(), ["get_me: unknown field at mood"]);
}

#[tokio::test]
async fn who_is_strict_gets_an_error_that_shows_no_value() {
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
async fn whoever_does_not_ask_is_not_bothered() {
    let service = Service::start([json(200, DRIFTED)]).await;
    assert!(service.client().0.get_me().send().await.is_ok());
}
