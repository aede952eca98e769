//! Provides blocking iterators over lists, for programs without async code.
//!
//! All blocking calls of a process share one runtime. Its thread drives the connections of all
//! clients, so one iterator works inside the loop of another. A blocking call on a thread of another
//! runtime is an error, because it would stall the tasks of that runtime.

use std::pin::Pin;
use std::sync::OnceLock;

use futures_core::Stream;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, ErrorKind, Failure, Outcome};
use crate::page::{Items, Pages};

/// Runs `future` on the runtime for blocking callers.
///
/// # Errors
/// The thread belongs to a runtime, or the runtime cannot be started.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output, Error> {
    Ok(runtime()?.block_on(future))
}

/// Returns the shared runtime, unless this thread belongs to a runtime.
fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if Handle::try_current().is_ok() {
        return Err(Error::config(
            "blocking calls cannot be made on a thread of an async runtime: \
             use `.await` there, or a thread of your own (std::thread::spawn)",
        ));
    }
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).thread_name("twin-blocking").enable_all().build();
    let runtime = runtime.map_err(|error| {
        let message = "the runtime for blocking calls could not be started";
        Error::from(Failure::new(ErrorKind::Config, Outcome::NotSent, message).caused_by(error))
    })?;
    Ok(RUNTIME.get_or_init(|| runtime))
}

/// Returns the stream as an iterator, unless this thread belongs to a runtime.
pub(crate) fn iterate<S>(stream: S) -> Result<Blocking<S>, Error> {
    runtime().map(|_| Blocking { stream, ended: false })
}

/// A blocking iterator over a list.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// # fn main() -> Result<(), Error> {
/// let twin = ClientBuilder::from_env()?.build()?;
/// for agent in twin.list_agents().items().blocking()? {
///     println!("{}", agent?.agent_id);
/// }
/// # Ok(())
/// # }
/// ```
///
/// All iterators share one runtime. They work on any thread that does not belong to another
/// runtime. On a thread of an async runtime, the iterator returns one error of
/// [`ErrorKind::Config`](crate::ErrorKind::Config) and ends. [`into_inner`](Self::into_inner)
/// then returns the stream with its unread items.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is read"]
pub struct Blocking<S> {
    stream: S,
    /// Whether it was polled on a thread of an async runtime.
    ended: bool,
}

impl<S> Blocking<S> {
    /// Returns the underlying stream, with its unread items.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S, T> Iterator for Blocking<S>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
{
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self { stream, ended } = self;
        if *ended {
            return None;
        }
        let next = std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context));
        block_on(next).unwrap_or_else(|error| {
            *ended = true;
            Some(Err(error))
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.ended { (0, Some(0)) } else { self.stream.size_hint() }
    }
}

impl<'a, T> Items<'a, T> {
    /// Returns the items as a blocking iterator. See [`Blocking`] for an example.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): this thread belongs to an async runtime,
    /// which includes tokio's `spawn_blocking`, or the shared runtime cannot be started.
    pub fn blocking(self) -> Result<Blocking<Items<'a, T>>, Error> {
        iterate(self)
    }
}

impl<'a, T> Pages<'a, T> {
    /// Returns the pages as a blocking iterator.
    ///
    /// # Errors
    /// Same as [`Items::blocking`].
    pub fn blocking(self) -> Result<Blocking<Pages<'a, T>>, Error> {
        iterate(self)
    }
}

// `Items` and `Pages` are fused, so their iterators are too.
impl<T> std::iter::FusedIterator for Blocking<Items<'_, T>> {}
impl<T> std::iter::FusedIterator for Blocking<Pages<'_, T>> {}
