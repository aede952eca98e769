//! How old a delivery may be, by an injected clock.

use std::time::Duration;

use serde_json::json;
use twin_ext::ErrorKind;
use twin_ext::clock::ManualClock;

use crate::signed::{completed, headers_of, verifier};

/// The clock begins at 2026-01-01T00:00:00Z.
fn taken(stamp: &str, past: Duration, future: Duration, elapsed: Duration) -> bool {
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
            assert_eq!(error.to_string(), "the delivery of a webhook cannot be trusted");
            false
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn both_ends_are_within_and_a_nanosecond_more_is_not() {
    let taken = |stamp| taken(stamp, MINUTE, MINUTE, Duration::ZERO);
    assert!(taken("2026-01-01T00:00:00Z"));
    assert!(taken("2025-12-31T23:59:00Z"));
    assert!(!taken("2025-12-31T23:58:59.999999999Z"));
    assert!(taken("2026-01-01T00:01:00+00:00"));
    assert!(taken("2026-01-01T02:01:00.000000000+02:00"));
    assert!(!taken("2026-01-01T00:01:00.000000001Z"));
}

#[test]
fn time_passes_over_a_delivery() {
    let taken = |elapsed| taken("2026-01-01T00:00:00Z", MINUTE, Duration::ZERO, elapsed);
    assert!(taken(MINUTE));
    assert!(!taken(MINUTE + Duration::from_nanos(1)));
}

#[test]
fn a_leap_second_is_the_second_after_the_one_before() {
    let taken = |past| taken("2025-12-31T23:59:60Z", past, Duration::ZERO, Duration::from_secs(5));
    assert!(taken(Duration::from_secs(5)));
    assert!(!taken(Duration::from_nanos(4_999_999_999)));
}

#[test]
fn no_year_and_no_window_overflows() {
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
            assert!(!taken(stamp, past, future, Duration::ZERO), "{stamp}");
        }
    }
    for stamp in ["0000-01-01T00:00:00+23:59", "9999-12-31T23:59:60.999999999-23:59"] {
        assert!(taken(stamp, Duration::MAX, Duration::MAX, Duration::ZERO), "{stamp}");
        assert!(!taken(stamp, MINUTE, MINUTE, Duration::from_secs(u64::from(u32::MAX))), "{stamp}");
    }
}

#[test]
fn without_a_window_any_stamp_is_taken_as_it_is() {
    let mut body = completed();
    body["timestamp"] = json!("when it was");
    let body = body.to_string();
    let delivery = verifier().verify(&headers_of(&body), body.as_bytes()).unwrap();
    assert_eq!(delivery.timestamp, "when it was");
}
