//! What a service asks for in `Retry-After`.
//!
//! It is whole seconds or an HTTP date; anything else is as if it were not there. Where it
//! comes more than once, the longest counts: waiting longer harms nobody.

use std::time::{Duration, SystemTime};

use http::header::{HeaderMap, RETRY_AFTER};

/// How long to wait, at `now`; a date that has passed asks for no time at all.
pub(crate) fn retry_after(headers: &HeaderMap, now: impl Fn() -> SystemTime) -> Option<Duration> {
    let values = headers.get_all(RETRY_AFTER).into_iter();
    values.filter_map(|value| read(value.to_str().ok()?.trim(), &now)).max()
}

fn read(text: &str, now: impl Fn() -> SystemTime) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // What does not fit is longer than anybody waits, too.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(values: &[&'static str]) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(RETRY_AFTER, HeaderValue::from_static(value));
        }
        // Sun, 06 Nov 1994 08:49:37 GMT
        retry_after(&headers, || SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn seconds_dates_and_nonsense() {
        let cases: [(&[&'static str], Option<u64>); 18] = [
            (&[], None),
            (&["0"], Some(0)),
            (&["1"], Some(1)),
            (&[" 120 "], Some(120)),
            (&["121"], Some(121)),
            (&["99999999999999999999999"], Some(u64::MAX)),
            (&["-1"], None),
            (&["+1"], None),
            (&["1.5"], None),
            (&["1e400"], None),
            (&[""], None),
            (&["soon"], None),
            (&["Sun, 06 Nov 1994 08:50:37 GMT"], Some(60)),
            (&["Sunday, 06-Nov-94 08:50:37 GMT"], Some(60)),
            (&["Sun, 06 Nov 1994 08:48:37 GMT"], Some(0)),
            (&["Sun, 06 Nov 99999 08:48:37 GMT"], None),
            (&["3", "7"], Some(7)),
            (&["7", "-1"], Some(7)),
        ];
        for (values, expected) in cases {
            assert_eq!(of(values), expected.map(Duration::from_secs), "{values:?}");
        }
    }

    #[test]
    fn whatever_comes_is_read_or_left_alone() {
        let mut random = fastrand::Rng::with_seed(1);
        let letters = b"0123456789 -+.,:eGMTSunNov\x80\xff";
        for _ in 0..100_000 {
            let text: Vec<u8> =
                (0..random.usize(..40)).map(|_| letters[random.usize(..letters.len())]).collect();
            let Ok(value) = HeaderValue::from_bytes(&text) else { continue };
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
            let wait = retry_after(&headers, || SystemTime::UNIX_EPOCH);
            let text = text.trim_ascii();
            if !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
                let digits = std::str::from_utf8(text).unwrap();
                let seconds = digits.parse().unwrap_or(u64::MAX);
                assert_eq!(wait, Some(Duration::from_secs(seconds)), "{digits}");
            }
        }
    }
}
