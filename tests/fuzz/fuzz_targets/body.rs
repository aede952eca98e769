//! Verifies arbitrary bytes as a signed body. Compares the result with that of serde_json. A body
//! with one byte changed must be refused.
#![no_main]

use std::sync::LazyLock;

use http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;
use twin_ext::ErrorKind;
use twin_ext::webhook::{SIGNATURE_HEADER, Verifier, sign};

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new("whsec_1").unwrap());

fuzz_target!(|body: &[u8]| {
    let mut headers = HeaderMap::new();
    headers.insert(SIGNATURE_HEADER, sign("whsec_1", body).parse().unwrap());
    match VERIFIER.verify(&headers, body) {
        Ok(delivery) => {
            // serde_json reads the same event, unless it fails at a lone surrogate or at a number
            // beyond f64.
            serde_json::from_slice::<Box<RawValue>>(body).unwrap();
            if let Ok(value) = serde_json::from_slice::<Value>(body) {
                assert_eq!(value["event"], delivery.event.name());
                assert_eq!(value["timestamp"], *delivery.timestamp);
                if let Some(run) = delivery.event.run() {
                    assert_eq!(value["data"]["run_id"], *run.run_id);
                    assert_eq!(value["data"]["agent_id"], *run.agent_id);
                    assert_eq!(value["data"]["status"], run.status.as_str());
                }
            }
            let key = delivery.key();
            assert!(key.to_string().is_ascii());
            assert_eq!(key.digest(), delivery.clone().key().digest());
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
            if error.to_string().contains("it is not JSON") {
                serde_json::from_slice::<Box<RawValue>>(body).unwrap_err();
            }
        }
    }
    if let Some(last) = body.last() {
        let mut changed = body.to_vec();
        *changed.last_mut().unwrap() = last ^ 1;
        assert_eq!(VERIFIER.verify(&headers, &changed).unwrap_err().kind(), ErrorKind::Webhook);
    }
});
