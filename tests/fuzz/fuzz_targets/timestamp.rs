//! Verifies arbitrary text as the timestamp of an authentic delivery, with any clock and any
//! tolerance. It must be accepted if, and only if, it is a time within the tolerance.
//!
//! The input is 8 bytes of seconds for the clock, 4 for the past, 4 for the future, and text.
#![no_main]

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use chrono::DateTime;
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use twin_ext::ErrorKind;
use twin_ext::clock::{Clock, Sleep};
use twin_ext::webhook::{SIGNATURE_HEADER, Verifier, sign};

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new("whsec_1").unwrap());

#[derive(Debug)]
struct At(SystemTime);

impl Clock for At {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn wall(&self) -> SystemTime {
        self.0
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> u64 {
        0
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((seconds, rest)) = input.split_first_chunk::<8>() else { return };
    let Some((past, rest)) = rest.split_first_chunk::<4>() else { return };
    let Some((future, text)) = rest.split_first_chunk::<4>() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let seconds = i64::from_le_bytes(*seconds);
    let length = Duration::from_secs(seconds.unsigned_abs());
    let now = match seconds {
        0.. => SystemTime::UNIX_EPOCH.checked_add(length),
        _ => SystemTime::UNIX_EPOCH.checked_sub(length),
    };
    let Some(now) = now else { return };
    let (past, future) = (u32::from_le_bytes(*past), u32::from_le_bytes(*future));
    let verifier = VERIFIER
        .clone()
        .tolerance(Duration::from_secs(past.into()), Duration::from_secs(future.into()))
        .clock(At(now));
    let body = json!({"event": "x", "timestamp": text}).to_string();
    let mut headers = HeaderMap::new();
    headers.insert(SIGNATURE_HEADER, sign("whsec_1", &body).parse().unwrap());
    // The expected result is computed in another way than in the verifier: with whole seconds.
    let within = DateTime::parse_from_rfc3339(text).is_ok_and(|time| {
        let extra = u64::from(time.timestamp_subsec_nanos());
        let seconds_of = i128::from(time.timestamp()) + i128::from(extra / 1_000_000_000);
        let rest = i128::from(extra % 1_000_000_000 != 0);
        let (seconds, past, future) = (i128::from(seconds), i128::from(past), i128::from(future));
        seconds - past <= seconds_of && seconds_of + rest <= seconds + future
    });
    match verifier.verify(&headers, body.as_bytes()) {
        Ok(_) => assert!(within, "{text}"),
        Err(error) => assert!(!within && error.kind() == ErrorKind::Webhook, "{text}: {error}"),
    }
});
