//! Runs the program `twin-emulator` as a child process, and reads the memory of a process.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{self, Child, ChildStdout, Command, Stdio};

use anyhow::Context as _;

pub(crate) const KEY: &str = "tw_live_bench";

pub(crate) struct EmulatorProcess {
    child: Child,
    /// Must stay open while the program runs.
    _output: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl EmulatorProcess {
    /// Starts the program and waits until it prints its address.
    pub(crate) fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_twin-emulator"))
            .args(["--port", "0", "--api-key", KEY])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start twin-emulator")?;
        let output = child.stdout.take().context("the process has no stdout")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.with_context(|| format!("the first line is {line:?}"))?.parse()?;
        Ok(Self { child, _output: output, address })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for EmulatorProcess {
    fn drop(&mut self) {
        // The process may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the resident memory of a process, in KiB.
pub(crate) fn resident_of(process: u32) -> anyhow::Result<u64> {
    let file = format!("/proc/{process}/status");
    let status = fs::read_to_string(&file).with_context(|| file.clone())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("{file} has no VmRSS"))
}

/// Returns the resident memory of this process, in KiB.
pub(crate) fn resident() -> anyhow::Result<u64> {
    resident_of(process::id())
}

pub(crate) const fn mib(kib: u64) -> u64 {
    kib / 1024
}
