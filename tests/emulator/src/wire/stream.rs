//! A connection that applies a plan to the bytes of the next response. It has one plan at a time.
//!
//! The connection counts the bytes that it passes to the kernel, and waits if the plan says so.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::listener::{Gate, Listener};
use super::plan::{Ending, WritePlan};

/// A handle to a connection, for the handlers of its requests.
#[derive(Debug, Clone)]
pub(crate) struct Connection(Arc<ConnectionState>);

#[derive(Debug)]
struct ConnectionState {
    gate: Gate,
    /// Whether the client runs on this machine.
    is_local: bool,
    /// Whether the plan is not [`WritePlan::Plain`]. If not, the lock of the plan is not acquired.
    planned: AtomicBool,
    plan: Mutex<WritePlan>,
}

impl Connection {
    fn new(gate: Gate, is_local: bool) -> Self {
        let plan = Mutex::new(WritePlan::Plain);
        Self(Arc::new(ConnectionState { gate, is_local, planned: AtomicBool::new(false), plan }))
    }

    /// Returns whether the client runs on this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.0.is_local
    }

    /// Returns the gate of the server.
    pub(super) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// Sets the plan for the next response. hyper starts a response only after it has flushed the
    /// previous one, so the plan does not count bytes of the previous response.
    pub(super) fn follow(&self, plan: WritePlan) {
        let planned = !matches!(plan, WritePlan::Plain);
        if planned || self.planned() {
            *self.plan() = plan;
            self.0.planned.store(planned, Ordering::Release);
        }
    }

    /// Closes the connection after the bytes that hyper has written so far.
    pub(super) fn close_when_flushed(&self) {
        self.follow(WritePlan::EndWhenFlushed(Ending::Close));
    }

    fn planned(&self) -> bool {
        self.0.planned.load(Ordering::Acquire)
    }

    fn plan(&self) -> MutexGuard<'_, WritePlan> {
        // The plan is consistent after every statement, so a panic of another thread is harmless.
        self.0.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected<IncomingStream<'_, Listener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        stream.io().connection.clone()
    }
}

/// The stream for hyper.
#[derive(Debug)]
pub(crate) struct Stream {
    tcp: TcpStream,
    connection: Connection,
    /// A second descriptor of the socket, while a reset waits until earlier bytes were sent.
    draining: Option<TcpStream>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, gate: Gate, is_local: bool) -> Self {
        // Sends a small response at once. If the option cannot be set, responses are only slower.
        let _ = tcp.set_nodelay(true);
        Self { tcp, connection: Connection::new(gate, is_local), draining: None }
    }

    fn poll_write_as_planned(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { tcp, connection, draining } = self;
        let mut plan = connection.plan();
        let allowed = ready!(plan.poll_allowed(context, bytes));
        if allowed == 0 {
            return poll_end(&mut plan, tcp, draining, context).map_ok(|()| 0);
        }
        let written = ready!(Pin::new(tcp).poll_write(context, &bytes[..allowed]))?;
        plan.sent(&bytes[..written]);
        Poll::Ready(Ok(written))
    }
}

/// Ends the connection if the plan says so. In that case, returns an error so that hyper drops the
/// connection.
fn poll_end(
    plan: &mut WritePlan,
    tcp: &mut TcpStream,
    draining: &mut Option<TcpStream>,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    let error = match plan {
        WritePlan::End { left: 0, how: Ending::Close }
        | WritePlan::EndWhenFlushed(Ending::Close) => {
            ready!(Pin::new(tcp).poll_shutdown(context))?;
            ErrorKind::ConnectionAborted
        }
        WritePlan::End { left: 0, how: Ending::Reset }
        | WritePlan::EndWhenFlushed(Ending::Reset) => {
            ready!(poll_sent(tcp, draining, context))?;
            tcp.set_zero_linger()?;
            ErrorKind::ConnectionReset
        }
        WritePlan::Ended => ErrorKind::BrokenPipe,
        WritePlan::Plain | WritePlan::End { .. } | WritePlan::Trickle(_) => {
            return Poll::Ready(Ok(()));
        }
    };
    *plan = WritePlan::Ended;
    Poll::Ready(Err(error.into()))
}

/// Waits until the kernel has sent all bytes.
///
/// A reset drops the bytes that the kernel has not sent yet, for example because the peer's window is
/// full. Bytes that were sent are safe: on Linux, the peer can read everything that arrived before
/// the RST, and only then gets the error. So after this wait, exactly the planned bytes reach the
/// peer, even if the peer reads late.
///
/// With a low-water mark of one byte, a socket is writable only when no byte is unsent. The wait uses
/// a second descriptor of the socket: epoll reports the current state when a descriptor is
/// registered, but may not report it again for the first descriptor.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn poll_sent(
    tcp: &TcpStream,
    draining: &mut Option<TcpStream>,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    if draining.is_none() {
        let socket = socket2::SockRef::from(tcp);
        socket.set_tcp_notsent_lowat(1)?;
        *draining = Some(TcpStream::from_std(socket.try_clone()?.into())?);
    }
    draining.as_ref().map_or(Poll::Ready(Ok(())), |second| second.poll_write_ready(context))
}

/// Does not wait: other systems have no such mark. Bytes beyond the window of the peer may be lost.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn poll_sent(
    _: &TcpStream,
    _: &mut Option<TcpStream>,
    _: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    Poll::Ready(Ok(()))
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.connection.planned() {
            return self.poll_write_as_planned(context, bytes);
        }
        Pin::new(&mut self.tcp).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.connection.planned() {
            // A write of only one slice is allowed, and its bytes are simpler to count.
            let first = slices.iter().find(|slice| !slice.is_empty());
            return self.poll_write_as_planned(context, first.map_or(&[], |slice| slice));
        }
        Pin::new(&mut self.tcp).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    /// Ends the connection if the plan ends it after the last byte: hyper flushes after every response.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.connection.planned() {
            let Self { tcp, connection, draining } = &mut *self;
            return poll_end(&mut connection.plan(), tcp, draining, context);
        }
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A FIN here would come before the RST, which would be another fault.
        if self.connection.planned() && matches!(*self.connection.plan(), WritePlan::Ended) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
