//! Decides which bytes of a response are sent, and when. A plan only counts bytes; it has no socket.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::fault::Timer;

/// The end of the head of a response.
const BLANK_LINE: &[u8; 4] = b"\r\n\r\n";

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The connection ends with FIN.
    Close,
    /// The connection ends with RST.
    Reset,
}

/// What happens to the bytes of a response.
#[derive(Debug)]
pub(super) enum WritePlan {
    /// All bytes are sent.
    Plain,
    /// `left` more bytes are sent, then the connection ends.
    End { left: usize, how: Ending },
    /// The bytes that hyper has buffered are sent, then the connection ends.
    EndWhenFlushed(Ending),
    /// The bytes are sent a few at a time.
    Trickle(Trickle),
    /// The connection has ended.
    Ended,
}

impl WritePlan {
    /// Returns how many bytes at the start of `bytes` may be sent now.
    pub(super) fn poll_allowed(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<usize> {
        match self {
            Self::Plain | Self::EndWhenFlushed(_) => Poll::Ready(bytes.len()),
            Self::End { left, .. } => Poll::Ready(bytes.len().min(*left)),
            Self::Trickle(trickle) => trickle.poll_allowed(context, bytes),
            Self::Ended => Poll::Ready(0),
        }
    }

    /// Records bytes that were sent.
    pub(super) fn sent(&mut self, bytes: &[u8]) {
        match self {
            Self::End { left, .. } => *left = left.saturating_sub(bytes.len()),
            Self::Trickle(trickle) => trickle.sent(bytes),
            Self::Plain | Self::EndWhenFlushed(_) | Self::Ended => {}
        }
    }
}

/// The state of a response that is sent a few bytes at a time, with a wait between them.
pub(super) struct Trickle {
    bytes: NonZeroUsize,
    every: Duration,
    timer: Arc<dyn Timer>,
    /// While the head is sent at once: how many bytes of the blank line at its end were seen.
    head: Option<usize>,
    left: usize,
    waiting: Option<BoxFuture<'static, ()>>,
}

impl Trickle {
    pub(super) fn new(
        bytes: NonZeroUsize,
        every: Duration,
        head: bool,
        timer: Arc<dyn Timer>,
    ) -> Self {
        let head = (!head).then_some(0);
        Self { bytes, every, timer, head, left: bytes.get(), waiting: None }
    }

    fn poll_allowed(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<usize> {
        if let Some(seen) = self.head {
            return Poll::Ready(after_blank_line(bytes, seen).unwrap_or(bytes.len()));
        }
        if self.left == 0 {
            let waiting = self.waiting.get_or_insert_with(|| self.timer.sleep(self.every));
            ready!(waiting.poll_unpin(context));
            self.waiting = None;
            self.left = self.bytes.get();
        }
        Poll::Ready(bytes.len().min(self.left))
    }

    fn sent(&mut self, bytes: &[u8]) {
        match self.head {
            Some(seen) if after_blank_line(bytes, seen).is_some() => self.head = None,
            Some(seen) => self.head = Some(bytes.iter().copied().fold(seen, seen_with)),
            None => self.left = self.left.saturating_sub(bytes.len()),
        }
    }
}

impl fmt::Debug for Trickle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, every, left, .. } = self;
        write!(f, "Trickle({bytes} bytes every {every:?}, {left} left)")
    }
}

/// Returns the index in `bytes` after the blank line, of which `seen` bytes came before `bytes`.
fn after_blank_line(bytes: &[u8], mut seen: usize) -> Option<usize> {
    let end = bytes.iter().position(|byte| {
        seen = seen_with(seen, *byte);
        seen == BLANK_LINE.len()
    });
    end.map(|end| end + 1)
}

/// Returns how many bytes of the blank line were seen after one more byte.
fn seen_with(seen: usize, byte: u8) -> usize {
    match BLANK_LINE.get(seen) {
        Some(next) if *next == byte => seen + 1,
        _ => usize::from(byte == BLANK_LINE[0]),
    }
}
