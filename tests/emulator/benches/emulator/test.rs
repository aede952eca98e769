//! Measures what a test of a user does: start an emulator, call it once, and drop it. Also measures 100
//! emulators in one process.

use std::time::{Duration, Instant};

use anyhow::ensure;
use twin_emulator::{Emulator, Profile, World};

use crate::client::Connection;

const ROUNDS: usize = 50;
const MANY: usize = 100;

pub(crate) fn measure() -> anyhow::Result<()> {
    for profile in Profile::ALL {
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            times.push(one(profile)?);
        }
        // The first emulator takes longer: it parses the document, once per process.
        let first = times[0];
        times.sort();
        println!(
            "test, {profile}: {first:.1?} for the first, {:.1?} in the median, {:.1?} at most, in {ROUNDS} rounds",
            times[ROUNDS / 2],
            times[ROUNDS - 1]
        );
        let time = many(profile)?;
        println!("test, {profile}: {MANY} emulators in one process, each called, in {time:.1?}");
    }
    Ok(())
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
}

fn one(profile: Profile) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let runtime = runtime()?;
    let twin = runtime.block_on(Emulator::builder(profile).start())?;
    let agent = twin.with(World::add_agent);
    call(&twin, &agent)?;
    let _guard = runtime.enter();
    drop(twin);
    Ok(started.elapsed())
}

fn many(profile: Profile) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let runtime = runtime()?;
    let mut twins = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        twins.push(runtime.block_on(Emulator::builder(profile).start())?);
    }
    for twin in &twins {
        let agent = twin.with(World::add_agent);
        call(twin, &agent)?;
    }
    let _guard = runtime.enter();
    drop(twins);
    Ok(started.elapsed())
}

fn call(twin: &Emulator, agent: &str) -> anyhow::Result<()> {
    let target = format!("/v1/agents/{agent}");
    let address = twin.gate().address();
    let status = Connection::open(address)?.get(&target, twin.api_key())?;
    ensure!(status == 200, "get_agent returned the status {status}");
    Ok(())
}
