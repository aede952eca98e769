//! Reads a list of events: each request asks for the events after an index.
//!
//! The [`Tally`] keeps the account of what came; this pager decides what to ask next, and when
//! the list has ended. It reads no payload.

use std::marker::PhantomData;

use super::Position;
use super::engine::{Pager, Step, Then};
use super::tally::{Event, Shortfall, Tally};
use crate::position::Indexed;

/// The error of a service whose indexes do not order its events.
const DISORDER: &str = "the events come in no order in which the list could be read on";

/// A request for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventsAsk {
    /// Events after this index; where the builder says, if there is none.
    pub(super) after: Option<u64>,
    /// One event is enough: the question is whether there is one.
    pub(super) one: bool,
}

/// A page as the service gives it.
#[derive(Debug)]
pub(super) struct EventsPage<E> {
    pub(super) items: Vec<E>,
    pub(super) total: Option<u64>,
}

/// The question that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Query {
    /// The next page.
    Page,
    /// Whether there is nothing after what came, now that the total agrees.
    Peek,
    /// The run's first event: whether this list began with it, now that the total is higher
    /// than what came.
    Origin { total: u64 },
    /// The events after this index once more, because events came out of order.
    Again { after: u64 },
}

/// Asks for the events after the highest index.
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
    /// Notes the order of the indexes within a page.
    fn note_order(&mut self, events: &[E]) {
        let mut highest = None;
        for index in events.iter().filter_map(Event::index) {
            if highest > Some(index) {
                self.disorder = Some(self.disorder.map_or(index, |lowest| lowest.min(index)));
            }
            highest = highest.max(Some(index));
        }
    }

    /// How many events came that the total must count.
    fn came(&self) -> u64 {
        self.tally.came_in_all().unwrap_or(self.tally.came())
    }

    /// After a page with something new.
    fn go_on(&mut self, total: Option<u64>) -> Then {
        let agrees = total == Some(self.came());
        self.query(if agrees { Query::Peek } else { Query::Page })
    }

    /// After a page without any event.
    fn empty(&mut self, total: Option<u64>) -> Then {
        match total.filter(|total| *total > self.came()) {
            None => self.end(total),
            Some(_) if self.query == Query::Peek => self.query(Query::Page),
            Some(_) if self.tally.came_in_all().is_some() => {
                Then::Fault(Shortfall::Short.message())
            }
            Some(total) => self.query(Query::Origin { total }),
        }
    }

    /// After a page of events that all came before.
    fn stale(&mut self, complete: bool, total: Option<u64>) -> Then {
        match () {
            () if complete || total == Some(self.came()) => Then::End,
            () if self.query == Query::Peek => self.query(Query::Page),
            () => Then::Fault(Shortfall::Stuck.message()),
        }
    }

    /// Everything came, as far as the highest index tells.
    fn end(&mut self, total: Option<u64>) -> Then {
        match self.disorder {
            Some(after) if total != Some(self.came()) => self.query(Query::Again { after }),
            _ => Then::End,
        }
    }

    fn query(&mut self, query: Query) -> Then {
        self.query = query;
        Then::Go
    }

    /// After the answer that says whether the list began with the run's first event. It did
    /// not where there is an event before all that came.
    fn origin(&mut self, events: &[E]) -> Then {
        let lowest = self.tally.lowest();
        let earlier = |event: &E| match (event.index(), lowest) {
            (Some(index), Some(lowest)) => index < lowest,
            _ => !self.tally.knows(event),
        };
        if events.iter().any(earlier) {
            self.end(None)
        } else {
            Then::Fault(Shortfall::Short.message())
        }
    }

    /// After another look at what came out of order.
    fn again(&mut self, after: u64, highest: Option<u64>, late: bool) -> Then {
        match highest {
            _ if late => Then::Fault(DISORDER),
            Some(highest) if highest > after => self.query(Query::Again { after: highest }),
            _ => Then::End,
        }
    }
}

impl<E: Event + Send> Pager for IndexPager<E> {
    type Ask = EventsAsk;
    type Answer = EventsPage<E>;
    type Item = E;

    fn ask(&self) -> EventsAsk {
        let after = self.tally.after_index();
        match self.query {
            Query::Page => EventsAsk { after, one: false },
            Query::Peek => EventsAsk { after, one: true },
            Query::Origin { .. } => EventsAsk { after: Some(0), one: true },
            Query::Again { after } => EventsAsk { after: Some(after), one: false },
        }
    }

    fn take(&mut self, page: EventsPage<E>) -> Step<E> {
        let EventsPage { items, total } = page;
        if let Query::Origin { total } = self.query {
            let then = self.origin(&items);
            return Step { total: Some(total), ..Step::nothing(then) };
        }
        let highest = items.iter().filter_map(Event::index).max();
        if !matches!(self.query, Query::Again { .. }) {
            self.note_order(&items);
        }
        let known = self.tally.after_index();
        let entry = self.tally.enter(items, total);
        let late = |event: &E| event.index().is_some() && event.index() < known;
        let then = match self.query {
            Query::Again { after } => self.again(after, highest, entry.fresh.iter().any(late)),
            _ if !entry.fresh.is_empty() => self.go_on(total),
            _ if entry.shown == 0 => self.empty(total),
            _ => self.stale(entry.complete, total),
        };
        Step { items: entry.fresh, total, then }
    }

    fn position(&self) -> Position {
        self.tally.position()
    }
}
