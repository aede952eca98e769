//! The header `X-Cobb-Signature`: one spelling is accepted, and all refusals return the same error.

use http::{HeaderMap, HeaderValue};
use twin_ext::webhook::{SIGNATURE_HEADER, Verifier, sign};
use twin_ext::{Error, ErrorKind, Outcome};

use crate::signed::{SECRET, completed, event, headers, verifier};

fn refusal(headers: &HeaderMap) -> Error {
    let body = completed().to_string();
    verifier().verify(headers, body.as_bytes()).expect_err("the verifier accepted a bad header")
}

fn valid_signature() -> String {
    sign(SECRET, completed().to_string())
}

/// Asserts that the verifier refuses this value of the signature header.
fn assert_refused(value: &[u8]) {
    let mut headers = HeaderMap::new();
    let Ok(text) = HeaderValue::from_bytes(value) else { return };
    headers.insert(SIGNATURE_HEADER, text);
    assert_eq!(refusal(&headers).kind(), ErrorKind::Webhook, "{value:?}");
}

#[test]
fn rejects_signature_with_any_byte_changed() {
    let right = valid_signature().into_bytes();
    for place in 0..right.len() {
        let mut changed = right.clone();
        for byte in (0..=u8::MAX).filter(|byte| *byte != right[place]) {
            changed[place] = byte;
            assert_refused(&changed);
        }
    }
}

#[test]
fn rejects_truncated_and_extended_signatures() {
    let right = valid_signature().into_bytes();
    for length in 0..right.len() {
        assert_refused(&right[..length]);
        assert_refused(&right[right.len() - length..]);
    }
    for byte in 0..=u8::MAX {
        for place in 0..=right.len() {
            let (start, end) = right.split_at(place);
            assert_refused(&[start, &[byte], end].concat());
        }
    }
}

#[test]
fn rejects_other_spellings_of_signature() {
    let right = valid_signature();
    let digits = right.strip_prefix("sha256=").unwrap();
    for value in [
        digits.to_owned(),
        format!("sha256={}", digits.to_uppercase()),
        format!("SHA256={digits}"),
        format!("sha1={digits}"),
        format!("sha512={digits}"),
        format!("v1,{digits}"),
        format!("sha256= {digits}"),
        format!("sha256 ={digits}"),
        format!(" {right}"),
        format!("{right} "),
        format!("\"{right}\""),
        format!("sha256:{digits}"),
        format!("sha256=0x{digits}"),
        format!("{right},{right}"),
        format!("{right}, {right}"),
        format!("sha256=,{right}"),
        format!("{right};"),
        format!("{right}{digits}"),
        "sha256=".to_owned(),
        String::new(),
    ] {
        assert_refused(value.as_bytes());
    }
    assert_refused("sha256=ａａ".as_bytes());
    assert_refused(&[b"sha256=", &[0xff; 64][..]].concat());
}

#[test]
fn rejects_missing_and_repeated_signature_header() {
    let right = valid_signature();
    let right = right.as_str();
    let wrong = sign("whsec_of_somebody_else", "{}");
    let wrong = wrong.as_str();
    for signatures in [&[][..], &[right, right], &[right, wrong], &[wrong, right], &["", right]] {
        assert_eq!(refusal(&headers(signatures, &[])).kind(), ErrorKind::Webhook, "{signatures:?}");
    }
}

#[test]
fn rejects_event_header_that_differs_from_signed_event() {
    let body = completed().to_string();
    let right = valid_signature();
    let verify = |events: &[&str]| verifier().verify(&headers(&[&right], events), body.as_bytes());
    verify(&["run.completed"]).unwrap();
    verify(&[]).expect("the event header is optional");
    for events in [
        &["run.failed"][..],
        &[""],
        &["Run.Completed"],
        &["run.completed "],
        &["run.complete"],
        &["run.completed", "run.completed"],
        &["run.completed", "run.failed"],
    ] {
        assert_eq!(verify(events).unwrap_err().kind(), ErrorKind::Webhook, "{events:?}");
    }
}

/// A forger must not learn the reason of a refusal.
#[test]
fn all_refusals_return_the_same_error() {
    let body = completed().to_string();
    let right = valid_signature();
    let mut errors = vec![
        refusal(&headers(&[], &[])),
        refusal(&headers(&[&right, &right], &[])),
        refusal(&headers(&["sha256="], &[])),
        refusal(&headers(&[&sign("whsec_of_somebody_else", &body)], &[])),
        refusal(&headers(&[&right], &["run.failed"])),
    ];
    let strict = verifier().agents(["agent_of_somebody_else"]);
    errors.push(strict.verify(&headers(&[&right], &[]), body.as_bytes()).unwrap_err());
    for error in errors {
        assert_eq!(error.to_string(), "the webhook delivery cannot be trusted");
        assert_eq!(format!("{error:?}"), "the webhook delivery cannot be trusted");
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Webhook, Outcome::NotSent));
        assert!(error.status().is_none() && error.json_path().is_none() && !error.is_retryable());
    }
}

#[test]
fn verifier_rejects_events_of_agents_not_allowed() {
    let verify = |verifier: Verifier, body: &str| {
        let headers = headers(&[&sign(SECRET, body)], &[]);
        verifier.verify(&headers, body.as_bytes()).map_err(|error| error.kind())
    };
    let body = completed().to_string();
    verify(verifier().agents(["agent_abc123"]), &body).unwrap();
    verify(verifier().agents(["other"]).agents(["agent_abc123"]), &body).unwrap();
    let no_agents: [&str; 0] = [];
    for verifier in [verifier().agents(["other"]), verifier().agents(no_agents)] {
        assert_eq!(verify(verifier, &body), Err(ErrorKind::Webhook));
    }
    // Unknown events are checked, too.
    let only = || verifier().agents(["agent_abc123"]);
    let unknown = |data| event("run.resumed", data).to_string();
    verify(only(), &unknown(serde_json::json!({"agent_id": "agent_abc123"}))).unwrap();
    for data in
        [serde_json::json!({"agent_id": "other"}), serde_json::json!({}), serde_json::json!(null)]
    {
        assert_eq!(verify(only(), &unknown(data)), Err(ErrorKind::Webhook));
    }
}
