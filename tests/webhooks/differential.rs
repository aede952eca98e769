//! Compares 10,000 signatures with those of Python's `hmac`.
//!
//! `differential/tags.py` makes the same cases as this test, because both use the same generator. It
//! writes `differential/tags.bin`: the first 8 bytes of each tag, then the SHA-256 of all tags.

use sha2::{Digest as _, Sha256};
use twin_ext::webhook::{Verifier, sign};

use crate::signed::headers;

const TAGS: &[u8] = include_bytes!("differential/tags.bin");
const CASES: usize = 10_000;

/// The generator `SplitMix64` of Steele, Lea and Flood.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn byte(&mut self, end: u64) -> u8 {
        u8::try_from(self.below(end)).unwrap()
    }
}

/// Returns a secret of 1 to 200 visible characters, and a body of up to 600 bytes.
fn next_case(generator: &mut SplitMix64) -> (String, Vec<u8>) {
    let length = 1 + generator.below(200);
    let secret = (0..length).map(|_| char::from(0x21 + generator.byte(94))).collect();
    let length = generator.below(601);
    let body = (0..length).map(|_| generator.byte(256)).collect();
    (secret, body)
}

#[test]
fn signatures_equal_those_of_python_hmac() {
    assert_eq!(TAGS.len(), 8 * CASES + 32);
    let (tags, sum) = TAGS.split_at(8 * CASES);
    let mut generator = SplitMix64(6);
    let mut all = Sha256::new();
    for (number, expected) in tags.chunks(8).enumerate() {
        let (secret, body) = next_case(&mut generator);
        let signature = sign(&secret, &body);
        let tag = base16ct::lower::decode_vec(signature.strip_prefix("sha256=").unwrap()).unwrap();
        assert_eq!(&tag[..8], expected, "case {number}");
        all.update(&tag);
        let headers = headers(&[&signature], &[]);
        let error = Verifier::new(&secret).unwrap().verify(&headers, &body).unwrap_err();
        assert_eq!(error.kind(), twin_ext::ErrorKind::Decode, "case {number} is authentic");
    }
    assert_eq!(all.finalize()[..], *sum);
}
