//! The bodies of faulty responses. hyper drops a body when the client disconnects.

use std::convert::Infallible;
use std::future::ready;
use std::task::Poll;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};

use super::stream::Connection;
use crate::fault::Endless;

/// The size of a chunk of an endless body, in bytes.
const CHUNK: usize = 16 << 10;

/// Returns a body of these bytes, after which the connection is closed.
///
/// A body that ends with an error would not do, because hyper then drops the bytes in its buffer.
pub(super) fn cut(first: Bytes, connection: Connection) -> Body {
    let mut notified = false;
    let end = stream::poll_fn(move |context| {
        if !notified {
            notified = true;
            connection.close_when_flushed();
            // hyper may flush only when it polls the body again.
            context.waker().wake_by_ref();
        }
        Poll::<Option<Result<Bytes, Infallible>>>::Pending
    });
    let first = (!first.is_empty()).then_some(Ok(first));
    Body::from_stream(stream::iter(first).chain(end))
}

/// Returns a whole body without Content-Length, which hyper sends in chunks.
pub(super) fn in_chunks(body: Bytes) -> Body {
    Body::from_stream(stream::once(ready(Ok::<_, Infallible>(body))))
}

/// Returns an endless body, which is produced as fast as the client reads it.
pub(super) fn endless(of: Endless) -> Body {
    let (first, more) = match of {
        Endless::Whitespace => ("", " "),
        Endless::Array => ("[{}", ",{}"),
    };
    let first = (!first.is_empty()).then_some(Bytes::from_static(first.as_bytes()));
    let chunk = Bytes::from(more.repeat(CHUNK / more.len()));
    let body = stream::iter(first).chain(stream::repeat(chunk));
    Body::from_stream(body.map(Ok::<_, Infallible>))
}
