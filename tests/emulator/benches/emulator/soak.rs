//! Runs everything for a minute with faults: resources are created and deleted, responses are
//! refused, reset, cut or delayed, and deliveries are sent. The memory of the program must stay
//! flat.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::client::{Connection, request};
use crate::program::{KEY, Program, mib, resident_of};

const TIME: Duration = Duration::from_secs(60);
/// The warm-up, in which the journal and the pools grow.
const WARM_UP: Duration = Duration::from_secs(10);
const SAMPLE: Duration = Duration::from_millis(500);
const THREADS: usize = 16;
/// A timeout that is not reached.
const MOST: u64 = 5_000_000;

/// The faults, each on its own operation. Other operations have none.
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
    answers: AtomicU64,
    broken: AtomicU64,
    deliveries: AtomicU64,
    over: AtomicBool,
}

impl Counts {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed) || self.answers.load(Ordering::Relaxed) > MOST
    }
}

pub(crate) fn measure() -> anyhow::Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), FAULTS)?;
    let path = file.path().to_str().context("its name is not text")?;
    let program = Program::start(&["--profile", "observed", "--faults", path])?;
    let counts = Arc::new(Counts::default());
    let receiver = receive(&counts)?;
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (address, counts) = (program.address, Arc::clone(&counts));
            thread::spawn(move || press(address, receiver, &counts))
        })
        .collect();
    let (mut warm, mut most, started) = (0, 0, Instant::now());
    while started.elapsed() < TIME {
        thread::sleep(SAMPLE);
        let now = resident_of(program.id())?;
        if started.elapsed() < WARM_UP {
            warm = now;
        }
        most = most.max(now);
    }
    let end = resident_of(program.id())?;
    counts.over.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
    }
    println!(
        "soak: {} answers, {} broken off by faults, {} deliveries in {:.0?}",
        counts.answers.load(Ordering::Relaxed),
        counts.broken.load(Ordering::Relaxed),
        counts.deliveries.load(Ordering::Relaxed),
        started.elapsed(),
    );
    println!(
        "soak: {} MiB resident after {WARM_UP:?}, {} MiB in the end, {} MiB at most",
        mib(warm),
        mib(end),
        mib(most)
    );
    Ok(())
}

/// Repeatedly creates an agent, a webhook and a run, reads everything, and deletes the agent.
fn press(address: SocketAddr, receiver: SocketAddr, counts: &Counts) -> anyhow::Result<()> {
    let mut client = Client { address, connection: None, counts };
    while !counts.is_over() {
        let made = client.ask("POST", "/v1/agents", "{}")?.context("an agent is not made")?;
        let agent: serde_json::Value = serde_json::from_slice(&made)?;
        let agent = agent["agent"]["agent_id"].as_str().context("it has no name")?;
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

struct Client<'a> {
    address: SocketAddr,
    connection: Option<Connection>,
    counts: &'a Counts,
}

impl Client<'_> {
    /// Sends one request. Returns the body if a complete response arrived.
    fn ask(&mut self, method: &str, path: &str, body: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address)?,
        };
        let answer =
            connection.send(&request(method, path, KEY, body)).and_then(|()| connection.receive());
        self.counts.answers.fetch_add(1, Ordering::Relaxed);
        if answer.is_err() {
            self.counts.broken.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        let body = connection.body.clone();
        self.connection = Some(connection);
        Ok(Some(body))
    }
}

/// Starts a receiver that accepts every delivery until the process ends, and returns its URL.
fn receive(counts: &Arc<Counts>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let counts = Arc::clone(counts);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let counts = Arc::clone(&counts);
            thread::spawn(move || take(stream, &counts));
        }
    });
    Ok(address)
}

/// Answers the requests of one connection.
fn take(stream: TcpStream, counts: &Counts) -> std::io::Result<()> {
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
