//! Lists by page number, of which items come and go while they are read.
//!
//! When something is deleted from the pages that were read, the rest moves up, and the first
//! of the next page is on a page that was read already: reading on would miss it. So each page
//! must be linked to those before it. It is when
//!
//! - it holds something that came on an earlier page, so that what lies between came too; or
//! - the service says that there are no fewer items than before. New ones come at the front
//!   and move the others down only, so that nothing can have moved up.
//!
//! A page that is not linked because there are fewer items now is not used: the pager goes
//! back to where the rest must have moved. What the service does not count it cannot link, nor
//! does it believe a count that, in the end, is not that of the pages: then it reads the list
//! once more. When everything came again, nothing had left before it was passed, and so
//! nothing was missed.
//!
//! It does not notice an item that enters the list behind what was read while another leaves
//! it before, if the service's count is steady and right. Only a filter by state lets that be.

mod pass;

use std::collections::HashMap;
use std::marker::PhantomData;

use self::pass::{Last, Link, Pass, Resumed};
use super::cursor::Identified;
use super::engine::{Pager, Step, Then};
use super::position::Numbered;
use super::seen::Marks;
use super::{Place, Position};

/// How often a list is read before it is given up.
const PASSES: u32 = 4;

/// So many answers that bring nothing, one after the other, are too many.
const PATIENCE: u64 = 2;

/// So many are after going back.
const PATIENCE_BACK: u64 = 8;

/// A total above this is none.
const PLAUSIBLE: u64 = 1_000_000_000_000;

/// So many of the last items of a page show, when a list is taken up again, that it has not
/// moved.
const LAST: usize = 3;

/// What is said when all pages came, and not all items.
const SHORT: &str = "the list ends before as many items came as the service says there are";

/// What is said when pages hold what earlier ones held.
const STALE: &str = "the service gives the same items, whatever page says";

/// What an answer holds.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub(super) items: Vec<T>,
    pub(super) total: Option<u64>,
    /// The number of the page, as the answer says.
    pub(super) page: Option<i64>,
    /// How many items a page has at most, as the answer says.
    pub(super) size: Option<u64>,
}

/// Goes from page to page.
pub(super) struct NumberPager<T> {
    /// The page to ask for.
    page: u64,
    pass: Pass,
    /// In which pass an item came last.
    seen: HashMap<u64, u32>,
    marks: Marks,
    /// The last items of the last page, in their order.
    last: Vec<String>,
    resumed: Option<Resumed>,
    /// How many came before this stream.
    before: u64,
    /// How many answers in a row brought nothing, and how many may.
    fruitless: u64,
    patience: u64,
    /// How many answers brought something, and how many pages were gone back.
    fruitful: u64,
    gone_back: u64,
    /// The total changes without sense: it is as if there were none.
    distrusts: bool,
    item: PhantomData<fn() -> T>,
}

impl<T> NumberPager<T> {
    pub(super) fn new(place: Option<Numbered>) -> Self {
        let mut pager = Self {
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
            distrusts: false,
            item: PhantomData,
        };
        if let Some(place) = place.filter(|place| place.number > 1) {
            pager.page = place.number;
            pager.pass.total = place.total;
            pager.pass.size = place.size;
            pager.pass.gap = place.gap;
            pager.before = place.came;
            pager.last.clone_from(&place.last);
            // After a gap all must come again, what came before too.
            pager.resumed = (!place.gap).then_some(Resumed { last: place.last, met: false });
        }
        pager
    }

    fn link(&self, overlaps: bool, total: Option<u64>) -> Link {
        let Pass { back, size, total: before, .. } = self.pass;
        match (before, total) {
            _ if self.page == 1 || overlaps => Link::Linked,
            _ if back > 0 => Link::Back(back.saturating_mul(2)),
            (Some(before), Some(total)) if total >= before => Link::Linked,
            (Some(before), Some(total)) => {
                Link::Back((before - total).div_ceil(size.unwrap_or(1).max(1)))
            }
            _ if self.resumed.as_ref().is_some_and(|resumed| !resumed.met) => Link::Back(1),
            _ => Link::Gap,
        }
    }

    /// Goes back to a page that must overlap with what came. Where that leads nowhere, the
    /// total is not to be relied upon, and the page is asked for again.
    fn go_back(&mut self, pages: u64) -> Then {
        let pages = pages.min(self.page - 1).max(1);
        self.gone_back += pages;
        self.patience = self.patience.max(PATIENCE_BACK + 2 * pages);
        self.fruitless += 1;
        if self.gone_back > PATIENCE_BACK + 2 * self.fruitful || self.fruitless >= self.patience {
            self.distrust();
            return Then::Go;
        }
        self.page -= pages;
        self.pass.back = pages;
        self.pass.total = None;
        Then::Go
    }

    /// From now on nothing is linked by its total, and nothing was.
    fn distrust(&mut self) {
        self.distrusts = true;
        self.pass.back = 0;
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

    /// Begins to read the list once more.
    fn read_again(&mut self) -> Then {
        if self.pass.number == PASSES {
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
        let before = self.meet(&items);
        let mut fruit = before > 0;
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

    /// How many of these, from the first, came before this stream.
    fn meet(&mut self, items: &[T]) -> usize {
        let Some(place) = self.place_in(items) else { return 0 };
        if let Some(resumed) = &mut self.resumed {
            resumed.met = true;
        }
        place
    }

    /// Compares what the service says, that there are more than before, with how many items
    /// of this page had moved down.
    fn compare(&mut self, before: Option<u64>, total: Option<u64>, moved: u64, came: u64) {
        // Of a place to go on from it is not known which items came before.
        let further = self.pass.furthest > 0 && self.page > self.pass.furthest;
        self.pass.furthest = self.pass.furthest.max(self.page);
        if let (true, Some(before), Some(total)) = (further, before, total) {
            let more = total.checked_sub(before).map(|more| more.min(came));
            self.pass.odd |= more != Some(moved);
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
    type Answer = Answer<T>;
    type Item = T;

    fn ask(&self) -> u64 {
        self.page
    }

    fn take(&mut self, answer: Answer<T>) -> Step<T> {
        if answer.page.is_some_and(|page| u64::try_from(page) != Ok(self.page)) {
            return Step::nothing(Then::Fault("the answer is another page than was asked for"));
        }
        let said = answer.total.filter(|total| *total <= PLAUSIBLE);
        let total = said.filter(|_| !self.distrusts);
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
        self.pass.back = 0;
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
        let (items, fruit) = self.new_ones(answer.items);
        self.compare(before, total, self.pass.repeats - repeats, came);
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
            came: self.before + self.seen.len() as u64,
            gap: self.pass.gap,
        }))
    }
}
