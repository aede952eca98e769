//! Measures the request rate over keep-alive connections, with client and server on the same
//! machine. Every response is checked against the contract.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::client::{Connection, request};
use crate::program::{KEY, Program};

const THREADS: usize = 2;
/// The connections of a thread. Each has one request in flight.
const CONNECTIONS: usize = 32;
const TIME: Duration = Duration::from_secs(20);
const MOST: usize = 2_000_000;

/// An operation, and the start of a correct response.
#[derive(Clone, Copy)]
struct Question {
    name: &'static str,
    target: &'static str,
    beginning: &'static [u8],
}

const QUESTIONS: [Question; 2] = [
    Question { name: "get_me", target: "/v1/me", beginning: b"{\"user_id\"" },
    Question {
        name: "a page of 100 agents",
        target: "/v1/agents?limit=100",
        beginning: b"{\"agents\":[{",
    },
];

pub(crate) fn measure() -> anyhow::Result<()> {
    for profile in ["documented", "observed"] {
        let program = Program::start(&["--profile", profile])?;
        let mut control = Connection::open(program.address)?;
        control.send(&request("POST", "/_emulator/seed", "", r#"{"agents": 1000}"#))?;
        ensure!(control.receive()? == 200, "the emulator has no control API");
        for question in QUESTIONS {
            let (answers, errors, time) = rate(program.address, question)?;
            let rate = answers * 1_000 / usize::try_from(time.as_millis())?.max(1);
            println!(
                "rate, {profile}, {}: {rate} answers a second over {} connections, {answers} in \
                 {time:.1?}, {errors} errors",
                question.name,
                THREADS * CONNECTIONS
            );
        }
    }
    Ok(())
}

fn rate(address: SocketAddr, question: Question) -> anyhow::Result<(usize, usize, Duration)> {
    let started = Instant::now();
    let threads = [(); THREADS].map(|()| thread::spawn(move || ask(address, question)));
    let (mut answers, mut errors) = (0, 0);
    for thread in threads {
        let counts = thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
        answers += counts.0;
        errors += counts.1;
    }
    Ok((answers, errors, started.elapsed()))
}

/// Sends requests on all connections repeatedly. Returns the numbers of responses and of wrong
/// ones.
fn ask(address: SocketAddr, question: Question) -> std::io::Result<(usize, usize)> {
    let request = request("GET", question.target, KEY, "");
    let opened = (0..CONNECTIONS).map(|_| Connection::open(address));
    let mut connections = opened.collect::<std::io::Result<Vec<_>>>()?;
    let (mut answers, mut errors) = (0, 0);
    let started = Instant::now();
    while started.elapsed() < TIME && answers < MOST / THREADS {
        for connection in &mut connections {
            connection.send(&request)?;
        }
        for connection in &mut connections {
            let status = connection.receive()?;
            let right = status == 200 && connection.body.starts_with(question.beginning);
            answers += 1;
            errors += usize::from(!right);
        }
    }
    Ok((answers, errors))
}
