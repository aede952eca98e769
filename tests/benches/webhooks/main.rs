//! Measures the cost of verification, and how many deliveries a receiver handles.
//!
//! - `cargo bench -p twin-tests --bench webhooks`: the time of a MAC with three libraries, and of a
//!   verification, for bodies of 300 bytes and 256 KiB. It fails if `verify` has less than
//!   [`SHARE`] of the throughput of a MAC with `serde_json` into a struct.
//! - `… -- forgeries [COUNT]`: verifies random forgeries, 10,000,000 by default.
//! - `… -- receiver [COUNT [CONNECTIONS]]`: sends deliveries over loopback to a receiver in axum,
//!   100,000 over 64 connections by default.
//! - `tests/benches/webhooks/instructions.sh`: counts instructions with callgrind.
//!
//! Other programs may load the machine. Therefore only a ratio of two times of one run is checked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step ends the benchmark")]
#![allow(clippy::cast_precision_loss, reason = "rates are printed with few digits")]

mod load;
mod mac;

use std::hint::black_box;
use std::time::{Duration, Instant};

use http::HeaderMap;
use serde::Deserialize;
use twin_ext::webhook::{EVENT_HEADER, SIGNATURE_HEADER, Verifier, sign};

/// The required share of the throughput of a MAC with `serde_json` into a struct.
const SHARE: f64 = 0.67;

const SECRET: &str = "whsec_a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6";

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |index: usize, default: u64| {
        arguments.get(index).map_or(default, |text| text.parse().unwrap())
    };
    match arguments.first().map(String::as_str) {
        None => compare(),
        Some("forgeries") => forgeries(number(1, 10_000_000)),
        Some("receiver") => load::measure_receiver(number(1, 100_000), number(2, 64)),
        Some("instructions") => instructions(number(1, 1_000)),
        Some(other) => panic!("unknown measurement {other}; see the top of this file"),
    }
}

/// Makes an authentic delivery of `size` bytes. An unknown member fills it up.
fn delivery(size: usize) -> (HeaderMap, Vec<u8>) {
    let run = r#""run_id":"01234567-89ab-cdef-0123-456789abcdef","agent_id":"01234567-89ab-cdef-0123-456789abcdef","status":"completed""#;
    let start = format!(
        r#"{{"event":"run.completed","timestamp":"2026-03-11T14:32:15Z","data":{{{run},"outcome":"success","finished_at":"2026-03-11T14:32:15Z"}},"x":""#
    );
    let filling = size.checked_sub(start.len() + 2).unwrap();
    let body = format!("{start}{}\"}}", "x".repeat(filling)).into_bytes();
    assert_eq!(body.len(), size);
    let mut headers = HeaderMap::new();
    headers.insert(SIGNATURE_HEADER, sign(SECRET, &body).parse().unwrap());
    headers.insert(EVENT_HEADER, "run.completed".parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("user-agent", "twin".parse().unwrap());
    (headers, body)
}

/// A delivery as a receiver without this crate would declare it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the benchmark only measures deserialization")]
struct TypedDelivery {
    event: String,
    timestamp: String,
    data: TypedData,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the benchmark only measures deserialization")]
struct TypedData {
    run_id: String,
    agent_id: String,
    status: String,
    outcome: Option<String>,
    finished_at: Option<String>,
}

/// Returns the time of one call: the minimum over 1,000 batches of `rounds` calls. A batch is short,
/// so that some batches are not interrupted by other programs.
fn time(rounds: u32, mut act: impl FnMut()) -> Duration {
    let mut least = Duration::MAX;
    for _ in 0..1_000 {
        let started = Instant::now();
        (0..rounds).for_each(|_| act());
        least = least.min(started.elapsed() / rounds);
    }
    least
}

fn compare() {
    for (size, rounds) in [(300, 400), (256 * 1024, 2)] {
        println!("{size} bytes:");
        let (headers, body) = delivery(size);
        let body = TimedBody { bytes: &body, rounds };
        let (bare, typed, value) = time_macs_and_serde(&body);
        time_other_macs(&body);
        let (refused, read) = time_verifier(&headers, &body);
        let share = |of: Duration, time: Duration| of.as_secs_f64() / time.as_secs_f64();
        println!(
            "  throughput of verify without reading: {:.3} of the bare MAC\n  \
             throughput of verify with reading: {:.3} of the bare MAC, {:.3} of MAC and a struct, \
             {:.3} of MAC and a Value",
            share(bare, refused),
            share(bare, read),
            share(typed, read),
            share(value, read)
        );
        assert!(share(typed, read) >= SHARE, "below {SHARE} of MAC and a struct");
    }
}

/// A body to verify, and how often a batch verifies it.
struct TimedBody<'a> {
    bytes: &'a [u8],
    rounds: u32,
}

impl TimedBody<'_> {
    /// Measures and prints the time of `act`.
    fn time(&self, name: &str, mut act: impl FnMut(&[u8])) -> Duration {
        let time = time(self.rounds, || act(black_box(self.bytes)));
        let rate = self.bytes.len() as f64 / time.as_secs_f64() / 1e6;
        println!("  {name:<40} {:>10} ns {rate:>8.0} MB/s", time.as_nanos());
        time
    }
}

/// Returns the times of the bare MAC, of the MAC with `serde_json` into a struct, and of the MAC with
/// `serde_json` into a `Value`.
fn time_macs_and_serde(body: &TimedBody<'_>) -> (Duration, Duration, Duration) {
    let key = mac::RustCrypto::new(SECRET.as_bytes());
    let bare = body.time("hmac + sha2", |bytes| {
        black_box(key.tag(bytes));
    });
    body.time("hmac + sha2, with its key", |bytes| {
        black_box(mac::RustCrypto::new(black_box(SECRET.as_bytes())).tag(bytes));
    });
    let typed = body.time("hmac + sha2, and serde_json to a struct", |bytes| {
        black_box(key.tag(bytes));
        black_box(serde_json::from_slice::<TypedDelivery>(black_box(bytes))).unwrap();
    });
    let value = body.time("hmac + sha2, and serde_json to a Value", |bytes| {
        black_box(key.tag(bytes));
        black_box(serde_json::from_slice::<serde_json::Value>(black_box(bytes))).unwrap();
    });
    (bare, typed, value)
}

/// Prints the times of the MAC with the libraries that twin-ext does not use.
fn time_other_macs(body: &TimedBody<'_>) {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
    body.time("aws-lc-rs", |bytes| {
        black_box(aws_lc_rs::hmac::sign(&key, bytes));
    });
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    body.time("ring", |bytes| {
        black_box(ring::hmac::sign(&key, bytes));
    });
}

/// Returns the times to refuse a forged delivery, and to verify and read an authentic one.
fn time_verifier(headers: &HeaderMap, body: &TimedBody<'_>) -> (Duration, Duration) {
    let verifier = Verifier::new(SECRET).unwrap();
    let mut forged = headers.clone();
    let signature = sign("whsec_of_somebody_else", body.bytes);
    forged.insert(SIGNATURE_HEADER, signature.parse().unwrap());
    let refused = body.time("verify, refusing a forgery", |bytes| {
        black_box(verifier.verify(black_box(&forged), bytes)).unwrap_err();
    });
    let read = body.time("verify, and reading it", |bytes| {
        black_box(verifier.verify(black_box(headers), bytes)).unwrap();
    });
    (refused, read)
}

/// Runs the functions whose instructions `instructions.sh` counts.
fn instructions(count: u64) {
    let (headers, body) = delivery(300);
    let verifier = Verifier::new(SECRET).unwrap();
    let key = mac::RustCrypto::new(SECRET.as_bytes());
    let claimed = key.tag(&body);
    for _ in 0..count {
        assert!(mac::bare_verify(black_box(&key), black_box(&body), black_box(&claimed)));
        assert!(mac::bare_verify_with_key(
            black_box(SECRET),
            black_box(&body),
            black_box(&claimed)
        ));
        black_box(verifier.verify(black_box(&headers), black_box(&body))).unwrap();
    }
}

fn forgeries(count: u64) {
    let verifier = Verifier::new(SECRET).unwrap();
    let started = Instant::now();
    let mut headers = HeaderMap::new();
    twin_tests::forgeries::refuse(count, |signature, event, body| {
        headers.insert(SIGNATURE_HEADER, signature.parse().unwrap());
        headers.insert(EVENT_HEADER, event.parse().unwrap());
        verifier.verify(&headers, body).is_err()
    });
    println!("{count} forgeries refused in {:.1?}", started.elapsed());
}
