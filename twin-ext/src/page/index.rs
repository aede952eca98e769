//! Pages through a list of events: each request returns the events after an index.
//!
//! The [`Tally`] counts and deduplicates events. The pager decides which request is next and when
//! the list ends. It does not parse payloads.

use std::marker::PhantomData;

use super::Position;
use super::engine::{Action, Pager, Update};
use super::tally::{Event, Shortfall, Tally};
use crate::position::Indexed;

/// The error for events that arrive below an index that was already read.
const DISORDER: &str = "the service returns events out of order, so events may be missing";

/// A request for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventsRequest {
    /// The `after_index` of the request; `None` keeps that of the builder.
    pub(super) after: Option<u64>,
    /// Whether the request sets `limit=1`, because it only checks whether an event exists.
    pub(super) one: bool,
}

/// The part of a response that the pager reads.
#[derive(Debug)]
pub(super) struct EventsPage<E> {
    pub(super) items: Vec<E>,
    pub(super) total: Option<u64>,
}

/// The purpose of the request in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Query {
    /// The next page.
    Page,
    /// One more event, to confirm the end after the total was reached.
    Peek,
    /// The first event of the run. If the total is higher than the number of received events, it
    /// shows whether this list started at a later event.
    FirstEvent { total: u64 },
    /// The events after this index again, because events arrived out of order.
    Reread { after: u64 },
}

/// Pages through a list of events.
pub(super) struct IndexPager<E> {
    tally: Tally,
    query: Query,
    /// The lowest index that arrived after a higher one.
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
    /// Records the lowest index of the page that is out of order.
    fn record_order(&mut self, events: &[E]) {
        let mut highest = None;
        for index in events.iter().filter_map(Event::index) {
            if highest > Some(index) {
                self.disorder = Some(self.disorder.map_or(index, |lowest| lowest.min(index)));
            }
            highest = highest.max(Some(index));
        }
    }

    /// Returns the number of received events, as the service counts them in its total.
    fn received(&self) -> u64 {
        self.tally.received_since_first().unwrap_or(self.tally.received())
    }

    /// Handles a page with new events.
    fn after_new_events(&mut self, total: Option<u64>) -> Action {
        let complete = total == Some(self.received());
        self.query(if complete { Query::Peek } else { Query::Page })
    }

    /// Handles a page without events.
    fn after_empty_page(&mut self, total: Option<u64>) -> Action {
        match total.filter(|total| *total > self.received()) {
            None => self.end(total),
            Some(_) if self.query == Query::Peek => self.query(Query::Page),
            Some(_) if self.tally.received_since_first().is_some() => {
                Action::Fail(Shortfall::Missing.message())
            }
            Some(total) => self.query(Query::FirstEvent { total }),
        }
    }

    /// Handles a page that has only known events.
    fn after_known_events(&mut self, complete: bool, total: Option<u64>) -> Action {
        match () {
            () if complete || total == Some(self.received()) => Action::End,
            () if self.query == Query::Peek => self.query(Query::Page),
            () => Action::Fail(Shortfall::Repeated.message()),
        }
    }

    /// Ends the list, or reads it again from the first index that was out of order.
    fn end(&mut self, total: Option<u64>) -> Action {
        match self.disorder {
            Some(after) if total != Some(self.received()) => self.query(Query::Reread { after }),
            _ => Action::End,
        }
    }

    fn query(&mut self, query: Query) -> Action {
        self.query = query;
        Action::Continue
    }

    /// Handles the response to [`Query::FirstEvent`]. If the first event of the run is not in this
    /// list, the list started later, and the total counts events before its start.
    fn after_first_event(&mut self, events: &[E]) -> Action {
        let lowest = self.tally.lowest();
        let earlier = |event: &E| match (event.index(), lowest) {
            (Some(index), Some(lowest)) => index < lowest,
            _ => !self.tally.knows(event),
        };
        if events.iter().any(earlier) {
            self.end(None)
        } else {
            Action::Fail(Shortfall::Missing.message())
        }
    }

    /// Handles the response to [`Query::Reread`], which must have no new event below the highest
    /// index.
    fn after_reread(&mut self, after: u64, highest: Option<u64>, late: bool) -> Action {
        match highest {
            _ if late => Action::Fail(DISORDER),
            Some(highest) if highest > after => self.query(Query::Reread { after: highest }),
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
            Query::FirstEvent { .. } => EventsRequest { after: Some(0), one: true },
            Query::Reread { after } => EventsRequest { after: Some(after), one: false },
        }
    }

    fn take(&mut self, page: EventsPage<E>) -> Update<E> {
        let EventsPage { items, total } = page;
        if let Query::FirstEvent { total } = self.query {
            let action = self.after_first_event(&items);
            return Update { total: Some(total), ..Update::empty(action) };
        }
        let highest = items.iter().filter_map(Event::index).max();
        if !matches!(self.query, Query::Reread { .. }) {
            self.record_order(&items);
        }
        let known = self.tally.after_index();
        let entry = self.tally.add(items, total);
        let late = |event: &E| event.index().is_some() && event.index() < known;
        let action = match self.query {
            Query::Reread { after } => {
                self.after_reread(after, highest, entry.new.iter().any(late))
            }
            _ if !entry.new.is_empty() => self.after_new_events(total),
            _ if entry.shown == 0 => self.after_empty_page(total),
            _ => self.after_known_events(entry.complete, total),
        };
        Update { items: entry.new, total, action }
    }

    fn position(&self) -> Position {
        self.tally.position()
    }
}
