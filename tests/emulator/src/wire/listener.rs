//! A listener that can refuse connections for a time and reopen on the same port.
//!
//! Accepted connections stay open when it is shut.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Sleep;

use super::stream::Stream;
use crate::fault::Pace;

/// The backlog of connections to accept.
const BACKLOG: u32 = 1024;

/// The wait after the process ran out of descriptors; closed connections free some.
const REST: Duration = Duration::from_millis(50);

/// A listener for [`axum::serve`] that does what its [`Gate`] says.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    door: Door,
    commands: mpsc::UnboundedReceiver<Command>,
    open: watch::Sender<bool>,
    gate: Gate,
    /// Bound but never listening: it keeps the port while the gate is shut. No other program can
    /// take the port, and no client can get it as its own port and connect to itself.
    _keeper: Option<TcpSocket>,
}

enum Door {
    Open { socket: TcpListener, rest: Option<Pin<Box<Sleep>>> },
    Shut { opens: Option<BoxFuture<'static, ()>>, callers: Vec<oneshot::Sender<()>> },
}

enum Command {
    Refuse { until: Option<BoxFuture<'static, ()>>, done: oneshot::Sender<()> },
    Accept { done: oneshot::Sender<()> },
}

enum Event {
    Command(Command),
    Due,
    Knock(io::Result<(TcpStream, SocketAddr)>),
}

impl Listener {
    /// Listens on an address; port 0 is a free port. Must be called in a tokio runtime.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<(Self, Gate)> {
        // Other systems cannot bind two sockets to one port, even if only one listens.
        let keeper = cfg!(target_os = "linux").then(|| bound(address)).transpose()?;
        let address = keeper.as_ref().map_or(Ok(address), TcpSocket::local_addr)?;
        let socket = bound(address)?.listen(BACKLOG)?;
        let address = socket.local_addr()?;
        let (sender, commands) = mpsc::unbounded_channel();
        let (open, is_open) = watch::channel(true);
        let gate = Gate { address, commands: sender, is_open };
        let door = Door::Open { socket, rest: None };
        let listener = Self { address, door, commands, open, gate: gate.clone(), _keeper: keeper };
        Ok((listener, gate))
    }

    async fn event(&mut self) -> Event {
        let Self { door, commands, .. } = self;
        tokio::select! {
            biased;
            Some(command) = commands.recv() => Event::Command(command),
            event = door.event() => event,
        }
    }

    fn apply(&mut self, command: Command) {
        match command {
            Command::Refuse { until, done } => {
                // The old socket is closed by this.
                self.door = Door::Shut { opens: until, callers: Vec::new() };
                self.open.send_replace(false);
                // The caller may have been dropped.
                let _ = done.send(());
            }
            Command::Accept { done } => {
                if let Door::Shut { callers, .. } = &mut self.door {
                    callers.push(done);
                    self.unlock();
                } else {
                    let _ = done.send(());
                }
            }
        }
    }

    fn unlock(&mut self) {
        let Door::Shut { opens, callers } = &mut self.door else { return };
        let Ok(socket) = bound(self.address).and_then(|socket| socket.listen(BACKLOG)) else {
            *opens = Some(Box::pin(tokio::time::sleep(REST)));
            return;
        };
        let callers = std::mem::take(callers);
        self.door = Door::Open { socket, rest: None };
        self.open.send_replace(true);
        for caller in callers {
            let _ = caller.send(());
        }
    }
}

/// Creates a socket that can be bound while connections of the previous one exist.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Door {
    /// Waits for the next connection or command. Cancel-safe.
    async fn event(&mut self) -> Event {
        match self {
            Self::Open { socket, rest } => {
                if let Some(until) = rest {
                    until.await;
                    *rest = None;
                }
                Event::Knock(socket.accept().await)
            }
            Self::Shut { opens: None, .. } => pending().await,
            Self::Shut { opens: Some(time), .. } => {
                time.await;
                Event::Due
            }
        }
    }

    fn rest(&mut self) {
        if let Self::Open { rest, .. } = self {
            *rest = Some(Box::pin(tokio::time::sleep(REST)));
        }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        loop {
            match self.event().await {
                Event::Command(command) => self.apply(command),
                Event::Due => self.unlock(),
                Event::Knock(Ok((tcp, peer))) => {
                    let is_local = peer.ip().to_canonical().is_loopback();
                    return (Stream::new(tcp, self.gate.clone(), is_local), peer);
                }
                Event::Knock(Err(error)) if is_of_the_client(&error) => {}
                Event::Knock(Err(_)) => self.door.rest(),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Returns whether the error concerns one client only.
fn is_of_the_client(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Shuts and opens the listener of a server. All methods return at once when the server is gone.
#[derive(Debug, Clone)]
pub struct Gate {
    address: SocketAddr,
    commands: mpsc::UnboundedSender<Command>,
    is_open: watch::Receiver<bool>,
}

impl Gate {
    /// Returns the address of the server, open or shut.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shuts the gate. When this returns, connections are refused; those that were not yet
    /// accepted are reset.
    pub async fn refuse(&self) {
        self.shut(None).await;
    }

    /// Shuts the gate for a time; the last call decides. Returns when connections are refused.
    pub async fn refuse_for(&self, time: Duration, pace: &Arc<dyn Pace>) {
        self.shut(Some(pace.sleep(time))).await;
    }

    /// Opens the gate. When this returns, connections are accepted on the same port.
    pub async fn accept(&self) {
        let (done, is_done) = oneshot::channel();
        self.send(Command::Accept { done }, is_done).await;
    }

    /// Waits until the gate is open, without opening it.
    pub async fn opened(&self) {
        // It fails when the server is gone.
        let _ = self.is_open.clone().wait_for(|open| *open).await;
    }

    async fn shut(&self, until: Option<BoxFuture<'static, ()>>) {
        let (done, is_done) = oneshot::channel();
        self.send(Command::Refuse { until, done }, is_done).await;
    }

    async fn send(&self, command: Command, is_done: oneshot::Receiver<()>) {
        // Both fail when the server is gone.
        if self.commands.send(command).is_ok() {
            let _ = is_done.await;
        }
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Open { .. }) { "Open" } else { "Shut" })
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Accept { .. }) { "Accept" } else { "Refuse" })
    }
}
