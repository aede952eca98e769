//! Measures the time from the start of the program to the end of the first response.

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::client::Connection;
use crate::program::{EmulatorProcess, KEY};

const ROUNDS: usize = 20;

pub(crate) fn measure() -> anyhow::Result<()> {
    for profile in ["documented", "observed"] {
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            times.push(start_and_call(profile)?);
        }
        times.sort();
        let [least, median, most] = [times[0], times[ROUNDS / 2], times[ROUNDS - 1]];
        println!(
            "start, {profile}: first response after {least:.1?} at least, {median:.1?} in the median, \
             {most:.1?} at most, in {ROUNDS} rounds"
        );
    }
    Ok(())
}

fn start_and_call(profile: &str) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let program = EmulatorProcess::start(&["--profile", profile])?;
    let status = Connection::open(program.address)?.get("/v1/me", KEY)?;
    let time = started.elapsed();
    ensure!(status == 200, "get_me returned the status {status}");
    Ok(time)
}
