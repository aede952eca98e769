//! Tests the tolerance: exact to the nanosecond, and without overflow.

use std::time::{Duration, SystemTime};

use crate::time::{Timestamp, nanos};
use crate::webhook::RefusalReason;
use crate::webhook::verifier::Tolerance;

#[test]
fn tolerance_includes_both_ends_to_the_nanosecond() {
    let tolerance = Tolerance { past: Duration::from_secs(300), future: Duration::from_nanos(7) };
    let now = Timestamp::parse("2026-03-11T14:32:15Z").unwrap();
    for (stamp, expected) in [
        ("2026-03-11T14:32:15Z", Ok(())),
        ("2026-03-11T14:27:15Z", Ok(())),
        ("2026-03-11T14:27:14.999999999Z", Err(RefusalReason::TooOld)),
        ("2026-03-11T15:32:15.000000007+01:00", Ok(())),
        ("2026-03-11T14:32:15.000000008Z", Err(RefusalReason::InFuture)),
        ("2026-03-11T14:32:15", Err(RefusalReason::UnreadableTimestamp)),
    ] {
        assert_eq!(tolerance.check(now, stamp), expected, "{stamp}");
    }
}

#[test]
fn extreme_times_do_not_overflow() {
    let widest = Tolerance { past: Duration::MAX, future: Duration::MAX };
    let narrowest = Tolerance { past: Duration::ZERO, future: Duration::ZERO };
    let far = "9999-12-31T23:59:59.999999999Z";
    for clock in [SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH - Duration::from_secs(1 << 40)] {
        assert_eq!(widest.check(clock.into(), far), Ok(()));
        assert_eq!(narrowest.check(clock.into(), far), Err(RefusalReason::InFuture));
    }
    assert!(nanos(Duration::MAX) > Timestamp::parse(far).unwrap().nanos());
}
