//! Defines [`Timestamp`], a point in time that is parsed from RFC 3339.
//!
//! All times of the crate are parsed here.

// This module has its own calendar: a calendar library would be the largest dependency of a program
// that only receives webhooks. The tests compare the results with those of `chrono`.
pub(crate) mod calendar;

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::calendar::{DAY, Date};
use crate::error::{Error, ErrorKind, Failure, Outcome};

const SECOND: i128 = 1_000_000_000;

/// A point in time with nanosecond precision.
///
/// The service writes times as RFC 3339 text, such as `2026-02-20T14:30:00Z`, and the generated types
/// keep them as `String`. Parse the text to compare two times or to compute a duration.
///
/// # Parsing
/// Text with an offset other than `Z` is converted to UTC:
///
/// ```
/// let started: twin_ext::Timestamp = "2026-02-20T15:30:00+01:00".parse()?;
/// assert_eq!(started.to_string(), "2026-02-20T14:30:00Z");
/// # Ok::<(), twin_ext::Error>(())
/// ```
///
/// Digits after the ninth decimal are ignored. A leap second becomes the second after it, as in Unix
/// time: `23:59:60` is `00:00:00` of the next day. Text that is not RFC 3339 is an error of
/// [`ErrorKind::InvalidRequest`], whose message quotes the text:
///
/// ```
/// let error = "yesterday".parse::<twin_ext::Timestamp>().unwrap_err();
/// assert!(error.to_string().contains("yesterday"));
/// ```
///
/// # Comparing
/// Comparison uses the instant, not the text:
///
/// ```
/// use twin_ext::Timestamp;
/// let first: Timestamp = "2026-02-20T15:30:00+01:00".parse()?;
/// let second: Timestamp = "2026-02-20T14:31:00.5Z".parse()?;
/// assert!(first < second);
/// # Ok::<(), twin_ext::Error>(())
/// ```
///
/// # Arithmetic
/// For arithmetic, convert it to a [`SystemTime`]:
///
/// ```
/// use std::time::SystemTime;
/// use twin_ext::Timestamp;
/// let started: Timestamp = "2026-02-20T14:30:00.5Z".parse()?;
/// let finished: Timestamp = "2026-02-20T14:31:00Z".parse()?;
/// let lasted = SystemTime::from(finished).duration_since(SystemTime::from(started))?;
/// assert_eq!(lasted.as_millis(), 59_500);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Printing
/// `Display` prints RFC 3339 in UTC, with 0, 3, 6 or 9 decimals. RFC 3339 has only the years 0 to
/// 9999. Outside them, `Display` prints the nanoseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Nanoseconds since 1970-01-01T00:00:00Z. With 128 bits, no RFC 3339 year and no [`SystemTime`]
    /// overflows.
    nanos: i128,
}

impl Timestamp {
    /// Parses RFC 3339. Returns `None` if the text is not a valid time.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut text = Scanner(text.as_bytes());
        let year = text.number(4)?;
        text.one_of(b"-")?;
        let month = text.number(2)?;
        text.one_of(b"-")?;
        let date = Date { year, month, day: text.number(2)? };
        text.one_of(b"Tt ")?;
        let hour = text.number(2).filter(|hour| *hour < 24)?;
        text.one_of(b":")?;
        let minute = text.number(2).filter(|minute| *minute < 60)?;
        text.one_of(b":")?;
        // 60 is a leap second.
        let second = text.number(2).filter(|second| *second <= 60)?;
        let fraction = text.fraction()?;
        let offset = text.offset()?;
        if !text.0.is_empty() || !date.exists() {
            return None;
        }
        let seconds = date.days() * DAY + hour * 3_600 + minute * 60 + second - offset;
        Some(Self { nanos: i128::from(seconds) * SECOND + fraction })
    }

    /// Creates a time from the seconds since 1970-01-01T00:00:00Z.
    #[cfg(feature = "schedules")]
    pub(crate) fn from_seconds(seconds: i64) -> Self {
        Self { nanos: i128::from(seconds) * SECOND }
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z, rounded down, if they fit.
    pub(crate) fn seconds(self) -> Option<i64> {
        i64::try_from(self.nanos.div_euclid(SECOND)).ok()
    }

    /// Returns the nanoseconds since 1970-01-01T00:00:00Z.
    pub(crate) fn nanos(self) -> i128 {
        self.nanos
    }

    /// Subtracts a duration.
    pub(crate) fn minus(self, duration: Duration) -> Self {
        Self { nanos: self.nanos.saturating_sub(nanos(duration)) }
    }

    /// Formats the time as RFC 3339 in UTC. Returns `None` outside the years 0 to 9999, the range
    /// of RFC 3339.
    pub(crate) fn rfc3339(self) -> Option<String> {
        let seconds = self.seconds()?;
        let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let Date { year, month, day } = Date::from_days(days);
        if !(0..10_000).contains(&year) {
            return None;
        }
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let fraction = fraction(self.nanos.rem_euclid(SECOND));
        Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
    }
}

/// Converts to nanoseconds. A `Duration` has at most 94 bits of them, so the result is exact.
pub(crate) fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

/// Formats a fraction of a second with 0, 3, 6 or 9 digits.
fn fraction(nanos: i128) -> String {
    match nanos {
        0 => String::new(),
        _ if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => format!(".{:06}", nanos / 1_000),
        _ => format!(".{nanos:09}"),
    }
}

/// Reads the parts of RFC 3339 text from left to right.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    /// Consumes a number of exactly `digits` digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0, |number, byte| digit(*byte).map(|digit| number * 10 + digit))
    }

    /// Consumes one of the `allowed` characters.
    fn one_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        allowed.contains(first).then_some(*first)
    }

    /// Consumes an optional fraction of a second, and returns its nanoseconds.
    fn fraction(&mut self) -> Option<i128> {
        let Some(digits) = self.0.strip_prefix(b".") else { return Some(0) };
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = digits.split_at_checked(count).filter(|_| count > 0)?;
        self.0 = rest;
        let nine = digits.iter().chain(std::iter::repeat(&b'0')).take(9);
        nine.map(|byte| digit(*byte))
            .try_fold(0, |nanos, digit| Some(nanos * 10 + i128::from(digit?)))
    }

    /// Consumes an offset from UTC, and returns its seconds.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.number(2).filter(|hours| *hours < 24)?;
        self.one_of(b":")?;
        let minutes = self.number(2).filter(|minutes| *minutes < 60)?;
        Some(sign * (hours * 3_600 + minutes * 60))
    }
}

fn digit(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

/// Writes RFC 3339 in UTC. Outside the years 0 to 9999, writes the nanoseconds since 1970.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rfc3339() {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} ns since 1970-01-01T00:00:00Z", self.nanos),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self {
            nanos: match time.duration_since(UNIX_EPOCH) {
                Ok(after) => nanos(after),
                Err(before) => -nanos(before.duration()),
            },
        }
    }
}

/// Rounds to the precision of the platform's clock. A time outside the range of [`SystemTime`]
/// becomes the Unix epoch.
impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        let nanos = u64::try_from(time.nanos.unsigned_abs() % SECOND.unsigned_abs());
        let seconds = u64::try_from(time.nanos.unsigned_abs() / SECOND.unsigned_abs());
        let (Ok(seconds), Ok(nanos)) = (seconds, nanos) else { return UNIX_EPOCH };
        let length = Duration::from_secs(seconds).checked_add(Duration::from_nanos(nanos));
        let time = match time.nanos {
            0.. => length.and_then(|length| UNIX_EPOCH.checked_add(length)),
            _ => length.and_then(|length| UNIX_EPOCH.checked_sub(length)),
        };
        time.unwrap_or(UNIX_EPOCH)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).ok_or_else(|| {
            let message =
                format!("{text:?} is not an RFC 3339 time; write it as 2026-02-20T14:30:00Z");
            Failure::new(ErrorKind::InvalidRequest, Outcome::NotSent, message).into()
        })
    }
}

impl TryFrom<&str> for Timestamp {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

impl TryFrom<&String> for Timestamp {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self, Error> {
        text.parse()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

/// Allows [`RunExt::finished_since`](crate::RunExt::finished_since) to accept a [`SystemTime`],
/// whose conversion is infallible.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Datelike as _, SecondsFormat};
    use proptest::prelude::*;

    use super::*;

    /// The nanoseconds of 2026-02-20T14:30:00Z.
    const TIME: i128 = 1_771_597_800 * SECOND;

    #[test]
    fn parses_every_form_of_rfc_3339() {
        for (text, nanos) in [
            ("2026-02-20T14:30:00Z", TIME),
            ("2026-02-20t14:30:00z", TIME),
            ("2026-02-20 14:30:00Z", TIME),
            ("2026-02-20T14:30:00-00:00", TIME),
            ("2026-02-20T14:30:00.000000001+00:00", TIME + 1),
            ("2026-02-20T14:30:00.0000000019Z", TIME + 1),
            ("2026-02-20T15:30:00.5+01:00", TIME + SECOND / 2),
            ("2026-02-19T14:31:00-23:59", TIME),
            ("2026-02-21T14:29:00+23:59", TIME),
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("0000-01-01T00:00:00Z", -62_167_219_200 * SECOND),
            ("0000-01-01T00:00:00+01:00", -62_167_222_800 * SECOND),
            ("9999-12-31T23:59:59.999999999Z", 253_402_300_800 * SECOND - 1),
            ("9999-12-31T23:59:59-01:00", 253_402_304_399 * SECOND),
            ("2024-02-29T00:00:00Z", 1_709_164_800 * SECOND),
            ("2016-12-31T23:59:60Z", 1_483_228_800 * SECOND),
            ("2016-12-31T23:59:60.25Z", 1_483_228_800 * SECOND + SECOND / 4),
            ("2017-01-01T00:59:60+01:00", 1_483_228_800 * SECOND),
        ] {
            let time = Timestamp::parse(text);
            assert_eq!(time.map(Timestamp::nanos), Some(nanos), "{text}");
        }
    }

    #[test]
    fn rejects_text_that_is_not_a_time() {
        for text in [
            "",
            "yesterday",
            "1771597800",
            "2026-02-20",
            "2026-02-20T14:30:00",
            "2026-02-20T14:30Z",
            "2026-02-30T00:00:00Z",
            "2026-13-11T14:32:15Z",
            "2025-02-29T00:00:00Z",
            "2026-02-20T24:00:00Z",
            "2026-02-20T14:30:61Z",
            "2026-02-20T14:30:00.Z",
            "2026-02-20T14:30:00+24:00",
            "2026-02-20T14:30:00+0100",
            "2026-02-20T14:30:00+01",
            "2026-02-20T14:30:00\u{2212}01:00",
            " 2026-02-20T14:30:00Z",
            "2026-02-20T14:30:00Z ",
            "2026-02-20T14:30:00 Z",
            "10000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "26-02-20T14:30:00Z",
            "٢٠٢٦-02-20T14:30:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        let error = Timestamp::try_from("yesterday").unwrap_err();
        let expected = "\"yesterday\" is not an RFC 3339 time; write it as 2026-02-20T14:30:00Z";
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::InvalidRequest, expected));
    }

    #[test]
    fn displayed_text_parses_to_the_same_time() {
        for text in [
            "2026-02-20T14:30:00Z",
            "2026-02-20T14:30:00.123456789Z",
            "1969-12-31T23:59:59.750Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
        ] {
            let time = Timestamp::parse(text).unwrap();
            assert_eq!(time.to_string(), text);
            assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
        }
    }

    #[test]
    fn converts_every_system_time_and_back() {
        let nanos = Duration::from_nanos;
        for (time, expected) in [
            (UNIX_EPOCH, 0),
            (UNIX_EPOCH + nanos(1_500_000_000), 1_500_000_000),
            (UNIX_EPOCH.checked_sub(nanos(1_500_000_000)).unwrap(), -1_500_000_000),
        ] {
            assert_eq!(Timestamp::from(time).nanos(), expected);
            assert_eq!(SystemTime::from(Timestamp::from(time)), time);
        }
    }

    #[test]
    fn extreme_system_times_do_not_overflow() {
        let far = Duration::from_secs(1 << 40);
        let times = [UNIX_EPOCH.checked_add(far), UNIX_EPOCH.checked_sub(far)];
        for time in times.into_iter().flatten().map(Timestamp::from) {
            assert_eq!(time.rfc3339(), None);
            assert!(time.to_string().ends_with(" ns since 1970-01-01T00:00:00Z"), "{time}");
        }
        for nanos in [i128::MAX, i128::MIN] {
            let time = Timestamp { nanos };
            assert_eq!((time.rfc3339(), SystemTime::from(time)), (None, UNIX_EPOCH));
        }
    }

    /// Returns text near the grammar: each character comes from a valid time or from the letters
    /// that may replace it.
    fn near_times() -> impl Strategy<Value = String> {
        let valid = prop::sample::select(vec![
            "2026-02-20T14:30:00Z",
            "2024-02-29t23:59:60.123456789012z",
            "0000-12-31 00:00:00.5+23:59",
            "9999-01-30T09:08:07.000001-00:01",
        ]);
        let letter =
            prop::sample::select("0123456789-+:.TtZz \u{2212}".chars().collect::<Vec<_>>());
        let change = (any::<prop::sample::Index>(), letter, 0..3);
        (valid, prop::collection::vec(change, 0..4)).prop_map(|(text, changes)| {
            let mut text: Vec<char> = text.chars().collect();
            for (index, letter, kind) in changes {
                let index = index.index(text.len());
                match kind {
                    0 => text[index] = letter,
                    1 => text.insert(index, letter),
                    _ => drop(text.remove(index)),
                }
            }
            text.into_iter().collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// Text with a Unicode minus sign is excluded, because chrono accepts it in an offset.
        #[test]
        fn reads_the_same_text_as_chrono(text in near_times()) {
            let theirs = DateTime::parse_from_rfc3339(&text).ok().filter(|_| text.is_ascii());
            let theirs = theirs.map(|time| {
                let nanos = i128::from(time.timestamp_subsec_nanos());
                i128::from(time.timestamp()) * SECOND + nanos
            });
            prop_assert_eq!(Timestamp::parse(&text).map(Timestamp::nanos), theirs);
        }

        #[test]
        fn writes_the_same_text_as_chrono(seconds in -63_000_000_000..254_000_000_000_i64, nanos in 0..1_000_000_000_u32, step in 0..4_u32) {
            let nanos = nanos - nanos % 1_000_u32.pow(step);
            let time = DateTime::from_timestamp(seconds, nanos).unwrap();
            let theirs = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            let theirs = (0..10_000).contains(&time.year()).then_some(theirs);
            let nanos = i128::from(seconds) * SECOND + i128::from(nanos);
            prop_assert_eq!(Timestamp { nanos }.rfc3339(), theirs);
        }
    }
}
