//! Receivers in axum, with HTTP requests over loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::routing::post;
use http::StatusCode;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use twin_ext::webhook::{
    DedupeStore, Delivery, EVENT_HEADER, Lease, MemoryStore, Receiver, Reservation,
    SIGNATURE_HEADER, sign,
};
use twin_ext::{ClientBuilder, Error};

use crate::signed::{SECRET, verifier};
use crate::stored::ended;

/// Serves a router on loopback until the runtime ends. Returns its URL.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

pub(crate) async fn post_signed(
    url: &str,
    signature: &str,
    body: impl Into<reqwest::Body>,
) -> StatusCode {
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(url);
    let request = request.header(SIGNATURE_HEADER, signature).body(body);
    request.send().await.unwrap().status()
}

/// Sends a delivery as the service does.
pub(crate) async fn deliver(url: &str, body: &Value) -> StatusCode {
    let body = body.to_string();
    post_signed(url, &sign(SECRET, &body), body).await
}

/// A store that began before all events of these tests.
fn store() -> MemoryStore {
    MemoryStore::new(100, Duration::ZERO).clock(twin_ext::clock::ManualClock::new(1))
}

fn event(run: &str) -> Value {
    ended(run, SystemTime::now())
}

/// A handler that counts its calls. The first `failures` calls fail.
#[derive(Clone, Default)]
struct CountingHandler {
    calls: Arc<AtomicUsize>,
    failures: Arc<AtomicUsize>,
}

impl CountingHandler {
    fn handler(
        &self,
    ) -> impl Fn(Delivery, Lease) -> std::future::Ready<Result<(), &'static str>> + use<> {
        let counter = self.clone();
        move |_, _| {
            counter.calls.fetch_add(1, Ordering::SeqCst);
            let left = counter
                .failures
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            std::future::ready(if left.is_ok() { Err("not today") } else { Ok(()) })
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn handles_delivery_and_ignores_its_duplicate() {
    let counter = CountingHandler::default();
    let url =
        serve(Receiver::new(verifier(), store(), counter.handler()).into_router("/hook")).await;
    let body = event("r");
    assert_eq!(deliver(&url, &body).await, StatusCode::NO_CONTENT);
    assert_eq!(deliver(&url, &body).await, StatusCode::NO_CONTENT);
    assert_eq!(deliver(&format!("{url}?from=twin"), &body).await, StatusCode::NO_CONTENT);
    assert_eq!(counter.calls(), 1);
    assert_eq!(deliver(&url, &event("s")).await, StatusCode::NO_CONTENT);
    assert_eq!(counter.calls(), 2);
}

#[tokio::test]
async fn answers_503_when_the_handler_fails() {
    let counter = CountingHandler::default();
    counter.failures.store(2, Ordering::SeqCst);
    let url =
        serve(Receiver::new(verifier(), store(), counter.handler()).into_router("/hook")).await;
    let body = event("r");
    assert_eq!(deliver(&url, &body).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(deliver(&url, &body).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(deliver(&url, &body).await, StatusCode::NO_CONTENT);
    assert_eq!(deliver(&url, &body).await, StatusCode::NO_CONTENT);
    assert_eq!(counter.calls(), 3);
}

#[tokio::test]
async fn answers_each_refusal_with_its_status() {
    let counter = CountingHandler::default();
    let router = Receiver::new(verifier(), store(), counter.handler()).into_router("/hook");
    let extracting =
        Router::new().route("/hook", post(async |_: Delivery| {})).with_state(verifier());
    for router in [router, extracting] {
        let url = serve(router).await;
        let body = event("r").to_string();
        let other = sign("whsec_of_somebody_else", &body);
        assert_eq!(post_signed(&url, &other, body.clone()).await, StatusCode::UNAUTHORIZED);
        assert_eq!(post_signed(&url, "", body.clone()).await, StatusCode::UNAUTHORIZED);
        assert_eq!(post_signed(&url, &sign(SECRET, "{}"), "{}").await, StatusCode::BAD_REQUEST);
        let large = vec![b' '; 256 * 1024 + 1];
        let signature = sign(SECRET, &large);
        assert_eq!(post_signed(&url, &signature, large).await, StatusCode::PAYLOAD_TOO_LARGE);
        let request = reqwest::Client::builder().no_proxy().build().unwrap().post(&url);
        let request = request.header(SIGNATURE_HEADER, sign(SECRET, &body));
        let answer = request.header(EVENT_HEADER, "run.failed").body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.bytes().await.unwrap(), "", "the answer tells a forger the reason");
        assert_eq!(reqwest::get(&url).await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(counter.calls(), 0);
}

#[tokio::test]
async fn axum_extractor_returns_the_verified_delivery() {
    async fn hook(delivery: Delivery) -> String {
        delivery.key().to_string()
    }
    let url = serve(Router::new().route("/hook", post(hook)).with_state(verifier())).await;
    let body = crate::signed::completed().to_string();
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(&url);
    let answer =
        request.header(SIGNATURE_HEADER, sign(SECRET, &body)).body(body).send().await.unwrap();
    let expected = "agent_abc123/run_xyz789/run.completed/2026-03-11T14:32:15Z";
    assert_eq!(
        (answer.status(), answer.text().await.unwrap().as_str()),
        (StatusCode::OK, expected)
    );
}

/// The body is chunked, so that the receiver does not know its length.
#[tokio::test]
async fn rejects_endless_body_at_the_limit() {
    let router = Receiver::new(verifier(), store(), CountingHandler::default().handler())
        .into_router("/hook");
    let url = serve(router).await;
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/hook").unwrap();
    let (mut reading, mut writing) = TcpStream::connect(address).await.unwrap().into_split();
    let head = "POST /hook HTTP/1.1\r\nhost: x\r\nx-cobb-signature: sha256=00\r\ntransfer-encoding: chunked\r\n\r\n";
    writing.write_all(head.as_bytes()).await.unwrap();
    let endless = tokio::spawn(async move {
        let chunk = [b"1000\r\n".as_slice(), &[b' '; 4096], b"\r\n"].concat();
        let mut written = 0_usize;
        // This is more than any limit, but a receiver without a limit does not exhaust the machine.
        while written < 64 << 20 && writing.write_all(&chunk).await.is_ok() {
            written += chunk.len();
        }
        written
    });
    let mut answer = [0; 12];
    reading.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    drop(reading);
    let written = endless.await.unwrap();
    // The receiver reads up to its limit; the buffers of both sockets hold more.
    assert!(written < 16 << 20, "the receiver read {written} bytes");
}

#[tokio::test]
async fn accepts_body_of_exactly_the_limit() {
    let body = event("r").to_string();
    for (limit, status) in
        [(body.len(), StatusCode::NO_CONTENT), (body.len() - 1, StatusCode::PAYLOAD_TOO_LARGE)]
    {
        let verifier = verifier().max_body_bytes(limit);
        let router = Receiver::new(verifier, store(), CountingHandler::default().handler())
            .into_router("/hook");
        let url = serve(router).await;
        assert_eq!(post_signed(&url, &sign(SECRET, &body), body.clone()).await, status, "{limit}");
    }
}

#[tokio::test]
async fn rejects_large_content_length_before_reading_body() {
    let router = Receiver::new(verifier(), store(), CountingHandler::default().handler())
        .into_router("/hook");
    let url = serve(router).await;
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/hook").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 262145\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

/// A handler that waits for `go_on`, and notifies the test when it starts and ends.
#[derive(Clone, Default)]
struct SlowHandler {
    called: Arc<Notify>,
    go_on: Arc<Notify>,
    through: Arc<Notify>,
}

impl SlowHandler {
    async fn handle(self) -> Result<(), Error> {
        self.called.notify_one();
        self.go_on.notified().await;
        self.through.notify_one();
        Ok(())
    }
}

#[tokio::test]
async fn handler_continues_when_the_sender_disconnects() {
    let slow = SlowHandler::default();
    let handler = {
        let slow = slow.clone();
        move |_, _| slow.clone().handle()
    };
    let url = serve(Receiver::new(verifier(), store(), handler).into_router("/hook")).await;
    let body = event("r");
    let sender = {
        let (url, body) = (url.clone(), body.clone());
        tokio::spawn(async move { deliver(&url, &body).await })
    };
    slow.called.notified().await;
    let duplicate = deliver(&url, &body).await;
    assert_eq!(duplicate, StatusCode::SERVICE_UNAVAILABLE, "the event is in progress");
    sender.abort();
    assert!(sender.await.unwrap_err().is_cancelled());
    slow.go_on.notify_one();
    slow.through.notified().await;
    // The receiver commits soon after the handler ends.
    while deliver(&url, &body).await == StatusCode::SERVICE_UNAVAILABLE {
        tokio::task::yield_now().await;
    }
    assert_eq!(deliver(&url, &body).await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn panicking_handler_leaves_event_uncertain() {
    let calls = Arc::new(AtomicUsize::new(0));
    let handler = {
        let calls = Arc::clone(&calls);
        move |_: Delivery, lease: Lease| {
            calls.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(lease.uncertainty.is_some(), "the first call panics on purpose");
                Ok::<(), Error>(())
            }
        }
    };
    let receiver = Receiver::new(verifier(), store(), handler);
    let refusing = serve(receiver.clone().refuse_uncertain().into_router("/hook")).await;
    let accepting = serve(receiver.into_router("/hook")).await;
    let body = event("r");
    assert_eq!(deliver(&refusing, &body).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(deliver(&refusing, &body).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(calls.load(Ordering::SeqCst), 1, "the uncertain event was handled");
    assert_eq!(deliver(&accepting, &body).await, StatusCode::NO_CONTENT);
    assert_eq!(deliver(&refusing, &body).await, StatusCode::NO_CONTENT);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn handles_forgotten_events_unless_refuse_uncertain_is_set() {
    let counter = CountingHandler::default();
    let receiver =
        Receiver::new(verifier(), MemoryStore::new(100, Duration::ZERO), counter.handler());
    let refusing = serve(receiver.clone().refuse_uncertain().into_router("/hook")).await;
    let accepting = serve(receiver.into_router("/hook")).await;
    let old = ended("r", SystemTime::now() - Duration::from_secs(60));
    assert_eq!(deliver(&refusing, &old).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(counter.calls(), 0);
    assert_eq!(deliver(&accepting, &old).await, StatusCode::NO_CONTENT);
    assert_eq!(deliver(&refusing, &old).await, StatusCode::NO_CONTENT);
    assert_eq!(counter.calls(), 1);
}

/// A store that fails to commit and to abandon, and also to reserve if `fail_reserve` is set.
struct FailingStore {
    fail_reserve: bool,
}

impl DedupeStore for FailingStore {
    type Token = ();

    async fn reserve(&self, _: &Delivery) -> Result<Reservation<()>, Error> {
        if self.fail_reserve {
            return Err(some_error());
        }
        Ok(Reservation::Acquired((), Lease::new(1, None)))
    }

    async fn commit(&self, (): ()) -> Result<(), Error> {
        Err(some_error())
    }

    async fn abandon(&self, (): ()) -> Result<(), Error> {
        Err(some_error())
    }
}

fn some_error() -> Error {
    ClientBuilder::new("").build().unwrap_err()
}

#[tokio::test]
async fn answers_503_when_the_store_cannot_reserve() {
    let counter = CountingHandler::default();
    let store = FailingStore { fail_reserve: true };
    let receiver = Receiver::new(verifier(), store, counter.handler());
    let url = serve(receiver.into_router("/hook")).await;
    assert_eq!(deliver(&url, &event("r")).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(counter.calls(), 0);
}

#[tokio::test]
async fn answers_204_when_the_store_cannot_commit() {
    let counter = CountingHandler::default();
    let store = FailingStore { fail_reserve: false };
    let receiver = Receiver::new(verifier(), store, counter.handler());
    let url = serve(receiver.into_router("/hook")).await;
    assert_eq!(deliver(&url, &event("r")).await, StatusCode::NO_CONTENT);
    assert_eq!(counter.calls(), 1);
    counter.failures.store(1, Ordering::SeqCst);
    assert_eq!(deliver(&url, &event("r")).await, StatusCode::SERVICE_UNAVAILABLE);
}

/// Each of 8 tasks sends the same event until it was answered 204 a hundred times.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn event_sent_by_8_tasks_is_handled_once() {
    let counter = CountingHandler::default();
    let receiver = Receiver::new(verifier(), store(), counter.handler());
    let body = event("r").to_string();
    let headers = crate::signed::headers_of(&body);
    let tasks = (0..8).map(|_| {
        let (receiver, headers, body) = (receiver.clone(), headers.clone(), body.clone());
        tokio::spawn(async move {
            let mut done = 0;
            while done < 100 {
                // The receiver answers 503 while another task handles the event.
                match receiver.receive(&headers, body.as_bytes()).await {
                    StatusCode::NO_CONTENT => done += 1,
                    status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(counter.calls(), 1);
}
