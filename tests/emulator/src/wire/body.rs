//! Bodies of faults. hyper drops a body when its client disconnects.

use std::convert::Infallible;
use std::future::ready;
use std::task::Poll;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};

use super::stream::Connection;
use crate::fault::Endless;

/// The bytes of an endless body that are sent at once.
const PORTION: usize = 16 << 10;

/// The start of a body, after which the connection is closed.
///
/// A body that returns an error is not suitable: hyper would drop the bytes in its buffer.
pub(super) fn cut(first: Bytes, connection: Connection) -> Body {
    let mut notified = false;
    let end = stream::poll_fn(move |context| {
        if !notified {
            notified = true;
            connection.close_when_flushed();
            // hyper flushes on its next round, if not on this one.
            context.waker().wake_by_ref();
        }
        Poll::<Option<Result<Bytes, Infallible>>>::Pending
    });
    let first = (!first.is_empty()).then_some(Ok(first));
    Body::from_stream(stream::iter(first).chain(end))
}

/// A whole body without Content-Length.
pub(super) fn in_chunks(body: Bytes) -> Body {
    Body::from_stream(stream::once(ready(Ok::<_, Infallible>(body))))
}

/// An endless body, produced as fast as it is sent.
pub(super) fn endless(of: Endless) -> Body {
    let (first, more) = match of {
        Endless::Whitespace => ("", " "),
        Endless::Array => ("[{}", ",{}"),
    };
    let first = (!first.is_empty()).then_some(Bytes::from_static(first.as_bytes()));
    let portion = Bytes::from(more.repeat(PORTION / more.len()));
    let body = stream::iter(first).chain(stream::repeat(portion));
    Body::from_stream(body.map(Ok::<_, Infallible>))
}
