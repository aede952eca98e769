//! How many times a second `get_me` is answered over connections that are kept, while client
//! and server share the machine.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Connection, request};
use crate::program::{KEY, Program};

const THREADS: usize = 2;
/// Connections of a thread. All have a request on the way at once.
const CONNECTIONS: usize = 16;
const TIME: Duration = Duration::from_secs(10);
const MOST: usize = 1_000_000;

pub(crate) fn measure() -> anyhow::Result<()> {
    for profile in ["documented", "observed"] {
        let program = Program::start(&["--profile", profile])?;
        let started = Instant::now();
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let address = program.address;
                thread::spawn(move || ask(address))
            })
            .collect();
        let (mut answers, mut errors) = (0, 0);
        for thread in threads {
            let counts = thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
            answers += counts.0;
            errors += counts.1;
        }
        let time = started.elapsed();
        let rate = answers * 1_000 / usize::try_from(time.as_millis())?.max(1);
        println!(
            "rate, {profile}: {rate} answers a second over {} connections, {answers} in \
             {time:.1?}, {errors} errors",
            THREADS * CONNECTIONS
        );
    }
    Ok(())
}

/// Asks on all connections, again and again; how many answers came, and how many were wrong.
fn ask(address: SocketAddr) -> std::io::Result<(usize, usize)> {
    let request = request("GET", "/v1/me", KEY, "");
    let opened = (0..CONNECTIONS).map(|_| Connection::open(address));
    let mut connections = opened.collect::<std::io::Result<Vec<_>>>()?;
    let (mut answers, mut errors) = (0, 0);
    let started = Instant::now();
    while started.elapsed() < TIME && answers < MOST / THREADS {
        for connection in &mut connections {
            connection.send(&request)?;
        }
        for connection in &mut connections {
            let right =
                connection.receive()? == 200 && connection.body.starts_with(b"{\"user_id\"");
            answers += 1;
            errors += usize::from(!right);
        }
    }
    Ok((answers, errors))
}
