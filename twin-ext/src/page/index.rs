//! Pages through a list of events: each request returns the events after an index.
//!
//! The [`Tally`] counts and deduplicates events. The pager decides which request is next and when
//! the list ends. It does not parse payloads.

use std::marker::PhantomData;

use super::Position;
use super::engine::{Pager, PagerAction, PagerUpdate};
use super::tally::{Shortfall, Tallied, Tally};
use crate::position::EventLocation;

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
enum Purpose {
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
    purpose: Purpose,
    /// The lowest index that arrived after a higher one.
    disorder: Option<u64>,
    event: PhantomData<fn() -> E>,
}

impl<E> IndexPager<E> {
    pub(super) fn new(location: Option<EventLocation>) -> Self {
        let location = location.unwrap_or(EventLocation { after: None, received: None });
        Self {
            tally: Tally::new(&location),
            purpose: Purpose::Page,
            disorder: None,
            event: PhantomData,
        }
    }
}

impl<E: Tallied> IndexPager<E> {
    /// Records the lowest index of the page that is out of order.
    fn record_order(&mut self, events: &[E]) {
        let mut highest = None;
        for index in events.iter().filter_map(Tallied::index) {
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
    fn after_new_events(&mut self, total: Option<u64>) -> PagerAction {
        let complete = total == Some(self.received());
        self.continue_with(if complete { Purpose::Peek } else { Purpose::Page })
    }

    /// Handles a page without events.
    fn after_empty_page(&mut self, total: Option<u64>) -> PagerAction {
        match total.filter(|total| *total > self.received()) {
            None => self.end(total),
            Some(_) if self.purpose == Purpose::Peek => self.continue_with(Purpose::Page),
            Some(_) if self.tally.received_since_first().is_some() => {
                PagerAction::Fail(Shortfall::Missing.message())
            }
            Some(total) => self.continue_with(Purpose::FirstEvent { total }),
        }
    }

    /// Handles a page that has only known events.
    fn after_known_events(&mut self, complete: bool, total: Option<u64>) -> PagerAction {
        match () {
            () if complete || total == Some(self.received()) => PagerAction::End,
            () if self.purpose == Purpose::Peek => self.continue_with(Purpose::Page),
            () => PagerAction::Fail(Shortfall::Repeated.message()),
        }
    }

    /// Ends the list, or reads it again from the first index that was out of order.
    fn end(&mut self, total: Option<u64>) -> PagerAction {
        match self.disorder {
            Some(after) if total != Some(self.received()) => {
                self.continue_with(Purpose::Reread { after })
            }
            _ => PagerAction::End,
        }
    }

    fn continue_with(&mut self, purpose: Purpose) -> PagerAction {
        self.purpose = purpose;
        PagerAction::Continue
    }

    /// Handles the response to [`Purpose::FirstEvent`]. If the first event of the run precedes this
    /// list, the list started later, and the total counts events before its start.
    fn after_first_event(&mut self, events: &[E]) -> PagerAction {
        if events.iter().any(|event| self.tally.is_preceded_by(event)) {
            self.end(None)
        } else {
            PagerAction::Fail(Shortfall::Missing.message())
        }
    }

    /// Handles the response to [`Purpose::Reread`], which must have no new event below the highest
    /// index.
    fn after_reread(&mut self, after: u64, highest: Option<u64>, late: bool) -> PagerAction {
        match highest {
            _ if late => PagerAction::Fail(DISORDER),
            Some(highest) if highest > after => {
                self.continue_with(Purpose::Reread { after: highest })
            }
            _ => PagerAction::End,
        }
    }
}

impl<E: Tallied + Send> Pager for IndexPager<E> {
    type Request = EventsRequest;
    type Response = EventsPage<E>;
    type Item = E;

    fn request(&self) -> EventsRequest {
        let after = self.tally.after_index();
        match self.purpose {
            Purpose::Page => EventsRequest { after, one: false },
            Purpose::Peek => EventsRequest { after, one: true },
            Purpose::FirstEvent { .. } => EventsRequest { after: Some(0), one: true },
            Purpose::Reread { after } => EventsRequest { after: Some(after), one: false },
        }
    }

    fn take(&mut self, page: EventsPage<E>) -> PagerUpdate<E> {
        let EventsPage { items, total } = page;
        if let Purpose::FirstEvent { total } = self.purpose {
            let action = self.after_first_event(&items);
            return PagerUpdate { total: Some(total), ..PagerUpdate::empty(action) };
        }
        let highest = items.iter().filter_map(Tallied::index).max();
        if !matches!(self.purpose, Purpose::Reread { .. }) {
            self.record_order(&items);
        }
        let known = self.tally.after_index();
        let entry = self.tally.add(items, total);
        let late = |event: &E| event.index().is_some() && event.index() < known;
        let action = match self.purpose {
            Purpose::Reread { after } => {
                self.after_reread(after, highest, entry.new.iter().any(late))
            }
            _ if !entry.new.is_empty() => self.after_new_events(total),
            _ if entry.shown == 0 => self.after_empty_page(total),
            _ => self.after_known_events(entry.complete, total),
        };
        PagerUpdate { items: entry.new, total, action }
    }

    fn position(&self) -> Position {
        self.tally.position()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event with an index and a payload.
    struct TestEvent(u64, &'static str);

    impl Tallied for TestEvent {
        fn index(&self) -> Option<u64> {
            Some(self.0)
        }

        fn contents(&self) -> (Option<&str>, &str) {
            (None, self.1)
        }
    }

    /// Takes a page. Returns the next request, `None` at the end of the list, or the message of
    /// the error.
    fn take_events(
        pager: &mut IndexPager<TestEvent>,
        items: Vec<TestEvent>,
        total: Option<u64>,
    ) -> Result<Option<EventsRequest>, &'static str> {
        match pager.take(EventsPage { items, total }).action {
            PagerAction::Continue => Ok(Some(pager.request())),
            PagerAction::End => Ok(None),
            PagerAction::Fail(message) => Err(message),
        }
    }

    fn take(
        pager: &mut IndexPager<TestEvent>,
        indexes: &[u64],
        total: Option<u64>,
    ) -> Result<Option<EventsRequest>, &'static str> {
        let items = indexes.iter().map(|index| TestEvent(*index, "a")).collect();
        take_events(pager, items, total)
    }

    fn started(after: Option<u64>, received: Option<u64>) -> IndexPager<TestEvent> {
        IndexPager::new(Some(EventLocation { after, received }))
    }

    fn all_after(index: u64) -> EventsRequest {
        EventsRequest { after: Some(index), one: false }
    }

    fn one_after(index: u64) -> EventsRequest {
        EventsRequest { after: Some(index), one: true }
    }

    #[test]
    fn ordered_events_are_read_once() {
        let mut pager = IndexPager::new(None);
        assert_eq!(take(&mut pager, &[1, 2], None), Ok(Some(all_after(2))));
        // Events with the same index are in order.
        let same = vec![TestEvent(3, "a"), TestEvent(3, "b")];
        assert_eq!(take_events(&mut pager, same, None), Ok(Some(all_after(3))));
        assert_eq!(take(&mut pager, &[], None), Ok(None));
    }

    #[test]
    fn unordered_events_are_read_again_from_the_lowest_index_that_came_late() {
        let mut pager = IndexPager::new(None);
        assert_eq!(take(&mut pager, &[4, 1, 3, 2], None), Ok(Some(all_after(4))));
        assert_eq!(take(&mut pager, &[], None), Ok(Some(all_after(1))));
        assert_eq!(take(&mut pager, &[2, 3], None), Ok(Some(all_after(3))));
        // The second reading also ends if the service includes the event at `after_index`.
        assert_eq!(take(&mut pager, &[4], None), Ok(Some(all_after(4))));
        assert_eq!(take(&mut pager, &[4], None), Ok(None));
    }

    #[test]
    fn event_below_a_read_index_fails_the_second_reading() {
        let mut pager = IndexPager::new(None);
        assert_eq!(take(&mut pager, &[4, 1], None), Ok(Some(all_after(4))));
        assert_eq!(take(&mut pager, &[], None), Ok(Some(all_after(1))));
        assert_eq!(take(&mut pager, &[4, 2], None), Err(DISORDER));
    }

    #[test]
    fn event_recorded_during_the_second_reading_is_not_late() {
        let second_reading = || {
            let mut pager = IndexPager::new(None);
            assert_eq!(take(&mut pager, &[4, 1], None), Ok(Some(all_after(4))));
            assert_eq!(take(&mut pager, &[], None), Ok(Some(all_after(1))));
            pager
        };
        assert_eq!(take(&mut second_reading(), &[4, 5], None), Ok(Some(all_after(5))));
        let same = vec![TestEvent(4, "a"), TestEvent(4, "b")];
        assert_eq!(take_events(&mut second_reading(), same, None), Ok(Some(all_after(4))));
    }

    #[test]
    fn unordered_events_that_reach_the_total_are_not_read_again() {
        let mut pager = started(None, Some(0));
        assert_eq!(take(&mut pager, &[2, 1], Some(2)), Ok(Some(one_after(2))));
        assert_eq!(take(&mut pager, &[], Some(2)), Ok(None));
    }

    #[test]
    fn total_that_grows_while_the_end_is_confirmed_continues_the_list() {
        for shown in [&[][..], &[2]] {
            let mut pager = started(None, Some(0));
            assert_eq!(take(&mut pager, &[1, 2], Some(2)), Ok(Some(one_after(2))));
            assert_eq!(take(&mut pager, shown, Some(3)), Ok(Some(all_after(2))), "{shown:?}");
            assert_eq!(take(&mut pager, &[3], Some(3)), Ok(Some(one_after(3))));
        }
    }

    #[test]
    fn list_that_knows_its_count_fails_at_the_first_empty_page_below_the_total() {
        let missing = "the service returns no more events, but its total is higher";
        assert_eq!(take(&mut started(Some(2), Some(2)), &[], Some(3)), Err(missing));
        let repeated = "the service ignores after_index and repeats the same events";
        assert_eq!(take(&mut started(Some(2), Some(2)), &[1, 2], Some(3)), Err(repeated));
    }

    #[test]
    fn list_without_a_count_asks_for_the_first_event_of_the_run() {
        let after_four = || {
            let mut pager = started(Some(4), None);
            assert_eq!(take(&mut pager, &[5, 6], Some(6)), Ok(Some(all_after(6))));
            assert_eq!(take(&mut pager, &[], Some(6)), Ok(Some(one_after(0))));
            pager
        };
        assert_eq!(take(&mut after_four(), &[1], Some(6)), Ok(None));
        assert!(take(&mut after_four(), &[5], Some(6)).is_err());
        // The first event of the run is after the start, but the list did not contain it.
        let start = || {
            let mut pager = started(Some(4), None);
            assert_eq!(take(&mut pager, &[], Some(4)), Ok(Some(one_after(0))));
            pager
        };
        assert_eq!(take(&mut start(), &[1], Some(4)), Ok(None));
        assert!(take(&mut start(), &[5], Some(4)).is_err());
    }
}
