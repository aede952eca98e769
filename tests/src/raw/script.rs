//! What a raw server does with a request or a connection, step by step.

use std::io;
use std::sync::Arc;

use axum::body::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

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
    Take(usize),
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

    /// Reads so many bytes of what comes, which then belong to no request.
    #[must_use]
    pub fn take(self, bytes: usize) -> Self {
        self.then(Step::Take(bytes))
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

    /// Says no more until the client has ended the connection.
    #[must_use]
    pub fn hang(self) -> Self {
        self.then(Step::Hang)
    }

    fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Carries it out; whether another request may come.
    pub(super) async fn play(&self, stream: &mut TcpStream) -> io::Result<bool> {
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
                Step::Hang => until_gone(stream).await,
                Step::Take(bytes) => {
                    stream.read_exact(&mut vec![0; *bytes]).await?;
                }
            }
        }
        Ok(true)
    }
}

/// Reads until the client ends the connection, and ignores what it sends.
async fn until_gone(stream: &mut TcpStream) {
    let mut bytes = [0; 4 << 10];
    while stream.read(&mut bytes).await.is_ok_and(|length| length > 0) {}
}
