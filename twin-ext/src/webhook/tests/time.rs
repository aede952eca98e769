//! Times, to the nanosecond and to the end of time.

use std::time::{Duration, SystemTime};

use crate::webhook::time::{Nanos, Place, Window, length, of, read};

const SECOND: Nanos = 1_000_000_000;

#[test]
fn times_are_read_to_the_nanosecond() {
    let cases = [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001+00:00", 1),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("2026-03-11T14:32:15Z", 1_773_239_535 * SECOND),
        ("2026-03-11T16:32:15+02:00", 1_773_239_535 * SECOND),
        ("0000-01-01T00:00:00Z", -62_167_219_200 * SECOND),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_800 * SECOND - 1),
        // The leap second at the end of 2016, and the second after it, are one in Unix time.
        ("2016-12-31T23:59:60Z", 1_483_228_800 * SECOND),
        ("2017-01-01T00:00:00Z", 1_483_228_800 * SECOND),
    ];
    for (text, nanos) in cases {
        assert_eq!(read(text), Some(nanos), "{text}");
    }
}

#[test]
fn what_is_no_time_is_none() {
    for text in [
        "",
        "now",
        "1773239535",
        "2026-03-11",
        "2026-03-11T14:32:15",
        "2026-13-11T14:32:15Z",
        "2026-02-29T14:32:15Z",
        "2026-03-11T24:00:00Z",
        "2026-03-11T14:32:61Z",
        "1000000-01-01T00:00:00Z",
        "2026-03-11T14:32:15+99:99",
        "2026-03-11T14:32:15Z ",
        "٢٠٢٦-03-11T14:32:15Z",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn the_window_holds_its_ends_and_nothing_beyond() {
    let window = Window { past: Duration::from_secs(300), future: Duration::from_nanos(7) };
    let now = 1_773_239_535 * SECOND;
    assert_eq!(window.place(now, now), Place::Within);
    assert_eq!(window.place(now, now - 300 * SECOND), Place::Within);
    assert_eq!(window.place(now, now - 300 * SECOND - 1), Place::Before);
    assert_eq!(window.place(now, now + 7), Place::Within);
    assert_eq!(window.place(now, now + 8), Place::After);
}

#[test]
fn nothing_overflows() {
    let widest = Window { past: Duration::MAX, future: Duration::MAX };
    let narrowest = Window { past: Duration::ZERO, future: Duration::ZERO };
    for (now, time) in [(Nanos::MAX, Nanos::MIN), (Nanos::MIN, Nanos::MAX)] {
        assert_ne!(widest.place(now, time), Place::Within);
        assert_ne!(narrowest.place(now, time), Place::Within);
    }
    let far = read("9999-12-31T23:59:59.999999999Z").unwrap();
    assert_eq!(widest.place(0, far), Place::Within);
    assert!(length(Duration::MAX) > far);
}

#[test]
fn clocks_before_the_epoch_are_read_too() {
    let before = SystemTime::UNIX_EPOCH.checked_sub(Duration::from_nanos(5)).unwrap();
    assert_eq!(of(before), -5);
    assert_eq!(of(SystemTime::UNIX_EPOCH + Duration::from_nanos(5)), 5);
}
