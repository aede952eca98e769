//! Streams the events of a run until it ends.
//!
//! Each round reads the state of the run before its events, so the stream includes the events that
//! led to the end. If the service counts more events than it returns, the stream ends with an
//! error. Time limits bound the number of requests. The stream starts no task.

mod follower;

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use twin_api::types::RunEvent;

use self::follower::Follower;
#[cfg(doc)]
use super::RunError;
use super::RunHandle;
use crate::error::Error;
use crate::event::RunEventExt as _;
use crate::page::{EventLocation, Location, Position, wrong_position};

/// Streams the events of a run until the run ends. [`RunHandle::events`] creates it.
///
/// The stream returns each event once, and polls the service for new events. It continues while
/// the run is paused; an event shows that the run waits for input. It retries transient failures
/// for five minutes, and ends after an error. Dropping the future of [`next`](Self::next) loses no
/// event.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// use twin_ext::RunHandle;
/// # async fn example(run: RunHandle) -> Result<(), Error> {
/// let mut events = run.events();
/// while let Some(event) = events.try_next().await? {
///     match event.final_text() {
///         Some(text) => println!("result: {text}"),
///         None => println!("{:?}", event.kind().name()),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream sends nothing until it is polled"]
pub struct RunEvents {
    state: FollowState,
    ready: VecDeque<RunEvent>,
    /// The location after the events that the stream has returned.
    location: EventLocation,
    /// The highest index that the stream has returned from the current page.
    batch: Option<u64>,
    /// Whether the current page is sorted by index, and follows the events before it.
    ordered: bool,
}

type Fetch = Pin<Box<dyn Future<Output = (Box<Follower>, Result<Vec<RunEvent>, Error>)> + Send>>;

enum FollowState {
    Idle(Box<Follower>),
    Busy(Fetch),
    Failed(Box<Error>),
    Over,
}

impl RunEvents {
    pub(super) fn new(run: RunHandle, position: Position) -> Self {
        let start = EventLocation { after: None, received: Some(0) };
        let (location, state) = match position.0 {
            Location::Event(location) => {
                let follower = Follower::new(run, &location);
                (location, FollowState::Idle(follower))
            }
            Location::Start => {
                let follower = Follower::new(run, &start);
                (start, FollowState::Idle(follower))
            }
            other => {
                let error = wrong_position(&other, "uses indexes");
                (start, FollowState::Failed(Box::new(error)))
            }
        };
        Self { state, ready: VecDeque::new(), location, batch: None, ordered: true }
    }

    /// Sets the maximum time without a new event. The default is 1 h.
    ///
    /// Afterwards the stream ends with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout); the run
    /// continues. Raise the limit for agents whose steps take long, or that wait for input. The
    /// limit has no effect after the first poll.
    pub fn idle_limit(mut self, limit: Duration) -> Self {
        if let FollowState::Idle(follower) = &mut self.state {
            follower.set_idle_limit(limit);
        }
        self
    }

    /// Returns the index up to which the stream has returned all events, to resume with
    /// [`RunHandle::events_after`].
    pub fn last_index(&self) -> Option<u64> {
        self.location.after
    }

    /// Returns the position after the events that the stream has returned, to resume with
    /// [`RunHandle::events_from`].
    ///
    /// Prefer it to [`last_index`](Self::last_index): it also contains the number of events, so a
    /// resumed stream detects missing events.
    ///
    /// ```no_run
    /// # fn handle(event: &twin_ext::twin_api::types::RunEvent) {}
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut events = run.events();
    /// while let Some(event) = events.try_next().await? {
    ///     handle(&event);
    ///     std::fs::write("position.json", serde_json::to_string(&events.position())?)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn position(&self) -> Position {
        match self.location {
            EventLocation { after: None, .. } => Position(Location::Start),
            ref location => Position(Location::Event(location.clone())),
        }
    }

    /// Updates the location for an event that the stream returns.
    ///
    /// On a page out of order, lower indexes may follow, so the location moves only after the last
    /// event of that page.
    fn record(&mut self, event: &RunEvent) {
        self.batch = self.batch.max(event.position());
        if let Some(received) = &mut self.location.received {
            // The count comes from a stored position and may have any value.
            *received = received.saturating_add(1);
        }
        if self.ordered || self.ready.is_empty() {
            self.location.after = self.location.after.max(self.batch);
        }
    }

    /// Takes the new events of a page, which are not empty.
    fn take(&mut self, events: Vec<RunEvent>) {
        let ordered = |two: &[RunEvent]| two[0].position() < two[1].position();
        self.ordered = events.windows(2).all(ordered) && events[0].position() > self.location.after;
        self.ready.extend(events);
    }

    /// Returns the next event, or `None` after the last event of an ended run. Dropping the future
    /// loses no event.
    ///
    /// # Errors
    /// See [`try_next`](Self::try_next).
    pub async fn next(&mut self) -> Option<Result<RunEvent, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Returns the next event, like [`next`](Self::next), as a `Result<Option<_>>` for `?`.
    ///
    /// # Errors
    /// [`Error::run_error`] returns the [`RunError`], if there is one.
    /// - [`RunError::NotFound`]: the service does not list the run, and never did.
    /// - [`RunError::Gone`]: the run or its agent was deleted.
    /// - [`RunError::UnknownStatus`]: the run has an unknown status for longer than 30 s.
    /// - [`ErrorKind::Pagination`](crate::ErrorKind::Pagination): the service counts more events
    ///   than it returns.
    /// - [`ErrorKind::Timeout`](crate::ErrorKind::Timeout): no new event within the
    ///   [idle limit](Self::idle_limit).
    /// - An error of `list_runs` or `list_run_events`: it is permanent, or all calls failed for
    ///   five minutes, or `Retry-After` is longer than two minutes.
    pub async fn try_next(&mut self) -> Result<Option<RunEvent>, Error> {
        self.next().await.transpose()
    }
}

impl Stream for RunEvents {
    type Item = Result<RunEvent, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.ready.pop_front() {
                this.record(&event);
                return Poll::Ready(Some(Ok(event)));
            }
            match &mut this.state {
                FollowState::Over => return Poll::Ready(None),
                FollowState::Busy(fetch) => {
                    let (follower, events) = ready!(fetch.as_mut().poll(context));
                    match events {
                        Ok(events) if !events.is_empty() => {
                            this.take(events);
                            this.state = FollowState::Idle(follower);
                        }
                        Ok(_) => this.state = FollowState::Over,
                        Err(error) => {
                            this.state = FollowState::Over;
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                }
                FollowState::Idle(_) | FollowState::Failed(_) => {
                    match std::mem::replace(&mut this.state, FollowState::Over) {
                        FollowState::Idle(follower) => {
                            this.state = FollowState::Busy(Box::pin(follower.step()));
                        }
                        FollowState::Failed(error) => return Poll::Ready(Some(Err(*error))),
                        FollowState::Busy(_) | FollowState::Over => {}
                    }
                }
            }
        }
    }
}

impl FusedStream for RunEvents {
    fn is_terminated(&self) -> bool {
        self.ready.is_empty() && matches!(self.state, FollowState::Over)
    }
}

impl fmt::Debug for RunEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunEvents")
            .field("last_index", &self.location.after)
            .field("over", &self.is_terminated())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{RunExt as _, RunTicket};
    use super::*;
    use crate::error::ErrorKind;
    use crate::testing::Service;

    #[tokio::test]
    async fn stops_a_hanging_call_at_the_idle_limit() {
        // The response is never completed.
        let service = Service::start(["HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{…"]).await;
        let (twin, clock) = service.client();
        let limit = Duration::from_secs(20);
        let mut events = twin.resume(RunTicket::new("a", "r")).events().idle_limit(limit);
        let next = tokio::spawn(async move { events.try_next().await });
        while service.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        clock.advance(limit.saturating_sub(Duration::from_millis(1)));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!next.is_finished());
        clock.advance(Duration::from_millis(1));
        let error = next.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(service.requests().len(), 1);
    }

    fn events(indexes: &[u64]) -> Vec<RunEvent> {
        let event = |index| serde_json::json!({"event_index": index, "event": {"n": 1}});
        serde_json::from_value(indexes.iter().map(event).collect()).unwrap()
    }

    #[tokio::test]
    async fn position_moves_past_events_with_one_index_only_after_the_last() {
        let (twin, _) = Service::start([""]).await.client();
        let mut stream = twin.resume(RunTicket::new("a", "r")).events();
        stream.take(events(&[7, 7]));
        let first = stream.ready.pop_front().unwrap();
        stream.record(&first);
        assert_eq!(stream.location.after, None);
        let second = stream.ready.pop_front().unwrap();
        stream.record(&second);
        assert_eq!(stream.location.after, Some(7));
    }

    #[tokio::test]
    async fn stream_is_terminated_after_its_last_event_only() {
        let (twin, _) = Service::start([""]).await.client();
        let mut stream = twin.resume(RunTicket::new("a", "r")).events();
        assert!(!stream.is_terminated());
        stream.state = FollowState::Over;
        stream.take(events(&[1]));
        assert!(!stream.is_terminated());
        stream.ready.clear();
        assert!(stream.is_terminated());
    }
}
