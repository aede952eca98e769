//! The events that a receiver reports to `on_event`, also when a handler hangs or loses its lease.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::sync::Notify;
use twin_ext::clock::ManualClock;
use twin_ext::webhook::{
    DedupeStore, Delivery, Lease, MemoryStore, Receiver, ReceiverEvent, RefusalReason, Uncertainty,
    sign,
};

use crate::signed::{SECRET, completed, event, headers, headers_of, verifier};
use crate::stored::{StoreAnswer, ended, reserve_then_abandon};

const MINUTE: Duration = Duration::from_secs(60);

/// Collects the events of a receiver, one line each.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<String>>>);

impl Reports {
    fn write(&self, event: &ReceiverEvent<'_>) {
        let line = match event {
            ReceiverEvent::Refused { reason, .. } => format!("refused {reason:?}"),
            ReceiverEvent::Handled { key, lease, .. } => {
                format!("handled {} {:?}", key.run_id(), lease.uncertainty)
            }
            ReceiverEvent::HandlerFailed { key, error, .. } => {
                format!("failed {} {error}", key.run_id())
            }
            ReceiverEvent::HandlerPanicked { key, .. } => format!("panicked {}", key.run_id()),
            ReceiverEvent::HandlerTimedOut { key, .. } => format!("timed out {}", key.run_id()),
            ReceiverEvent::UncertainRefused { key, lease, .. } => {
                format!("uncertain {} {:?}", key.run_id(), lease.uncertainty)
            }
            ReceiverEvent::AlreadyProcessed { key, .. } => format!("again {}", key.run_id()),
            ReceiverEvent::InProgress { key, .. } => format!("in progress {}", key.run_id()),
            ReceiverEvent::LeaseLost { key, .. } => format!("lost {}", key.run_id()),
            ReceiverEvent::StoreFailed { key, step, .. } => {
                format!("store {} {step:?}", key.run_id())
            }
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

async fn receive<S, H, F, E>(receiver: &Receiver<S, H>, body: &Value) -> StatusCode
where
    S: DedupeStore,
    H: Fn(Delivery, Lease) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    let body = body.to_string();
    receiver.receive(&headers_of(&body), body.as_bytes()).await
}

/// A store that began before all events of these tests.
fn store() -> MemoryStore {
    MemoryStore::new(100, Duration::ZERO).clock(ManualClock::new(1))
}

#[tokio::test]
async fn on_event_reports_the_result_of_each_delivery() {
    let reports = Reports::default();
    let handler = |delivery: Delivery, _: Lease| async move {
        match delivery.key().run_id() {
            "fails" => Err("the disk is full"),
            "panics" => panic!("a bug"),
            _ => Ok(()),
        }
    };
    let receiver = {
        let reports = reports.clone();
        Receiver::new(verifier(), store(), handler).on_event(move |event| reports.write(event))
    };
    for (run, status) in [("r", 204), ("r", 204), ("fails", 503), ("panics", 503), ("panics", 503)]
    {
        assert_eq!(receive(&receiver, &the_end_of(run)).await.as_u16(), status, "{run}");
    }
    let strict = receiver.clone().refuse_uncertain();
    assert_eq!(receive(&strict, &the_end_of("panics")).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        reports.take(),
        [
            "handled r None",
            "again r",
            "failed fails the disk is full",
            "panicked panics",
            "panicked panics",
            "uncertain panics Some(Interrupted)",
        ]
    );
}

/// Returns the body of an event that ends a run after every store began.
fn the_end_of(run: &str) -> Value {
    ended(run, crate::stored::at(3600))
}

/// The headers of an authentic delivery of `body`.
fn signed_headers(body: &str) -> HeaderMap {
    headers(&[&sign(SECRET, body)], &[])
}

fn with_timestamp(timestamp: &str) -> String {
    let mut body = completed();
    body["timestamp"] = timestamp.into();
    body.to_string()
}

/// One delivery for each reason of a refusal. The verifier must accept only `agent_abc123`, times
/// within a minute of 2026-01-01, and at most 400 bytes.
fn refused_deliveries() -> Vec<(HeaderMap, String, RefusalReason)> {
    let authentic = |body: String, reason| (signed_headers(&body), body, reason);
    let body = completed().to_string();
    let signature = sign(SECRET, &body);
    vec![
        authentic(" ".repeat(401), RefusalReason::TooLarge),
        (headers(&[], &[]), body.clone(), RefusalReason::Unsigned),
        (headers(&[&signature, &signature], &[]), body.clone(), RefusalReason::SignedTwice),
        (headers(&["sha256="], &[]), body.clone(), RefusalReason::MalformedSignature),
        (signed_headers("other"), body.clone(), RefusalReason::WrongSignature),
        authentic("{}".to_owned(), RefusalReason::UnreadableBody),
        (headers(&[&signature], &["run.failed"]), body, RefusalReason::EventHeader),
        authentic(event("ping", Value::Null).to_string(), RefusalReason::OtherAgent),
        authentic(with_timestamp("soon"), RefusalReason::UnreadableTimestamp),
        authentic(with_timestamp("2025-12-31T23:58:59Z"), RefusalReason::TooOld),
        authentic(with_timestamp("2026-01-01T00:01:01Z"), RefusalReason::InFuture),
    ]
}

#[tokio::test]
async fn on_refusal_and_on_event_report_the_reason_of_each_refusal() {
    let reports = Reports::default();
    let counted = Arc::new(Mutex::new(Vec::new()));
    let verifier = {
        let counted = Arc::clone(&counted);
        verifier()
            .agents(["agent_abc123"])
            .tolerance(MINUTE, MINUTE)
            .clock(ManualClock::new(1))
            .max_body_bytes(400)
            .on_refusal(move |reason| counted.lock().unwrap().push(reason))
    };
    let handler = |_, _| async { Ok::<(), std::convert::Infallible>(()) };
    let receiver = {
        let reports = reports.clone();
        Receiver::new(verifier.clone(), store(), handler)
            .on_event(move |event| reports.write(event))
    };
    for (headers, body, reason) in refused_deliveries() {
        let status = receiver.receive(&headers, body.as_bytes()).await;
        let expected = match reason {
            RefusalReason::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            RefusalReason::UnreadableBody => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNAUTHORIZED,
        };
        assert_eq!(status, expected, "{reason:?}");
        assert_eq!(reports.take(), [format!("refused {reason:?}")]);
        assert_eq!(std::mem::take(&mut *counted.lock().unwrap()), [reason]);
        verifier.verify(&headers, body.as_bytes()).unwrap_err();
        assert_eq!(std::mem::take(&mut *counted.lock().unwrap()), [reason]);
    }
    let body = with_timestamp("2026-01-01T00:00:00Z");
    let _ = receiver.receive(&signed_headers(&body), body.as_bytes()).await;
    assert!(counted.lock().unwrap().is_empty(), "an accepted delivery was reported as refused");
}

/// A handler that hangs for runs whose identifier begins with `hangs`, and notifies the test.
#[derive(Clone, Default)]
struct HangingHandler(Arc<Notify>);

impl HangingHandler {
    async fn handle(self, delivery: Delivery) -> Result<(), std::convert::Infallible> {
        if delivery.key().run_id().starts_with("hangs") {
            self.0.notify_one();
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

#[tokio::test]
async fn hanging_handlers_time_out_and_free_the_memory_store() {
    let (clock, hanging, reports) =
        (ManualClock::new(1), HangingHandler::default(), Reports::default());
    let store = MemoryStore::new(2, Duration::ZERO).clock_skew(Duration::ZERO).clock(clock.clone());
    let receiver = {
        let (hanging, reports) = (hanging.clone(), reports.clone());
        Receiver::new(verifier(), store, move |delivery, _| hanging.clone().handle(delivery))
            .handler_timeout(10 * MINUTE)
            .clock(clock.clone())
            .on_event(move |event| reports.write(event))
    };
    let mut hung = Vec::new();
    for run in ["hangs1", "hangs2"] {
        let receiver = receiver.clone();
        hung.push(tokio::spawn(async move { receive(&receiver, &the_end_of(run)).await }));
        hanging.0.notified().await;
    }
    let next = the_end_of("next");
    assert_eq!(
        receive(&receiver, &next).await,
        StatusCode::SERVICE_UNAVAILABLE,
        "the store is full"
    );
    clock.advance(10 * MINUTE);
    for hung in hung {
        assert_eq!(hung.await.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(receive(&receiver, &next).await, StatusCode::NO_CONTENT);
    let mut reports = reports.take();
    reports[1..3].sort();
    let expected = ["in progress next", "timed out hangs1", "timed out hangs2"];
    assert_eq!(reports[..3], expected);
    assert!(reports[3].starts_with("handled next"), "{reports:?}");
}

/// A receiver that renews keeps its lease. If it cannot renew, another receiver takes over.
#[tokio::test]
async fn receiver_renews_lease_while_the_handler_runs() {
    let (clock, hanging, reports) =
        (ManualClock::new(1), HangingHandler::default(), Reports::default());
    let store = Arc::new(
        MemoryStore::new(10, Duration::ZERO)
            .clock_skew(Duration::ZERO)
            .lease(MINUTE)
            .clock(clock.clone()),
    );
    let receiver = {
        let (hanging, reports) = (hanging.clone(), reports.clone());
        let store = SharedStore(Arc::clone(&store));
        Receiver::new(verifier(), store, move |delivery, _| hanging.clone().handle(delivery))
            .clock(clock.clone())
            .on_event(move |event| reports.write(event))
    };
    let event = the_end_of("hangs");
    let hung = {
        let (receiver, event) = (receiver.clone(), event.clone());
        tokio::spawn(async move { receive(&receiver, &event).await })
    };
    hanging.0.notified().await;
    for _ in 0..20 {
        // The renewal runs in another task, which needs several polls.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        clock.advance(MINUTE / 3);
    }
    assert_eq!(reserve_then_abandon(&*store, &event).await, StoreAnswer::InProgress);
    assert_eq!(reports.take(), [""; 0]);
    // The clock jumps, and the task has no chance to renew before the lease ends.
    clock.advance(MINUTE);
    let taken = store.reserve(&crate::stored::delivery(&event)).await.unwrap();
    let twin_ext::webhook::Reservation::Acquired(_token, lease) = taken else {
        panic!("{taken:?}")
    };
    assert_eq!(lease.uncertainty, Some(Uncertainty::Interrupted));
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(reports.take(), ["lost hangs"]);
    hung.abort();
}

/// A store that the test and the receiver share.
struct SharedStore(Arc<MemoryStore>);

impl DedupeStore for SharedStore {
    type Token = <MemoryStore as DedupeStore>::Token;

    async fn reserve(
        &self,
        delivery: &Delivery,
    ) -> Result<twin_ext::webhook::Reservation<Self::Token>, twin_ext::Error> {
        self.0.reserve(delivery).await
    }

    async fn commit(&self, token: Self::Token) -> Result<(), twin_ext::Error> {
        self.0.commit(token).await
    }

    async fn abandon(&self, token: Self::Token) -> Result<(), twin_ext::Error> {
        self.0.abandon(token).await
    }

    fn lease_duration(&self) -> Option<Duration> {
        self.0.lease_duration()
    }

    async fn renew(&self, token: &mut Self::Token) -> Result<bool, twin_ext::Error> {
        self.0.renew(token).await
    }
}
