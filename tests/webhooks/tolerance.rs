//! `Verifier::tolerance`: how far the timestamp of a delivery may be from the clock.

use std::time::Duration;

use serde_json::json;
use twin_ext::ErrorKind;
use twin_ext::clock::ManualClock;

use crate::signed::{completed, headers_of, verifier};

/// Verifies a delivery with this timestamp, `elapsed` after 2026-01-01T00:00:00Z.
fn accepts(stamp: &str, past: Duration, future: Duration, elapsed: Duration) -> bool {
    let clock = ManualClock::new(1);
    clock.advance(elapsed);
    let mut body = completed();
    body["timestamp"] = json!(stamp);
    let body = body.to_string();
    let verifier = verifier().tolerance(past, future).clock(clock);
    match verifier.verify(&headers_of(&body), body.as_bytes()) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Webhook, "{stamp}");
            assert_eq!(error.to_string(), "the webhook delivery cannot be trusted");
            false
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn tolerance_includes_both_ends_to_the_nanosecond() {
    let accepts = |stamp| accepts(stamp, MINUTE, MINUTE, Duration::ZERO);
    assert!(accepts("2026-01-01T00:00:00Z"));
    assert!(accepts("2025-12-31T23:59:00Z"));
    assert!(!accepts("2025-12-31T23:58:59.999999999Z"));
    assert!(accepts("2026-01-01T00:01:00+00:00"));
    assert!(accepts("2026-01-01T02:01:00.000000000+02:00"));
    assert!(!accepts("2026-01-01T00:01:00.000000001Z"));
}

#[test]
fn delivery_expires_when_tolerance_passes() {
    let accepts = |elapsed| accepts("2026-01-01T00:00:00Z", MINUTE, Duration::ZERO, elapsed);
    assert!(accepts(MINUTE));
    assert!(!accepts(MINUTE + Duration::from_nanos(1)));
}

#[test]
fn leap_second_counts_as_the_next_second() {
    let accepts =
        |past| accepts("2025-12-31T23:59:60Z", past, Duration::ZERO, Duration::from_secs(5));
    assert!(accepts(Duration::from_secs(5)));
    assert!(!accepts(Duration::from_nanos(4_999_999_999)));
}

#[test]
fn extreme_years_and_tolerances_do_not_overflow() {
    for (past, future) in [(Duration::MAX, Duration::MAX), (Duration::ZERO, Duration::ZERO)] {
        for stamp in [
            "1000000-01-01T00:00:00Z",
            "+1000000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "99999999999999999999-01-01T00:00:00Z",
            "",
            "soon",
            "2026-01-01",
        ] {
            assert!(!accepts(stamp, past, future, Duration::ZERO), "{stamp}");
        }
    }
    for stamp in ["0000-01-01T00:00:00+23:59", "9999-12-31T23:59:60.999999999-23:59"] {
        assert!(accepts(stamp, Duration::MAX, Duration::MAX, Duration::ZERO), "{stamp}");
        assert!(
            !accepts(stamp, MINUTE, MINUTE, Duration::from_secs(u64::from(u32::MAX))),
            "{stamp}"
        );
    }
}

#[test]
fn without_tolerance_any_timestamp_is_accepted() {
    let mut body = completed();
    body["timestamp"] = json!("not a time");
    let body = body.to_string();
    let delivery = verifier().verify(&headers_of(&body), body.as_bytes()).unwrap();
    assert_eq!(delivery.timestamp, "not a time");
}
