//! Whatever is changed in a body is noticed.

use serde_json::Value;
use twin_ext::ErrorKind;
use twin_ext::webhook::sign;

use crate::signed::{SECRET, completed, headers, headers_of, verifier};

/// Claims that this body is refused with the signature of [`completed`].
fn refused(body: &[u8], what: &str) {
    let signature = sign(SECRET, completed().to_string());
    let error = verifier().verify(&headers(&[&signature], &[]), body).expect_err(what);
    assert_eq!(error.kind(), ErrorKind::Webhook, "{what}");
}

#[test]
fn the_body_as_it_is_is_taken() {
    let body = completed().to_string();
    verifier().verify(&headers_of(&body), body.as_bytes()).unwrap();
}

#[test]
fn every_other_byte_at_every_place_is_refused() {
    let body = completed().to_string().into_bytes();
    for place in 0..body.len() {
        let mut changed = body.clone();
        for byte in (0..=u8::MAX).filter(|byte| *byte != body[place]) {
            changed[place] = byte;
            refused(&changed, &format!("{byte} at {place}"));
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let body = completed().to_string().into_bytes();
    for length in 0..body.len() {
        refused(&body[..length], &format!("the first {length}"));
        refused(&body[body.len() - length..], &format!("the last {length}"));
    }
}

#[test]
fn every_extension_by_a_byte_is_refused() {
    let body = completed().to_string().into_bytes();
    for byte in 0..=u8::MAX {
        refused(&[&body[..], &[byte]].concat(), &format!("{byte} after it"));
        refused(&[&[byte], &body[..]].concat(), &format!("{byte} before it"));
        for place in 1..body.len() {
            let (start, end) = body.split_at(place);
            refused(&[start, &[byte], end].concat(), &format!("{byte} at {place}"));
        }
    }
}

/// A byte order mark, which a decoder of text drops.
#[test]
fn a_byte_order_mark_is_refused() {
    refused(format!("\u{feff}{}", completed()).as_bytes(), "a byte order mark");
}

/// Bytes that are no UTF-8 all become one replacement character in a decoder of text.
#[test]
fn bytes_that_are_no_text_are_told_apart() {
    let signature = sign(SECRET, b"\"\xff\"");
    let headers = headers(&[&signature], &[]);
    let kind = |body: &[u8]| verifier().verify(&headers, body).unwrap_err().kind();
    assert_eq!(kind(b"\"\xff\""), ErrorKind::Decode, "it is authentic");
    assert_eq!(kind(b"\"\xfe\""), ErrorKind::Webhook);
    assert_eq!(kind("\"\u{fffd}\"".as_bytes()), ErrorKind::Webhook);
}

#[test]
fn the_same_json_in_other_bytes_is_refused() {
    let same: Value = completed();
    refused(serde_json::to_string_pretty(&same).unwrap().as_bytes(), "indented");
    refused(same.to_string().replace("success", "succes\\u0073").as_bytes(), "escaped");
    refused(format!("{same}\n").as_bytes(), "a line end");
}

#[test]
fn a_body_over_the_cap_is_not_looked_at() {
    let limit = 256 * 1024;
    let error = verifier().verify(&headers(&[], &[]), &vec![b' '; limit + 1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let body = completed().to_string();
    let body = format!("{body}{}", " ".repeat(limit - body.len()));
    assert_eq!(body.len(), limit);
    verifier().verify(&headers_of(&body), body.as_bytes()).expect("as large as may be");
    let small = verifier().max_body_bytes(10);
    assert_eq!(small.verify(&headers_of(&body), &[0; 11]).unwrap_err().kind(), ErrorKind::TooLarge);
    assert_eq!(small.verify(&headers_of(&body), &[0; 10]).unwrap_err().kind(), ErrorKind::Webhook);
}

/// 10^7 of them are `cargo bench -p twin-tests --bench verify -- forgeries`.
#[test]
fn ten_thousand_random_signatures_and_bodies_are_refused() {
    twin_tests::forgeries::refuse(10_000, |signature, event, body| {
        verifier().verify(&headers(&[signature], &[event]), body).is_err()
    });
}
