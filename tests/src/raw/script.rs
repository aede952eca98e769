//! The steps of a raw server's response to a request or a connection.

use std::io;
use std::sync::Arc;

use axum::body::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Builds a response with a `Content-Length`; the connection stays open. `headers` consists of
/// complete lines.
pub fn answer(status: u16, headers: &str, body: &str) -> Script {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\n\r\n");
    Script::new().send(head + body)
}

/// Builds a JSON response.
pub fn json(status: u16, body: &str) -> Script {
    answer(status, "content-type: application/json\r\n", body)
}

/// A counting signal from one side to the other. Clones share the same count.
#[derive(Debug, Clone)]
pub struct Signal(Arc<Semaphore>);

impl Default for Signal {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Signal {
    /// Wakes one waiter, now or later.
    pub fn notify(&self) {
        self.0.add_permits(1);
    }

    /// Waits for the next signal.
    pub async fn wait(&self) {
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}

#[derive(Debug, Clone)]
enum ScriptStep {
    Send(Bytes),
    Flood(Bytes),
    Notify(Signal),
    Wait(Signal),
    Take(usize),
    Close,
    Reset,
    Hang,
}

/// The steps of a response, in order. If no step ends the connection, the server reads the next
/// request.
#[derive(Debug, Clone, Default)]
pub struct Script(Vec<ScriptStep>);

impl Script {
    /// Creates an empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends these bytes.
    #[must_use]
    pub fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.then(ScriptStep::Send(bytes.into()))
    }

    /// Sends these bytes repeatedly until the client disconnects.
    #[must_use]
    pub fn flood(self, bytes: impl Into<Bytes>) -> Self {
        self.then(ScriptStep::Flood(bytes.into()))
    }

    /// Sends `signal` when the script reaches this step.
    #[must_use]
    pub fn notify(self, signal: &Signal) -> Self {
        self.then(ScriptStep::Notify(signal.clone()))
    }

    /// Waits for `signal`.
    #[must_use]
    pub fn wait(self, signal: &Signal) -> Self {
        self.then(ScriptStep::Wait(signal.clone()))
    }

    /// Reads and discards this many bytes, which belong to no request.
    #[must_use]
    pub fn take(self, bytes: usize) -> Self {
        self.then(ScriptStep::Take(bytes))
    }

    /// Closes the connection (FIN).
    #[must_use]
    pub fn close(self) -> Self {
        self.then(ScriptStep::Close)
    }

    /// Resets the connection (RST).
    #[must_use]
    pub fn reset(self) -> Self {
        self.then(ScriptStep::Reset)
    }

    /// Sends nothing more until the client closes the connection.
    #[must_use]
    pub fn hang(self) -> Self {
        self.then(ScriptStep::Hang)
    }

    fn then(mut self, step: ScriptStep) -> Self {
        self.0.push(step);
        self
    }

    /// Runs the script. Returns whether another request may follow.
    pub(super) async fn play(&self, stream: &mut TcpStream) -> io::Result<bool> {
        for step in &self.0 {
            match step {
                ScriptStep::Send(bytes) => stream.write_all(bytes).await?,
                ScriptStep::Flood(bytes) => loop {
                    stream.write_all(bytes).await?;
                },
                ScriptStep::Notify(signal) => signal.notify(),
                ScriptStep::Wait(signal) => signal.wait().await,
                ScriptStep::Close => return Ok(false),
                ScriptStep::Reset => {
                    stream.set_zero_linger()?;
                    return Ok(false);
                }
                ScriptStep::Hang => until_gone(stream).await,
                ScriptStep::Take(bytes) => {
                    stream.read_exact(&mut vec![0; *bytes]).await?;
                }
            }
        }
        Ok(true)
    }
}

/// Reads and discards bytes until the client closes the connection.
async fn until_gone(stream: &mut TcpStream) {
    let mut bytes = [0; 4 << 10];
    while stream.read(&mut bytes).await.is_ok_and(|length| length > 0) {}
}
