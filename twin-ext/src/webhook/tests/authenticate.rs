//! Tests the signature check, the first step of a verification.

use http::HeaderMap;

use crate::webhook::RefusalReason;
use crate::webhook::{SIGNATURE_HEADER, Verifier, sign};

fn signed(secret: &str, body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(SIGNATURE_HEADER, sign(secret, body).parse().unwrap());
    headers
}

fn verifier() -> Verifier {
    Verifier::new("whsec_1")
        .unwrap()
        .with_secret("whsec_2")
        .unwrap()
        .with_secret("whsec_3")
        .unwrap()
}

#[test]
fn authenticate_allocates_nothing() {
    let verifier = verifier();
    for size in [0, 300, 256 * 1024] {
        let body = vec![b'x'; size];
        for (secret, expected) in [
            ("whsec_1", Ok(0)),
            ("whsec_3", Ok(2)),
            ("whsec_4", Err(RefusalReason::WrongSignature)),
        ] {
            let headers = signed(secret, &body);
            let mut found = None;
            let counted = allocation_counter::measure(|| {
                found = Some(verifier.authenticate(&headers, &body));
            });
            assert_eq!((found, counted.count_total), (Some(expected), 0), "{secret}, {size}");
        }
    }
}

#[test]
fn authenticate_returns_the_reason_of_refusal() {
    let body = b"{}";
    let reason = |signatures: &[&str]| {
        let mut headers = HeaderMap::new();
        for signature in signatures {
            headers.append(SIGNATURE_HEADER, signature.parse().unwrap());
        }
        verifier().authenticate(&headers, body).unwrap_err()
    };
    let right = sign("whsec_1", body);
    assert_eq!(reason(&[]), RefusalReason::Unsigned);
    assert_eq!(reason(&[&right, &right]), RefusalReason::SignedTwice);
    assert_eq!(reason(&[&right.to_uppercase()]), RefusalReason::MalformedSignature);
    assert_eq!(reason(&[&sign("whsec_4", body)]), RefusalReason::WrongSignature);
}
