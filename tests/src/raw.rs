//! A server that answers a request with exactly these bytes, and in between breaks off,
//! waits, or never ends.
//!
//! It knows enough of HTTP/1.1 to tell where a request ends, and nothing else: what goes
//! back is a [`Script`], byte for byte. It never sleeps; what is to come before what, a
//! [`Signal`] says.

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

/// A request that came, whole.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    /// All of its bytes.
    pub bytes: Vec<u8>,
}

impl Request {
    /// Method and target.
    pub fn line(&self) -> &str {
        let line = self.bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = std::str::from_utf8(line).unwrap_or_default();
        line.strip_suffix(" HTTP/1.1").unwrap_or(line)
    }

    /// Everything as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

#[derive(Debug, Default)]
struct Book {
    greetings: VecDeque<Script>,
    next: VecDeque<Script>,
    always: Option<Script>,
    requests: Vec<Request>,
    received: usize,
    connections: usize,
}

#[derive(Debug, Default)]
struct Shared {
    book: Mutex<Book>,
    came: Notify,
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        // A test that failed elsewhere must not fail here a second time.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a request down, and gives what is to be done with it.
    fn enter(&self, request: Request) -> Script {
        let mut book = self.book();
        book.requests.push(request);
        book.received += 1;
        let script = book.next.pop_front().or_else(|| book.always.clone());
        drop(book);
        self.came.notify_waiters();
        script.unwrap_or_else(|| answer(500, "", "the script of this server has no further answer"))
    }
}

/// The server. It stops when it is dropped, in the middle of whatever it does.
#[derive(Debug)]
pub struct Raw {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Raw {
    /// Listens on a free port of loopback.
    ///
    /// # Errors
    /// The operating system has none.
    pub async fn start() -> io::Result<Self> {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?)
    }

    /// Answers whom `listener` hears.
    ///
    /// # Errors
    /// It has no address.
    pub fn on(listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, serving })
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is to be done with the next connection before a request is read from it.
    pub fn greet(&self, script: Script) {
        self.shared.book().greetings.push_back(script);
    }

    /// What is to be done with the next request that nothing was said of yet.
    pub fn then(&self, script: Script) {
        self.shared.book().next.push_back(script);
    }

    /// What is to be done with every request of which nothing else was said.
    pub fn always(&self, script: Script) {
        self.shared.book().always = Some(script);
    }

    /// What has been sent so far, taken out of the record.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.shared.book().requests)
    }

    /// Connections that were made so far, whatever came of them.
    pub fn connections(&self) -> usize {
        self.shared.book().connections
    }

    /// Waits until so many requests came in all, those included that were taken.
    pub async fn received(&self, count: usize) {
        self.until(|book| book.received >= count).await;
    }

    /// Waits until so many connections were made in all.
    pub async fn connected(&self, count: usize) {
        self.until(|book| book.connections >= count).await;
    }

    async fn until(&self, enough: impl Fn(&Book) -> bool) {
        loop {
            let mut came = std::pin::pin!(self.shared.came.notified());
            // From here on it hears of everything that comes, though it has not begun to wait.
            came.as_mut().enable();
            if enough(&self.shared.book()) {
                return;
            }
            came.await;
        }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, it ends its own.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let mut book = shared.book();
                let number = book.connections;
                book.connections += 1;
                let greeting = book.greetings.pop_front().unwrap_or_default();
                drop(book);
                shared.came.notify_waiters();
                connections.spawn(attend(stream, number, greeting, Arc::clone(&shared)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection to its end. That a client leaves early is its right.
async fn attend(mut stream: TcpStream, connection: usize, greeting: Script, shared: Arc<Shared>) {
    // What is sent goes out at once, so that a reset does not overtake it.
    if stream.set_nodelay(true).is_err() || !matches!(greeting.play(&mut stream).await, Ok(true)) {
        return;
    }
    let mut unread = Vec::new();
    while let Some(bytes) = read(&mut stream, &mut unread).await {
        let script = shared.enter(Request { connection, bytes });
        if !matches!(script.play(&mut stream).await, Ok(true)) {
            return;
        }
    }
}

/// The next whole request; `None` where the client leaves before.
async fn read(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(length) = whole(unread) {
            let more = unread.split_off(length);
            return Some(std::mem::replace(unread, more));
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
}

/// How long the first request in `bytes` is, if all of it is there. The greeting of TLS,
/// which is none, counts as one.
fn whole(bytes: &[u8]) -> Option<usize> {
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
