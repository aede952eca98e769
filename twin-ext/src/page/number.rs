//! Reads a list by page number while its items come and go.
//!
//! When an item is deleted from a page that was read, the rest of the list moves up, and the
//! first item of the next page is on a page that was read already: reading on would miss it. So
//! each page must be *linked* to those before it. It is linked when
//!
//! - it holds an item of an earlier page, so that what lies between came too; or
//! - the service counts no fewer items than before. New items come at the front and only move
//!   the others down, so that nothing can have moved up.
//!
//! A page that is not linked because there are fewer items now is not used: the pager goes back
//! to where the rest must have moved. A page that cannot be linked, because there is no total or
//! the total is wrong, leaves a *gap*: then the list is read once more. When everything came
//! again, nothing had left before it was passed, and so nothing was missed.
//!
//! The pager does not notice an item that enters the list after what was read while another
//! leaves it before, if the total is steady and right. Only a filter by state makes that happen.
//!
//! | state | answer | next state | next request |
//! |---|---|---|---|
//! | any | another page number than was asked for | error | |
//! | `Forward` | linked | `Forward` | the next page |
//! | `Forward` | fewer items than before | `Back(n)` | the page where the rest moved |
//! | `Forward` | resumed, no total, the place is not on the page | `Back(1)` | the page before |
//! | `Forward` | no total | `Forward`, with a gap | the next page |
//! | `Back(n)` | overlaps with what came, or is the first page | `Forward` | the next page |
//! | `Back(n)` | does not overlap | `Back(2n)` | 2n pages before |
//! | `Back(n)` | too many pages back | `Distrusting`, with a gap | the same page |
//! | any but `Distrusting` | too many pages without anything new, after going back | `Distrusting`, with a gap | the next page |
//! | any | two pages without anything new | error | |
//! | `Distrusting` | overlaps or not | `Distrusting`, with a gap if not | the next page |
//! | any | the last page, no gap, the total agrees | end | |
//! | any | the last page, everything came again | end, or error if the total is higher | |
//! | any | the last page, otherwise | the same, a new reading | the first page |
//! | any | the same, in the fourth reading | error | |

mod pass;

use std::collections::HashMap;
use std::marker::PhantomData;

use self::pass::{Found, Last, Link, Pass, Resumed};
use super::cursor::Identified;
use super::dedupe::Marks;
use super::engine::{Pager, Step, Then};
use super::{Place, Position};
use crate::position::Numbered;

/// How many times a list is read before the pager gives up.
const READINGS: u32 = 4;

/// Maximum consecutive pages without anything new.
const PATIENCE: u64 = 2;

/// The same after going back.
const PATIENCE_BACK: u64 = 8;

/// A higher total is not believed.
const PLAUSIBLE: u64 = 1_000_000_000_000;

/// How many of the last items of a page a position keeps. They show, when the list is resumed,
/// whether it has moved.
const LAST: usize = 3;

/// The error of a list whose pages hold fewer items than the service counts.
const SHORT: &str = "the list ends before as many items came as the service says there are";

/// The error of a service that repeats pages.
const STALE: &str = "the service gives the same items, whatever page says";

/// A page as the service gives it.
#[derive(Debug)]
pub(super) struct NumberedPage<T> {
    pub(super) items: Vec<T>,
    pub(super) total: Option<u64>,
    /// The number of the page, as the service says.
    pub(super) page: Option<i64>,
    /// How many items a page has at most, as the service says.
    pub(super) size: Option<u64>,
}

/// How the pager moves through the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It reads page after page.
    Forward,
    /// It went back this many pages, to a page that must overlap with what came.
    Back(u64),
    /// It reads page after page, and no longer believes the totals.
    Distrusting,
}

/// Reads pages in order of their numbers.
pub(super) struct NumberPager<T> {
    state: State,
    /// The page to ask for.
    page: u64,
    pass: Pass,
    /// In which reading each item came last.
    seen: HashMap<u64, u32>,
    marks: Marks,
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
            pass: Pass { number: 1, ..Pass::default() },
            seen: HashMap::new(),
            marks: Marks::default(),
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
            pager.pass.total = place.total;
            pager.pass.size = place.size;
            pager.pass.gap = place.gap;
            pager.pass.furthest = place.number - 1;
            pager.before = place.came;
            pager.last.clone_from(&place.last);
            // After a gap everything must come again, what came before too.
            pager.resumed = (!place.gap).then_some(Resumed {
                last: place.last,
                found: Found::Nothing,
                end: place.size.map(|size| size.saturating_mul(place.number - 1)),
                total: place.total,
            });
        }
        pager
    }

    /// How much was found of the place from which the list is resumed.
    fn found(&self) -> Found {
        self.resumed.as_ref().map_or(Found::Whole, |resumed| resumed.found)
    }

    fn link(&self, overlaps: bool, total: Option<u64>) -> Link {
        if self.page == 1 || overlaps {
            return Link::Linked;
        }
        let before = match self.state {
            State::Distrusting => return Link::Gap,
            State::Back(pages) => return Link::Back(pages.saturating_mul(2)),
            State::Forward => self.pass.total,
        };
        match (before, total) {
            (Some(before), Some(total)) if total >= before => Link::Linked,
            (Some(before), Some(total)) => {
                Link::Back((before - total).div_ceil(self.pass.size.unwrap_or(1).max(1)))
            }
            _ if self.found() == Found::Nothing => Link::Back(1),
            _ => Link::Gap,
        }
    }

    /// Goes back to a page that must overlap with what came. Where that leads nowhere, the
    /// totals are not believed any more, and the page is asked for again.
    fn go_back(&mut self, pages: u64) -> Then {
        let pages = pages.min(self.page - 1).max(1);
        self.gone_back = self.gone_back.saturating_add(pages);
        let patience = PATIENCE_BACK.saturating_add(pages.saturating_mul(2));
        self.patience = self.patience.max(patience);
        self.fruitless += 1;
        if self.gone_back > PATIENCE_BACK + 2 * self.fruitful || self.fruitless >= self.patience {
            self.distrust();
            return Then::Go;
        }
        self.page -= pages;
        self.state = State::Back(pages);
        self.pass.total = None;
        Then::Go
    }

    /// From now on nothing is linked by its total, and nothing was.
    fn distrust(&mut self) {
        self.state = State::Distrusting;
        self.pass.total = None;
        self.pass.gap = true;
        self.pass.unsure |= self.pass.repeats > 0;
        (self.fruitless, self.patience) = (0, PATIENCE);
    }

    fn fruitless(&mut self) -> Then {
        self.fruitless += 1;
        match () {
            () if self.fruitless < self.patience => {}
            () if self.patience == PATIENCE => return Then::Fault(STALE),
            () => self.distrust(),
        }
        Then::Go
    }

    /// Starts another reading of the list.
    fn read_again(&mut self) -> Then {
        if self.pass.number == READINGS {
            return Then::Fault("the list changed each time it was read: items may be missing");
        }
        // What came before this stream is not known one by one: it comes again.
        let shows = !self.pass.unsure && self.before == 0;
        (self.before, self.resumed) = (0, None);
        self.pass = Pass {
            number: self.pass.number + 1,
            unconfirmed: shows.then_some(self.pass.came),
            size: self.pass.size,
            ..Pass::default()
        };
        self.page = 1;
        Then::Go
    }
}

impl<T: Identified> NumberPager<T> {
    /// Whether the page holds something that came before in this pass.
    fn overlaps(&self, items: &[T]) -> bool {
        let pass = self.pass.number;
        items.iter().any(|item| self.seen.get(&self.marks.of(item.id())) == Some(&pass))
            || self.place_in(items).is_some()
    }

    /// Behind how many of these the place is from which the stream goes on.
    fn place_in(&self, items: &[T]) -> Option<usize> {
        let last = &self.resumed.as_ref()?.last;
        let known = |item: &T| last.iter().any(|id| id == item.id());
        items.iter().rposition(known).map(|place| place + 1)
    }

    /// Notes what came, and leaves out what came before. Tells whether anything is new to
    /// this pass.
    fn new_ones(&mut self, mut items: Vec<T>) -> (Vec<T>, bool) {
        let pass = self.pass.number;
        let (before, mut fruit) = self.meet(&items);
        items.drain(..before);
        items.retain(|item| {
            let earlier = self.seen.insert(self.marks.of(item.id()), pass);
            if earlier == Some(pass) {
                self.pass.repeats += 1;
                return false;
            }
            fruit = true;
            self.pass.came += 1;
            if earlier == Some(pass - 1) {
                self.pass.unconfirmed = self.pass.unconfirmed.map(|left| left.saturating_sub(1));
            }
            earlier.is_none()
        });
        (items, fruit)
    }

    /// How many of these, from the first, came before this stream; and whether the place from
    /// which it resumes is found for the first time.
    fn meet(&mut self, items: &[T]) -> (usize, bool) {
        let (Some(place), Some(resumed)) = (self.place_in(items), &mut self.resumed) else {
            return (0, false);
        };
        let first = resumed.found == Found::Nothing;
        let whole = items.iter().any(|item| resumed.last.last().is_some_and(|id| id == item.id()));
        if whole {
            resumed.found = Found::Whole;
        } else if first {
            resumed.found = Found::Part;
        }
        (place, first)
    }

    /// Compares by how much the total rose since the page before with how many items of this
    /// page moved down.
    fn compare(&mut self, before: Option<u64>, total: Option<u64>, moved: u64, came: u64) {
        let further = self.pass.furthest > 0 && self.page > self.pass.furthest;
        self.pass.furthest = self.pass.furthest.max(self.page);
        if let (true, Some(before), Some(total)) = (further, before, total) {
            let more = total.checked_sub(before).map(|more| more.min(came));
            self.pass.odd |= more != Some(moved);
        }
    }

    /// Compares by how much the total rose since the position was stored with how far its place
    /// moved down: `place` items of this page are before its end.
    fn compare_resumed(&mut self, place: Option<usize>, total: Option<u64>) {
        self.pass.furthest = self.pass.furthest.max(self.page);
        let now = self.pass.size.map(|size| size.saturating_mul(self.page - 1));
        let Some(resumed) = &mut self.resumed else { return };
        let (Some(end), Some(now), Some(before), Some(total)) =
            (resumed.end, now, resumed.total, total)
        else {
            return;
        };
        let more = total.checked_sub(before);
        match (resumed.found, place) {
            // Nothing moved, and the place is just before this page.
            (Found::Nothing, None) if more == Some(0) => resumed.found = Found::Whole,
            (Found::Whole, Some(place)) => {
                let moved = now.saturating_add(place as u64).checked_sub(end);
                // Where there are fewer items, the pager has gone back to this page.
                self.pass.odd |= more.is_some() && more != moved;
            }
            _ => {}
        }
    }

    /// Whether this is the last page, and behind how many items it ends.
    fn ends(&self, items: u64, size: Option<u64>, total: Option<u64>) -> (bool, Option<u64>) {
        let full = self.pass.size.filter(|_| self.page > 1 || self.pass.number > 1);
        let extent = match (self.page, self.pass.size) {
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
            // Of the first page only the answer says how long it could be.
            (Some(total), Some(extent)) if full.is_none() => short && total == extent,
            (Some(total), Some(extent)) => short && total <= extent,
            // Without a total only a page that is shorter than another shows the end.
            _ => short && full.is_some() && total.is_none(),
        };
        (ends, extent)
    }

    fn end(&mut self, last: &Last) -> Then {
        let whole = self.page == 1 && last.said.is_none();
        let total = last.total.filter(|_| !self.pass.uneven && !self.pass.odd);
        if !self.pass.gap && (whole || (total.is_some() && total == last.extent)) {
            return Then::End;
        }
        if self.pass.unconfirmed != Some(0) {
            return self.read_again();
        }
        let shown = last.extent.filter(|_| !self.pass.uneven).unwrap_or(self.pass.came);
        match last.said {
            Some(total) if total > shown => Then::Fault(SHORT),
            _ => Then::End,
        }
    }

    /// What comes after a page of which use was made.
    fn then(&mut self, last: &Last) -> Then {
        if self.page == 1 && last.came > 0 {
            self.pass.size = Some(last.came);
        }
        if last.ends {
            return self.end(last);
        }
        if self.pass.unconfirmed == Some(0) && last.said.is_none() {
            return Then::End;
        }
        self.pass.uneven |= self.page > 1 && Some(last.came) != self.pass.size;
        self.page = self.page.saturating_add(1);
        if last.fruit {
            (self.fruitless, self.patience) = (0, PATIENCE);
            self.fruitful += 1;
            return Then::Go;
        }
        self.fruitless()
    }
}

impl<T: Identified + Send> Pager for NumberPager<T> {
    type Ask = u64;
    type Answer = NumberedPage<T>;
    type Item = T;

    fn ask(&self) -> u64 {
        self.page
    }

    fn take(&mut self, answer: NumberedPage<T>) -> Step<T> {
        if answer.page.is_some_and(|page| u64::try_from(page) != Ok(self.page)) {
            return Step::nothing(Then::Fault("the service gave another page than was asked for"));
        }
        let said = answer.total.filter(|total| *total <= PLAUSIBLE);
        let total = said.filter(|_| self.state != State::Distrusting);
        match self.link(self.overlaps(&answer.items), total) {
            Link::Linked => {}
            Link::Gap => {
                self.pass.gap = true;
                self.pass.unsure |= self.pass.repeats > 0;
            }
            Link::Back(pages) => {
                let then = self.go_back(pages);
                return Step { total: said, ..Step::nothing(then) };
            }
        }
        if let State::Back(_) = self.state {
            self.state = State::Forward;
        }
        let before = std::mem::replace(&mut self.pass.total, total);
        if self.page == 1 {
            self.pass.gap = false;
            // Everything comes from the beginning; there is no place to be met.
            if self.pass.number == 1 && self.place_in(&answer.items).is_none() {
                self.resumed = None;
            }
        }
        let came = answer.items.len() as u64;
        let (ends, extent) = self.ends(came, answer.size, total);
        if came > 0 {
            let last = answer.items.iter().rev().take(LAST).rev();
            self.last = last.map(|item| item.id().to_owned()).collect();
        }
        let repeats = self.pass.repeats;
        let (place, found) = (self.place_in(&answer.items), self.found());
        let (items, fruit) = self.new_ones(answer.items);
        let moved = place.unwrap_or_default() as u64 + self.pass.repeats - repeats;
        match found {
            Found::Whole => self.compare(before, total, moved, came),
            Found::Part if place.is_none() => self.compare(before, total, moved, came),
            Found::Part | Found::Nothing => self.compare_resumed(place, total),
        }
        let last = Last { came, fruit, ends, total, said, extent };
        let then = self.then(&last);
        Step { items, total: said, then }
    }

    fn position(&self) -> Position {
        if self.page == 1 {
            return Position(Place::Start);
        }
        Position(Place::Page(Numbered {
            number: self.page,
            total: self.pass.total,
            size: self.pass.size,
            last: self.last.clone(),
            came: self.before.saturating_add(self.seen.len() as u64),
            gap: self.pass.gap || self.pass.odd || self.pass.uneven,
        }))
    }
}
