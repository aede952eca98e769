//! Times as the service writes them, RFC 3339, and as the standard library has them.

use std::convert::Infallible;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::error::{Detail, Error, ErrorKind, Outcome};

/// A point in time, as callers have it: a [`SystemTime`], or RFC 3339 text as the service
/// writes it.
///
/// ```
/// use std::time::SystemTime;
/// use twin_ext::Timestamp;
/// let now = Timestamp::from(SystemTime::now());
/// let then = Timestamp::try_from("2026-02-20T14:30:00.123456789+00:00")?;
/// assert!(then < now);
/// # Ok::<(), twin_ext::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub(crate) SystemTime);

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(time)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        time.0
    }
}

impl TryFrom<&str> for Timestamp {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        read(text).map(Self).ok_or_else(|| {
            let message = format!("{text:?} is no time such as 2026-02-20T14:30:00Z");
            Detail::new(ErrorKind::InvalidRequest, Outcome::NotSent, message).into()
        })
    }
}

impl TryFrom<&String> for Timestamp {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self, Error> {
        Self::try_from(text.as_str())
    }
}

impl TryFrom<String> for Timestamp {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::try_from(text.as_str())
    }
}

/// Of a conversion that cannot fail, where one that can is asked for.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Reads a time such as `2026-02-20T14:30:00.123456789+00:00`, to the nanosecond.
pub(crate) fn read(text: &str) -> Option<SystemTime> {
    let time = DateTime::parse_from_rfc3339(text.trim()).ok()?;
    let nanos = u64::from(time.timestamp_subsec_nanos());
    let seconds = time.timestamp();
    let whole = match u64::try_from(seconds) {
        Ok(after) => UNIX_EPOCH.checked_add(Duration::from_secs(after))?,
        Err(_) => UNIX_EPOCH.checked_sub(Duration::from_secs(seconds.unsigned_abs()))?,
    };
    whole.checked_add(Duration::from_nanos(nanos))
}

/// Writes a time so; `None` of one beyond the years that can be written.
pub(crate) fn write(time: SystemTime) -> Option<String> {
    of(time).map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// The time as chrono has it.
pub(crate) fn of(time: SystemTime) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (i64::try_from(after.as_secs()).ok()?, after.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            let seconds = i64::try_from(before.as_secs()).ok()?;
            match before.subsec_nanos() {
                0 => (-seconds, 0),
                nanos => (-seconds - 1, 1_000_000_000 - nanos),
            }
        }
    };
    DateTime::from_timestamp(seconds, nanos)
        .filter(|time| (0..10_000).contains(&chrono::Datelike::year(time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_service_and_of_the_reference() {
        let seconds = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let nanos = Duration::from_nanos;
        for (text, time) in [
            ("2026-02-20T14:30:00Z", seconds(1_771_597_800)),
            ("2026-02-20T14:30:00.000000001+00:00", seconds(1_771_597_800) + nanos(1)),
            ("2026-02-20T15:30:00.5+01:00", seconds(1_771_597_800) + nanos(500_000_000)),
            ("1970-01-01T00:00:00Z", UNIX_EPOCH),
            ("1969-12-31T23:59:59.25Z", UNIX_EPOCH - nanos(750_000_000)),
        ] {
            assert_eq!(read(text), Some(time), "{text}");
            assert_eq!(read(&write(time).unwrap()), Some(time), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "yesterday",
            "2026-02-20",
            "2026-02-30T00:00:00Z",
            "1771597800",
            "2026-02-20T14:30:00",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(UNIX_EPOCH.checked_add(Duration::from_secs(1 << 40)).and_then(write), None);
        assert_eq!(UNIX_EPOCH.checked_sub(Duration::from_secs(1 << 40)).and_then(write), None);
    }

    /// A leap second is written so, and chrono holds it as nanoseconds above a second.
    #[test]
    fn a_leap_second_is_the_second_after() {
        assert_eq!(read("2016-12-31T23:59:60Z"), read("2017-01-01T00:00:00Z"));
    }
}
