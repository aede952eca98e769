//! Measures the memory of the program during a minute of calls and faults. Resources are created and
//! deleted, connections are reset, closed, cut or delayed, and deliveries are sent. The memory should
//! stay flat after the warm-up.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::client::{Connection, request};
use crate::program::{EmulatorProcess, KEY, mib, resident_of};

const DURATION: Duration = Duration::from_secs(60);
/// The warm-up, in which the journal and the pools grow.
const WARM_UP: Duration = Duration::from_secs(10);
const SAMPLE_INTERVAL: Duration = Duration::from_millis(500);
const THREADS: usize = 16;
/// The maximum number of requests, which is not reached in normal use.
const MAX_REQUESTS: u64 = 5_000_000;

/// The faults, each for another operation. The other operations have no fault.
const FAULTS: &str = r#"{
  "faults": [
    {"operation": "list_workspaces", "fault": {"status": {"status": 503, "retry_after": 1}}},
    {"operation": "list_schedules", "fault": {"reset": {"at": 40}}},
    {"operation": "get_instructions", "fault": {"cut_body": {"at": 10}}},
    {"operation": "list_runs", "fault": {"trickle": {"bytes": 64, "every_ms": 1}}},
    {"operation": "list_webhooks", "fault": {"delay": {"ms": 5}}},
    {"operation": "list_api_keys", "fault": {"close": {"at": 100}}}
  ]
}"#;

#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    incomplete: AtomicU64,
    deliveries: AtomicU64,
    is_over: AtomicBool,
}

impl Counts {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed) || self.requests.load(Ordering::Relaxed) > MAX_REQUESTS
    }
}

pub(crate) fn measure() -> anyhow::Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), FAULTS)?;
    let path = file.path().to_str().context("the path of the fault file is not valid UTF-8")?;
    let program = EmulatorProcess::start(&["--profile", "observed", "--faults", path])?;
    let counts = Arc::new(Counts::default());
    let receiver = start_receiver(&counts)?;
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (address, counts) = (program.address, Arc::clone(&counts));
            thread::spawn(move || call_repeatedly(address, receiver, &counts))
        })
        .collect();
    let (mut warm, mut most, started) = (0, 0, Instant::now());
    while started.elapsed() < DURATION {
        thread::sleep(SAMPLE_INTERVAL);
        let now = resident_of(program.id())?;
        if started.elapsed() < WARM_UP {
            warm = now;
        }
        most = most.max(now);
    }
    let end = resident_of(program.id())?;
    counts.is_over.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
    }
    println!(
        "soak: {} requests, {} without a complete response, {} deliveries in {:.0?}",
        counts.requests.load(Ordering::Relaxed),
        counts.incomplete.load(Ordering::Relaxed),
        counts.deliveries.load(Ordering::Relaxed),
        started.elapsed(),
    );
    println!(
        "soak: {} MiB resident after {WARM_UP:?}, {} MiB at the end, {} MiB at most",
        mib(warm),
        mib(end),
        mib(most)
    );
    Ok(())
}

/// Repeatedly creates an agent, a webhook and a run, reads everything, and deletes the agent.
fn call_repeatedly(
    address: SocketAddr,
    receiver: SocketAddr,
    counts: &Counts,
) -> anyhow::Result<()> {
    let mut client = CountingClient { address, connection: None, counts };
    while !counts.is_over() {
        let made = client
            .ask("POST", "/v1/agents", "{}")?
            .context("the response of create_agent is incomplete")?;
        let agent: serde_json::Value = serde_json::from_slice(&made)?;
        let agent = agent["agent"]["agent_id"].as_str().context("the agent has no identifier")?;
        let path = format!("/v1/agents/{agent}");
        let hook = format!(r#"{{"url": "http://{receiver}/", "events": ["run.started"]}}"#);
        client.ask("POST", &format!("{path}/webhooks"), &hook)?;
        client.ask("POST", &format!("{path}/runs"), r#"{"run_mode": "run"}"#)?;
        for below in ["", "/runs", "/webhooks", "/instructions", "/schedule", "/none"] {
            client.ask("GET", &format!("{path}{below}"), "")?;
        }
        let others =
            ["/v1/me", "/v1/workspaces", "/v1/schedules", "/api/public/v1/access-api-keys", "/"];
        for other in others {
            client.ask("GET", other, "")?;
        }
        client.ask("DELETE", &path, "")?;
    }
    Ok(())
}

/// A client that counts its requests, and connects again after a fault.
struct CountingClient<'a> {
    address: SocketAddr,
    connection: Option<Connection>,
    counts: &'a Counts,
}

impl CountingClient<'_> {
    /// Sends one request. Returns the body if a complete response arrived.
    fn ask(&mut self, method: &str, path: &str, body: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address)?,
        };
        let response =
            connection.send(&request(method, path, KEY, body)).and_then(|()| connection.receive());
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
        if response.is_err() {
            self.counts.incomplete.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        let body = connection.body.clone();
        self.connection = Some(connection);
        Ok(Some(body))
    }
}

/// Starts a receiver that accepts every delivery until the process ends. Returns its address.
fn start_receiver(counts: &Arc<Counts>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let counts = Arc::clone(counts);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let counts = Arc::clone(&counts);
            thread::spawn(move || handle_deliveries(stream, &counts));
        }
    });
    Ok(address)
}

/// Handles the requests of one connection.
fn handle_deliveries(stream: TcpStream, counts: &Counts) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let mut body = Vec::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.trim_end() {
                "" => break,
                header => {
                    let value = header.strip_prefix("content-length: ");
                    length = value.and_then(|value| value.parse().ok()).unwrap_or(length);
                }
            }
        }
        body.resize(length, 0);
        stream.read_exact(&mut body)?;
        stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
        counts.deliveries.fetch_add(1, Ordering::Relaxed);
    }
}
