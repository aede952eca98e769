//! Reads a list by page number while its items come and go.
//!
//! When an item of an earlier page is deleted, the rest of the list moves up, and the first item
//! of the next page moves to an earlier page. A pager that only reads on would miss it. Therefore
//! each page must be *linked* to the pages before it. A page is linked if
//!
//! - it holds an item of an earlier page, so that nothing lies between them; or
//! - the total is not lower than before. New items come at the front and only move the others
//!   down, so that nothing can have moved up.
//!
//! If a page is not linked because the total is lower, the pager goes back to the page where the
//! rest must have moved. If a page cannot be linked, because there is no total or the total is
//! wrong, it leaves a *gap*, and the list is read once more. If all items of the first reading
//! come again in the second, none left the list in between, and so none was missed.
//!
//! One case is not detected: an item enters the list behind the pages that were read while another
//! leaves those pages, and the total stays the same. Only a filter by state makes that happen.
//!
//! | state | answer | next state | next request |
//! |---|---|---|---|
//! | any | another page number than requested | error | |
//! | `Forward` | linked | `Forward` | the next page |
//! | `Forward` | fewer items than before | `Back(n)` | the page where the rest moved |
//! | `Forward` | resumed, no total, the stored items are not on the page | `Back(1)` | the page before |
//! | `Forward` | no total | `Forward`, with a gap | the next page |
//! | `Back(n)` | overlaps with known items, or is the first page | `Forward` | the next page |
//! | `Back(n)` | does not overlap | `Back(2n)` | 2n pages before |
//! | `Back(n)` | too many pages back | `Distrusting`, with a gap | the same page |
//! | any but `Distrusting` | too many pages without anything new, after going back | `Distrusting`, with a gap | the next page |
//! | any | two pages without anything new | error | |
//! | `Distrusting` | overlaps or not | `Distrusting`, with a gap if not | the next page |
//! | any | the last page, no gap, the total agrees | end | |
//! | any | the last page, everything came again | end, or error if the total is higher | |
//! | any | the last page, otherwise | the same, a new reading | the first page |
//! | any | the same, in the fourth reading | error | |

mod reading;

use std::collections::HashMap;
use std::marker::PhantomData;

use self::reading::{LastPage, Link, Overlap, Reading, Resumed};
use super::cursor::Identified;
use super::dedupe::IdHasher;
use super::engine::{Action, Pager, Update};
use super::{Location, Position};
use crate::position::Numbered;

/// Maximum readings of a list.
const READINGS: u32 = 4;

/// Maximum consecutive pages without anything new.
const PATIENCE: u64 = 2;

/// The same after going back.
const PATIENCE_BACK: u64 = 8;

/// Maximum plausible total.
const PLAUSIBLE: u64 = 1_000_000_000_000;

/// How many of the last items of a page a position keeps. They show whether the list has moved
/// when it is resumed.
const LAST: usize = 3;

/// The error of a list whose pages hold fewer items than the service counts.
const SHORT: &str = "the list ends before as many items came as the service says there are";

/// The error of a service that repeats pages.
const STALE: &str = "the service ignores page and repeats the same items";

/// A page as the service sends it.
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
enum State {
    /// Reads page after page.
    Forward,
    /// Went back this many pages, to a page that must overlap with known items.
    Back(u64),
    /// Reads page after page and ignores totals.
    Distrusting,
}

/// Decides about a list by page number.
pub(super) struct NumberPager<T> {
    state: State,
    /// The page to request.
    page: u64,
    reading: Reading,
    /// The last reading in which each item came.
    seen: HashMap<u64, u32>,
    marks: IdHasher,
    /// The last items of the last page, in their order.
    last: Vec<String>,
    resumed: Option<Resumed>,
    /// How many items came before this stream.
    before: u64,
    /// How many consecutive pages brought nothing new, and how many may.
    fruitless: u64,
    patience: u64,
    /// How many pages brought something new, and how many the pager went back.
    fruitful: u64,
    gone_back: u64,
    item: PhantomData<fn() -> T>,
}

impl<T> NumberPager<T> {
    pub(super) fn new(place: Option<Numbered>) -> Self {
        let mut pager = Self {
            state: State::Forward,
            page: 1,
            reading: Reading { number: 1, ..Reading::default() },
            seen: HashMap::new(),
            marks: IdHasher::default(),
            last: Vec::new(),
            resumed: None,
            before: 0,
            fruitless: 0,
            patience: PATIENCE,
            fruitful: 0,
            gone_back: 0,
            item: PhantomData,
        };
        if let Some(place) = place.filter(|place| place.number > 1) {
            pager.page = place.number;
            pager.reading.total = place.total;
            pager.reading.size = place.size;
            pager.reading.gap = place.gap;
            pager.reading.furthest = place.number - 1;
            pager.before = place.came;
            pager.last.clone_from(&place.last);
            // After a gap all items must come again, also those before the position.
            pager.resumed = (!place.gap).then_some(Resumed {
                last: place.last,
                found: Overlap::Nothing,
                end: place.size.map(|size| size.saturating_mul(place.number - 1)),
                total: place.total,
            });
        }
        pager
    }

    /// Returns which of the stored items before the position were found.
    fn found(&self) -> Overlap {
        self.resumed.as_ref().map_or(Overlap::Whole, |resumed| resumed.found)
    }

    fn link(&self, overlaps: bool, total: Option<u64>) -> Link {
        if self.page == 1 || overlaps {
            return Link::Linked;
        }
        let before = match self.state {
            State::Distrusting => return Link::Gap,
            State::Back(pages) => return Link::Back(pages.saturating_mul(2)),
            State::Forward => self.reading.total,
        };
        match (before, total) {
            (Some(before), Some(total)) if total >= before => Link::Linked,
            (Some(before), Some(total)) => {
                Link::Back((before - total).div_ceil(self.reading.size.unwrap_or(1).max(1)))
            }
            _ if self.found() == Overlap::Nothing => Link::Back(1),
            _ => Link::Gap,
        }
    }

    /// Goes back to a page that must overlap with known items. After too many pages, the pager
    /// ignores totals and requests the same page again.
    fn go_back(&mut self, pages: u64) -> Action {
        let pages = pages.min(self.page - 1).max(1);
        self.gone_back = self.gone_back.saturating_add(pages);
        let patience = PATIENCE_BACK.saturating_add(pages.saturating_mul(2));
        self.patience = self.patience.max(patience);
        self.fruitless += 1;
        if self.gone_back > PATIENCE_BACK + 2 * self.fruitful || self.fruitless >= self.patience {
            self.distrust();
            return Action::Continue;
        }
        self.page -= pages;
        self.state = State::Back(pages);
        self.reading.total = None;
        Action::Continue
    }

    /// Ignores totals from now on, and records a gap for those that were used.
    fn distrust(&mut self) {
        self.state = State::Distrusting;
        self.reading.total = None;
        self.reading.gap = true;
        self.reading.unsure |= self.reading.repeats > 0;
        (self.fruitless, self.patience) = (0, PATIENCE);
    }

    fn fruitless(&mut self) -> Action {
        self.fruitless += 1;
        match () {
            () if self.fruitless < self.patience => {}
            () if self.patience == PATIENCE => return Action::Fail(STALE),
            () => self.distrust(),
        }
        Action::Continue
    }

    /// Starts another reading of the list.
    fn read_again(&mut self) -> Action {
        if self.reading.number == READINGS {
            return Action::Fail("the list changed each time it was read: items may be missing");
        }
        // Items from before this stream are not known one by one, and come again.
        let shows = !self.reading.unsure && self.before == 0;
        (self.before, self.resumed) = (0, None);
        self.reading = Reading {
            number: self.reading.number + 1,
            unconfirmed: shows.then_some(self.reading.came),
            size: self.reading.size,
            ..Reading::default()
        };
        self.page = 1;
        Action::Continue
    }
}

impl<T: Identified> NumberPager<T> {
    /// Returns whether the page holds an item that came before in this reading.
    fn overlaps(&self, items: &[T]) -> bool {
        let reading = self.reading.number;
        items.iter().any(|item| self.seen.get(&self.marks.hash(item.id())) == Some(&reading))
            || self.place_in(items).is_some()
    }

    /// Returns how many of these items lie before the resumed position.
    fn place_in(&self, items: &[T]) -> Option<usize> {
        let last = &self.resumed.as_ref()?.last;
        let known = |item: &T| last.iter().any(|id| id == item.id());
        items.iter().rposition(known).map(|place| place + 1)
    }

    /// Records the items and removes known ones. Returns also whether any is new to this reading.
    fn new_ones(&mut self, mut items: Vec<T>) -> (Vec<T>, bool) {
        let reading = self.reading.number;
        let (before, mut fruit) = self.meet(&items);
        items.drain(..before);
        items.retain(|item| {
            let earlier = self.seen.insert(self.marks.hash(item.id()), reading);
            if earlier == Some(reading) {
                self.reading.repeats += 1;
                return false;
            }
            fruit = true;
            self.reading.came += 1;
            if earlier == Some(reading - 1) {
                self.reading.unconfirmed =
                    self.reading.unconfirmed.map(|left| left.saturating_sub(1));
            }
            earlier.is_none()
        });
        (items, fruit)
    }

    /// Returns how many of these items came before this stream, and whether the resumed position
    /// is found for the first time.
    fn meet(&mut self, items: &[T]) -> (usize, bool) {
        let (Some(place), Some(resumed)) = (self.place_in(items), &mut self.resumed) else {
            return (0, false);
        };
        let first = resumed.found == Overlap::Nothing;
        let whole = items.iter().any(|item| resumed.last.last().is_some_and(|id| id == item.id()));
        if whole {
            resumed.found = Overlap::Whole;
        } else if first {
            resumed.found = Overlap::Part;
        }
        (place, first)
    }

    /// Compares the rise of the total since the position was stored with the number of items by
    /// which the position moved down: `place` items of this page are before it.
    fn compare_resumed(&mut self, place: Option<usize>, total: Option<u64>) {
        self.reading.furthest = self.reading.furthest.max(self.page);
        let now = self.reading.size.map(|size| size.saturating_mul(self.page - 1));
        let Some(resumed) = &mut self.resumed else { return };
        let (Some(end), Some(now), Some(before), Some(total)) =
            (resumed.end, now, resumed.total, total)
        else {
            return;
        };
        let more = total.checked_sub(before);
        match (resumed.found, place) {
            // Nothing moved, and the position is just before this page.
            (Overlap::Nothing, None) if more == Some(0) => resumed.found = Overlap::Whole,
            (Overlap::Whole, Some(place)) => {
                let moved = now.saturating_add(place as u64).checked_sub(end);
                // If there are fewer items, the pager has gone back to this page.
                self.reading.odd |= more.is_some() && more != moved;
            }
            _ => {}
        }
    }

    /// Returns whether this is the last page, and the number of items up to its end.
    fn ends(&self, items: u64, size: Option<u64>, total: Option<u64>) -> (bool, Option<u64>) {
        let full = self.reading.size.filter(|_| self.page > 1 || self.reading.number > 1);
        let extent = match (self.page, self.reading.size) {
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
            // For the first page, only the response tells the page size.
            (Some(total), Some(extent)) if full.is_none() => short && total == extent,
            (Some(total), Some(extent)) => short && total <= extent,
            // Without a total, only a page that is shorter than another shows the end.
            _ => short && full.is_some() && total.is_none(),
        };
        (ends, extent)
    }

    fn end(&mut self, last: &LastPage) -> Action {
        let whole = self.page == 1 && last.said.is_none();
        let total = last.total.filter(|_| !self.reading.uneven && !self.reading.odd);
        if !self.reading.gap && (whole || (total.is_some() && total == last.extent)) {
            return Action::End;
        }
        if self.reading.unconfirmed != Some(0) {
            return self.read_again();
        }
        let shown = last.extent.filter(|_| !self.reading.uneven).unwrap_or(self.reading.came);
        match last.said {
            Some(total) if total > shown => Action::Fail(SHORT),
            _ => Action::End,
        }
    }

    /// Decides after a page that was used.
    fn action_after(&mut self, last: &LastPage) -> Action {
        if self.page == 1 && last.came > 0 {
            self.reading.size = Some(last.came);
        }
        if last.ends {
            return self.end(last);
        }
        if self.reading.unconfirmed == Some(0) && last.said.is_none() {
            return Action::End;
        }
        self.reading.uneven |= self.page > 1 && Some(last.came) != self.reading.size;
        self.page = self.page.saturating_add(1);
        if last.fruit {
            (self.fruitless, self.patience) = (0, PATIENCE);
            self.fruitful += 1;
            return Action::Continue;
        }
        self.fruitless()
    }
}

impl<T: Identified + Send> Pager for NumberPager<T> {
    type Request = u64;
    type Response = NumberedPage<T>;
    type Item = T;

    fn request(&self) -> u64 {
        self.page
    }

    fn take(&mut self, answer: NumberedPage<T>) -> Update<T> {
        if answer.page.is_some_and(|page| u64::try_from(page) != Ok(self.page)) {
            return Update::empty(Action::Fail("the service gave another page than was asked for"));
        }
        let said = answer.total.filter(|total| *total <= PLAUSIBLE);
        let total = said.filter(|_| self.state != State::Distrusting);
        match self.link(self.overlaps(&answer.items), total) {
            Link::Linked => {}
            Link::Gap => {
                self.reading.gap = true;
                self.reading.unsure |= self.reading.repeats > 0;
            }
            Link::Back(pages) => {
                let action = self.go_back(pages);
                return Update { total: said, ..Update::empty(action) };
            }
        }
        if let State::Back(_) = self.state {
            self.state = State::Forward;
        }
        let before = std::mem::replace(&mut self.reading.total, total);
        if self.page == 1 {
            self.reading.gap = false;
            // All items come from the start, so that no position is searched.
            if self.reading.number == 1 && self.place_in(&answer.items).is_none() {
                self.resumed = None;
            }
        }
        let came = answer.items.len() as u64;
        let (ends, extent) = self.ends(came, answer.size, total);
        if came > 0 {
            let last = answer.items.iter().rev().take(LAST).rev();
            self.last = last.map(|item| item.id().to_owned()).collect();
        }
        let repeats = self.reading.repeats;
        let (place, found) = (self.place_in(&answer.items), self.found());
        let (items, fruit) = self.new_ones(answer.items);
        let moved = place.unwrap_or_default() as u64 + self.reading.repeats - repeats;
        match found {
            Overlap::Part if place.is_some() => self.compare_resumed(place, total),
            Overlap::Whole | Overlap::Part => {
                self.reading.compare(self.page, (before, total), moved, came);
            }
            Overlap::Nothing => self.compare_resumed(place, total),
        }
        let last = LastPage { came, fruit, ends, total, said, extent };
        let action = self.action_after(&last);
        Update { items, total: said, action }
    }

    fn position(&self) -> Position {
        if self.page == 1 {
            return Position(Location::Start);
        }
        Position(Location::Page(Numbered {
            number: self.page,
            total: self.reading.total,
            size: self.reading.size,
            last: self.last.clone(),
            came: self.before.saturating_add(self.seen.len() as u64),
            gap: self.reading.gap || self.reading.odd || self.reading.uneven,
        }))
    }
}
