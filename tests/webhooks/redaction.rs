//! `Debug` output, errors and traces of receivers show neither a secret nor a payload.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use twin_ext::clock::ManualClock;
use twin_ext::webhook::{
    DedupeStore as _, Lease, MemoryStore, Receiver, RedisStore, Reservation, Verifier, sign,
};

use crate::signed::{event, headers};
use crate::stored::{delivery, ended};

const SECRET: &str = "whsec_canary_of_the_secret";

/// Collects the trace events of this thread as text.
#[derive(Clone, Default)]
struct TraceLog(Arc<Mutex<String>>);

impl Visit for TraceLog {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), "{}={value:?} ", field.name()).unwrap();
    }
}

impl<S: Subscriber> Layer<S> for TraceLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
    }
}

#[tokio::test]
async fn debug_of_receivers_shows_settings_and_no_secret() {
    let store = MemoryStore::new(7, Duration::from_secs(3));
    let Reservation::Acquired(token, _) =
        store.reserve(&delivery(&ended("r", SystemTime::now()))).await.unwrap()
    else {
        panic!("the event is new")
    };
    let shown = format!("{token:?}");
    assert!(shown.contains("entries: 1"), "{shown}");
    let receiver = Receiver::new(Verifier::new(SECRET).unwrap(), store, async |_, _: Lease| {
        Ok::<(), std::io::Error>(())
    });
    let shown = format!("{:?}", receiver.on_event(|_| {}));
    for part in ["capacity: 7, retries: 3s", "handler_timeout: 600s", "on_event: Some(callback)"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let redis = RedisStore::new("redis://user:canary@redis.test", Duration::from_secs(3)).unwrap();
    let shown = format!("{redis:?}");
    assert!(shown.contains("prefix: \"twin:webhooks\"") && !shown.contains("canary"), "{shown}");
}

#[test]
fn debug_errors_and_traces_show_no_secret_and_no_payload() {
    let log = TraceLog::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    let mut shown = String::new();
    tracing::subscriber::with_default(subscriber, || {
        tracing::callsite::rebuild_interest_cache();
        let verifier = Verifier::new(SECRET)
            .unwrap()
            .with_secret("whsec_canary_of_another")
            .unwrap()
            .agents(["a"])
            .tolerance(Duration::from_secs(1), Duration::ZERO)
            .clock(ManualClock::new(1));
        write!(shown, "{verifier:?}").unwrap();
        let data = |agent: &str| json!({"run_id": "canary_of_the_payload", "agent_id": agent});
        let bodies = [
            event("canary_of_the_payload", data("a")).to_string(),
            event("run.started", data("a")).to_string(),
            event("ping", data("canary_of_the_payload")).to_string(),
            "canary_of_the_payload".to_owned(),
            "{\"canary_of_the_payload\": 1, \"canary_of_the_payload\": 1}".to_owned(),
        ];
        for body in &bodies {
            let right = sign(SECRET, body);
            for signatures in [&[][..], &["canary_of_the_payload"], &[&right], &[&right, &right]] {
                for events in [&[][..], &["canary_of_the_payload"], &["x", "canary_of_the_payload"]]
                {
                    let headers = headers(signatures, events);
                    let error = verifier.verify(&headers, body.as_bytes()).unwrap_err();
                    write!(shown, "{error} {error:?} {error:#?}").unwrap();
                }
            }
            let small = verifier.clone().max_body_bytes(1);
            let error = small.verify(&headers(&[&right], &[]), body.as_bytes()).unwrap_err();
            write!(shown, "{error} {error:?} {error:#?}").unwrap();
        }
        let error = Verifier::new(" ").unwrap_err();
        write!(shown, "{error} {error:?}").unwrap();
    });
    let log = log.0.lock().unwrap();
    for reason in [
        "Unsigned",
        "SignedTwice",
        "MalformedSignature",
        "EventHeader",
        "OtherAgent",
        "InFuture",
        "TooLarge",
        "UnreadableBody",
    ] {
        assert!(log.contains(&format!("reason={reason}")), "{reason} is not traced: {log}");
    }
    assert!(!log.contains("canary"), "{log}");
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn receiver_traces_error_of_handler() {
    let log = TraceLog::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    let store = MemoryStore::new(10, std::time::Duration::ZERO);
    let handler = |_, _| async { Err::<(), _>("the disk is full") };
    let receiver = Receiver::new(Verifier::new(SECRET).unwrap(), store, handler);
    let body = crate::signed::completed().to_string();
    let status = receiver.receive(&headers(&[&sign(SECRET, &body)], &[]), body.as_bytes()).await;
    assert_eq!(status, http::StatusCode::SERVICE_UNAVAILABLE);
    let log = log.0.lock().unwrap();
    assert!(log.contains("key=agent_abc123/run_xyz789/run.completed"), "{log}");
    assert!(log.contains("error=the disk is full"), "{log}");
}

#[tokio::test]
async fn receiver_traces_key_of_uncertain_event_and_no_secret() {
    let log = TraceLog::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    let verifier = Verifier::new(SECRET).unwrap();
    let store = MemoryStore::new(10, std::time::Duration::ZERO);
    let handler = |_, _| async { Err::<(), _>("canary_of_the_handler") };
    let receiver = Receiver::new(verifier, store, handler).refuse_uncertain();
    let body = crate::signed::completed().to_string();
    let headers = headers(&[&sign(SECRET, &body)], &[]);
    let status = receiver.receive(&headers, body.as_bytes()).await;
    assert_eq!(status, http::StatusCode::SERVICE_UNAVAILABLE);
    let shown = format!("{receiver:?}");
    assert!(shown.starts_with("Receiver {") && shown.contains("MemoryStore {"), "{shown}");
    let log = log.0.lock().unwrap();
    assert!(log.contains("agent_abc123/run_xyz789/run.completed"), "{log}");
    assert!(log.contains("Forgotten"), "{log}");
    assert!(!log.contains("canary") && !shown.contains("canary"), "{log} {shown}");
}
