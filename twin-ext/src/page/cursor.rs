//! Follows lists by cursor: each answer says where the next page begins.
//!
//! A service that repeats a cursor, repeats items, or gives pages without items leads in
//! circles, and the pager ends the list with an error. Memory does not grow with the number of
//! items: the latest are remembered one by one, and one of all the others, which is enough to
//! detect a cycle of any length.
//!
//! A service that gives no cursor at all may still cut the list at `limit`. A first page that
//! is as long as `limit` and has no cursor is therefore checked: the pager asks once for one
//! item more.

use std::collections::HashSet;
use std::marker::PhantomData;

use super::dedupe::{CycleDetector, Marks, Recent};
use super::engine::{Pager, Step, Then};
use super::{Place, Position};

/// At least this many of the latest items are remembered one by one.
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

/// A page as the service gives it.
#[derive(Debug)]
pub(super) struct CursorPage<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

/// The next request of a list by cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CursorAsk {
    /// The page at this cursor; the first one without.
    Page(Option<String>),
    /// The first page again, with room for this many items.
    First(u64),
}

/// Follows cursors.
pub(super) struct CursorPager<T> {
    cursor: Option<String>,
    /// The `limit` of the builder.
    limit: Option<u64>,
    /// The first page while it is checked for a cut.
    held: Option<Vec<T>>,
    marks: Marks,
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
        let marks = Marks::default();
        let cursors = cursor.iter().map(|cursor| marks.of(cursor)).collect();
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
    /// Leaves out duplicates, and tells whether the list repeats itself.
    fn new_ones(&mut self, items: Vec<T>) -> (Vec<T>, bool) {
        let mut cycles = false;
        let mut new = items;
        new.retain(|item| {
            let mark = self.marks.of(item.id());
            if !self.recent.insert(mark) {
                return false;
            }
            cycles |= self.cycle.closes(mark);
            !cycles
        });
        (new, cycles)
    }

    /// Whether the service may have cut the list after this page, which has no cursor.
    fn may_be_cut(&self, came: u64) -> bool {
        // A service that gave a cursor before gives one whenever there is more.
        self.cursor.is_none() && came > 0 && self.limit.is_some_and(|limit| came >= limit)
    }

    /// The step after the check of the first page: an error if there is more than came.
    fn checked(&mut self, mut held: Vec<T>, page: CursorPage<T>) -> Step<T> {
        let (more, _) = self.new_ones(page.items);
        let then = match page.next.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => self.follow(cursor, false),
            None if more.is_empty() => Then::End,
            None => Then::Fault(CUT),
        };
        held.extend(more);
        Step { items: held, total: None, then }
    }

    fn follow(&mut self, cursor: String, cycles: bool) -> Then {
        let new = self.cursors.insert(self.marks.of(&cursor));
        self.cursor = Some(cursor);
        match () {
            () if cycles => Then::Fault("the list begins again: an item came twice"),
            () if !new => Then::Fault("the service gave the same cursor twice"),
            () if self.empty >= EMPTY => {
                Then::Fault("the service gives cursors, but no more items")
            }
            () if self.stale >= STALE => {
                Then::Fault("the service gives new cursors, but items that came before")
            }
            () => Then::Go,
        }
    }
}

impl<T: Identified + Send> Pager for CursorPager<T> {
    type Ask = CursorAsk;
    type Answer = CursorPage<T>;
    type Item = T;

    fn ask(&self) -> CursorAsk {
        match &self.held {
            Some(held) => CursorAsk::First((held.len() as u64).saturating_add(1)),
            None => CursorAsk::Page(self.cursor.clone()),
        }
    }

    fn take(&mut self, page: CursorPage<T>) -> Step<T> {
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
        let then = match page.next.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => self.follow(cursor, cycles),
            None if self.may_be_cut(came as u64) => {
                self.held = Some(items);
                return Step::nothing(Then::Go);
            }
            None => Then::End,
        };
        Step { items, total: None, then }
    }

    fn held(&mut self) -> Vec<T> {
        self.held.take().unwrap_or_default()
    }

    fn position(&self) -> Position {
        Position(match &self.cursor {
            Some(cursor) => Place::Cursor(cursor.clone()),
            None => Place::Start,
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

    fn fault(then: &Then) -> Option<&'static str> {
        match then {
            Then::Fault(fault) => Some(fault),
            Then::Go | Then::End => None,
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
            if let Some(fault) = fault(&step.then) {
                assert_eq!(fault, "the list begins again: an item came twice");
                return;
            }
        }
        panic!("the cycle was not detected");
    }

    #[test]
    fn stops_after_a_repeated_cursor() {
        let mut pager = CursorPager::new(None, None);
        assert!(matches!(pager.take(page([1], Some("a"))).then, Then::Go));
        let step = pager.take(page([2], Some("a")));
        assert_eq!(fault(&step.then), Some("the service gave the same cursor twice"));
        assert_eq!(step.items, ["2"]);
        // The cursor that the list was resumed from counts, too.
        let mut pager = CursorPager::new(Some("a".to_owned()), None);
        assert!(fault(&pager.take(page([2], Some("a"))).then).is_some());
    }

    #[test]
    fn bounds_pages_without_items_and_pages_of_duplicates() {
        let mut pager = CursorPager::new(None, None);
        pager.take(page([1], Some("start")));
        for number in 1..EMPTY {
            let step = pager.take(page([], Some(&number.to_string())));
            assert!(matches!(step.then, Then::Go), "{number}");
        }
        // An item in between starts the count again.
        pager.take(page([2], Some("item")));
        for number in 1..EMPTY {
            pager.take(page([], Some(&format!("again {number}"))));
        }
        let step = pager.take(page([], Some("last")));
        assert_eq!(fault(&step.then), Some("the service gives cursors, but no more items"));

        let mut pager = CursorPager::new(None, None);
        pager.take(page([1, 2], Some("a")));
        assert!(matches!(pager.take(page([1], Some("b"))).then, Then::Go));
        // Neither an empty page nor a new item counts as a page of duplicates.
        assert!(matches!(pager.take(page([], Some("c"))).then, Then::Go));
        assert!(matches!(pager.take(page([3, 2], Some("d"))).then, Then::Go));
        assert!(matches!(pager.take(page([1], Some("e"))).then, Then::Go));
        let step = pager.take(page([2], Some("f")));
        let expected = "the service gives new cursors, but items that came before";
        assert_eq!(fault(&step.then), Some(expected));
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
            let expected = CursorAsk::First(came + 1);
            assert_eq!(matches!(step.then, Then::Go), checks, "{limit:?} {came}");
            assert_eq!(pager.ask() == expected, checks, "{limit:?} {came}");
            assert_eq!(step.items.len() as u64, if checks { 0 } else { came });
        }
        // A service that gave a cursor before ends the list by leaving it out.
        let mut pager = CursorPager::new(None, Some(2));
        pager.take(page([1, 2], Some("a")));
        assert!(matches!(pager.take(page([3, 4], None)).then, Then::End));
    }

    #[test]
    fn check_for_a_cut_list_gives_every_item_once() {
        let checked = |answer: CursorPage<String>| {
            let mut pager = CursorPager::new(None, Some(2));
            pager.take(page([1, 2], None));
            pager.take(answer)
        };
        let whole = checked(page([1, 2], None));
        assert!(matches!(whole.then, Then::End));
        assert_eq!(whole.items, ["1", "2"]);
        let cut = checked(page([1, 2, 3], None));
        assert_eq!((fault(&cut.then), cut.items.len()), (Some(CUT), 3));
        let goes_on = checked(page([1, 2, 3], Some("a")));
        assert!(matches!(goes_on.then, Then::Go));
        assert_eq!(goes_on.items, ["1", "2", "3"]);
        // A check that fails takes nothing away.
        let mut pager = CursorPager::new(None, Some(2));
        pager.take(page([1, 2], None));
        assert_eq!(pager.held(), ["1", "2"]);
    }
}
