//! Reads a list of events: each request returns the events after an index.
//!
//! The [`Tally`] counts and deduplicates events. The pager decides about the next request and
//! about the end of the list. It reads no payload.

use std::marker::PhantomData;

use super::Position;
use super::engine::{Action, Pager, Update};
use super::tally::{Event, Shortfall, Tally};
use crate::position::Indexed;

/// The error of events whose indexes give no order to read on.
const DISORDER: &str = "the events come in an order that does not allow reading on after an index";

/// A request for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventsRequest {
    /// The index to read on after; `None` leaves the builder's.
    pub(super) after: Option<u64>,
    /// Whether one event is enough to show that more exist.
    pub(super) one: bool,
}

/// A page as the service sends it.
#[derive(Debug)]
pub(super) struct EventsPage<E> {
    pub(super) items: Vec<E>,
    pub(super) total: Option<u64>,
}

/// The purpose of the request that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Query {
    /// The next page.
    Page,
    /// One event more, to confirm the end when the total agrees.
    Peek,
    /// The run's first event, to see whether this list began with it, when the total is higher
    /// than the number of events that came.
    Origin { total: u64 },
    /// The events after this index once more, because events came out of order.
    Again { after: u64 },
}

/// Decides about a list of events.
pub(super) struct IndexPager<E> {
    tally: Tally,
    query: Query,
    /// The lowest index that came after a higher one.
    disorder: Option<u64>,
    event: PhantomData<fn() -> E>,
}

impl<E> IndexPager<E> {
    pub(super) fn new(place: Option<Indexed>) -> Self {
        let place = place.unwrap_or(Indexed { after: None, came: None });
        Self { tally: Tally::new(&place), query: Query::Page, disorder: None, event: PhantomData }
    }
}

impl<E: Event> IndexPager<E> {
    /// Records whether the indexes of a page are in order.
    fn note_order(&mut self, events: &[E]) {
        let mut highest = None;
        for index in events.iter().filter_map(Event::index) {
            if highest > Some(index) {
                self.disorder = Some(self.disorder.map_or(index, |lowest| lowest.min(index)));
            }
            highest = highest.max(Some(index));
        }
    }

    /// Returns how many events the total must count.
    fn came(&self) -> u64 {
        self.tally.came_in_all().unwrap_or(self.tally.came())
    }

    /// Decides after a page with new events.
    fn go_on(&mut self, total: Option<u64>) -> Action {
        let agrees = total == Some(self.came());
        self.query(if agrees { Query::Peek } else { Query::Page })
    }

    /// Decides after a page without events.
    fn empty(&mut self, total: Option<u64>) -> Action {
        match total.filter(|total| *total > self.came()) {
            None => self.end(total),
            Some(_) if self.query == Query::Peek => self.query(Query::Page),
            Some(_) if self.tally.came_in_all().is_some() => {
                Action::Fail(Shortfall::Short.message())
            }
            Some(total) => self.query(Query::Origin { total }),
        }
    }

    /// Decides after a page of known events.
    fn stale(&mut self, complete: bool, total: Option<u64>) -> Action {
        match () {
            () if complete || total == Some(self.came()) => Action::End,
            () if self.query == Query::Peek => self.query(Query::Page),
            () => Action::Fail(Shortfall::Stuck.message()),
        }
    }

    /// Decides when no event follows the highest index.
    fn end(&mut self, total: Option<u64>) -> Action {
        match self.disorder {
            Some(after) if total != Some(self.came()) => self.query(Query::Again { after }),
            _ => Action::End,
        }
    }

    fn query(&mut self, query: Query) -> Action {
        self.query = query;
        Action::Continue
    }

    /// Decides after [`Query::Origin`]: an event before all others shows that the list did not
    /// begin with the run's first event.
    fn origin(&mut self, events: &[E]) -> Action {
        let lowest = self.tally.lowest();
        let earlier = |event: &E| match (event.index(), lowest) {
            (Some(index), Some(lowest)) => index < lowest,
            _ => !self.tally.knows(event),
        };
        if events.iter().any(earlier) {
            self.end(None)
        } else {
            Action::Fail(Shortfall::Short.message())
        }
    }

    /// Decides after [`Query::Again`].
    fn again(&mut self, after: u64, highest: Option<u64>, late: bool) -> Action {
        match highest {
            _ if late => Action::Fail(DISORDER),
            Some(highest) if highest > after => self.query(Query::Again { after: highest }),
            _ => Action::End,
        }
    }
}

impl<E: Event + Send> Pager for IndexPager<E> {
    type Request = EventsRequest;
    type Response = EventsPage<E>;
    type Item = E;

    fn request(&self) -> EventsRequest {
        let after = self.tally.after_index();
        match self.query {
            Query::Page => EventsRequest { after, one: false },
            Query::Peek => EventsRequest { after, one: true },
            Query::Origin { .. } => EventsRequest { after: Some(0), one: true },
            Query::Again { after } => EventsRequest { after: Some(after), one: false },
        }
    }

    fn take(&mut self, page: EventsPage<E>) -> Update<E> {
        let EventsPage { items, total } = page;
        if let Query::Origin { total } = self.query {
            let action = self.origin(&items);
            return Update { total: Some(total), ..Update::empty(action) };
        }
        let highest = items.iter().filter_map(Event::index).max();
        if !matches!(self.query, Query::Again { .. }) {
            self.note_order(&items);
        }
        let known = self.tally.after_index();
        let entry = self.tally.enter(items, total);
        let late = |event: &E| event.index().is_some() && event.index() < known;
        let action = match self.query {
            Query::Again { after } => self.again(after, highest, entry.fresh.iter().any(late)),
            _ if !entry.fresh.is_empty() => self.go_on(total),
            _ if entry.shown == 0 => self.empty(total),
            _ => self.stale(entry.complete, total),
        };
        Update { items: entry.fresh, total, action }
    }

    fn position(&self) -> Position {
        self.tally.position()
    }
}
