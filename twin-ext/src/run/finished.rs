//! Lists the runs of an agent that ended since a time, for receivers that missed a webhook.
//!
//! The service filters runs by their start and not by their end, and a run that started long ago
//! may have ended just now. The stream therefore reads the whole list and filters it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use twin_api::Client;
use twin_api::builder::ListRuns;
use twin_api::types::Run;

use super::RunStateExt as _;
use crate::error::Error;
use crate::page::{Items, Paginate as _};
use crate::time::Timestamp;

/// The default page size of the service.
const PAGE: i64 = 100;

/// Streams the runs of an agent that ended since a time.
/// [`RunExt::finished_since`](crate::RunExt::finished_since) creates it.
///
/// Runs keep the order of the list. An ended run without an end time is included. The stream ends
/// after an error. Dropping the future of [`next`](Self::next) loses no run.
///
/// The stream has no position. After an error or a restart, start again with the same time, and skip
/// the runs that were handled. To resume a long list in the middle, use
/// [`items_from`](crate::Paginate::items_from) of `list_runs`, and select the runs that
/// [have ended](crate::RunStateExt::has_ended).
///
/// ```no_run
/// use std::time::{Duration, SystemTime};
/// use twin_ext::prelude::*;
/// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Error> {
/// let yesterday = SystemTime::now() - Duration::from_secs(86_400);
/// let mut runs = twin.finished_since("agent_abc123", yesterday);
/// while let Some(run) = runs.try_next().await? {
///     println!("{} is {}", run.run_id, run.state());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream sends nothing until it is polled"]
pub struct FinishedRuns<'a> {
    state: FinishedState<'a>,
    since: Timestamp,
}

enum FinishedState<'a> {
    /// Not polled yet.
    List(Box<ListRuns<'a>>),
    Items(Box<Items<'a, Run>>),
    Failed(Box<Error>),
    Over,
}

impl<'a> FinishedRuns<'a> {
    pub(super) fn new(
        client: &'a Client,
        agent_id: String,
        since: Result<Timestamp, Error>,
    ) -> Self {
        match since {
            Ok(since) => {
                let list = client.list_runs().agent_id(agent_id).page_size(PAGE);
                Self { state: FinishedState::List(Box::new(list)), since }
            }
            Err(error) => {
                let since = Timestamp::from(SystemTime::UNIX_EPOCH);
                Self { state: FinishedState::Failed(Box::new(error)), since }
            }
        }
    }

    /// Sets the maximum duration of a run, from start to end and including pauses.
    ///
    /// The service then filters out runs that started more than `limit` before the time. Use it for
    /// agents with many runs: without it, the stream reads all runs of the agent, 100 per request.
    /// The stream misses a run that lasts longer. The setting has no effect after the first poll.
    ///
    /// ```no_run
    /// # use std::time::{Duration, SystemTime};
    /// # use twin_ext::prelude::*;
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Error> {
    /// let day = Duration::from_secs(86_400);
    /// let mut runs = twin
    ///     .finished_since("agent_abc123", SystemTime::now() - day)
    ///     .max_run_duration(7 * day);
    /// while let Some(run) = runs.try_next().await? {
    ///     println!("{} is {}", run.run_id, run.state());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_run_duration(mut self, limit: Duration) -> Self {
        let earliest = self.since.minus(limit).rfc3339();
        self.state = match (self.state, earliest) {
            (FinishedState::List(list), Some(earliest)) => {
                FinishedState::List(Box::new(list.filter_started_after(earliest)))
            }
            (state, _) => state,
        };
        self
    }

    /// Returns the next run, or `None` after the last one. Dropping the future loses no run.
    ///
    /// # Errors
    /// See [`try_next`](Self::try_next).
    pub async fn next(&mut self) -> Option<Result<Run, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Returns the next run, like [`next`](Self::next), as a `Result<Option<_>>` for `?`.
    ///
    /// # Errors
    /// - [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest): the time is not valid.
    ///   Nothing was sent.
    /// - An error of the list, as in [`Paginate::items`](crate::Paginate::items).
    pub async fn try_next(&mut self) -> Result<Option<Run>, Error> {
        self.next().await.transpose()
    }

    /// Returns whether the run has ended at `since` or later, or at an unknown time.
    fn is_due(since: Timestamp, run: &Run) -> bool {
        let ended = run.finished_at.as_deref().and_then(Timestamp::parse);
        run.has_ended() && ended.is_none_or(|ended| ended >= since)
    }
}

impl Stream for FinishedRuns<'_> {
    type Item = Result<Run, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { state, since } = self.get_mut();
        loop {
            let FinishedState::Items(items) = state else {
                match std::mem::replace(state, FinishedState::Over) {
                    FinishedState::List(list) => {
                        *state = FinishedState::Items(Box::new(list.items()));
                    }
                    FinishedState::Failed(error) => return Poll::Ready(Some(Err(*error))),
                    _ => return Poll::Ready(None),
                }
                continue;
            };
            match ready!(Pin::new(&mut **items).poll_next(context)) {
                Some(Ok(run)) if !Self::is_due(*since, &run) => {}
                next => return Poll::Ready(next),
            }
        }
    }
}

impl FusedStream for FinishedRuns<'_> {
    fn is_terminated(&self) -> bool {
        match &self.state {
            FinishedState::Items(items) => items.is_terminated(),
            FinishedState::Over => true,
            FinishedState::List(_) | FinishedState::Failed(_) => false,
        }
    }
}

impl fmt::Debug for FinishedRuns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishedRuns").field("since", &self.since).finish_non_exhaustive()
    }
}
