//! The kinds of faults.
//!
//! A kind holds only its settings: bodies are made in `answer` and `amend`, and `wire` sends the
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
    /// Another answer instead: a status, and what usually comes with it.
    Status {
        /// The status, from 200 to 599.
        status: StatusCode,
        /// The header `Retry-After`.
        retry_after: Option<RetryAfter>,
        /// What the body is.
        body: StatusBody,
    },
    /// The real answer, later.
    Delay {
        /// So many milliseconds.
        ms: u64,
    },
    /// The request is reset unanswered, and no connection is accepted for a while.
    /// Connections that are there already stay.
    Refuse {
        /// So many milliseconds.
        for_ms: u64,
    },
    /// The connection is reset on the way of the real answer.
    Reset {
        /// After so many bytes, counted from the first of the status line. An answer that
        /// is shorter goes out whole, and the connection lives.
        at: usize,
    },
    /// The connection is closed in order on the way of the real answer.
    Close {
        /// As in [`Fault::Reset`].
        at: usize,
    },
    /// The head of the real answer, but not the whole body; then the connection is closed.
    CutBody {
        /// So many bytes of the body arrive. A body that has no more goes out whole.
        at: usize,
        /// The body comes in chunks, instead of with its length. One that is cut at its very
        /// end lacks the last chunk, which says that it is the end.
        chunked: bool,
    },
    /// The real answer, a few bytes at a time.
    Trickle {
        /// So many at a time.
        bytes: NonZeroUsize,
        /// So many milliseconds between them.
        every_ms: u64,
        /// The head trickles too; otherwise it comes at once.
        head: bool,
    },
    /// A success whose body does not end until the client leaves.
    EndlessBody {
        /// What it is made of.
        of: Endless,
    },
    /// The page of another host: 200, HTML.
    Html,
    /// The answer of a route without an implementation: 200, `application/grpc`, no body.
    Grpc {
        /// The header `grpc-status`; 12 is what the live service was seen to send.
        code: u32,
    },
    /// The real answer under another content type.
    ContentType {
        /// The header.
        value: HeaderValue,
    },
    /// An answer that sends the client elsewhere.
    Redirect {
        /// The status, from 300 to 399.
        status: StatusCode,
        /// The header `Location`.
        to: HeaderValue,
    },
    /// A success that is small on the way and large when it is unpacked: an empty JSON list
    /// with a great many blanks in it.
    GzipBomb {
        /// So many bytes, unpacked; 64 GiB at most.
        bytes: u64,
    },
    /// Other cursors on the real pages: the first on the first page that is hit, and from
    /// the front again when they have all been used.
    Cursors(Vec<Cursor>),
    /// Items come and go before the real page is answered.
    Shift(Shift),
}

/// What a header `Retry-After` says.
///
/// As JSON: `2`, `"-1"`, `{"date_in": 5}`, or a list of these for one header each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryAfter {
    /// Seconds.
    Seconds(u64),
    /// Any text.
    Literal(HeaderValue),
    /// A date, so many seconds from the emulator's time; in the past, if negative.
    DateIn(i64),
    /// Several headers.
    Each(Vec<Self>),
}

/// What the body of a [`Fault::Status`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatusBody {
    /// Problem details.
    #[default]
    Problem,
    /// What the API gave before it had problem details: `{"error": {"code", "message"}}`.
    Older,
    /// A sentence.
    Text,
    /// A page, as a proxy gives it.
    Html,
    /// Nothing.
    Empty,
}

/// What a body without an end is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Endless {
    /// Blanks, which JSON allows before a value.
    #[default]
    Whitespace,
    /// A list with ever more empty objects.
    Array,
}

/// The value that replaces `next_cursor`.
///
/// As JSON: a text, `null`, or `false` for [`Cursor::Absent`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// A cursor; the empty text is one too.
    Text(String),
    /// `null`.
    Null,
    /// The page has no such member.
    Absent,
}

/// How a list changes before one of its pages is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shift {
    /// So many new items, which are in front.
    pub insert: u64,
    /// So many items fewer, from the front.
    pub remove: u64,
}

/// What the code with the socket does with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireFault {
    /// Send it later.
    Delay(Duration),
    /// Reset the connection, and accept no other for so long.
    Refuse(Duration),
    /// Reset the connection after so many bytes of the answer.
    Reset(usize),
    /// Close the connection after so many bytes of the answer.
    Close(usize),
    /// Close the connection after so many bytes of the body.
    CutBody {
        /// So many.
        at: usize,
        /// In chunks, instead of with its length.
        chunked: bool,
    },
    /// Send a few bytes at a time.
    Trickle {
        /// So many.
        bytes: NonZeroUsize,
        /// So long between them.
        every: Duration,
        /// The head as well.
        head: bool,
    },
    /// Send this body, instead of the answer's own, until the client leaves.
    Endless(Endless),
}

impl Fault {
    /// A status with problem details.
    pub fn status(status: StatusCode, retry_after: impl Into<Option<RetryAfter>>) -> Self {
        let retry_after = retry_after.into();
        Self::Status { status, retry_after, body: StatusBody::Problem }
    }

    /// Whether the operation is carried out all the same, unless a rule says otherwise. It is not
    /// where another answer, or none, replaces the real one.
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

    /// What happens to the bytes of the answer, if anything does.
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

    /// The name of the kind, as fault files have it.
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

    /// Refuses what cannot be carried out.
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
