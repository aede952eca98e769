//! Properties of verification for random secrets, bodies and headers.

use http::HeaderValue;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use twin_ext::ErrorKind;
use twin_ext::webhook::{SIGNATURE_HEADER, Verifier, sign};

use crate::signed::{event, headers};

/// A secret that is not blank and has no whitespace around it.
fn secret() -> impl Strategy<Value = String> {
    "\\PC{1,40}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("the secret is blank", |text| !text.is_empty())
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec(("\\PC{0,6}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn accepts_only_signatures_made_with_its_secret(
        secret in secret(), other in secret(), body in vec(any::<u8>(), 0..300),
    ) {
        prop_assume!(secret != other);
        let headers = headers(&[&sign(&secret, &body)], &[]);
        let kind = |secret: &String| {
            Verifier::new(secret).unwrap().verify(&headers, &body).err().map(|error| error.kind())
        };
        prop_assert_ne!(kind(&secret), Some(ErrorKind::Webhook));
        prop_assert_eq!(kind(&other), Some(ErrorKind::Webhook));
    }

    #[test]
    fn rejects_changed_body(
        body in vec(any::<u8>(), 1..300), place in any::<prop::sample::Index>(), flip in 1..=u8::MAX,
    ) {
        let headers = headers(&[&sign("whsec_1", &body)], &[]);
        let mut changed = body;
        let place = place.index(changed.len());
        changed[place] ^= flip;
        let error = Verifier::new("whsec_1").unwrap().verify(&headers, &changed).unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::Webhook);
    }

    #[test]
    fn rejects_arbitrary_signature_headers(value in vec(any::<u8>(), 0..100)) {
        let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
        let mut headers = http::HeaderMap::new();
        headers.insert(SIGNATURE_HEADER, value);
        let error = Verifier::new("whsec_1").unwrap().verify(&headers, b"{}").unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::Webhook);
    }

    #[test]
    fn unknown_event_round_trips(name in "\\PC{1,20}", data in json_value(), more in json_value()) {
        prop_assume!(!name.starts_with("run."));
        let mut body = event(&name, data.clone());
        body["more"] = more.clone();
        let body = body.to_string();
        let headers = headers(&[&sign("whsec_1", &body)], &[]);
        let delivery = Verifier::new("whsec_1").unwrap().verify(&headers, body.as_bytes()).unwrap();
        prop_assert_eq!(delivery.event.name(), &name);
        prop_assert_eq!(&delivery.extra["more"], &more);
        let twin_ext::webhook::Event::Unknown { data: kept, .. } = delivery.event else {
            return Err(TestCaseError::fail("the event is known"));
        };
        prop_assert_eq!(&kept, &data);
    }

    #[test]
    fn run_identifiers_and_status_round_trip(run in "\\PC{0,40}", agent in "\\PC{0,40}", status in "\\PC{0,20}") {
        let data = json!({"run_id": run, "agent_id": agent, "status": status});
        let body = event("run.paused", data).to_string();
        let headers = headers(&[&sign("whsec_1", &body)], &["run.paused"]);
        let delivery = Verifier::new("whsec_1").unwrap().verify(&headers, body.as_bytes()).unwrap();
        let key = delivery.key();
        prop_assert_eq!((key.run_id(), key.agent_id()), (run.as_str(), agent.as_str()));
        prop_assert_eq!(delivery.event.run().unwrap().status.as_str(), &status);
        prop_assert!(delivery.key().to_string().is_ascii());
    }
}
