//! Pages through a list by cursor: each response contains the cursor of the next page.
//!
//! A faulty service can repeat a cursor, repeat items, or send pages without items. The pager
//! detects each case and ends the list with an error. Its memory is bounded: [`Recent`] stores
//! the latest items, and a [`CycleDetector`] finds longer cycles with one stored item.
//!
//! A service that sends no cursors may truncate the list at `limit`. If the first page fills
//! `limit` and has no cursor, the pager requests it once more with `limit + 1`.

use std::collections::HashSet;
use std::marker::PhantomData;

use super::dedupe::{CycleDetector, IdHasher, Recent};
use super::engine::{Pager, PagerAction, PagerUpdate};
use super::{Location, Position};

/// Minimum number of latest items that are checked for duplicates.
const RECENT_ITEMS: usize = 1 << 16;

/// Maximum consecutive pages without items.
const MAX_EMPTY_PAGES: u32 = 100;

/// Maximum consecutive pages of duplicates.
const MAX_DUPLICATE_PAGES: u32 = 2;

/// The error for a list that the service truncates at `limit` without a cursor.
const TRUNCATED: &str = "the service truncates the list at limit and sends no cursor; omit limit \
                         or raise it";

/// An item with an identifier.
pub(super) trait Identified {
    fn id(&self) -> &str;
}

/// The part of a response that the pager reads.
#[derive(Debug)]
pub(super) struct CursorPage<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

/// The next request of a list by cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CursorRequest {
    /// The page at this cursor, or the first page.
    Page(Option<String>),
    /// The first page again, with this `limit`.
    FirstPage(u64),
}

/// Pages through a list by cursor.
pub(super) struct CursorPager<T> {
    cursor: Option<String>,
    /// The `limit` of the builder.
    limit: Option<u64>,
    /// The first page, until the check for truncation is done.
    held: Option<Vec<T>>,
    hasher: IdHasher,
    cursors: HashSet<u64>,
    recent: Recent,
    cycle: CycleDetector,
    empty_pages: u32,
    duplicate_pages: u32,
    item: PhantomData<fn() -> T>,
}

impl<T> CursorPager<T> {
    /// Starts at `cursor`, or at the cursor of the builder. `limit` is the `limit` of the builder.
    pub(super) fn new(cursor: Option<String>, limit: Option<u64>) -> Self {
        let hasher = IdHasher::default();
        let cursors = cursor.iter().map(|cursor| hasher.hash(cursor)).collect();
        Self {
            cursor,
            limit,
            held: None,
            hasher,
            cursors,
            recent: Recent::new(RECENT_ITEMS),
            cycle: CycleDetector::default(),
            empty_pages: 0,
            duplicate_pages: 0,
            item: PhantomData,
        }
    }
}

impl<T: Identified> CursorPager<T> {
    /// Removes duplicates. Also returns whether the list repeats itself.
    fn deduplicate(&mut self, items: Vec<T>) -> (Vec<T>, bool) {
        let mut cycles = false;
        let mut new = items;
        new.retain(|item| {
            let hash = self.hasher.hash(item.id());
            if !self.recent.insert(hash) {
                return false;
            }
            cycles |= self.cycle.closes(hash);
            !cycles
        });
        (new, cycles)
    }

    /// Returns whether the service may have truncated the list after this page without a cursor.
    fn may_be_truncated(&self, received: u64) -> bool {
        // A service that has sent a cursor sends one whenever more items follow.
        self.cursor.is_none() && received > 0 && self.limit.is_some_and(|limit| received >= limit)
    }

    /// Evaluates the check for truncation: fails if the second response has more items.
    fn finish_check(&mut self, mut held: Vec<T>, page: CursorPage<T>) -> PagerUpdate<T> {
        let (more, _) = self.deduplicate(page.items);
        let action = match page.next.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => self.follow(cursor, false),
            None if more.is_empty() => PagerAction::End,
            None => PagerAction::Fail(TRUNCATED),
        };
        held.extend(more);
        PagerUpdate { items: held, total: None, action }
    }

    fn follow(&mut self, cursor: String, cycles: bool) -> PagerAction {
        let new = self.cursors.insert(self.hasher.hash(&cursor));
        self.cursor = Some(cursor);
        match () {
            () if cycles => {
                PagerAction::Fail("the service repeats the list: it sent an item twice")
            }
            () if !new => PagerAction::Fail("the service sent the same cursor twice"),
            () if self.empty_pages >= MAX_EMPTY_PAGES => {
                PagerAction::Fail("the service sends cursors, but no more items")
            }
            () if self.duplicate_pages >= MAX_DUPLICATE_PAGES => {
                PagerAction::Fail("the service sends new cursors, but repeats earlier items")
            }
            () => PagerAction::Continue,
        }
    }
}

impl<T: Identified + Send> Pager for CursorPager<T> {
    type Request = CursorRequest;
    type Response = CursorPage<T>;
    type Item = T;

    fn request(&self) -> CursorRequest {
        match &self.held {
            Some(held) => CursorRequest::FirstPage((held.len() as u64).saturating_add(1)),
            None => CursorRequest::Page(self.cursor.clone()),
        }
    }

    fn take(&mut self, page: CursorPage<T>) -> PagerUpdate<T> {
        if let Some(held) = self.held.take() {
            return self.finish_check(held, page);
        }
        let received = page.items.len();
        let (items, cycles) = self.deduplicate(page.items);
        self.empty_pages = if received == 0 { self.empty_pages + 1 } else { 0 };
        self.duplicate_pages = match received {
            0 => self.duplicate_pages,
            _ if items.is_empty() => self.duplicate_pages + 1,
            _ => 0,
        };
        let action = match page.next.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => self.follow(cursor, cycles),
            None if self.may_be_truncated(received as u64) => {
                self.held = Some(items);
                return PagerUpdate::empty(PagerAction::Continue);
            }
            None => PagerAction::End,
        };
        PagerUpdate { items, total: None, action }
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

    fn fault(action: &PagerAction) -> Option<&'static str> {
        match action {
            PagerAction::Fail(fault) => Some(fault),
            PagerAction::Continue | PagerAction::End => None,
        }
    }

    #[test]
    fn detects_a_cycle_that_is_longer_than_the_recent_items() {
        const CYCLE: u64 = 3 * RECENT_ITEMS as u64;
        const PAGE: u64 = 1 << 10;
        let mut pager = CursorPager::new(None, None);
        for number in 0..20 * CYCLE / PAGE {
            let from = number * PAGE % CYCLE;
            let cursor = number.to_string();
            let update = pager.take(page(from..from + PAGE, Some(&cursor)));
            if let Some(fault) = fault(&update.action) {
                assert_eq!(fault, "the service repeats the list: it sent an item twice");
                return;
            }
        }
        panic!("the cycle was not detected");
    }

    #[test]
    fn stops_after_a_repeated_cursor() {
        let mut pager = CursorPager::new(None, None);
        assert!(matches!(pager.take(page([1], Some("a"))).action, PagerAction::Continue));
        let update = pager.take(page([2], Some("a")));
        assert_eq!(fault(&update.action), Some("the service sent the same cursor twice"));
        assert_eq!(update.items, ["2"]);
        // The cursor of a resumed list counts as sent.
        let mut pager = CursorPager::new(Some("a".to_owned()), None);
        assert!(fault(&pager.take(page([2], Some("a"))).action).is_some());
    }

    #[test]
    fn bounds_pages_without_items_and_pages_of_duplicates() {
        let mut pager = CursorPager::new(None, None);
        pager.take(page([1], Some("start")));
        for number in 1..MAX_EMPTY_PAGES {
            let update = pager.take(page([], Some(&number.to_string())));
            assert!(matches!(update.action, PagerAction::Continue), "{number}");
        }
        // A page with an item resets the count.
        pager.take(page([2], Some("item")));
        for number in 1..MAX_EMPTY_PAGES {
            pager.take(page([], Some(&format!("again {number}"))));
        }
        let update = pager.take(page([], Some("last")));
        assert_eq!(fault(&update.action), Some("the service sends cursors, but no more items"));

        let mut pager = CursorPager::new(None, None);
        pager.take(page([1, 2], Some("a")));
        assert!(matches!(pager.take(page([1], Some("b"))).action, PagerAction::Continue));
        // An empty page or a page with a new item is not a page of duplicates.
        assert!(matches!(pager.take(page([], Some("c"))).action, PagerAction::Continue));
        assert!(matches!(pager.take(page([3, 2], Some("d"))).action, PagerAction::Continue));
        assert!(matches!(pager.take(page([1], Some("e"))).action, PagerAction::Continue));
        let update = pager.take(page([2], Some("f")));
        let expected = "the service sends new cursors, but repeats earlier items";
        assert_eq!(fault(&update.action), Some(expected));
    }

    #[test]
    fn requests_one_item_more_only_if_the_first_page_fills_limit_without_a_cursor() {
        for (limit, count, checks) in [
            (Some(2), 2, true),
            (Some(2), 3, true),
            (Some(3), 2, false),
            (None, 2, false),
            (Some(0), 0, false),
        ] {
            let mut pager = CursorPager::new(None, limit);
            let update = pager.take(page(0..count, None));
            let expected = CursorRequest::FirstPage(count + 1);
            assert_eq!(matches!(update.action, PagerAction::Continue), checks, "{limit:?} {count}");
            assert_eq!(pager.request() == expected, checks, "{limit:?} {count}");
            assert_eq!(update.items.len() as u64, if checks { 0 } else { count });
        }
        // After a page with a cursor, a page without one is the last.
        let mut pager = CursorPager::new(None, Some(2));
        pager.take(page([1, 2], Some("a")));
        assert!(matches!(pager.take(page([3, 4], None)).action, PagerAction::End));
    }

    #[test]
    fn check_for_truncation_returns_every_item_once() {
        let checked = |second: CursorPage<String>| {
            let mut pager = CursorPager::new(None, Some(2));
            pager.take(page([1, 2], None));
            pager.take(second)
        };
        let whole = checked(page([1, 2], None));
        assert!(matches!(whole.action, PagerAction::End));
        assert_eq!(whole.items, ["1", "2"]);
        let cut = checked(page([1, 2, 3], None));
        assert_eq!((fault(&cut.action), cut.items.len()), (Some(TRUNCATED), 3));
        let goes_on = checked(page([1, 2, 3], Some("a")));
        assert!(matches!(goes_on.action, PagerAction::Continue));
        assert_eq!(goes_on.items, ["1", "2", "3"]);
        // The held items are available if the second request fails.
        let mut pager = CursorPager::new(None, Some(2));
        pager.take(page([1, 2], None));
        assert_eq!(pager.held(), ["1", "2"]);
    }
}
