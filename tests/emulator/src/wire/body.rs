//! Bodies that are not simply sent. Each ends with its connection: hyper drops it when the
//! client has left.

use std::convert::Infallible;
use std::future::ready;
use std::task::Poll;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};

use super::stream::Connection;
use crate::fault::Endless;

/// How much of an endless body is sent at once.
const PORTION: usize = 16 << 10;

/// This much of a body, and then the connection is closed.
///
/// A body that fails would not do: hyper gives up at once, with bytes in its buffer.
pub(super) fn cut(first: Bytes, connection: Connection) -> Body {
    let mut told = false;
    let end = stream::poll_fn(move |context| {
        if !told {
            told = true;
            connection.close_when_flushed();
            // hyper flushes on its next round, if not on this one.
            context.waker().wake_by_ref();
        }
        Poll::<Option<Result<Bytes, Infallible>>>::Pending
    });
    let first = (!first.is_empty()).then_some(Ok(first));
    Body::from_stream(stream::iter(first).chain(end))
}

/// A whole body whose length is not told.
pub(super) fn in_chunks(body: Bytes) -> Body {
    Body::from_stream(stream::once(ready(Ok::<_, Infallible>(body))))
}

/// A body without an end. It is made as fast as it is taken.
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
