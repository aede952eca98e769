//! A TCP server that sends scripted bytes. It can also close, reset, stall or send without end.
//!
//! The server parses only enough HTTP/1.1 to find the end of a request. The response is a
//! [`Script`], sent byte for byte. The server never sleeps; a [`Signal`] orders events.

mod script;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

pub use self::script::{Script, Signal, answer, json};

/// A complete request.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// The number of the connection, counted from 0.
    pub connection: usize,
    /// The bytes of the head and the body.
    pub bytes: Vec<u8>,
}

impl RawRequest {
    /// Returns the method and the target.
    pub fn line(&self) -> &str {
        let line = self.bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = std::str::from_utf8(line).unwrap_or_default();
        line.strip_suffix(" HTTP/1.1").unwrap_or(line)
    }

    /// Returns the request as text. Invalid UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

#[derive(Debug, Default)]
struct RawState {
    connection_scripts: VecDeque<Script>,
    next: VecDeque<Script>,
    always: Option<Script>,
    requests: Vec<RawRequest>,
    /// The number of requests so far, including those taken from the record.
    received: usize,
    connections: usize,
}

#[derive(Debug, Default)]
struct SharedState {
    state: Mutex<RawState>,
    changed: Notify,
}

impl SharedState {
    fn state(&self) -> MutexGuard<'_, RawState> {
        // A panic in another test thread must not cause a second panic here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request and returns the script for it.
    fn record(&self, request: RawRequest) -> Script {
        let mut state = self.state();
        state.requests.push(request);
        state.received += 1;
        let script = state.next.pop_front().or_else(|| state.always.clone());
        drop(state);
        self.changed.notify_waiters();
        script.unwrap_or_else(|| answer(500, "", "the server has no more scripted responses"))
    }
}

/// The server. Dropping it ends all connections at once.
#[derive(Debug)]
pub struct Raw {
    address: SocketAddr,
    shared: Arc<SharedState>,
    serving: JoinHandle<()>,
}

impl Raw {
    /// Listens on a free loopback port.
    ///
    /// # Errors
    /// Returns an error if no port is free.
    pub async fn start() -> io::Result<Self> {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?)
    }

    /// Serves the connections of `listener`.
    ///
    /// # Errors
    /// Returns an error if the listener has no address.
    pub fn on(listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let shared = Arc::new(SharedState::default());
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, serving })
    }

    /// Returns the base URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the address of the listener.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a script for one connection. It runs before the first request is read.
    pub fn on_connect(&self, script: Script) {
        self.shared.state().connection_scripts.push_back(script);
    }

    /// Adds a script for one request. Scripts are used in the order in which they were added.
    pub fn then(&self, script: Script) {
        self.shared.state().next.push_back(script);
    }

    /// Sets the script for all requests that have no script of their own.
    pub fn always(&self, script: Script) {
        self.shared.state().always = Some(script);
    }

    /// Returns the requests so far and clears the record.
    pub fn take_requests(&self) -> Vec<RawRequest> {
        std::mem::take(&mut self.shared.state().requests)
    }

    /// Returns the number of connections so far.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Waits until `count` requests were received in total, including those taken from the record.
    pub async fn received(&self, count: usize) {
        self.until(|state| state.received >= count).await;
    }

    /// Waits until `count` connections were made in total.
    pub async fn connected(&self, count: usize) {
        self.until(|state| state.connections >= count).await;
    }

    async fn until(&self, enough: impl Fn(&RawState) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.shared.changed.notified());
            // Registers before the check, so no notification is lost.
            changed.as_mut().enable();
            if enough(&self.shared.state()) {
                return;
            }
            changed.await;
        }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<SharedState>) {
    // Dropping the set aborts its tasks.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let mut state = shared.state();
                let number = state.connections;
                state.connections += 1;
                let connection_script = state.connection_scripts.pop_front().unwrap_or_default();
                drop(state);
                shared.changed.notify_waiters();
                connections.spawn(serve_connection(stream, number, connection_script, Arc::clone(&shared)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection. A client may disconnect early.
async fn serve_connection(
    mut stream: TcpStream,
    connection: usize,
    connection_script: Script,
    shared: Arc<SharedState>,
) {
    // Without Nagle's algorithm all bytes are sent before a reset.
    if stream.set_nodelay(true).is_err()
        || !matches!(connection_script.play(&mut stream).await, Ok(true))
    {
        return;
    }
    let mut unread = Vec::new();
    while let Some(bytes) = read_request(&mut stream, &mut unread).await {
        let script = shared.record(RawRequest { connection, bytes });
        if !matches!(script.play(&mut stream).await, Ok(true)) {
            return;
        }
    }
}

/// Reads the next complete request. Returns `None` if the client disconnects first.
async fn read_request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(length) = request_length(unread) {
            let more = unread.split_off(length);
            return Some(std::mem::replace(unread, more));
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
}

/// Returns the length of the first request in `bytes` if it is complete. A TLS handshake record
/// counts as a request.
fn request_length(bytes: &[u8]) -> Option<usize> {
    const HANDSHAKE: u8 = 22;
    if bytes.first() == Some(&HANDSHAKE) {
        return Some(bytes.len());
    }
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = head + length.map_or(0, |length| length.trim().parse().unwrap_or(0));
    (bytes.len() >= length).then_some(length)
}
