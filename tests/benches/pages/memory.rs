//! Measures how much more memory a list of a million agents takes, at its peak, than one page. The
//! client is a separate process.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use twin_ext::prelude::*;
use twin_tests::emulator::{Emulator, Profile};

/// The argument that starts the client process.
pub(crate) const CLIENT: &str = "client";

const AGENTS: u64 = 1_000_000;
const PAGE: i64 = 500;
/// The maximum memory beyond that of one page, in KiB.
const BOUND: u64 = 16 << 10;

pub(crate) fn measure() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let twin = runtime.block_on(Emulator::builder(Profile::Observed).start())?;
    twin.with(|world| world.add_agents(AGENTS));
    let client = std::env::current_exe()?;
    let status = Command::new(client).args([CLIENT, &twin.url(), twin.api_key()]).status()?;
    ensure!(status.success(), "the client failed: {status}");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn client(url: &str, key: &str) -> anyhow::Result<()> {
    let twin = ClientBuilder::new(key).base_url(url).build()?;
    let mut agents = twin.list_agents().limit(PAGE).items();
    let started = Instant::now();
    let (mut count, mut one_page) = (0_u64, 0);
    while agents.try_next().await?.is_some() {
        count += 1;
        if count == PAGE.cast_unsigned() {
            one_page = peak()?;
        }
    }
    let (all, time) = (peak()?, started.elapsed());
    println!(
        "memory: {count} agents in {time:.1?}; peak {all} KiB, {} KiB above one page's {one_page}",
        all - one_page
    );
    ensure!(count >= AGENTS, "only {count} agents were listed");
    ensure!(
        all - one_page <= BOUND,
        "the list takes {} KiB more than a page, and the bound is {BOUND}",
        all - one_page
    );
    Ok(())
}

/// Returns the peak resident memory of this process in KiB, which Linux reports.
fn peak() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.context("/proc/self/status has no VmHWM")
}
