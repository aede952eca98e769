//! Compares the verification of webhooks by twin-ext, standardwebhooks and svix.
//!
//! Run it with `cargo run --release --manifest-path tests/benches/rivals/Cargo.toml`. The
//! libraries take turns in each round, and the median of the rounds is printed. twin-ext verifies
//! and reads the event; the other two only verify. All three check the age of the delivery.

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use twin_ext::webhook::{SIGNATURE_HEADER, Verifier, sign};

type AnyError = Box<dyn std::error::Error>;

const ROUNDS: usize = 31;

/// 24 bytes in base64, as standardwebhooks and svix require.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const MESSAGE: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";

/// The name of a library, and a function that verifies one delivery with it.
type NamedVerifier<'a> = (&'static str, Box<dyn Fn() -> Result<(), AnyError> + 'a>);

fn main() -> Result<(), AnyError> {
    for (size, calls) in [(300, 20_000), (256 * 1024, 40)] {
        compare(size, calls)?;
    }
    Ok(())
}

fn compare(size: usize, calls: u32) -> Result<(), AnyError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let body = body(size, now);
    let mut twin = HeaderMap::new();
    twin.insert(SIGNATURE_HEADER, sign(SECRET, &body).parse()?);
    let verifier =
        Verifier::new(SECRET)?.tolerance(Duration::from_secs(300), Duration::from_secs(300));
    let standard = standardwebhooks::Webhook::new(SECRET)?;
    let signature = standard.sign(MESSAGE, i64::try_from(now)?, &body)?;
    let standard_headers = headers("webhook", now, &signature)?;
    let svix = svix::webhooks::Webhook::new(SECRET)?;
    let svix_headers = headers("svix", now, &signature)?;
    let libraries: [NamedVerifier<'_>; 3] = [
        ("twin-ext", Box::new(|| Ok(drop(black_box(verifier.verify(&twin, &body)?))))),
        ("standardwebhooks", Box::new(|| Ok(standard.verify(&body, &standard_headers)?))),
        ("svix", Box::new(|| Ok(svix.verify(&body, &svix_headers)?))),
    ];
    let mut times = [(); 3].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        for ((_, verify), times) in libraries.iter().zip(&mut times) {
            let started = Instant::now();
            for _ in 0..calls {
                verify()?;
            }
            times.push(started.elapsed() / calls);
        }
    }
    for ((name, _), times) in libraries.iter().zip(&mut times) {
        times.sort_unstable();
        println!("{size:>6} bytes: {name:16} {:>9.2?} a delivery", times[ROUNDS / 2]);
    }
    Ok(())
}

fn headers(prefix: &str, now: u64, signature: &str) -> Result<HeaderMap, AnyError> {
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("id", MESSAGE), ("timestamp", &now.to_string()), ("signature", signature)]
    {
        headers.insert(format!("{prefix}-{name}").parse::<http::HeaderName>()?, value.parse()?);
    }
    Ok(headers)
}

/// Returns a delivery of `size` bytes. An unknown member fills it up.
fn body(size: usize, now: u64) -> Vec<u8> {
    let time = twin_ext::Timestamp::from(UNIX_EPOCH + Duration::from_secs(now));
    let start = format!(
        r#"{{"event":"run.completed","timestamp":"{time}","data":{{"run_id":"run_xyz789","agent_id":"agent_abc123","status":"completed","outcome":"success","finished_at":"{time}"}},"x":""#
    );
    let filling = "x".repeat(size - start.len() - 2);
    format!("{start}{filling}\"}}").into_bytes()
}
