//! Tells whether an attempt that timed out was still connecting.
//!
//! The HTTP client does not report this. But a connection asks for the length of the request body
//! before it sends the first byte. So the body is replaced by one that records whether it was asked.
//! If it was not, nothing was sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use twin_api::reqwest::{self, Request};

/// Records whether a connection has taken a request.
#[derive(Debug, Clone)]
pub(super) struct ConnectProgress(Arc<AtomicBool>);

impl ConnectProgress {
    /// Replaces the body of a request by a watched one. `None` for a stream, which is kept.
    pub(super) fn watch(request: &mut Request) -> Option<Self> {
        let bytes = match request.body() {
            None => Bytes::new(),
            Some(body) => Bytes::copy_from_slice(body.as_bytes()?),
        };
        let taken = Arc::new(AtomicBool::new(false));
        let body = WatchedBody { bytes, taken: Arc::clone(&taken) };
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        Some(Self(taken))
    }

    /// Returns whether no connection took the request before it was dropped.
    pub(super) fn was_connecting(&self) -> bool {
        !self.0.load(Ordering::Acquire)
    }
}

/// A request body that records whether a connection has taken it.
struct WatchedBody {
    bytes: Bytes,
    taken: Arc<AtomicBool>,
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.taken.store(true, Ordering::Release);
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    /// Records the request as taken. Connections call this first, and the HTTP client never does.
    fn is_end_stream(&self) -> bool {
        self.taken.store(true, Ordering::Release);
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
