//! Parses the header `Retry-After`.
//!
//! The value is a number of seconds, also with a fraction, or an HTTP date. Other values are
//! ignored. Of several headers, the longest delay counts.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// Returns the delay that the service requests. A date in the past requests no delay.
///
/// A date is compared with the `Date` of the response, because the two clocks may differ, or
/// with `now` without one.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use twin_api::reqwest::header::HeaderMap;
/// let mut headers = HeaderMap::new();
/// headers.insert("retry-after", "1.5".parse()?);
/// let wait = twin_api::transport::retry_after(&headers, SystemTime::now);
/// assert_eq!(wait, Some(Duration::from_millis(1_500)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn retry_after(headers: &HeaderMap, now: impl Fn() -> SystemTime) -> Option<Duration> {
    let sent = || {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        date.and_then(|date| httpdate::parse_http_date(date.trim()).ok()).unwrap_or_else(&now)
    };
    let values = headers.get_all(RETRY_AFTER).into_iter();
    let read = |text: &str| {
        seconds(text).or_else(|| {
            let date = httpdate::parse_http_date(text).ok()?;
            Some(date.duration_since(sent()).unwrap_or_default())
        })
    };
    values.filter_map(|value| read(value.to_str().ok()?.trim())).max()
}

/// Parses digits with at most one decimal point between them.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // A number that does not fit means a very long delay as well.
    let whole = whole.parse().unwrap_or(u64::MAX);
    let nanoseconds = format!("{fraction:0<9}").get(..9).and_then(|digits| digits.parse().ok());
    Some(Duration::new(whole, nanoseconds.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777)
    }

    fn of(values: &[&'static str]) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(RETRY_AFTER, HeaderValue::from_static(value));
        }
        retry_after(&headers, now)
    }

    #[test]
    fn parses_seconds_fractions_and_dates() {
        let cases: [(&[&'static str], Option<u64>); 21] = [
            (&[], None),
            (&["0"], Some(0)),
            (&["1"], Some(1_000)),
            (&[" 120 "], Some(120_000)),
            (&["121"], Some(121_000)),
            (&["1.5"], Some(1_500)),
            (&["0.0019999999999"], Some(1)),
            (&[".5"], None),
            (&["1."], None),
            (&["1.5.0"], None),
            (&["-1"], None),
            (&["+1"], None),
            (&["1e400"], None),
            (&[""], None),
            (&["soon"], None),
            (&["Sun, 06 Nov 1994 08:50:37 GMT"], Some(60_000)),
            (&["Sunday, 06-Nov-94 08:50:37 GMT"], Some(60_000)),
            (&["Sun, 06 Nov 1994 08:48:37 GMT"], Some(0)),
            (&["Sun, 06 Nov 99999 08:48:37 GMT"], None),
            (&["3", "7"], Some(7_000)),
            (&["7", "-1"], Some(7_000)),
        ];
        for (values, expected) in cases {
            let read = of(values).map(|wait| wait.as_millis());
            assert_eq!(read, expected.map(u128::from), "{values:?}");
        }
        assert_eq!(of(&["99999999999999999999999"]), Some(Duration::from_secs(u64::MAX)));
    }

    #[test]
    fn date_is_relative_to_the_date_of_the_response() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("Sun, 06 Nov 1994 09:00:09 GMT"));
        headers.insert(DATE, HeaderValue::from_static("Sun, 06 Nov 1994 09:00:00 GMT"));
        assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(9)));
        headers.insert(DATE, HeaderValue::from_static("yesterday"));
        assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(632)));
    }

    #[test]
    fn random_values_are_parsed_or_ignored() {
        let mut seed = 1_u64;
        let letters = b"0123456789 -+.,:eGMTSunNov\x80\xff";
        for _ in 0..100_000 {
            let mut text = Vec::new();
            for _ in 0..40 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let draw = usize::try_from(seed >> 40).unwrap();
                text.push(letters[draw % letters.len()]);
                if draw % 11 == 0 {
                    break;
                }
            }
            let Ok(value) = HeaderValue::from_bytes(&text) else { continue };
            let wait = retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]), now);
            let text = text.trim_ascii();
            if !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
                let seconds = std::str::from_utf8(text).unwrap().parse().unwrap_or(u64::MAX);
                assert_eq!(wait, Some(Duration::from_secs(seconds)));
            }
        }
    }
}
