//! From the vendored document to formatted source: `cargo bench -p twin-tests --bench generate`.
//!
//! It measures and prints; it judges nothing, because the machine is not its own.

use std::time::{Duration, Instant};

use twin_api_gen::{Input, generate};
use twin_tests::vendored::{KNOWN, OPENAPI, OVERLAY};

const ROUNDS: usize = 30;

const VENDORED: Input<'static> =
    Input::twin_api(OPENAPI.as_bytes(), KNOWN.as_bytes(), OVERLAY.as_bytes());

fn main() -> Result<(), twin_api_gen::Error> {
    let mut totals = Vec::with_capacity(ROUNDS);
    let mut stages: Vec<(String, Duration)> = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let generated = generate(VENDORED)?;
        totals.push(started.elapsed());
        for (index, (stage, time)) in generated.timings.iter().enumerate() {
            match stages.get_mut(index) {
                Some((_, least)) => *least = (*least).min(*time),
                None => stages.push((stage.to_string(), *time)),
            }
        }
    }
    totals.sort();
    let [least, median, most] = [totals[0], totals[ROUNDS / 2], totals[ROUNDS - 1]];
    println!("spec to source: {least:.1?} least, {median:.1?} median, {most:.1?} most of {ROUNDS}");
    for (stage, least) in stages {
        println!("  {stage}: {least:.1?} at least");
    }
    Ok(())
}
