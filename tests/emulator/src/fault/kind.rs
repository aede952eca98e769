//! The kinds of faults.
//!
//! A [`Fault`] has only settings. The module `response` builds the responses, and the module `wire`
//! sends their bytes.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::bomb;
use axum::http::{HeaderValue, StatusCode};

/// A fault of a request.
///
/// In a fault file, a fault is an object with the name of the kind: `{"reset": {"at": 20}}`, or in
/// short form `{"reset": 20}`. `twin-emulator --help-faults` prints an example of each kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Replaces the response by a status with headers and a body.
    Status {
        /// The status, from 200 to 599.
        status: StatusCode,
        /// The header `Retry-After`.
        retry_after: Option<RetryAfter>,
        /// The body.
        body: StatusBody,
    },
    /// Sends the real response after a delay.
    Delay {
        /// The delay in milliseconds.
        ms: u64,
    },
    /// Resets the connection of the request, and refuses new connections for some time. Other open
    /// connections stay open.
    Refuse {
        /// The time in milliseconds.
        for_ms: u64,
    },
    /// Resets the connection (RST) during the real response.
    Reset {
        /// The number of bytes that are sent before the reset, from the start of the status line. If
        /// the response is shorter, it is sent whole and the connection stays open.
        at: usize,
    },
    /// Closes the connection (FIN) during the real response.
    Close {
        /// The number of bytes that are sent before the end, as in [`Fault::Reset`].
        at: usize,
    },
    /// Closes the connection during the body of the real response.
    CutBody {
        /// The number of bytes of the body that are sent. A shorter body is sent whole.
        at: usize,
        /// Whether the body is chunked, without Content-Length. If such a body is cut at its end, the
        /// client gets all bytes, but not the last chunk, which is empty.
        chunked: bool,
    },
    /// Sends the real response slowly, a few bytes at a time.
    Trickle {
        /// The number of bytes that are sent at once.
        bytes: NonZeroUsize,
        /// The wait after these bytes, in milliseconds.
        every_ms: u64,
        /// Whether the head is sent slowly too; otherwise it is sent at once.
        head: bool,
    },
    /// Replaces the response by 200 with a body that ends only when the client disconnects.
    EndlessBody {
        /// The content of the body.
        of: Endless,
    },
    /// Replaces the response by 200 with an HTML page, as from another host.
    Html,
    /// Replaces the response by 200, `application/grpc`, without a body. The live service returns
    /// this for an unknown path.
    Grpc {
        /// The header `grpc-status`; the live service sends 12.
        code: u32,
    },
    /// Changes the content type of the real response.
    ContentType {
        /// The header `Content-Type`.
        value: HeaderValue,
    },
    /// Replaces the response by a redirect.
    Redirect {
        /// The status, from 300 to 399.
        status: StatusCode,
        /// The header `Location`.
        to: HeaderValue,
    },
    /// Replaces the response by 200 with a small gzip body that is large when unpacked: an empty JSON
    /// list with many spaces.
    GzipBomb {
        /// The unpacked size in bytes, at most 64 GiB.
        bytes: u64,
    },
    /// Replaces `next_cursor` of the real pages by these cursors, in order. After the last cursor, it
    /// starts again with the first.
    Cursors(Vec<Cursor>),
    /// Adds and removes items of the list before the real page is returned.
    Shift(Shift),
}

/// The value of the header `Retry-After`.
///
/// As JSON: `2`, `"-1"`, `{"date_in": 5}`, or a list of these for a repeated header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// Any text.
    Literal(HeaderValue),
    /// An HTTP date, this number of seconds after the emulator's time; before it, if negative.
    DateIn(i64),
    /// Several headers `Retry-After`.
    Each(Vec<Self>),
}

/// The body of a [`Fault::Status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatusBody {
    /// Problem details.
    #[default]
    Problem,
    /// The former error format of the API: `{"error": {"code", "message"}}`.
    Older,
    /// Plain text: the reason phrase of the status.
    Text,
    /// An HTML page, as a proxy sends it.
    Html,
    /// No body.
    Empty,
}

/// The content of an endless body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Endless {
    /// Spaces, which JSON allows before a value.
    #[default]
    Whitespace,
    /// A list of empty objects that never ends.
    Array,
}

/// The value that replaces `next_cursor`.
///
/// As JSON: a string, `null`, or `false` for [`Cursor::Absent`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// A cursor, which may be empty.
    Text(String),
    /// `null`.
    Null,
    /// The page has no such member.
    Absent,
}

/// A change of a list, made before one of its pages is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shift {
    /// The number of items that are added. They are the newest.
    pub insert: u64,
    /// The number of the newest items that are removed before others are added. Events are never
    /// removed.
    pub remove: u64,
}

/// The part of a [`Fault`] that changes how the bytes of the response are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireFault {
    /// Send the response after this time.
    Delay(Duration),
    /// Reset the connection, and refuse new connections for this time.
    Refuse(Duration),
    /// Reset the connection after this number of bytes of the response.
    Reset(usize),
    /// Close the connection after this number of bytes of the response.
    Close(usize),
    /// Close the connection during the body.
    CutBody {
        /// The number of bytes of the body that are sent.
        at: usize,
        /// Whether the body is chunked and has no Content-Length.
        chunked: bool,
    },
    /// Send a few bytes at a time.
    Trickle {
        /// The number of bytes that are sent at once.
        bytes: NonZeroUsize,
        /// The wait after these bytes.
        every: Duration,
        /// Whether the head is sent slowly too.
        head: bool,
    },
    /// Send this body instead of the real one, until the client disconnects.
    Endless(Endless),
}

impl Fault {
    /// Creates a status fault with problem details.
    pub fn status(status: StatusCode, retry_after: impl Into<Option<RetryAfter>>) -> Self {
        let retry_after = retry_after.into();
        Self::Status { status, retry_after, body: StatusBody::Problem }
    }

    /// Returns whether the operation runs, unless [`Rule::taking_effect`](super::Rule::taking_effect)
    /// says otherwise. It does not run if the fault replaces the real response or sends none.
    pub const fn takes_effect(&self) -> bool {
        match self {
            Self::Status { .. }
            | Self::Refuse { .. }
            | Self::EndlessBody { .. }
            | Self::Html
            | Self::Grpc { .. }
            | Self::Redirect { .. }
            | Self::GzipBomb { .. } => false,
            Self::Delay { .. }
            | Self::Reset { .. }
            | Self::Close { .. }
            | Self::CutBody { .. }
            | Self::Trickle { .. }
            | Self::ContentType { .. }
            | Self::Cursors(_)
            | Self::Shift(_) => true,
        }
    }

    /// Returns the part of the fault that changes how the bytes of the response are sent.
    pub const fn wire_fault(&self) -> Option<WireFault> {
        Some(match *self {
            Self::Delay { ms } => WireFault::Delay(Duration::from_millis(ms)),
            Self::Refuse { for_ms } => WireFault::Refuse(Duration::from_millis(for_ms)),
            Self::Reset { at } => WireFault::Reset(at),
            Self::Close { at } => WireFault::Close(at),
            Self::CutBody { at, chunked } => WireFault::CutBody { at, chunked },
            Self::Trickle { bytes, every_ms, head } => {
                WireFault::Trickle { bytes, every: Duration::from_millis(every_ms), head }
            }
            Self::EndlessBody { of } => WireFault::Endless(of),
            _ => return None,
        })
    }

    /// Returns the name of the kind in fault files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Delay { .. } => "delay",
            Self::Refuse { .. } => "refuse",
            Self::Reset { .. } => "reset",
            Self::Close { .. } => "close",
            Self::CutBody { .. } => "cut_body",
            Self::Trickle { .. } => "trickle",
            Self::EndlessBody { .. } => "endless_body",
            Self::Html => "html",
            Self::Grpc { .. } => "grpc",
            Self::ContentType { .. } => "content_type",
            Self::Redirect { .. } => "redirect",
            Self::GzipBomb { .. } => "gzip_bomb",
            Self::Cursors(_) => "cursors",
            Self::Shift(_) => "shift",
        }
    }

    /// Rejects settings that cannot be applied.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::Status { status, .. } | Self::Redirect { status, .. }
                if status.is_informational() =>
            {
                Err("a status from 100 to 199 cannot be the final response")
            }
            Self::GzipBomb { bytes } if *bytes > bomb::LIMIT => {
                Err("the unpacked size of a gzip bomb is limited to 64 GiB")
            }
            Self::Cursors(cursors) if cursors.is_empty() => Err("the list of cursors is empty"),
            _ => Ok(()),
        }
    }
}
