//! The events of a run as they come, until it has ended.
//!
//! Where the run stands is asked before its events are, so that whatever led to its end is
//! among them. It never says that it has shown all events where the service says that there
//! are more, and never asks for ever. It runs no task of its own.

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
use crate::page::{Indexed, Place, Position, misplaced};

/// The events of a run as they come: a stream that ends when the run has, each event once.
///
/// It goes on while the run is paused; that it waits for input, an event tells. It ends for
/// good after an error. Dropping the future of [`next`](Self::next) loses nothing. A service
/// that fails is asked again for five minutes.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// use twin_ext::RunHandle;
/// # async fn example(run: RunHandle) -> Result<(), Error> {
/// let mut events = run.events();
/// while let Some(event) = events.try_next().await? {
///     println!("{:?}", event.kind().name());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked before it is polled"]
pub struct RunEvents {
    state: State,
    ready: VecDeque<RunEvent>,
    /// Where the events that were handed out end.
    place: Indexed,
    /// Where those end that came; behind them, once the last of them was handed out.
    batch: Option<u64>,
    ordered: bool,
}

type Fetch = Pin<Box<dyn Future<Output = (Box<Follower>, Result<Vec<RunEvent>, Error>)> + Send>>;

enum State {
    Idle(Box<Follower>),
    Busy(Fetch),
    Failed(Box<Error>),
    Over,
}

impl RunEvents {
    pub(super) fn new(run: RunHandle, position: Position) -> Self {
        let start = Indexed { after: None, came: Some(0) };
        let (place, state) = match position.0 {
            Place::Event(place) => {
                let follower = Follower::new(run, &place);
                (place, State::Idle(follower))
            }
            Place::Start => {
                let follower = Follower::new(run, &start);
                (start, State::Idle(follower))
            }
            other => {
                let error = misplaced(&other, "goes by index");
                (start, State::Failed(Box::new(error)))
            }
        };
        Self { state, ready: VecDeque::new(), place, batch: None, ordered: true }
    }

    /// For how long nothing may happen before it ends with
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout): 1 h. To be set before the first
    /// event is asked for; later it changes nothing.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # fn example(run: twin_ext::RunHandle) {
    /// let events = run.events().idle_limit(Duration::from_secs(600));
    /// # drop(events);
    /// # }
    /// ```
    pub fn idle_limit(mut self, limit: Duration) -> Self {
        if let State::Idle(follower) = &mut self.state {
            follower.set_idle_limit(limit);
        }
        self
    }

    /// The index up to which events were handed out, to be stored, and given to
    /// [`RunHandle::events_after`] after a restart.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// let mut events = run.events();
    /// while let Some(event) = events.try_next().await? {
    ///     println!("{:?} was {event:?}", events.last_index());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn last_index(&self) -> Option<u64> {
        self.place.after
    }

    /// Where the events go on that were not handed out yet, to be stored, and given to
    /// [`RunHandle::events_from`] after a restart. Unlike an index alone, it counts.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut events = run.events();
    /// while let Some(event) = events.try_next().await? {
    ///     println!("{event:?}");
    ///     std::fs::write("position.json", serde_json::to_string(&events.position())?)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn position(&self) -> Position {
        match self.place {
            Indexed { after: None, .. } => Position(Place::Start),
            ref place => Position(Place::Event(place.clone())),
        }
    }

    /// An event that is handed out. Out of order it says nothing about those before it, so that
    /// the place moves on when all of them were.
    fn hand_out(&mut self, event: &RunEvent) {
        self.batch = self.batch.max(event.position());
        if let Some(came) = &mut self.place.came {
            // A stored position may hold any count.
            *came = came.saturating_add(1);
        }
        if self.ordered || self.ready.is_empty() {
            self.place.after = self.place.after.max(self.batch);
        }
    }

    fn take(&mut self, events: Vec<RunEvent>) {
        let ordered = |two: &[RunEvent]| two[0].position() < two[1].position();
        self.ordered = events.windows(2).all(ordered) && events[0].position() > self.place.after;
        self.ready.extend(events);
    }

    /// The next event; `None` when the run has ended, and there are no more.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) {
    /// let mut events = run.events();
    /// while let Some(event) = events.next().await {
    ///     println!("{event:?}");
    /// }
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Result<RunEvent, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The same, for `?`.
    ///
    /// ```no_run
    /// # async fn example(run: twin_ext::RunHandle) -> Result<(), twin_ext::Error> {
    /// let mut events = run.events();
    /// while let Some(event) = events.try_next().await? {
    ///     println!("{event:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`RunError::NotFound`], [`RunError::Gone`]: the run is not there, or not any more.
    /// - [`RunError::UnknownStatus`]: nobody can tell whether it goes on.
    /// - [`ErrorKind::Pagination`](crate::ErrorKind::Pagination): the service does not show
    ///   all events; the text says how many of how many came.
    /// - [`ErrorKind::Timeout`](crate::ErrorKind::Timeout): nothing happened for too long.
    /// - Whatever else `list_runs` and `list_run_events` end with, and does not pass.
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
                this.hand_out(&event);
                return Poll::Ready(Some(Ok(event)));
            }
            match &mut this.state {
                State::Over => return Poll::Ready(None),
                State::Busy(fetch) => {
                    let (follower, events) = ready!(fetch.as_mut().poll(context));
                    match events {
                        Ok(events) if !events.is_empty() => {
                            this.take(events);
                            this.state = State::Idle(follower);
                        }
                        Ok(_) => this.state = State::Over,
                        Err(error) => {
                            this.state = State::Over;
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                }
                State::Idle(_) | State::Failed(_) => {
                    match std::mem::replace(&mut this.state, State::Over) {
                        State::Idle(follower) => {
                            this.state = State::Busy(Box::pin(follower.step()));
                        }
                        State::Failed(error) => return Poll::Ready(Some(Err(*error))),
                        State::Busy(_) | State::Over => {}
                    }
                }
            }
        }
    }
}

impl FusedStream for RunEvents {
    fn is_terminated(&self) -> bool {
        self.ready.is_empty() && matches!(self.state, State::Over)
    }
}

impl fmt::Debug for RunEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunEvents")
            .field("last_index", &self.place.after)
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
    async fn gives_up_a_call_that_hangs_at_the_idle_limit() {
        // The answer begins, and does not go on.
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
}
