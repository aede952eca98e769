//! Finds out whether an attempt that ran out of time was still waiting for its connection.
//!
//! The HTTP client does not report it. But a connection has to know the length of a request's body
//! before it sends the first byte, so that a body that was never asked for its length was never
//! sent. A body that records the question therefore replaces the body of the request.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use twin_api::reqwest::{self, Request};

/// Whether a connection has taken a request.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<AtomicBool>);

impl Progress {
    /// Watches the body of a request; `None` if the body is a stream, which is left as it is.
    pub(super) fn watch(request: &mut Request) -> Option<Self> {
        let bytes = match request.body() {
            None => Bytes::new(),
            Some(body) => Bytes::copy_from_slice(body.as_bytes()?),
        };
        let taken = Arc::new(AtomicBool::new(false));
        let body = Watched { bytes, taken: Arc::clone(&taken) };
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        Some(Self(taken))
    }

    /// Returns whether no connection has taken the request, which is dropped by now.
    pub(super) fn was_connecting(&self) -> bool {
        !self.0.load(Ordering::Acquire)
    }
}

/// The body of a request whose connection is watched.
struct Watched {
    bytes: Bytes,
    taken: Arc<AtomicBool>,
}

impl Body for Watched {
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

    /// A connection calls this first; the HTTP client before it does not.
    fn is_end_stream(&self) -> bool {
        self.taken.store(true, Ordering::Release);
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
