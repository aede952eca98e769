//! Parses the times of query parameters. The reference says only "ISO 8601", so every form of ISO 8601
//! is accepted, for example `2026-03-11T12:00:00Z`, `20260311T1200+0100` and `2026-W11-3`.
//!
//! A time consists of a date (calendar, week or ordinal) and optionally the time of day, to the hour,
//! minute or second with a fraction. Both can be in the extended or the basic format. A time without
//! an offset is in UTC.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// Parses a time. Returns `None` if the text is not in a form of ISO 8601.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    // A `+` that was not percent-encoded arrives as a space.
    let text = text.replace(' ', "+");
    let Some((day, time)) = text.split_once(['T', 't']) else {
        return Some(date(&text)?.and_time(NaiveTime::MIN).and_utc());
    };
    let (time, offset) = split_offset(time)?;
    let (time, more) = time_of_day(time)?;
    let local = NaiveDateTime::new(date(day)?, time);
    local.checked_add_signed(more - offset).map(|utc| utc.and_utc())
}

fn date(text: &str) -> Option<NaiveDate> {
    let format = match (text.len(), text.contains('W'), text.contains('-')) {
        (10, false, true) => "%Y-%m-%d",
        (8, false, false) => "%Y%m%d",
        (10, true, true) => "%G-W%V-%u",
        (8, true, false) => "%GW%V%u",
        (8, false, true) => "%Y-%j",
        (7, false, false) => "%Y%j",
        _ => return None,
    };
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-W".contains(&byte));
    is_plain.then(|| NaiveDate::parse_from_str(text, format).ok()).flatten()
}

/// Splits a text into the time of day and the offset from UTC.
fn split_offset(text: &str) -> Option<(&str, TimeDelta)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, TimeDelta::zero()));
    }
    let Some(place) = text.rfind(['+', '-']) else { return Some((text, TimeDelta::zero())) };
    let (time, offset) = text.split_at(place);
    let digits = offset[1..].replace(':', "");
    if !matches!((digits.len(), offset.len()), (2, 3) | (4, 5 | 6)) {
        return None;
    }
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes = digits.get(2..).filter(|rest| !rest.is_empty()).unwrap_or("0");
    let minutes: i64 = minutes.parse().ok()?;
    if hours > 23 || minutes > 59 {
        return None;
    }
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    Some((time, TimeDelta::minutes(sign * (hours * 60 + minutes))))
}

/// Parses a time of day. The duration must be added to the time: it is the fraction, or a day for
/// `24:00`.
fn time_of_day(text: &str) -> Option<(NaiveTime, TimeDelta)> {
    let (whole, fraction) = match text.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = whole.replace(':', "");
    let (unit, format) = match (digits.len(), whole.len() - digits.len()) {
        (2, 0) => (TimeDelta::hours(1), ""),
        (4, 0 | 1) => (TimeDelta::minutes(1), "%H%M"),
        (6, 0 | 2) => (TimeDelta::seconds(1), "%H%M%S"),
        _ => return None,
    };
    let more = fraction.map_or(Some(TimeDelta::zero()), |fraction| part_of(unit, fraction))?;
    if ["24", "2400", "240000"].contains(&digits.as_str()) && more.is_zero() {
        return Some((NaiveTime::MIN, TimeDelta::days(1)));
    }
    let time = match format {
        "" => NaiveTime::from_hms_opt(digits.parse().ok()?, 0, 0)?,
        format => NaiveTime::parse_from_str(&digits, format).ok()?,
    };
    Some((time, more))
}

/// Converts a decimal fraction of `unit` to a duration, in whole nanoseconds.
fn part_of(unit: TimeDelta, fraction: &str) -> Option<TimeDelta> {
    let is_plain = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let digits: String = is_plain.then(|| fraction.chars().take(9).collect())?;
    let scale = 10_i128.pow(u32::try_from(digits.len()).ok()?);
    let nanos = digits.parse::<i128>().ok()? * i128::from(unit.num_nanoseconds()?) / scale;
    i64::try_from(nanos).ok().map(TimeDelta::nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<String> {
        parse(text).map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }

    #[test]
    fn parses_every_form_of_one_instant() {
        let noon = [
            "2026-03-11T12:00:00Z",
            "2026-03-11T12:00:00.000Z",
            "2026-03-11T12:00:00,000Z",
            "2026-03-11t12:00:00z",
            "2026-03-11T12:00Z",
            "2026-03-11T12Z",
            "2026-03-11T12:00:00",
            "2026-03-11T14:00:00+02:00",
            "2026-03-11T14:00:00+0200",
            "2026-03-11T14:00:00+02",
            "2026-03-11T14:00:00 02:00",
            "2026-03-11T09:30:00-02:30",
            "20260311T120000Z",
            "20260311T1200Z",
            "20260311T12Z",
            "2026-W11-3T12:00:00Z",
            "2026W113T120000Z",
            "2026-070T12:00:00Z",
            "2026070T120000Z",
        ];
        for text in noon {
            assert_eq!(at(text).as_deref(), Some("2026-03-11T12:00:00Z"), "{text}");
        }
    }

    #[test]
    fn parses_dates_fractions_and_24_00() {
        for (text, time) in [
            ("2026-03-11", "2026-03-11T00:00:00Z"),
            ("20260311", "2026-03-11T00:00:00Z"),
            ("2026-03-11T24:00:00Z", "2026-03-12T00:00:00Z"),
            ("2026-03-11T12.5Z", "2026-03-11T12:30:00Z"),
            ("2026-03-11T12:00.5Z", "2026-03-11T12:00:30Z"),
            ("2026-03-11T12:00:00.123456789Z", "2026-03-11T12:00:00.123456789Z"),
            ("2026-03-11T12:00:00.1234567899Z", "2026-03-11T12:00:00.123456789Z"),
        ] {
            assert_eq!(at(text).as_deref(), Some(time), "{text}");
        }
    }

    #[test]
    fn rejects_text_that_is_not_iso_8601() {
        for text in [
            "",
            "yesterday",
            "1773230400",
            "2026",
            "2026-13-01",
            "2026-02-30T00:00:00Z",
            "2026-3-1",
            "2026-03-11T",
            "2026-03-11T25:00:00Z",
            "2026-03-11T12:60:00Z",
            "2026-03-11T12:00:00.Z",
            "2026-03-11T12:00:00+",
            "2026-03-11T12:00:00+25:00",
            "2026-03-11T12:00:00+02:0",
            "2026-03-11T12:00:00ZZ",
            "2026-03-11T1:00:00Z",
            "2026-03-11 12:00:00 UTC",
            "+2026-03-11",
            "é026-03-11T12:00:00Z",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
