//! A Redis server for one test, on a free port of loopback. It is killed when the test ends.
//!
//! If `redis-server` is not installed, the tests write `SKIPPED` to standard error and pass. With
//! `CI=true` they fail.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) struct TestRedis {
    child: Option<Child>,
    port: u16,
    /// The folder of the persisted data.
    directory: Option<tempfile::TempDir>,
}

impl TestRedis {
    /// Starts a Redis without persistence.
    pub(crate) fn start() -> Option<Self> {
        Self::with(None)
    }

    /// Starts a Redis that writes each change to disk before it answers.
    pub(crate) fn start_persistent() -> Option<Self> {
        Self::with(Some(tempfile::tempdir().unwrap()))
    }

    fn with(directory: Option<tempfile::TempDir>) -> Option<Self> {
        if !is_installed() {
            assert!(
                std::env::var_os("CI").is_none_or(|ci| ci != "true"),
                "redis-server is not installed"
            );
            eprintln!("SKIPPED: redis-server is not installed");
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

    /// Kills the process.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Suspends the process: Redis answers nothing until [`resume`](Self::resume).
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("Redis is running").id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Kills Redis, and starts it again on the same port.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let directory = self.directory.as_ref().map(tempfile::TempDir::path);
        // A connection that is being closed may still hold the port.
        let child = (0..20).find_map(|_| spawn(self.port, directory));
        self.child = Some(child.expect("redis-server starts again"));
    }

    pub(crate) async fn connection(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.stop();
    }
}

fn is_installed() -> bool {
    Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok()
}

/// Starts Redis and waits until it is ready; `None` if the port is in use.
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
    // A full pipe would block Redis.
    std::thread::spawn(move || lines.for_each(drop));
    Some(child)
}
