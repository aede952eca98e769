//! Forged deliveries: a body that differs from the signed bytes is refused.

use serde_json::Value;
use twin_ext::ErrorKind;
use twin_ext::webhook::sign;

use crate::signed::{SECRET, completed, headers, headers_of, verifier};

/// Asserts that the verifier refuses this body with the signature of [`completed`].
fn assert_refused(body: &[u8], what: &str) {
    let signature = sign(SECRET, completed().to_string());
    let error = verifier().verify(&headers(&[&signature], &[]), body).expect_err(what);
    assert_eq!(error.kind(), ErrorKind::Webhook, "{what}");
}

#[test]
fn accepts_signed_body() {
    let body = completed().to_string();
    verifier().verify(&headers_of(&body), body.as_bytes()).unwrap();
}

#[test]
fn rejects_body_with_any_byte_changed() {
    let body = completed().to_string().into_bytes();
    for place in 0..body.len() {
        let mut changed = body.clone();
        for byte in (0..=u8::MAX).filter(|byte| *byte != body[place]) {
            changed[place] = byte;
            assert_refused(&changed, &format!("{byte} at {place}"));
        }
    }
}

#[test]
fn rejects_truncated_bodies() {
    let body = completed().to_string().into_bytes();
    for length in 0..body.len() {
        assert_refused(&body[..length], &format!("the first {length}"));
        assert_refused(&body[body.len() - length..], &format!("the last {length}"));
    }
}

#[test]
fn rejects_body_with_a_byte_added() {
    let body = completed().to_string().into_bytes();
    for byte in 0..=u8::MAX {
        assert_refused(&[&body[..], &[byte]].concat(), &format!("{byte} after it"));
        assert_refused(&[&[byte], &body[..]].concat(), &format!("{byte} before it"));
        for place in 1..body.len() {
            let (start, end) = body.split_at(place);
            assert_refused(&[start, &[byte], end].concat(), &format!("{byte} at {place}"));
        }
    }
}

/// A text decoder drops a byte order mark.
#[test]
fn rejects_added_byte_order_mark() {
    assert_refused(format!("\u{feff}{}", completed()).as_bytes(), "a byte order mark");
}

/// A lossy text decoder replaces all bytes that are not UTF-8 with the same character.
#[test]
fn signature_distinguishes_bytes_that_are_not_utf_8() {
    let signature = sign(SECRET, b"\"\xff\"");
    let headers = headers(&[&signature], &[]);
    let kind = |body: &[u8]| verifier().verify(&headers, body).unwrap_err().kind();
    assert_eq!(kind(b"\"\xff\""), ErrorKind::Decode, "the signed bytes are authentic");
    assert_eq!(kind(b"\"\xfe\""), ErrorKind::Webhook);
    assert_eq!(kind("\"\u{fffd}\"".as_bytes()), ErrorKind::Webhook);
}

#[test]
fn rejects_equivalent_json_in_other_bytes() {
    let same: Value = completed();
    assert_refused(serde_json::to_string_pretty(&same).unwrap().as_bytes(), "indented");
    assert_refused(same.to_string().replace("success", "succes\\u0073").as_bytes(), "escaped");
    assert_refused(format!("{same}\n").as_bytes(), "a line end");
}

#[test]
fn rejects_body_over_limit_before_reading_headers() {
    let limit = 256 * 1024;
    let error = verifier().verify(&headers(&[], &[]), &vec![b' '; limit + 1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let body = completed().to_string();
    let body = format!("{body}{}", " ".repeat(limit - body.len()));
    assert_eq!(body.len(), limit);
    verifier().verify(&headers_of(&body), body.as_bytes()).expect("the body is at the limit");
    let small = verifier().max_body_bytes(10);
    assert_eq!(small.verify(&headers_of(&body), &[0; 11]).unwrap_err().kind(), ErrorKind::TooLarge);
    assert_eq!(small.verify(&headers_of(&body), &[0; 10]).unwrap_err().kind(), ErrorKind::Webhook);
}

/// `cargo bench -p twin-tests --bench webhooks -- forgeries` tries ten million.
#[test]
fn rejects_ten_thousand_random_forgeries() {
    twin_tests::forgeries::refuse(10_000, |signature, event, body| {
        verifier().verify(&headers(&[signature], &[event]), body).is_err()
    });
}
