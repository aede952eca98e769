//! Deliveries that are signed like those of the service.

use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use twin_ext::Error;
use twin_ext::webhook::{Delivery, EVENT_HEADER, SIGNATURE_HEADER, Verifier, sign};

pub(crate) const SECRET: &str = "whsec_a1b2c3d4e5f6";

/// The body of the reference's example.
pub(crate) fn completed() -> Value {
    json!({
        "event": "run.completed",
        "timestamp": "2026-03-11T14:32:15Z",
        "data": {
            "run_id": "run_xyz789",
            "agent_id": "agent_abc123",
            "status": "completed",
            "outcome": "success",
            "finished_at": "2026-03-11T14:32:15Z",
        },
    })
}

/// The body of the reference's example, with this event and this data.
#[expect(clippy::needless_pass_by_value, reason = "callers pass `json!` literals")]
pub(crate) fn event(name: &str, data: Value) -> Value {
    json!({"event": name, "timestamp": "2026-03-11T14:32:15Z", "data": data})
}

pub(crate) fn headers(signatures: &[&str], events: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, values) in [(SIGNATURE_HEADER, signatures), (EVENT_HEADER, events)] {
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
    }
    headers
}

/// The headers that the service sends with this body.
pub(crate) fn headers_of(body: &str) -> HeaderMap {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let name = value["event"].as_str();
    headers(&[&sign(SECRET, body)], name.as_slice())
}

pub(crate) fn verifier() -> Verifier {
    Verifier::new(SECRET).unwrap()
}

/// Signs this body and verifies it.
pub(crate) fn verify(body: &Value) -> Result<Delivery, Error> {
    let body = body.to_string();
    verifier().verify(&headers_of(&body), body.as_bytes())
}
