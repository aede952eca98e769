//! A listener that can refuse connections for some time, and then accepts them on the same port.
//!
//! Accepted connections stay open while new ones are refused.

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
use crate::fault::Timer;

/// The maximum number of connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// The wait before another attempt after an error, such as too many open files.
const BACKOFF: Duration = Duration::from_millis(50);

/// A listener for [`axum::serve`], which its [`Gate`] controls.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    state: ListenerState,
    commands: mpsc::UnboundedReceiver<GateCommand>,
    open: watch::Sender<bool>,
    gate: Gate,
    /// A socket that is bound but never listens. It keeps the port while connections are refused:
    /// otherwise another program could take the port, or a client could get it as its own port and
    /// connect to itself.
    _keeper: Option<TcpSocket>,
}

/// Whether connections are accepted.
enum ListenerState {
    /// `backoff` is a wait before the next attempt to accept.
    Listening { socket: TcpListener, backoff: Option<Pin<Box<Sleep>>> },
    /// `until` is the wait after which connections are accepted; `None` for no end. `waiters` are the
    /// callers of [`Gate::accept`].
    Refusing { until: Option<BoxFuture<'static, ()>>, waiters: Vec<oneshot::Sender<()>> },
}

/// A command of the gate. `done` tells the caller that it was carried out.
enum GateCommand {
    Refuse { until: Option<BoxFuture<'static, ()>>, done: oneshot::Sender<()> },
    Accept { done: oneshot::Sender<()> },
}

/// What the listener has to handle next.
enum ListenerEvent {
    Command(GateCommand),
    RefusalOver,
    Accepted(io::Result<(TcpStream, SocketAddr)>),
}

impl Listener {
    /// Listens on an address; port 0 stands for a free port. Must be called in a tokio runtime.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<(Self, Gate)> {
        // Other systems cannot bind two sockets to one port, even if only one listens.
        let keeper = cfg!(target_os = "linux").then(|| bound(address)).transpose()?;
        let address = keeper.as_ref().map_or(Ok(address), TcpSocket::local_addr)?;
        let socket = bound(address)?.listen(BACKLOG)?;
        let address = socket.local_addr()?;
        let (sender, commands) = mpsc::unbounded_channel();
        let (open, is_open) = watch::channel(true);
        let gate = Gate { address, commands: sender, is_open };
        let state = ListenerState::Listening { socket, backoff: None };
        let listener = Self { address, state, commands, open, gate: gate.clone(), _keeper: keeper };
        Ok((listener, gate))
    }

    async fn event(&mut self) -> ListenerEvent {
        let Self { state, commands, .. } = self;
        tokio::select! {
            biased;
            Some(command) = commands.recv() => ListenerEvent::Command(command),
            event = state.event() => event,
        }
    }

    fn apply(&mut self, command: GateCommand) {
        match command {
            GateCommand::Refuse { until, done } => {
                // Dropping the old state closes its socket.
                self.state = ListenerState::Refusing { until, waiters: Vec::new() };
                self.open.send_replace(false);
                // The caller may have been dropped.
                let _ = done.send(());
            }
            GateCommand::Accept { done } => {
                if let ListenerState::Refusing { waiters, .. } = &mut self.state {
                    waiters.push(done);
                    self.reopen();
                } else {
                    let _ = done.send(());
                }
            }
        }
    }

    /// Accepts connections again. If the port cannot be bound yet, tries again later.
    fn reopen(&mut self) {
        let ListenerState::Refusing { until, waiters } = &mut self.state else { return };
        let Ok(socket) = bound(self.address).and_then(|socket| socket.listen(BACKLOG)) else {
            *until = Some(Box::pin(tokio::time::sleep(BACKOFF)));
            return;
        };
        let waiters = std::mem::take(waiters);
        self.state = ListenerState::Listening { socket, backoff: None };
        self.open.send_replace(true);
        for waiter in waiters {
            let _ = waiter.send(());
        }
    }
}

/// Creates a socket that is bound to `address`, even while connections of a previous socket exist.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl ListenerState {
    /// Waits for the next connection or command. Cancel-safe.
    async fn event(&mut self) -> ListenerEvent {
        match self {
            Self::Listening { socket, backoff } => {
                if let Some(until) = backoff {
                    until.await;
                    *backoff = None;
                }
                ListenerEvent::Accepted(socket.accept().await)
            }
            Self::Refusing { until: None, .. } => pending().await,
            Self::Refusing { until: Some(time), .. } => {
                time.await;
                ListenerEvent::RefusalOver
            }
        }
    }

    /// Waits before the next attempt to accept a connection.
    fn back_off(&mut self) {
        if let Self::Listening { backoff, .. } = self {
            *backoff = Some(Box::pin(tokio::time::sleep(BACKOFF)));
        }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        loop {
            match self.event().await {
                ListenerEvent::Command(command) => self.apply(command),
                ListenerEvent::RefusalOver => self.reopen(),
                ListenerEvent::Accepted(Ok((tcp, peer))) => {
                    let is_local = peer.ip().to_canonical().is_loopback();
                    return (Stream::new(tcp, self.gate.clone(), is_local), peer);
                }
                ListenerEvent::Accepted(Err(error)) if is_client_error(&error) => {}
                ListenerEvent::Accepted(Err(_)) => self.state.back_off(),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Returns whether the error concerns only one client.
fn is_client_error(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Refuses and accepts the connections of a server. After the server has stopped, all methods
/// return at once.
#[derive(Debug, Clone)]
pub struct Gate {
    address: SocketAddr,
    commands: mpsc::UnboundedSender<GateCommand>,
    is_open: watch::Receiver<bool>,
}

impl Gate {
    /// Returns the address of the server, even while it refuses connections.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Refuses new connections, until [`Gate::accept`] is called. When this returns, connections are
    /// refused. Connections that were not yet accepted are reset; accepted ones stay open.
    pub async fn refuse(&self) {
        self.shut(None).await;
    }

    /// Refuses new connections for a duration, which `timer` measures. A later call replaces the
    /// duration. Returns when connections are refused.
    pub async fn refuse_for(&self, time: Duration, timer: &Arc<dyn Timer>) {
        self.shut(Some(timer.sleep(time))).await;
    }

    /// Accepts connections again, on the same port. When this returns, connections are accepted.
    pub async fn accept(&self) {
        let (done, is_done) = oneshot::channel();
        self.send(GateCommand::Accept { done }, is_done).await;
    }

    /// Waits until connections are accepted, for example because the duration of
    /// [`Gate::refuse_for`] is over.
    pub async fn opened(&self) {
        // It fails when the server is gone.
        let _ = self.is_open.clone().wait_for(|open| *open).await;
    }

    async fn shut(&self, until: Option<BoxFuture<'static, ()>>) {
        let (done, is_done) = oneshot::channel();
        self.send(GateCommand::Refuse { until, done }, is_done).await;
    }

    async fn send(&self, command: GateCommand, is_done: oneshot::Receiver<()>) {
        // Both fail when the server is gone.
        if self.commands.send(command).is_ok() {
            let _ = is_done.await;
        }
    }
}

impl std::fmt::Debug for ListenerState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Listening { .. }) { "Listening" } else { "Refusing" })
    }
}

impl std::fmt::Debug for GateCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Accept { .. }) { "Accept" } else { "Refuse" })
    }
}
