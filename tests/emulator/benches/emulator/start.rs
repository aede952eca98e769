//! Measures the time from the start of the program to its first response.

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::client::Connection;
use crate::program::{KEY, Program};

const ROUNDS: usize = 20;

pub(crate) fn measure() -> anyhow::Result<()> {
    for profile in ["documented", "observed"] {
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            times.push(once(profile)?);
        }
        times.sort();
        let [least, median, most] = [times[0], times[ROUNDS / 2], times[ROUNDS - 1]];
        println!(
            "start, {profile}: first answer after {least:.1?} least, {median:.1?} median, \
             {most:.1?} most of {ROUNDS}"
        );
    }
    Ok(())
}

fn once(profile: &str) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let program = Program::start(&["--profile", profile])?;
    let status = Connection::open(program.address)?.get("/v1/me", KEY)?;
    let time = started.elapsed();
    ensure!(status == 200, "it answers {status}");
    Ok(time)
}
