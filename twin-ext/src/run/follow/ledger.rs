//! Keeps account of the events of a run that is under way: what is new, and whether the
//! service keeps any back.
//!
//! Which events came, the account of all lists of events knows, [`Tally`]. Nothing is asked
//! for here.

use twin_api::LenientInteger;
use twin_api::types::{ListRunEventsResponse, RunEvent};

use crate::error::Error;
use crate::event::RunEventExt;
use crate::page::index::{SHORT, STUCK, Tally};
use crate::page::{Indexed, Place, Position, Progress};

/// What was shown so far.
#[derive(Debug)]
pub(super) struct Ledger {
    tally: Tally,
    /// Whether it is known how many events came before.
    counted: bool,
    given: u64,
    total: Option<u64>,
}

/// What a page had.
#[derive(Debug)]
pub(super) struct Page {
    /// What is new, by its index.
    pub(super) fresh: Vec<RunEvent>,
    /// What the service does with what is not shown, though it counts it.
    pub(super) lack: Option<Shortfall>,
}

/// How a service keeps events back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortfall {
    /// It shows others again.
    Stuck,
    /// It shows nothing.
    Short,
}

impl Ledger {
    pub(super) fn new(start: &Indexed) -> Self {
        let Indexed { after, came } = *start;
        let tally = Tally::from(after, came.unwrap_or_default());
        Self { tally, counted: came.is_some(), given: 0, total: None }
    }

    /// What to ask for: events after this one.
    pub(super) fn after(&self) -> Option<u64> {
        self.tally.after_index()
    }

    /// Takes a page in.
    pub(super) fn enter(&mut self, page: ListRunEventsResponse) -> Page {
        let (asked, shown) = (self.after(), page.events.len() as u64);
        let repeats = page.events.iter().any(|event| event.position() < asked);
        self.total = page.total_count.as_ref().and_then(LenientInteger::get);
        let mut fresh = self.tally.fresh(page.events);
        self.given += fresh.len() as u64;
        if fresh.iter().all(|event| event.position().is_some()) {
            fresh.sort_by_key(RunEventExt::position);
        }
        // How many came before nobody knows; but a page that begins with the first event, and
        // has all of them, has those, too.
        let known = match (self.counted, repeats) {
            (true, _) => Some(self.tally.came()),
            (false, true) => Some(shown),
            (false, false) => None,
        };
        let lacks = fresh.is_empty() && known.is_some_and(|known| self.total > Some(known));
        let lack = lacks.then_some(if repeats { Shortfall::Stuck } else { Shortfall::Short });
        Page { fresh, lack }
    }

    /// That the service does not show all events.
    pub(super) fn error(&self, lack: Shortfall) -> Error {
        let message = match lack {
            Shortfall::Stuck => STUCK,
            Shortfall::Short => SHORT,
        };
        let came = self.counted.then(|| self.tally.came());
        let position = Position(Place::Event(Indexed { after: self.after(), came }));
        Error::pagination(message, Progress { position, came: self.given, total: self.total })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::error::ErrorKind;

    fn page(indexes: &[u64], total: Value) -> ListRunEventsResponse {
        let events: Vec<Value> =
            indexes.iter().map(|index| json!({"event_index": index, "event": {}})).collect();
        let mut page = json!({"events": events});
        if !total.is_null() {
            page["total_count"] = total;
        }
        serde_json::from_value(page).unwrap()
    }

    fn from_first() -> Ledger {
        Ledger::new(&Indexed { after: None, came: Some(0) })
    }

    fn after(index: u64, came: Option<u64>) -> Ledger {
        Ledger::new(&Indexed { after: Some(index), came })
    }

    fn fresh(page: &Page) -> Vec<u64> {
        page.fresh.iter().filter_map(|event| event.event_index).collect()
    }

    #[test]
    fn each_event_once_in_the_order_of_indexes() {
        let mut ledger = from_first();
        assert_eq!(ledger.after(), None);
        assert_eq!(fresh(&ledger.enter(page(&[30, 10, 20, 10], json!(5)))), [10, 20, 30]);
        assert_eq!(ledger.after(), Some(30));
        // One that comes late is new all the same.
        assert_eq!(fresh(&ledger.enter(page(&[20, 15, u64::MAX], json!("5")))), [15, u64::MAX]);
        assert_eq!(ledger.after(), Some(u64::MAX));
        let end = ledger.enter(page(&[], json!(5)));
        assert!(end.fresh.is_empty() && end.lack.is_none());
    }

    #[test]
    fn what_is_known_again_and_counted_higher_is_kept_back_and_counted() {
        let mut ledger = from_first();
        let first: Vec<u64> = (1..=500).collect();
        ledger.enter(page(&first, json!(1510)));
        assert_eq!(ledger.enter(page(&first, json!(1510))).lack, Some(Shortfall::Stuck));
        let error = ledger.error(Shortfall::Stuck);
        assert_eq!(error.kind(), ErrorKind::Pagination);
        assert_eq!((error.items_seen(), error.items_total()), (Some(500), Some(1510)));
    }

    #[test]
    fn nothing_where_more_is_counted_may_only_be_late() {
        let mut ledger = from_first();
        ledger.enter(page(&[1], json!(2)));
        assert_eq!(ledger.enter(page(&[], json!(2))).lack, Some(Shortfall::Short));
        assert_eq!(ledger.enter(page(&[2], json!(2))).lack, None);
        assert_eq!(ledger.enter(page(&[], json!(2))).lack, None);
    }

    #[test]
    fn a_count_that_is_none_says_nothing() {
        for total in [Value::Null, json!(-1), json!("many"), json!(1.5)] {
            let mut ledger = from_first();
            ledger.enter(page(&[1], total.clone()));
            assert_eq!(ledger.enter(page(&[1], total.clone())).lack, None, "{total}");
        }
    }

    #[test]
    fn after_an_index_only_what_came_again_is_counted() {
        let mut heeding = after(2, None);
        assert_eq!(heeding.after(), Some(2));
        assert_eq!(fresh(&heeding.enter(page(&[3], json!(3)))), [3]);
        assert_eq!(heeding.enter(page(&[], json!(3))).lack, None);

        let mut inclusive = after(2, None);
        assert_eq!(inclusive.enter(page(&[2], json!(2))).lack, None);

        let mut ignoring = after(2, None);
        assert_eq!(fresh(&ignoring.enter(page(&[1, 2, 3], json!(3)))), [3]);
        assert_eq!(ignoring.enter(page(&[1, 2, 3], json!(3))).lack, None);

        let mut capped = after(7, None);
        assert_eq!(capped.enter(page(&[1, 2], json!(9))).lack, Some(Shortfall::Stuck));
    }

    #[test]
    fn after_a_position_all_are_counted() {
        let mut heeding = after(20, Some(2));
        assert_eq!(heeding.enter(page(&[], json!(3))).lack, Some(Shortfall::Short));
        assert_eq!(fresh(&heeding.enter(page(&[30], json!(3)))), [30]);
        assert_eq!(heeding.enter(page(&[], json!(3))).lack, None);
    }

    #[test]
    fn events_without_an_index_keep_their_order_and_come_once() {
        let json =
            json!({"events": [{"event": {"b": 1}}, {"event": {"a": 1}}, {"event": {"b": 1}}]});
        let page = || serde_json::from_value::<ListRunEventsResponse>(json.clone()).unwrap();
        let mut ledger = from_first();
        let texts: Vec<String> =
            ledger.enter(page()).fresh.iter().map(|event| event.event.get().to_owned()).collect();
        assert_eq!(texts, [r#"{"b":1}"#, r#"{"a":1}"#]);
        assert!(ledger.enter(page()).fresh.is_empty());
    }
}
