//! A Redis of a test's own, on a free port of loopback; it goes with the test.
//!
//! Without `redis-server` these tests write `SKIPPED` to standard error and pass; with
//! `CI=true` they fail.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) struct Redis {
    child: Option<Child>,
    port: u16,
    /// Where it keeps what it knows over a restart, if it does.
    directory: Option<tempfile::TempDir>,
}

impl Redis {
    /// One that forgets everything when it ends.
    pub(crate) fn start() -> Option<Self> {
        Self::with(None)
    }

    /// One that writes down every change before it answers.
    pub(crate) fn start_persistent() -> Option<Self> {
        Self::with(Some(tempfile::tempdir().unwrap()))
    }

    fn with(directory: Option<tempfile::TempDir>) -> Option<Self> {
        if !is_installed() {
            assert!(
                std::env::var_os("CI").is_none_or(|ci| ci != "true"),
                "there is no redis-server"
            );
            eprintln!("SKIPPED: there is no redis-server");
            return None;
        }
        // Another process may take the port before Redis does.
        for _ in 0..20 {
            let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            if let Some(child) = spawn(port, directory.as_ref().map(tempfile::TempDir::path)) {
                return Some(Self { child: Some(child), port, directory });
            }
        }
        panic!("redis-server does not start");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops its process without ending it: it answers nothing until [`resume`](Self::resume).
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Kills it, and starts it again at the same address.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let directory = self.directory.as_ref().map(tempfile::TempDir::path);
        // Its port may be held by a connection that is being closed.
        let child = (0..20).find_map(|_| spawn(self.port, directory));
        self.child = Some(child.expect("redis-server starts again"));
    }

    pub(crate) async fn connection(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

fn is_installed() -> bool {
    Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok()
}

/// A Redis that is ready; `None` if it cannot have the port.
fn spawn(port: u16, directory: Option<&Path>) -> Option<Child> {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--port"]).arg(port.to_string());
    if let Some(directory) = directory {
        command.args(["--appendonly", "yes", "--appendfsync", "always", "--dir"]).arg(directory);
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready =
        lines.any(|line| line.is_ok_and(|line| line.contains("Ready to accept connections")));
    if !ready {
        child.wait().unwrap();
        return None;
    }
    // It must not be stopped by a pipe that nobody reads.
    std::thread::spawn(move || lines.for_each(drop));
    Some(child)
}
