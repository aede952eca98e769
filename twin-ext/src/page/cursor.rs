//! Follows lists by cursor: each response holds the cursor of the next page.
//!
//! A service can repeat a cursor, repeat items, or give pages without items. The pager detects
//! each and ends the list with an error. Memory does not grow with the number of items: the
//! latest are remembered one by one, and a [`CycleDetector`] remembers one of the others.
//!
//! A service that gives no cursor at all may still cut the list at `limit`. A first page that
//! is as long as `limit` and has no cursor is therefore checked: the pager asks once for one
//! item more.

use std::collections::HashSet;
use std::marker::PhantomData;

use super::dedupe::{CycleDetector, IdHasher, Recent};
use super::engine::{Action, Pager, Update};
use super::{Location, Position};

/// Minimum number of the latest items that are remembered one by one.
const REMEMBERED: usize = 1 << 16;

/// Maximum consecutive pages without an item.
const EMPTY: u32 = 100;

/// Maximum consecutive pages of duplicates.
const STALE: u32 = 2;

/// The error of a list that the service cuts at `limit` without a cursor.
const CUT: &str = "the service stops at limit and gives no cursor, although there are more items; \
                   leave limit out or raise it";

/// An item that has an identifier.
pub(super) trait Identified {
    fn id(&self) -> &str;
}

/// A page as the service sends it.
#[derive(Debug)]
pub(super) struct CursorPage<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

/// The next request of a list by cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CursorRequest {
    /// The page at this cursor; the first one without.
    Page(Option<String>),
    /// The first page again, with room for this many items.
    First(u64),
}

/// Decides about a list by cursor.
pub(super) struct CursorPager<T> {
    cursor: Option<String>,
    /// The `limit` of the builder.
    limit: Option<u64>,
    /// The first page while it is checked for a cut.
    held: Option<Vec<T>>,
    marks: IdHasher,
    cursors: HashSet<u64>,
    recent: Recent,
    cycle: CycleDetector,
    empty: u32,
    stale: u32,
    item: PhantomData<fn() -> T>,
}

impl<T> CursorPager<T> {
    /// Starts at `cursor`, or where the builder says. `limit` is the builder's.
    pub(super) fn new(cursor: Option<String>, limit: Option<u64>) -> Self {
        let marks = IdHasher::default();
        let cursors = cursor.iter().map(|cursor| marks.hash(cursor)).collect();
        Self {
            cursor,
            limit,
            held: None,
            marks,
            cursors,
            recent: Recent::new(REMEMBERED),
            cycle: CycleDetector::default(),
            empty: 0,
            stale: 0,
            item: PhantomData,
        }
    }
}

impl<T: Identified> CursorPager<T> {
    /// Removes duplicates, and returns whether the list repeats itself.
    fn new_ones(&mut self, items: Vec<T>) -> (Vec<T>, bool) {
        let mut cycles = false;
        let mut new = items;
        new.retain(|item| {
            let mark = self.marks.hash(item.id());
            if !self.recent.insert(mark) {
                return false;
            }
            cycles |= self.cycle.closes(mark);
            !cycles
        });
        (new, cycles)
    }

    /// Returns whether the service may have cut the list after this page, which has no cursor.
    fn may_be_cut(&self, came: u64) -> bool {
        // A service that gave a cursor before gives one whenever there is more.
        self.cursor.is_none() && came > 0 && self.limit.is_some_and(|limit| came >= limit)
    }

    /// Evaluates the check of the first page: an error if the service shows more items.
    fn checked(&mut self, mut held: Vec<T>, page: CursorPage<T>) -> Update<T> {
        let (more, _) = self.new_ones(page.items);
        let action = match page.next.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => self.follow(cursor, false),
            None if more.is_empty() => Action::End,
            None => Action::Fail(CUT),
        };
        held.extend(more);
        Update { items: held, total: None, action }
    }

    fn follow(&mut self, cursor: String, cycles: bool) -> Action {
        let new = self.cursors.insert(self.marks.hash(&cursor));
        self.cursor = Some(cursor);
        match () {
            () if cycles => Action::Fail("the list begins again: an item came twice"),
            () if !new => Action::Fail("the service gave the same cursor twice"),
            () if self.empty >= EMPTY => {
                Action::Fail("the service gives cursors, but no more items")
            }
            () if self.stale >= STALE => {
                Action::Fail("the service gives new cursors, but items that came before")
            }
            () => Action::Continue,
        }
    }
}

impl<T: Identified + Send> Pager for CursorPager<T> {
    type Request = CursorRequest;
    type Response = CursorPage<T>;
    type Item = T;

    fn request(&self) -> CursorRequest {
        match &self.held {
            Some(held) => CursorRequest::First((held.len() as u64).saturating_add(1)),
            None => CursorRequest::Page(self.cursor.clone()),
        }
    }

    fn take(&mut self, page: CursorPage<T>) -> Update<T> {
        if let Some(held) = self.held.take() {
            return self.checked(held, page);
        }
        let came = page.items.len();
        let (items, cycles) = self.new_ones(page.items);
        self.empty = if came == 0 { self.empty + 1 } else { 0 };
        self.stale = match came {
            0 => self.stale,
            _ if items.is_empty() => self.stale + 1,
            _ => 0,
        };
        let action = match page.next.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => self.follow(cursor, cycles),
            None if self.may_be_cut(came as u64) => {
                self.held = Some(items);
                return Update::empty(Action::Continue);
            }
            None => Action::End,
        };
        Update { items, total: None, action }
    }

    fn held(&mut self) -> Vec<T> {
        self.held.take().unwrap_or_default()
    }

    fn position(&self) -> Position {
        Position(match &self.cursor {
            Some(cursor) => Location::Cursor(cursor.clone()),
            None => Location::Start,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Identified for String {
        fn id(&self) -> &str {
            self
        }
    }

    fn page(items: impl IntoIterator<Item = u64>, next: Option<&str>) -> CursorPage<String> {
        let items = items.into_iter().map(|item| item.to_string()).collect();
        CursorPage { items, next: next.map(str::to_owned) }
    }

    fn fault(action: &Action) -> Option<&'static str> {
        match action {
            Action::Fail(fault) => Some(fault),
            Action::Continue | Action::End => None,
        }
    }

    #[test]
    fn detects_a_cycle_longer_than_what_is_remembered() {
        const CYCLE: u64 = 3 * REMEMBERED as u64;
        const PAGE: u64 = 1 << 10;
        let mut pager = CursorPager::new(None, None);
        for number in 0..20 * CYCLE / PAGE {
            let from = number * PAGE % CYCLE;
            let cursor = number.to_string();
            let step = pager.take(page(from..from + PAGE, Some(&cursor)));
            if let Some(fault) = fault(&step.action) {
                assert_eq!(fault, "the list begins again: an item came twice");
                return;
            }
        }
        panic!("the cycle was not detected");
    }

    #[test]
    fn stops_after_a_repeated_cursor() {
        let mut pager = CursorPager::new(None, None);
        assert!(matches!(pager.take(page([1], Some("a"))).action, Action::Continue));
        let step = pager.take(page([2], Some("a")));
        assert_eq!(fault(&step.action), Some("the service gave the same cursor twice"));
        assert_eq!(step.items, ["2"]);
        // The cursor that the list was resumed from counts, too.
        let mut pager = CursorPager::new(Some("a".to_owned()), None);
        assert!(fault(&pager.take(page([2], Some("a"))).action).is_some());
    }

    #[test]
    fn bounds_pages_without_items_and_pages_of_duplicates() {
        let mut pager = CursorPager::new(None, None);
        pager.take(page([1], Some("start")));
        for number in 1..EMPTY {
            let step = pager.take(page([], Some(&number.to_string())));
            assert!(matches!(step.action, Action::Continue), "{number}");
        }
        // An item in between starts the count again.
        pager.take(page([2], Some("item")));
        for number in 1..EMPTY {
            pager.take(page([], Some(&format!("again {number}"))));
        }
        let step = pager.take(page([], Some("last")));
        assert_eq!(fault(&step.action), Some("the service gives cursors, but no more items"));

        let mut pager = CursorPager::new(None, None);
        pager.take(page([1, 2], Some("a")));
        assert!(matches!(pager.take(page([1], Some("b"))).action, Action::Continue));
        // An empty page or a page with a new item is not a page of duplicates.
        assert!(matches!(pager.take(page([], Some("c"))).action, Action::Continue));
        assert!(matches!(pager.take(page([3, 2], Some("d"))).action, Action::Continue));
        assert!(matches!(pager.take(page([1], Some("e"))).action, Action::Continue));
        let step = pager.take(page([2], Some("f")));
        let expected = "the service gives new cursors, but items that came before";
        assert_eq!(fault(&step.action), Some(expected));
    }

    #[test]
    fn asks_for_one_item_more_only_when_the_first_page_fills_limit_without_a_cursor() {
        for (limit, came, checks) in [
            (Some(2), 2, true),
            (Some(2), 3, true),
            (Some(3), 2, false),
            (None, 2, false),
            (Some(0), 0, false),
        ] {
            let mut pager = CursorPager::new(None, limit);
            let step = pager.take(page(0..came, None));
            let expected = CursorRequest::First(came + 1);
            assert_eq!(matches!(step.action, Action::Continue), checks, "{limit:?} {came}");
            assert_eq!(pager.request() == expected, checks, "{limit:?} {came}");
            assert_eq!(step.items.len() as u64, if checks { 0 } else { came });
        }
        // A service that gave a cursor before ends the list by leaving it out.
        let mut pager = CursorPager::new(None, Some(2));
        pager.take(page([1, 2], Some("a")));
        assert!(matches!(pager.take(page([3, 4], None)).action, Action::End));
    }

    #[test]
    fn check_for_a_cut_list_gives_every_item_once() {
        let checked = |answer: CursorPage<String>| {
            let mut pager = CursorPager::new(None, Some(2));
            pager.take(page([1, 2], None));
            pager.take(answer)
        };
        let whole = checked(page([1, 2], None));
        assert!(matches!(whole.action, Action::End));
        assert_eq!(whole.items, ["1", "2"]);
        let cut = checked(page([1, 2, 3], None));
        assert_eq!((fault(&cut.action), cut.items.len()), (Some(CUT), 3));
        let goes_on = checked(page([1, 2, 3], Some("a")));
        assert!(matches!(goes_on.action, Action::Continue));
        assert_eq!(goes_on.items, ["1", "2", "3"]);
        // The held items are given even if the check fails.
        let mut pager = CursorPager::new(None, Some(2));
        pager.take(page([1, 2], None));
        assert_eq!(pager.held(), ["1", "2"]);
    }
}
