//! Adds blocking calls to the types of this module. All blocking calls share one runtime.

use std::iter::FusedIterator;

use twin_api::types::Run;

use super::{FinishedRuns, Launching, RunEvents, RunHandle, Waiting};
use crate::blocking::{Blocking, block_on, iterate};
use crate::error::Error;

impl Launching {
    /// Starts the run, and blocks until the response arrives, at most for the deadline of the client.
    /// After [`RunExt::launch_or_find`](crate::RunExt::launch_or_find) it also blocks during the
    /// search.
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// use twin_ext::twin_api::types::{RunMode, StartRunBody};
    /// # fn main() -> Result<(), Error> {
    /// let twin = ClientBuilder::from_env()?.build()?;
    /// let body = StartRunBody::builder().run_mode(RunMode::Run);
    /// let run = twin.launch("agent_abc123", body).blocking()?;
    /// println!("{}", run.wait().blocking()?.state());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`RunExt::launch`](crate::RunExt::launch). In addition,
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): the thread belongs to an async runtime.
    /// Nothing was sent.
    pub fn blocking(self) -> Result<RunHandle, Error> {
        block_on(self)?
    }
}

impl Waiting {
    /// Blocks until the run has ended or the [deadline](crate::Wait::deadline) has passed.
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// use twin_ext::RunTicket;
    /// # fn example(twin: twin_ext::twin_api::Client, ticket: RunTicket) -> Result<(), Error> {
    /// let done = twin.resume(ticket).wait().blocking()?;
    /// println!("{}", done.state());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`RunHandle::wait_with`]. In addition,
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): the thread belongs to an async runtime.
    /// Nothing was sent.
    pub fn blocking(self) -> Result<Run, Error> {
        block_on(self.into_future())?
    }
}

impl RunEvents {
    /// Returns the events as a blocking [`Iterator`].
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// use twin_ext::RunTicket;
    /// # fn example(twin: twin_ext::twin_api::Client, ticket: RunTicket) -> Result<(), Error> {
    /// for event in twin.resume(ticket).events().blocking()? {
    ///     println!("{:?}", event?.kind().name());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): the thread belongs to an async runtime.
    pub fn blocking(self) -> Result<Blocking<Self>, Error> {
        iterate(self)
    }
}

impl FinishedRuns<'_> {
    /// Returns the runs as a blocking [`Iterator`].
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// # fn example(twin: twin_ext::twin_api::Client) -> Result<(), Error> {
    /// for run in twin.finished_since("agent_abc123", "2026-02-20T14:30:00Z").blocking()? {
    ///     println!("{}", run?.run_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): the thread belongs to an async runtime.
    pub fn blocking(self) -> Result<Blocking<Self>, Error> {
        iterate(self)
    }
}

impl FusedIterator for Blocking<RunEvents> {}
impl FusedIterator for Blocking<FinishedRuns<'_>> {}
