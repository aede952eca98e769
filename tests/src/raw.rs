//! A server that answers a request with exactly these bytes, and in between breaks off,
//! waits, or never ends.
//!
//! It knows enough of HTTP/1.1 to tell where a request ends, and nothing else: what goes
//! back is a [`Script`], byte for byte. It never sleeps; what is to come before what, a
//! [`Signal`] says.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::{JoinHandle, JoinSet};

/// An answer with its length, on a connection that is kept. `headers` is whole lines.
pub fn answer(status: u16, headers: &str, body: &str) -> Script {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\n\r\n");
    Script::new().send(head + body)
}

/// An answer of JSON.
pub fn json(status: u16, body: &str) -> Script {
    answer(status, "content-type: application/json\r\n", body)
}

/// Something that one side waits for and the other brings about, any number of times. Clones
/// are the same signal.
#[derive(Debug, Clone)]
pub struct Signal(Arc<Semaphore>);

impl Default for Signal {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Signal {
    /// Lets one go on that waits, now or later.
    pub fn give(&self) {
        self.0.add_permits(1);
    }

    /// Waits until it is given.
    pub async fn wait(&self) {
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Send(Bytes),
    Flood(Bytes),
    Tell(Signal),
    Wait(Signal),
    Close,
    Reset,
    Hang,
}

/// What is done with a request, in order. Where it does not end the connection, the next
/// request is read from it.
#[derive(Debug, Clone, Default)]
pub struct Script(Vec<Step>);

impl Script {
    /// Nothing so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends these bytes.
    #[must_use]
    pub fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.then(Step::Send(bytes.into()))
    }

    /// Sends these bytes again and again, until the client has left.
    #[must_use]
    pub fn flood(self, bytes: impl Into<Bytes>) -> Self {
        self.then(Step::Flood(bytes.into()))
    }

    /// Gives `signal`: it has come so far.
    #[must_use]
    pub fn tell(self, signal: &Signal) -> Self {
        self.then(Step::Tell(signal.clone()))
    }

    /// Waits for `signal`.
    #[must_use]
    pub fn wait(self, signal: &Signal) -> Self {
        self.then(Step::Wait(signal.clone()))
    }

    /// Ends the connection as one that is done with (FIN).
    #[must_use]
    pub fn close(self) -> Self {
        self.then(Step::Close)
    }

    /// Ends the connection as one that broke (RST).
    #[must_use]
    pub fn reset(self) -> Self {
        self.then(Step::Reset)
    }

    /// Says no more, and leaves it to the client to end the connection.
    #[must_use]
    pub fn hang(self) -> Self {
        self.then(Step::Hang)
    }

    fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Carries it out; whether another request may come.
    async fn play(&self, stream: &mut TcpStream) -> io::Result<bool> {
        for step in &self.0 {
            match step {
                Step::Send(bytes) => stream.write_all(bytes).await?,
                Step::Flood(bytes) => loop {
                    stream.write_all(bytes).await?;
                },
                Step::Tell(signal) => signal.give(),
                Step::Wait(signal) => signal.wait().await,
                Step::Close => return Ok(false),
                Step::Reset => {
                    stream.set_zero_linger()?;
                    return Ok(false);
                }
                Step::Hang => {
                    stream.read_buf(&mut Vec::new()).await?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

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
        loop {
            let mut came = std::pin::pin!(self.shared.came.notified());
            // From here on it hears of every request, though it has not begun to wait.
            came.as_mut().enable();
            if self.shared.book().received >= count {
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
                drop(book);
                connections.spawn(attend(stream, number, Arc::clone(&shared)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection to its end. That a client leaves early is its right.
async fn attend(mut stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    // What is sent goes out at once, so that a reset does not overtake it.
    if stream.set_nodelay(true).is_err() {
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn send(raw: &Raw, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(raw.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    #[tokio::test]
    async fn requests_are_told_apart_and_answered_byte_for_byte() {
        let raw = Raw::start().await.unwrap();
        raw.then(Script::new().send("one"));
        raw.then(Script::new().send("two").close());
        let two = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyzGET /b HTTP/1.1\r\n\r\n";
        let mut answers = String::new();
        send(&raw, two).await.read_to_string(&mut answers).await.unwrap();
        assert_eq!(answers, "onetwo");
        let requests = raw.take_requests();
        let seen: Vec<_> =
            requests.iter().map(|request| (request.connection, request.line())).collect();
        assert_eq!(seen, [(0, "POST /a"), (0, "GET /b")]);
        assert!(requests[0].text().ends_with("\r\n\r\nxyz"));
    }

    #[tokio::test]
    async fn a_reset_comes_after_what_was_sent() {
        let raw = Raw::start().await.unwrap();
        raw.then(Script::new().send("half").reset());
        let mut stream = send(&raw, b"GET / HTTP/1.1\r\n\r\n").await;
        let mut bytes = Vec::new();
        let error = stream.read_to_end(&mut bytes).await.unwrap_err();
        assert_eq!(
            (error.kind(), bytes.as_slice()),
            (io::ErrorKind::ConnectionReset, &b"half"[..])
        );
    }

    #[tokio::test]
    async fn a_script_waits_and_tells() {
        let (told, go) = (Signal::default(), Signal::default());
        let raw = Raw::start().await.unwrap();
        raw.then(Script::new().tell(&told).wait(&go).send("late").close());
        let mut stream = send(&raw, b"GET / HTTP/1.1\r\n\r\n").await;
        told.wait().await;
        raw.received(1).await;
        assert!(stream.try_read(&mut [0]).is_err());
        go.give();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "late");
    }
}
