//! The kinds of faults.
//!
//! A kind holds only its settings: `response` builds the bodies, and `wire` sends the
//! bytes.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::bomb;
use axum::http::{HeaderValue, StatusCode};

/// A fault of a request.
///
/// In a fault file it is an object with the name of the kind: `{"reset": {"at": 20}}`, or
/// shorter `{"reset": 20}`. `--help-faults` lists an example of each kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Another response: a status with its headers and body.
    Status {
        /// The status, from 200 to 599.
        status: StatusCode,
        /// The header `Retry-After`.
        retry_after: Option<RetryAfter>,
        /// The body.
        body: StatusBody,
    },
    /// The real response after a delay.
    Delay {
        /// The milliseconds.
        ms: u64,
    },
    /// The request is reset, and no connection is accepted for a while. Existing connections
    /// stay open.
    Refuse {
        /// The milliseconds.
        for_ms: u64,
    },
    /// The connection is reset during the real response.
    Reset {
        /// The bytes that are sent, counted from the status line. A shorter response is sent
        /// whole, and the connection stays open.
        at: usize,
    },
    /// The connection is closed with FIN during the real response.
    Close {
        /// As in [`Fault::Reset`].
        at: usize,
    },
    /// The connection is closed during the body of the real response.
    CutBody {
        /// The bytes of the body that are sent. A shorter body is sent whole.
        at: usize,
        /// The body is chunked and has no Content-Length. A body that is cut at its end lacks
        /// the last chunk.
        chunked: bool,
    },
    /// The real response, a few bytes at a time.
    Trickle {
        /// The bytes at a time.
        bytes: NonZeroUsize,
        /// The milliseconds between them.
        every_ms: u64,
        /// Whether the head trickles too; otherwise it is sent at once.
        head: bool,
    },
    /// 200 with a body that ends only when the client disconnects.
    EndlessBody {
        /// The content of the body.
        of: Endless,
    },
    /// The page of another host: 200, HTML.
    Html,
    /// The response of a route without an implementation: 200, `application/grpc`, no body.
    Grpc {
        /// The header `grpc-status`; the live service sends 12.
        code: u32,
    },
    /// The real response with another content type.
    ContentType {
        /// The header.
        value: HeaderValue,
    },
    /// A redirect.
    Redirect {
        /// The status, from 300 to 399.
        status: StatusCode,
        /// The header `Location`.
        to: HeaderValue,
    },
    /// 200 with a small gzip body that is large when unpacked: an empty JSON list with a very large
    /// number of spaces.
    GzipBomb {
        /// The unpacked bytes, at most 64 GiB.
        bytes: u64,
    },
    /// Other cursors on the real pages, in their order, from the start again after the last.
    Cursors(Vec<Cursor>),
    /// Items are inserted and removed before the real page.
    Shift(Shift),
}

/// The value of the header `Retry-After`.
///
/// As JSON: `2`, `"-1"`, `{"date_in": 5}`, or a list of these for several headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryAfter {
    /// Seconds.
    Seconds(u64),
    /// Any text.
    Literal(HeaderValue),
    /// A date this many seconds after the emulator's time; before it, if negative.
    DateIn(i64),
    /// Several headers.
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
    /// A sentence.
    Text,
    /// The HTML page of a proxy.
    Html,
    /// Nothing.
    Empty,
}

/// The content of an endless body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Endless {
    /// Spaces, which JSON allows before a value.
    #[default]
    Whitespace,
    /// A list of empty objects without end.
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

/// The change of a list before one of its pages is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shift {
    /// The items that are inserted at the front.
    pub insert: u64,
    /// The items that are removed from the front.
    pub remove: u64,
}

/// A fault of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireFault {
    /// Send it later.
    Delay(Duration),
    /// Reset the connection, and accept no other for this time.
    Refuse(Duration),
    /// Reset the connection after this many bytes of the response.
    Reset(usize),
    /// Close the connection after this many bytes of the response.
    Close(usize),
    /// Close the connection during the body.
    CutBody {
        /// The number of bytes.
        at: usize,
        /// Whether the body is chunked and has no Content-Length.
        chunked: bool,
    },
    /// Send a few bytes at a time.
    Trickle {
        /// The number of bytes at a time.
        bytes: NonZeroUsize,
        /// The delay between them.
        every: Duration,
        /// Whether the head trickles too.
        head: bool,
    },
    /// Send this body in place of the real one until the client disconnects.
    Endless(Endless),
}

impl Fault {
    /// Creates a status fault with problem details.
    pub fn status(status: StatusCode, retry_after: impl Into<Option<RetryAfter>>) -> Self {
        let retry_after = retry_after.into();
        Self::Status { status, retry_after, body: StatusBody::Problem }
    }

    /// Returns whether the operation runs by default. It does not run if another response, or
    /// none, replaces the real one.
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

    /// Returns the fault of the connection.
    pub const fn on_the_wire(&self) -> Option<WireFault> {
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
                Err("a status from 100 to 199 ends no exchange")
            }
            Self::GzipBomb { bytes } if *bytes > bomb::LIMIT => {
                Err("a gzip bomb has 64 GiB at most")
            }
            Self::Cursors(cursors) if cursors.is_empty() => Err("no cursor is named"),
            _ => Ok(()),
        }
    }
}
