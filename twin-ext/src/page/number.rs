//! Pages through a list by page number while items are added and deleted.
//!
//! When an item of an earlier page is deleted, all later items move up by one. The first item of
//! the next page moves to a page that was already read, and a simple pager misses it. Therefore
//! each page must be *linked* to the pages before it. A page is linked if one of these holds:
//!
//! - It contains an item of an earlier page, so there is no item between the two pages.
//! - The total did not fall. New items are added at the front and only move the others down, so
//!   no item can have moved up.
//!
//! If the total fell, the pager goes back to the page to which the next items have moved. If a
//! page cannot be linked, because the total is missing or wrong, the reading has a *gap*, and the
//! pager reads the list again. If the second reading contains all items of the first, no item
//! left the list in between, and so none was missed.
//!
//! One case is not detected: an item leaves the pages that were read, another item is added behind
//! them, and the total stays the same. It can happen only in a list with a filter by status.
//!
//! | state | response | next state | next request |
//! |---|---|---|---|
//! | any | has another page number than the request | error | |
//! | `Forward` | is linked | `Forward` | the next page |
//! | `Forward` | has a lower total than before | `Back(n)` | n pages before |
//! | `Forward` | has no total and none of the stored items, after a resume | `Back(1)` | the page before |
//! | `Forward` | has no total | `Forward`, with a gap | the next page |
//! | `Back(n)` | overlaps with known items, or is the first page | `Forward` | the next page |
//! | `Back(n)` | does not overlap | `Back(2n)` | 2n pages before |
//! | `Back(n)` | does not overlap, too many pages back | `IgnoringTotals`, with a gap | the same page |
//! | any but `IgnoringTotals` | has no new items, too often after going back | `IgnoringTotals`, with a gap | the next page |
//! | any | has no new items, twice in a row | error | |
//! | `IgnoringTotals` | overlaps | `IgnoringTotals` | the next page |
//! | `IgnoringTotals` | does not overlap | `IgnoringTotals`, with a gap | the next page |
//! | any | is the last page; no gap, the total agrees | end | |
//! | any | is the last page; the reading contains all items of the one before | end, or error if the total is higher | |
//! | any | is the last page, in the fourth reading | error | |
//! | any | is the last page, otherwise | the same, a new reading | the first page |

// Length: the state table above and the transitions that implement it stay in one file.

mod reading;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::marker::PhantomData;

use self::reading::{LastPage, Overlap, PageLink, Reading, Resumed};
use super::cursor::Identified;
use super::dedupe::IdHasher;
use super::engine::{Pager, PagerAction, PagerUpdate};
use super::{Location, Position};
use crate::position::PageLocation;

/// Maximum readings of a list.
const READINGS: u32 = 4;

/// Maximum consecutive pages without new items.
const MAX_STALE: u64 = 2;

/// Maximum consecutive pages without new items after the pager went back. Also the number of pages
/// that the pager may always go back.
const MAX_STALE_BACK: u64 = 8;

/// Maximum plausible total. A higher total is ignored.
const MAX_TOTAL: u64 = 1_000_000_000_000;

/// The number of items that a position stores: the last ones before it. After a resume they show
/// whether the list has moved.
const STORED_ITEMS: usize = 3;

/// The error for a list that ends below its total.
const SHORT: &str = "the list ends, but its total is higher: items may be missing";

/// The error for a service that repeats pages.
const REPEATED: &str = "the service ignores page and repeats the same items";

/// The part of a response that the pager reads.
#[derive(Debug)]
pub(super) struct NumberedPage<T> {
    pub(super) items: Vec<T>,
    pub(super) total: Option<u64>,
    /// The page number in the response.
    pub(super) page: Option<i64>,
    /// The page size in the response.
    pub(super) size: Option<u64>,
}

/// How the pager moves through the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadingState {
    /// Reads the pages in order.
    Forward,
    /// Has gone back this many pages, to a page that must overlap with known items.
    Back(u64),
    /// Reads the pages in order and ignores totals, because they are wrong.
    IgnoringTotals,
}

/// Pages through a list by page number.
pub(super) struct NumberPager<T> {
    state: ReadingState,
    /// The page to request.
    page: u64,
    reading: Reading,
    /// The number of the last reading that contained each item.
    seen: HashMap<u64, u32>,
    hasher: IdHasher,
    /// The last items of the last page, in the order of the list.
    last: Vec<String>,
    resumed: Option<Resumed>,
    /// The number of items before the position that this stream started from.
    before: u64,
    /// The number of consecutive pages without new items, and its maximum.
    stale: u64,
    max_stale: u64,
    /// The number of pages with new items.
    productive: u64,
    /// The number of pages that the pager went back in all.
    gone_back: u64,
    item: PhantomData<fn() -> T>,
}

impl<T> NumberPager<T> {
    pub(super) fn new(location: Option<PageLocation>) -> Self {
        let mut pager = Self {
            state: ReadingState::Forward,
            page: 1,
            reading: Reading { number: 1, ..Reading::default() },
            seen: HashMap::new(),
            hasher: IdHasher::default(),
            last: Vec::new(),
            resumed: None,
            before: 0,
            stale: 0,
            max_stale: MAX_STALE,
            productive: 0,
            gone_back: 0,
            item: PhantomData,
        };
        if let Some(location) = location.filter(|location| location.number > 1) {
            pager.page = location.number;
            pager.reading.total = location.total;
            pager.reading.size = location.size;
            pager.reading.gap = location.gap;
            pager.reading.furthest = location.number - 1;
            pager.before = location.received;
            pager.last.clone_from(&location.last);
            // After a gap the pager reads the whole list again, also the items before the position.
            pager.resumed = (!location.gap).then_some(Resumed {
                last: location.last,
                found: Overlap::Nothing,
                end: location.size.map(|size| size.saturating_mul(location.number - 1)),
                total: location.total,
            });
        }
        pager
    }

    /// Returns which of the stored items were found.
    fn found(&self) -> Overlap {
        self.resumed.as_ref().map_or(Overlap::Whole, |resumed| resumed.found)
    }

    /// Decides how a page is linked to the pages before it.
    fn link(&self, overlaps: bool, total: Option<u64>) -> PageLink {
        if self.page == 1 || overlaps {
            return PageLink::Linked;
        }
        let before = match self.state {
            ReadingState::IgnoringTotals => return PageLink::Gap,
            ReadingState::Back(pages) => return PageLink::Back(pages.saturating_mul(2)),
            ReadingState::Forward => self.reading.total,
        };
        match (before, total) {
            (Some(before), Some(total)) if total >= before => PageLink::Linked,
            (Some(before), Some(total)) => {
                PageLink::Back((before - total).div_ceil(self.reading.size.unwrap_or(1).max(1)))
            }
            _ if self.found() == Overlap::Nothing => PageLink::Back(1),
            _ => PageLink::Gap,
        }
    }

    /// Goes back to a page that must overlap with known items. If the pager has gone back too many
    /// pages, it ignores totals from now on and requests the same page again.
    fn go_back(&mut self, pages: u64) -> PagerAction {
        let pages = pages.min(self.page - 1).max(1);
        self.gone_back = self.gone_back.saturating_add(pages);
        let max_stale = MAX_STALE_BACK.saturating_add(pages.saturating_mul(2));
        self.max_stale = self.max_stale.max(max_stale);
        self.stale += 1;
        if self.gone_back > MAX_STALE_BACK + 2 * self.productive || self.stale >= self.max_stale {
            self.ignore_totals();
            return PagerAction::Continue;
        }
        self.page -= pages;
        self.state = ReadingState::Back(pages);
        self.reading.total = None;
        PagerAction::Continue
    }

    /// Ignores totals from now on. Records a gap, because earlier totals may have been wrong.
    fn ignore_totals(&mut self) {
        self.state = ReadingState::IgnoringTotals;
        self.reading.total = None;
        self.reading.record_gap();
        (self.stale, self.max_stale) = (0, MAX_STALE);
    }

    /// Handles a page without new items.
    fn stale(&mut self) -> PagerAction {
        self.stale += 1;
        match () {
            () if self.stale < self.max_stale => {}
            () if self.max_stale == MAX_STALE => return PagerAction::Fail(REPEATED),
            () => self.ignore_totals(),
        }
        PagerAction::Continue
    }

    /// Starts another reading of the list.
    fn read_again(&mut self) -> PagerAction {
        if self.reading.number == READINGS {
            return PagerAction::Fail(
                "the list changed during every reading: items may be missing",
            );
        }
        // The identifiers of items before a stored position are unknown, so that the next reading
        // cannot confirm them.
        let comparable = !self.reading.uncertain && self.before == 0;
        (self.before, self.resumed) = (0, None);
        self.reading = Reading {
            number: self.reading.number + 1,
            unconfirmed: comparable.then_some(self.reading.received),
            size: self.reading.size,
            ..Reading::default()
        };
        self.page = 1;
        PagerAction::Continue
    }
}

impl<T: Identified> NumberPager<T> {
    /// Returns whether the page contains an item of an earlier page of this reading.
    fn overlaps(&self, items: &[T]) -> bool {
        let reading = self.reading.number;
        items.iter().any(|item| self.seen.get(&self.hasher.hash(item.id())) == Some(&reading))
            || self.before_position(items).is_some()
    }

    /// Returns the number of items on this page that are before the resumed position, if the page
    /// contains a stored item.
    fn before_position(&self, items: &[T]) -> Option<usize> {
        let last = &self.resumed.as_ref()?.last;
        let known = |item: &T| last.iter().any(|id| id == item.id());
        items.iter().rposition(known).map(|items_before| items_before + 1)
    }

    /// Records the items and removes known ones. Also returns whether any is new to this reading.
    fn deduplicate(&mut self, mut items: Vec<T>) -> (Vec<T>, bool) {
        let reading = self.reading.number;
        let (before, mut any_new) = self.match_stored(&items);
        items.drain(..before);
        items.retain(|item| {
            let earlier = self.seen.insert(self.hasher.hash(item.id()), reading);
            if earlier == Some(reading) {
                self.reading.repeats += 1;
                return false;
            }
            any_new = true;
            self.reading.received += 1;
            if earlier == Some(reading - 1) {
                self.reading.unconfirmed =
                    self.reading.unconfirmed.map(|left| left.saturating_sub(1));
            }
            earlier.is_none()
        });
        (items, any_new)
    }

    /// Searches the page for the stored items. Returns the number of items before the position, and
    /// whether this page is the first with a stored item.
    fn match_stored(&mut self, items: &[T]) -> (usize, bool) {
        let (Some(items_before), Some(resumed)) = (self.before_position(items), &mut self.resumed)
        else {
            return (0, false);
        };
        let first = resumed.found == Overlap::Nothing;
        let whole = items.iter().any(|item| resumed.last.last().is_some_and(|id| id == item.id()));
        if whole {
            resumed.found = Overlap::Whole;
        } else if first {
            resumed.found = Overlap::Part;
        }
        (items_before, first)
    }

    /// Checks the totals of a resumed list: the total must have risen by as many items as the
    /// position has moved down. `items_before` is the number of items on this page before the position.
    fn compare_resumed(&mut self, items_before: Option<usize>, total: Option<u64>) {
        self.reading.furthest = self.reading.furthest.max(self.page);
        let now = self.reading.size.map(|size| size.saturating_mul(self.page - 1));
        let Some(resumed) = &mut self.resumed else { return };
        let (Some(end), Some(now), Some(before), Some(total)) =
            (resumed.end, now, resumed.total, total)
        else {
            return;
        };
        let more = total.checked_sub(before);
        match (resumed.found, items_before) {
            // The list has not moved: the position is directly before this page.
            (Overlap::Nothing, None) if more == Some(0) => resumed.found = Overlap::Whole,
            (Overlap::Whole, Some(items_before)) => {
                let moved = now.saturating_add(items_before as u64).checked_sub(end);
                // If the total fell, the pager has gone back to this page.
                self.reading.totals_wrong |= more.is_some() && more != moved;
            }
            _ => {}
        }
    }

    /// Returns whether this is the last page, and the number of items up to the end of this page.
    fn ends(&self, items: u64, size: Option<u64>, total: Option<u64>) -> (bool, Option<u64>) {
        let full = self.reading.size;
        let extent = match (self.page, full) {
            (1, _) => Some(items),
            (page, Some(full)) => Some((page - 1).saturating_mul(full).saturating_add(items)),
            _ => None,
        };
        let short = match (full, size) {
            (Some(full), _) => items < full,
            (None, Some(size)) => items < size,
            (None, None) => false,
        };
        let ends = match (total, extent) {
            _ if items == 0 => true,
            // The size of a page is known only from the response.
            (Some(total), Some(extent)) if full.is_none() => short && total == extent,
            (Some(total), Some(extent)) => short && total <= extent,
            // Without a total, only a page that is shorter than an earlier one is the last.
            _ => short && full.is_some(),
        };
        (ends, extent)
    }

    /// Ends the list if no item can be missing, or reads it again.
    fn end(&mut self, last: &LastPage) -> PagerAction {
        let whole = self.page == 1 && last.reported_total.is_none();
        let total = last.total.filter(|_| !self.reading.sizes_differ && !self.reading.totals_wrong);
        if !self.reading.gap && (whole || (total.is_some() && total == last.extent)) {
            return PagerAction::End;
        }
        if self.reading.unconfirmed != Some(0) {
            return self.read_again();
        }
        let shown =
            last.extent.filter(|_| !self.reading.sizes_differ).unwrap_or(self.reading.received);
        match last.reported_total {
            Some(total) if total > shown => PagerAction::Fail(SHORT),
            _ => PagerAction::End,
        }
    }

    /// Decides what follows after a page whose items were used.
    fn action_after(&mut self, last: &LastPage) -> PagerAction {
        if self.page == 1 && last.items > 0 {
            self.reading.size = Some(last.items);
        }
        if last.ends {
            return self.end(last);
        }
        if self.reading.unconfirmed == Some(0) && last.reported_total.is_none() {
            return PagerAction::End;
        }
        self.reading.sizes_differ |= self.page > 1 && Some(last.items) != self.reading.size;
        self.page = self.page.saturating_add(1);
        if last.any_new {
            (self.stale, self.max_stale) = (0, MAX_STALE);
            self.productive += 1;
            return PagerAction::Continue;
        }
        self.stale()
    }
}

impl<T: Identified + Send> Pager for NumberPager<T> {
    type Request = u64;
    type Response = NumberedPage<T>;
    type Item = T;

    fn request(&self) -> u64 {
        self.page
    }

    fn take(&mut self, page: NumberedPage<T>) -> PagerUpdate<T> {
        if page.page.is_some_and(|page| u64::try_from(page) != Ok(self.page)) {
            return PagerUpdate::empty(PagerAction::Fail(
                "the service sent a different page than requested",
            ));
        }
        let reported_total = page.total.filter(|total| *total <= MAX_TOTAL);
        let total = reported_total.filter(|_| self.state != ReadingState::IgnoringTotals);
        match self.link(self.overlaps(&page.items), total) {
            PageLink::Linked => {}
            PageLink::Gap => self.reading.record_gap(),
            PageLink::Back(pages) => {
                return PagerUpdate::empty(self.go_back(pages));
            }
        }
        if let ReadingState::Back(_) = self.state {
            self.state = ReadingState::Forward;
        }
        let before = std::mem::replace(&mut self.reading.total, total);
        if self.page == 1 {
            self.reading.gap = false;
            // The list is read from its start, so the stored items need not be found.
            if self.reading.number == 1 && self.before_position(&page.items).is_none() {
                self.resumed = None;
            }
        }
        let count = page.items.len() as u64;
        let (ends, extent) = self.ends(count, page.size, total);
        if count > 0 {
            let last = page.items.iter().rev().take(STORED_ITEMS).rev();
            self.last = last.map(|item| item.id().to_owned()).collect();
        }
        let repeats = self.reading.repeats;
        let (items_before, found) = (self.before_position(&page.items), self.found());
        let (items, any_new) = self.deduplicate(page.items);
        let moved = items_before.unwrap_or_default() as u64 + self.reading.repeats - repeats;
        match found {
            Overlap::Part if items_before.is_some() => self.compare_resumed(items_before, total),
            Overlap::Whole | Overlap::Part => {
                self.reading.compare(self.page, (before, total), moved, count);
            }
            Overlap::Nothing => self.compare_resumed(items_before, total),
        }
        let last = LastPage { items: count, any_new, ends, total, reported_total, extent };
        let action = self.action_after(&last);
        PagerUpdate { items, total: reported_total, action }
    }

    fn position(&self) -> Position {
        if self.page == 1 {
            return Position(Location::Start);
        }
        Position(Location::Page(PageLocation {
            number: self.page,
            total: self.reading.total,
            size: self.reading.size,
            last: self.last.clone(),
            received: self.before.saturating_add(self.seen.len() as u64),
            gap: self.reading.gap || self.reading.totals_wrong || self.reading.sizes_differ,
        }))
    }
}
