//! Measures the request rate over keep-alive connections. The client and the server share a machine.
//! The emulator checks every response against the document.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::client::{Connection, request};
use crate::program::{EmulatorProcess, KEY};

const THREADS: usize = 2;
/// The number of connections of a thread. Each has one request in flight.
const CONNECTIONS: usize = 32;
const DURATION: Duration = Duration::from_secs(20);
const MAX_RESPONSES: usize = 2_000_000;

/// A request, and the start of its correct response.
#[derive(Clone, Copy)]
struct Probe {
    name: &'static str,
    target: &'static str,
    beginning: &'static [u8],
}

const PROBES: [Probe; 2] = [
    Probe { name: "get_me", target: "/v1/me", beginning: b"{\"user_id\"" },
    Probe {
        name: "a page of 100 agents",
        target: "/v1/agents?limit=100",
        beginning: b"{\"agents\":[{",
    },
];

pub(crate) fn measure() -> anyhow::Result<()> {
    for profile in ["documented", "observed"] {
        let program = EmulatorProcess::start(&["--profile", profile])?;
        let mut control = Connection::open(program.address)?;
        control.send(&request("POST", "/_emulator/seed", "", r#"{"agents": 1000}"#))?;
        ensure!(control.receive()? == 200, "cannot add agents through the control API");
        for probe in PROBES {
            let (responses, errors, time) = measure_rate(program.address, probe)?;
            let rate = responses * 1_000 / usize::try_from(time.as_millis())?.max(1);
            println!(
                "rate, {profile}, {}: {rate} responses per second over {} connections, {responses} in \
                 {time:.1?}, {errors} errors",
                probe.name,
                THREADS * CONNECTIONS
            );
        }
    }
    Ok(())
}

fn measure_rate(address: SocketAddr, probe: Probe) -> anyhow::Result<(usize, usize, Duration)> {
    let started = Instant::now();
    let threads = [(); THREADS].map(|()| thread::spawn(move || send_repeatedly(address, probe)));
    let (mut responses, mut errors) = (0, 0);
    for thread in threads {
        let counts = thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
        responses += counts.0;
        errors += counts.1;
    }
    Ok((responses, errors, started.elapsed()))
}

/// Sends requests repeatedly on all connections of a thread. Returns the number of responses, and how
/// many of them were wrong.
fn send_repeatedly(address: SocketAddr, probe: Probe) -> std::io::Result<(usize, usize)> {
    let request = request("GET", probe.target, KEY, "");
    let opened = (0..CONNECTIONS).map(|_| Connection::open(address));
    let mut connections = opened.collect::<std::io::Result<Vec<_>>>()?;
    let (mut responses, mut errors) = (0, 0);
    let started = Instant::now();
    while started.elapsed() < DURATION && responses < MAX_RESPONSES / THREADS {
        for connection in &mut connections {
            connection.send(&request)?;
        }
        for connection in &mut connections {
            let status = connection.receive()?;
            let is_correct = status == 200 && connection.body.starts_with(probe.beginning);
            responses += 1;
            errors += usize::from(!is_correct);
        }
    }
    Ok((responses, errors))
}
