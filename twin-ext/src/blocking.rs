//! For programs that are not asynchronous: a runtime of its own, and streams as iterators.
//!
//! There is one runtime for the whole program, with a thread that looks after all connections
//! of all clients, so that an iterator within another one finds them alive. It refuses to
//! wait on a thread of another runtime, whose tasks would stand still meanwhile.

use std::pin::Pin;
use std::sync::OnceLock;

use futures_core::Stream;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Detail, Error, ErrorKind, Outcome};
use crate::page::{Items, Pages};

/// Waits for `future` on the runtime for blocking callers.
///
/// # Errors
/// The thread belongs to a runtime already, or there is none to be had.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output, Error> {
    Ok(runtime()?.block_on(future))
}

/// The runtime, if one may wait on this thread.
fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if Handle::try_current().is_ok() {
        return Err(Error::config(
            "blocking calls cannot be made on a thread of an async runtime: \
             use the stream itself there, or a thread of your own (std::thread::spawn)",
        ));
    }
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).thread_name("twin-blocking").enable_all().build();
    let runtime = runtime.map_err(|error| {
        let message = "the runtime for blocking calls could not be started";
        Error::from(Detail::new(ErrorKind::Config, Outcome::NotSent, message).caused_by(error))
    })?;
    Ok(RUNTIME.get_or_init(|| runtime))
}

/// The stream as an iterator, if this thread may wait.
pub(crate) fn iterate<S>(stream: S) -> Result<Blocking<S>, Error> {
    runtime().map(|_| Blocking(stream))
}

/// A stream as an ordinary iterator, for programs that are not asynchronous.
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
/// It has a runtime of its own, shared by all such iterators, and may be used on any thread
/// that belongs to no other: on one that does, it gives an error of
/// [`ErrorKind::Config`](crate::ErrorKind::Config) in place of an item, and loses nothing.
#[derive(Debug)]
#[must_use = "an iterator does nothing unless it is asked for something"]
pub struct Blocking<S>(S);

impl<S> Blocking<S> {
    /// The stream, to be used where waiting is asynchronous.
    ///
    /// ```no_run
    /// # fn example(twin: &twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// let mut agents = twin.list_agents().items().blocking()?;
    /// let first = agents.next().transpose()?;
    /// println!("{:?}", agents.into_inner().position());
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_inner(self) -> S {
        self.0
    }
}

impl<S, T> Iterator for Blocking<S>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
{
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self(stream) = self;
        let next = std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context));
        block_on(next).unwrap_or_else(|error| Some(Err(error)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'a, T> Items<'a, T> {
    /// The items as an ordinary [`Iterator`], for programs that are not asynchronous.
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
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): this thread belongs to an async runtime
    /// (one of tokio's `spawn_blocking` does, too), or there is no runtime to be had.
    pub fn blocking(self) -> Result<Blocking<Items<'a, T>>, Error> {
        runtime().map(|_| Blocking(self))
    }
}

impl<'a, T> Pages<'a, T> {
    /// The pages as an ordinary [`Iterator`], as [`Items::blocking`].
    ///
    /// ```no_run
    /// # fn example(twin: &twin_api::Client) -> Result<(), twin_ext::Error> {
    /// use twin_ext::prelude::*;
    /// for page in twin.list_agents().pages().blocking()? {
    ///     println!("{}", page?.items.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Items::blocking`].
    pub fn blocking(self) -> Result<Blocking<Pages<'a, T>>, Error> {
        runtime().map(|_| Blocking(self))
    }
}

/// Both are fused.
impl<T> std::iter::FusedIterator for Blocking<Items<'_, T>> {}
impl<T> std::iter::FusedIterator for Blocking<Pages<'_, T>> {}
