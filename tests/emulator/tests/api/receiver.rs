//! A webhook receiver that records its deliveries.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, Method};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use twin_emulator::exchange::RecordedRequest;

use super::harness::{TestEmulator, text};
use super::recorder::RecordingServer;

/// The receiver. It stops when it is dropped.
pub(super) struct TestReceiver(RecordingServer);

/// A received delivery.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Received {
    /// The header `X-Cobb-Event`.
    pub(super) event: String,
    /// The header `X-Cobb-Signature`.
    pub(super) signature: String,
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

impl TestReceiver {
    /// Starts a receiver that accepts every delivery.
    pub(super) async fn start() -> Self {
        Self::with_statuses(&[]).await
    }

    /// Starts a receiver that first returns these statuses, and then accepts every delivery.
    pub(super) async fn with_statuses(statuses: &[u16]) -> Self {
        Self(RecordingServer::start(statuses).await)
    }

    pub(super) fn url(&self) -> String {
        format!("{}/webhooks/twin", self.0.url())
    }

    /// Waits for a delivery.
    pub(super) async fn wait_for_delivery(&self) {
        self.0.requested(1).await;
    }

    /// Returns the deliveries since the last call.
    pub(super) fn take(&self) -> Vec<Received> {
        let received = self.0.take_requests().into_iter().map(|request| {
            assert_eq!((request.method.as_str(), request.path()), ("POST", "/webhooks/twin"));
            Received {
                event: request.header("x-cobb-event").to_owned(),
                signature: request.header("x-cobb-signature").to_owned(),
                content_type: request.header("content-type").to_owned(),
                body: request.body,
            }
        });
        received.collect()
    }

    /// Returns the names of the events since the last call.
    pub(super) fn take_events(&self) -> Vec<String> {
        self.take().into_iter().map(|received| received.event).collect()
    }
}

impl Received {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the text is JSON")
    }

    /// Converts the delivery to a request with the headers that the document describes.
    pub(super) fn request(&self) -> RecordedRequest {
        let headers = [
            ("x-cobb-event", &self.event),
            ("x-cobb-signature", &self.signature),
            ("content-type", &self.content_type),
        ];
        let headers = headers.map(|(name, value)| {
            (HeaderName::from_static(name), value.parse().expect("the header is valid"))
        });
        RecordedRequest {
            method: Method::POST,
            target: "/webhooks/twin".to_owned(),
            headers: HeaderMap::from_iter(headers),
            body: self.body.clone(),
        }
    }

    /// Returns whether the signature is that of the received bytes with this secret.
    pub(super) fn is_signed_with(&self, secret: &str) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("the key is valid");
        mac.update(&self.body);
        let digits: String = base16ct::lower::encode_string(&mac.finalize().into_bytes());
        self.signature == format!("sha256={digits}")
    }
}

/// A webhook of an agent, and its receiver.
pub(super) struct TestWebhook {
    pub(super) agent: String,
    pub(super) path: String,
    pub(super) secret: String,
    pub(super) receiver: TestReceiver,
}

pub(super) const EVERY_EVENT: [&str; 5] =
    ["run.started", "run.completed", "run.failed", "run.stopped", "run.paused"];

impl TestWebhook {
    /// Creates a webhook of a new agent, whose receiver accepts every delivery.
    pub(super) async fn new(twin: &TestEmulator, events: &[&str]) -> Self {
        Self::of(twin, twin.agent(), events, TestReceiver::start().await).await
    }

    pub(super) async fn of(
        twin: &TestEmulator,
        agent: String,
        events: &[&str],
        receiver: TestReceiver,
    ) -> Self {
        let hooks = format!("/v1/agents/{agent}/webhooks");
        let body = json!({"url": receiver.url(), "events": events});
        let created = twin.post(&hooks, body).await.json(201);
        let path = format!("{hooks}/{}", text(&created["webhook_id"]));
        Self { agent, path, secret: text(&created["signing_secret"]), receiver }
    }
}
