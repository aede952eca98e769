//! Keeps account of the events of a run: which were shown, and whether any are lacking.
//!
//! An index is the only name of an event. Nothing is asked for here.

use std::collections::HashSet;

use twin_api::types::{ListRunEventsResponse, RunEvent};

use crate::error::{Detail, Error, ErrorKind, Outcome};
use crate::event::RunEventExt as _;

/// What was shown so far.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Events up to this one were shown by somebody else.
    start: Option<u64>,
    after: Option<u64>,
    /// What came so far, whether it was shown here or before.
    known: HashSet<u64>,
    shown: usize,
    total: Option<u64>,
}

/// What a page had.
#[derive(Debug)]
pub(super) struct Page {
    /// What is new, by its index.
    pub(super) fresh: Vec<RunEvent>,
    /// Whether the service counts more events than it has shown.
    pub(super) lacking: bool,
}

impl Ledger {
    pub(super) fn new(start: Option<u64>) -> Self {
        Self { start, after: start, known: HashSet::new(), shown: 0, total: None }
    }

    /// What to ask for: events after this one.
    pub(super) fn after(&self) -> Option<u64> {
        self.after
    }

    /// Takes a page in.
    ///
    /// An error is one that no further request would mend: the service answers with what is
    /// known, again, and says that there is more.
    pub(super) fn enter(&mut self, page: ListRunEventsResponse) -> Result<Page, Error> {
        let (before, came) = (self.known.len(), page.events.len());
        self.total = page.total_count.and_then(|total| total.get());
        let mut fresh = Vec::new();
        for event in page.events {
            let index = event.position().ok_or_else(unnamed)?;
            let is_new = self.known.insert(index);
            if is_new && self.start.is_none_or(|start| index > start) {
                fresh.push((index, event));
            }
        }
        fresh.sort_by_key(|(index, _)| *index);
        self.after = self.after.max(fresh.last().map(|(index, _)| *index));
        self.shown += fresh.len();
        let fresh: Vec<RunEvent> = fresh.into_iter().map(|(_, event)| event).collect();
        let lacking = fresh.is_empty() && self.total.is_some_and(|total| self.lacks(total));
        if lacking && came > 0 && self.known.len() == before {
            return Err(self.lacking());
        }
        Ok(Page { fresh, lacking })
    }

    /// What was shown before, nobody has counted: only where it came again is it known.
    fn lacks(&self, total: u64) -> bool {
        let known = self.known.len() as u64;
        let all_counted = match self.start {
            None => true,
            Some(start) => self.known.iter().any(|index| *index <= start),
        };
        all_counted && known < total
    }

    /// That the service does not show all events.
    pub(super) fn lacking(&self) -> Error {
        let Self { shown, total, .. } = self;
        let total = total.map_or_else(|| "more".to_owned(), |total| total.to_string());
        let message = format!(
            "{} of {total} events came, {shown} of them new, and the service does not show the \
             others: it does not heed after_index",
            self.known.len()
        );
        Detail::new(ErrorKind::Pagination, Outcome::Unknown, message).into()
    }
}

fn unnamed() -> Error {
    let message = "an event came without an index: it cannot be told from others";
    Detail::new(ErrorKind::Pagination, Outcome::Unknown, message).into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn page(indexes: &[u64], total: Value) -> ListRunEventsResponse {
        let events: Vec<Value> =
            indexes.iter().map(|index| json!({"event_index": index, "event": {}})).collect();
        let mut page = json!({"events": events});
        if !total.is_null() {
            page["total_count"] = total;
        }
        serde_json::from_value(page).unwrap()
    }

    fn fresh(page: &Page) -> Vec<u64> {
        page.fresh.iter().filter_map(|event| event.event_index).collect()
    }

    #[test]
    fn each_event_once_in_the_order_of_indexes() {
        let mut ledger = Ledger::new(None);
        assert_eq!(ledger.after(), None);
        let first = ledger.enter(page(&[30, 10, 20, 10], json!(5))).unwrap();
        assert_eq!(fresh(&first), [10, 20, 30]);
        assert_eq!(ledger.after(), Some(30));
        // One that comes late is new all the same.
        let second = ledger.enter(page(&[20, 15, u64::MAX], json!("5"))).unwrap();
        assert_eq!(fresh(&second), [15, u64::MAX]);
        assert_eq!(ledger.after(), Some(u64::MAX));
        let end = ledger.enter(page(&[], json!(5))).unwrap();
        assert!(end.fresh.is_empty() && !end.lacking);
    }

    #[test]
    fn what_is_known_again_and_counted_higher_is_an_error_that_counts() {
        let mut ledger = Ledger::new(None);
        let first: Vec<u64> = (1..=500).collect();
        ledger.enter(page(&first, json!(1510))).unwrap();
        let error = ledger.enter(page(&first, json!(1510))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Pagination);
        assert!(
            error.to_string().starts_with("500 of 1510 events came, 500 of them new"),
            "{error}"
        );
    }

    #[test]
    fn nothing_where_more_is_counted_is_lacking_and_no_error_yet() {
        let mut ledger = Ledger::new(None);
        ledger.enter(page(&[1], json!(2))).unwrap();
        assert!(ledger.enter(page(&[], json!(2))).unwrap().lacking);
        assert!(!ledger.enter(page(&[2], json!(2))).unwrap().lacking);
        assert!(!ledger.enter(page(&[], json!(2))).unwrap().lacking);
    }

    #[test]
    fn a_count_that_is_none_says_nothing() {
        for total in [Value::Null, json!(-1), json!("many"), json!(1.5)] {
            let mut ledger = Ledger::new(None);
            ledger.enter(page(&[1], total.clone())).unwrap();
            assert!(!ledger.enter(page(&[1], total.clone())).unwrap().lacking, "{total}");
        }
    }

    #[test]
    fn from_an_index_on_only_what_came_again_is_counted() {
        let mut heeding = Ledger::new(Some(2));
        assert_eq!(heeding.after(), Some(2));
        assert_eq!(fresh(&heeding.enter(page(&[3], json!(3))).unwrap()), [3]);
        assert!(!heeding.enter(page(&[], json!(3))).unwrap().lacking);

        let mut ignoring = Ledger::new(Some(2));
        assert_eq!(fresh(&ignoring.enter(page(&[1, 2, 3], json!(3))).unwrap()), [3]);
        assert!(!ignoring.enter(page(&[1, 2, 3], json!(3))).unwrap().lacking);

        let mut capped = Ledger::new(Some(7));
        assert!(fresh(&capped.enter(page(&[1, 2], json!(9))).unwrap()).is_empty());
        let error = capped.enter(page(&[1, 2], json!(9))).unwrap_err();
        assert!(error.to_string().starts_with("2 of 9 events came, 0 of them new"), "{error}");
    }

    #[test]
    fn an_event_without_an_index_is_an_error() {
        let page = serde_json::from_value(json!({"events": [{"event": {}}]})).unwrap();
        assert_eq!(Ledger::new(None).enter(page).unwrap_err().kind(), ErrorKind::Pagination);
    }
}
