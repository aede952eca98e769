//! Measures how many deliveries a second a receiver in axum answers over loopback, with the sender
//! on the same machine and persistent connections.
//!
//! Each delivery has another event, so that it is verified, reserved, handled and committed. The
//! deliveries are signed beforehand. Each connection has one request in flight.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use twin_ext::Error;
use twin_ext::webhook::{MemoryStore, Receiver, Verifier, sign};

use super::SECRET;

pub(crate) fn measure_receiver(count: u64, connections: u64) {
    let calls = Arc::new(AtomicU64::new(0));
    let handler = {
        let calls = Arc::clone(&calls);
        move |_, _| {
            calls.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok::<(), Error>(()))
        }
    };
    let store = MemoryStore::new(usize::try_from(count).unwrap(), Duration::ZERO);
    let receiver = Receiver::new(Verifier::new(SECRET).unwrap(), store, handler);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, receiver.into_router("/hook")).await });

    // Each thread serves many connections: it writes a request to each, then reads their answers.
    let each = count / connections;
    let requests: Vec<Vec<Vec<u8>>> = (0..connections)
        .map(|connection| (0..each).map(|number| request(connection * each + number)).collect())
        .collect();
    let started = Instant::now();
    let senders: Vec<_> = requests
        .chunks(usize::try_from(connections.div_ceil(2)).unwrap())
        .map(<[_]>::to_vec)
        .map(|requests| std::thread::spawn(move || send(address, &requests)))
        .collect();
    for sender in senders {
        sender.join().unwrap();
    }
    let elapsed = started.elapsed();
    assert_eq!(calls.load(Ordering::Relaxed), each * connections);
    let rate = (each * connections) as f64 / elapsed.as_secs_f64();
    println!(
        "{} deliveries over {connections} connections in {elapsed:.2?}: {rate:.0} a second, each handled once",
        each * connections
    );
}

fn request(number: u64) -> Vec<u8> {
    let end = DateTime::<Utc>::from(SystemTime::now() + Duration::from_secs(3600)).to_rfc3339();
    let body = format!(
        r#"{{"event":"run.completed","timestamp":"{end}","data":{{"run_id":"01234567-89ab-cdef-0123-{number:012x}","agent_id":"01234567-89ab-cdef-0123-456789abcdef","status":"completed","outcome":"success","finished_at":"{end}"}}}}"#
    );
    format!(
        "POST /hook HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-cobb-event: run.completed\r\nx-cobb-signature: {}\r\ncontent-length: {}\r\n\r\n{body}",
        sign(SECRET, &body),
        body.len()
    )
    .into_bytes()
}

fn send(address: SocketAddr, requests: &[Vec<Vec<u8>>]) {
    let mut streams: Vec<TcpStream> = requests
        .iter()
        .map(|_| {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream
        })
        .collect();
    let mut answer = [0; 1024];
    for number in 0..requests[0].len() {
        for (stream, requests) in streams.iter_mut().zip(requests) {
            stream.write_all(&requests[number]).unwrap();
        }
        for stream in &mut streams {
            let mut read = 0;
            while !answer[..read].ends_with(b"\r\n\r\n") {
                let more = stream.read(&mut answer[read..]).unwrap();
                assert!(more > 0, "the receiver closed the connection");
                read += more;
            }
            assert!(answer.starts_with(b"HTTP/1.1 204 "), "{}", answer[..read].escape_ascii());
        }
    }
}
