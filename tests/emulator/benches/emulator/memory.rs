//! How much memory a process has in RAM. Linux says so.

use std::fs;
use std::process;

use anyhow::Context as _;

/// Of a process, in KiB.
pub(crate) fn resident_of(process: u32) -> anyhow::Result<u64> {
    let file = format!("/proc/{process}/status");
    let status = fs::read_to_string(&file).with_context(|| file.clone())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("{file} has no VmRSS"))
}

/// Of this process, in KiB.
pub(crate) fn resident() -> anyhow::Result<u64> {
    resident_of(process::id())
}

pub(crate) const fn mib(kib: u64) -> u64 {
    kib / 1024
}
