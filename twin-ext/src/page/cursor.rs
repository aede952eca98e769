//! Lists by cursor: the answer says where to go on.
//!
//! A cursor that came before, an item that came before, and pages without an item are what a
//! service shows that leads in circles. Memory does not grow with the items: of these the
//! latest are known one by one, and of all others one is, which is enough to notice a circle.

use std::collections::HashSet;
use std::marker::PhantomData;

use super::engine::{Pager, Step, Then};
use super::seen::{CycleDetector, Marks, Recent};
use super::{Place, Position};

/// So many of the latest items at least are known one by one.
const KNOWN: usize = 1 << 16;

/// So many pages without an item, one after the other, are no list that will end.
const EMPTY: u32 = 100;

/// So many pages of items that came before, one after the other, neither.
const STALE: u32 = 2;

/// An item that has an identifier.
pub(super) trait Identified {
    fn id(&self) -> &str;
}

/// What an answer holds.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

/// Follows cursors.
pub(super) struct CursorPager<T> {
    cursor: Option<String>,
    marks: Marks,
    cursors: HashSet<u64>,
    recent: Recent,
    circle: CycleDetector,
    empty: u32,
    stale: u32,
    item: PhantomData<fn() -> T>,
}

impl<T> CursorPager<T> {
    /// From where `cursor` leads, or from where the builder says.
    pub(super) fn new(cursor: Option<String>) -> Self {
        let marks = Marks::default();
        let cursors = cursor.iter().map(|cursor| marks.of(cursor)).collect();
        Self {
            cursor,
            marks,
            cursors,
            recent: Recent::new(KNOWN),
            circle: CycleDetector::default(),
            empty: 0,
            stale: 0,
            item: PhantomData,
        }
    }
}

impl<T: Identified> CursorPager<T> {
    /// Leaves out what came before; `None` where the list goes in a circle.
    fn new_ones(&mut self, items: Vec<T>) -> (Vec<T>, bool) {
        let mut circles = false;
        let mut new = items;
        new.retain(|item| {
            let mark = self.marks.of(item.id());
            if !self.recent.insert(mark) {
                return false;
            }
            circles |= self.circle.closes(mark);
            !circles
        });
        (new, circles)
    }
}

impl<T: Identified + Send> Pager for CursorPager<T> {
    type Ask = Option<String>;
    type Answer = Answer<T>;
    type Item = T;

    fn ask(&self) -> Self::Ask {
        self.cursor.clone()
    }

    fn take(&mut self, answer: Self::Answer) -> Step<T> {
        let came = answer.items.len();
        let (items, circles) = self.new_ones(answer.items);
        self.empty = if came == 0 { self.empty + 1 } else { 0 };
        self.stale = match came {
            0 => self.stale,
            _ if items.is_empty() => self.stale + 1,
            _ => 0,
        };
        let then = match answer.next.filter(|cursor| !cursor.is_empty()) {
            None => Then::End,
            Some(cursor) => {
                let new = self.cursors.insert(self.marks.of(&cursor));
                self.cursor = Some(cursor);
                match () {
                    () if circles => Then::Fault("the list begins again: an item came twice"),
                    () if !new => Then::Fault("the service gave a cursor that it gave before"),
                    () if self.empty >= EMPTY => {
                        Then::Fault("the service gives cursors, but no items any more")
                    }
                    () if self.stale >= STALE => {
                        Then::Fault("the service gives new cursors, but items that came before")
                    }
                    () => Then::Go,
                }
            }
        };
        Step { items, total: None, then }
    }

    fn position(&self) -> Position {
        Position(match &self.cursor {
            Some(cursor) => Place::Cursor(cursor.clone()),
            None => Place::Start,
        })
    }
}
