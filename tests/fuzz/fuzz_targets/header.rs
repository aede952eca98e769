//! Verifies an authentic body with arbitrary headers. Only the right signature is accepted.
//!
//! The input is lines. The first is `X-Cobb-Event`, unless it is empty. Each other line is an
//! `X-Cobb-Signature`, in which `R` at the start stands for the right signature.
#![no_main]

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use twin_ext::ErrorKind;
use twin_ext::webhook::{EVENT_HEADER, SIGNATURE_HEADER, Verifier, sign};

const BODY: &[u8] = br#"{"event": "run.started", "timestamp": "2026-03-11T14:32:15Z",
    "data": {"run_id": "r", "agent_id": "a", "status": "in_progress"}}"#;

static VERIFIER: LazyLock<Verifier> =
    LazyLock::new(|| Verifier::new("whsec_1").unwrap().with_secret("whsec_2").unwrap());
static RIGHT: LazyLock<String> = LazyLock::new(|| sign("whsec_2", BODY));

fuzz_target!(|input: &[u8]| {
    let mut headers = HeaderMap::new();
    let mut lines = input.split(|byte| *byte == b'\n');
    let event = lines.next().unwrap_or_default();
    if let Ok(event) = HeaderValue::from_bytes(event)
        && !event.is_empty()
    {
        headers.insert(EVENT_HEADER, event);
    }
    for line in lines {
        let value = match line.strip_prefix(b"R") {
            Some(rest) => [RIGHT.as_bytes(), rest].concat(),
            None => line.to_vec(),
        };
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.append(SIGNATURE_HEADER, value);
        }
    }
    let mut signatures = headers.get_all(SIGNATURE_HEADER).iter();
    let right = signatures.next().is_some_and(|value| value.as_bytes() == RIGHT.as_bytes())
        && signatures.next().is_none()
        && headers.get(EVENT_HEADER).is_none_or(|event| event == "run.started");
    match VERIFIER.verify(&headers, BODY) {
        Ok(delivery) => assert!(right && delivery.secret_index() == 1),
        Err(error) => assert!(!right && error.kind() == ErrorKind::Webhook),
    }
});
