//! Events: asked for from behind an index.
//!
//! [`Tally`] keeps the account: which events came, behind which index to ask, how many are
//! missing; who follows a run that is under way keeps it, too. It reads no payload.

use std::collections::HashSet;
use std::hash::Hash;
use std::marker::PhantomData;

use twin_api::types::RunEvent;

use super::engine::{Pager, Step, Then};
use super::position::Indexed;
use super::seen::Marks;
use super::{Place, Position};

/// What is said of a service that always gives the same events.
pub(crate) const STUCK: &str = "the service gives no further events, whatever after_index says";

/// What is said when it says that there are more, and gives none.
pub(crate) const SHORT: &str = "the service gives no further events, and says that there are more";

/// What is said when the highest index is no measure of what came.
const DISORDER: &str = "the events come in no order by which one could go on";

/// Something with a place among its like.
pub(crate) trait Event {
    /// Its index, under whichever of the two names.
    fn index(&self) -> Option<u64>;

    /// What tells it from others, where it has no index.
    fn text(&self) -> (Option<&str>, &str);
}

impl Event for RunEvent {
    /// `event_index` is what the live service counts by, `index` what the reference shows.
    fn index(&self) -> Option<u64> {
        self.event_index.or(self.index)
    }

    fn text(&self) -> (Option<&str>, &str) {
        (self.recorded_at.as_deref(), self.event.get())
    }
}

/// The account of the events of one run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// The highest index that came.
    highest: Option<u64>,
    /// Everything up to this index came before.
    floor: Option<u64>,
    seen: HashSet<u64>,
    /// Of events without an index.
    odd: HashSet<u64>,
    marks: Marks,
    /// How many came before this account was opened.
    before: u64,
    came: u64,
}

impl Tally {
    /// An account that goes on: `came` events, up to this index, came before.
    pub(crate) fn from(after: Option<u64>, came: u64) -> Self {
        Self { highest: after, floor: after, before: came, ..Self::default() }
    }

    /// What to ask for: events behind this index.
    pub(crate) fn after_index(&self) -> Option<u64> {
        self.highest
    }

    /// How many different events came, with those before this account.
    pub(crate) fn came(&self) -> u64 {
        self.before + self.came
    }

    /// Leaves out what came before, and notes the rest. The order stays.
    pub(crate) fn fresh<E: Event>(&mut self, mut events: Vec<E>) -> Vec<E> {
        events.retain(|event| self.note(event));
        events
    }

    fn note(&mut self, event: &impl Event) -> bool {
        let new = match event.index() {
            Some(index) => {
                let new = self.floor.is_none_or(|floor| index > floor) && self.seen.insert(index);
                self.highest = self.highest.max(Some(index));
                new
            }
            None => self.odd.insert(self.mark(event.text())),
        };
        self.came += u64::from(new);
        new
    }

    fn mark(&self, value: impl Hash) -> u64 {
        self.marks.of(value)
    }

    /// Whether this event came before.
    fn knows(&self, event: &impl Event) -> bool {
        match event.index() {
            Some(index) => {
                self.floor.is_some_and(|floor| index <= floor) || self.seen.contains(&index)
            }
            None => self.odd.contains(&self.mark(event.text())),
        }
    }

    fn place(&self, from_first: bool) -> Position {
        let came = from_first.then_some(self.came());
        Position(Place::Event(Indexed { after: self.highest, came }))
    }
}

/// What tells one request from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ask {
    /// Events behind this index; where the builder says, if there is none.
    pub(super) after: Option<u64>,
    /// One event is enough: what matters is whether there is one.
    pub(super) one: bool,
}

/// What an answer holds.
#[derive(Debug)]
pub(super) struct Answer<E> {
    pub(super) items: Vec<E>,
    pub(super) total: Option<u64>,
}

/// What is being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// The next page.
    Page,
    /// Whether there really is nothing behind what came, now that the total agrees.
    Peek,
    /// The run's first event: whether this list began with it, now that the total does not
    /// agree.
    Origin { total: u64 },
    /// The same once more, from behind this index, because events came out of order.
    Again { after: u64 },
}

/// Asks for what comes behind the highest index.
pub(super) struct IndexPager<E> {
    tally: Tally,
    turn: Turn,
    /// Whether the list is known to begin with the run's first event, or to go on from there.
    from_first: bool,
    /// The lowest index of those that came after a higher one.
    disorder: Option<u64>,
    event: PhantomData<fn() -> E>,
}

impl<E> IndexPager<E> {
    pub(super) fn new(place: Option<Indexed>) -> Self {
        let from_first = place.as_ref().is_some_and(|place| place.came.is_some());
        let tally = place.map_or_else(Tally::default, |Indexed { after, came }| {
            Tally::from(after, came.unwrap_or_default())
        });
        Self { tally, turn: Turn::Page, from_first, disorder: None, event: PhantomData }
    }
}

impl<E: Event> IndexPager<E> {
    /// Of the order in which indexes come within an answer.
    fn note_order(&mut self, events: &[E]) {
        let mut highest = None;
        for index in events.iter().filter_map(Event::index) {
            if highest > Some(index) {
                self.disorder = Some(self.disorder.map_or(index, |lowest| lowest.min(index)));
            }
            highest = highest.max(Some(index));
        }
    }

    /// After an answer with something new.
    fn go_on(&mut self, total: Option<u64>) -> Then {
        let agrees = total == Some(self.tally.came());
        self.turn = if agrees { Turn::Peek } else { Turn::Page };
        Then::Go
    }

    /// After an answer without any event.
    fn empty(&mut self, total: Option<u64>) -> Then {
        match total.filter(|total| *total > self.tally.came()) {
            None => self.end(total),
            Some(_) if self.turn == Turn::Peek => self.turn(Turn::Page),
            Some(_) if self.from_first => Then::Fault(SHORT),
            Some(total) => self.turn(Turn::Origin { total }),
        }
    }

    /// After an answer whose events all came before.
    fn stale(&mut self, total: Option<u64>) -> Then {
        match () {
            () if total == Some(self.tally.came()) => Then::End,
            () if self.turn == Turn::Peek => self.turn(Turn::Page),
            () => Then::Fault(STUCK),
        }
    }

    /// Everything came, as far as the highest index tells.
    fn end(&mut self, total: Option<u64>) -> Then {
        match self.disorder {
            Some(after) if total != Some(self.tally.came()) => self.turn(Turn::Again { after }),
            _ => Then::End,
        }
    }

    fn turn(&mut self, turn: Turn) -> Then {
        self.turn = turn;
        Then::Go
    }

    /// After the answer that says whether the list began with the run's first event. It did
    /// not, if there is one before all that came.
    fn origin(&mut self, events: &[E]) -> Then {
        let lowest = self.tally.seen.iter().min().copied();
        let earlier = |event: &E| match (event.index(), lowest) {
            (Some(index), Some(lowest)) => index < lowest,
            _ => !self.tally.knows(event),
        };
        if events.iter().any(earlier) { self.end(None) } else { Then::Fault(SHORT) }
    }

    /// After another look at what came out of order.
    fn again(&mut self, after: u64, highest: Option<u64>, late: bool) -> Then {
        match highest {
            _ if late => Then::Fault(DISORDER),
            Some(highest) if highest > after => self.turn(Turn::Again { after: highest }),
            _ => Then::End,
        }
    }
}

impl<E: Event + Send> Pager for IndexPager<E> {
    type Ask = Ask;
    type Answer = Answer<E>;
    type Item = E;

    fn ask(&self) -> Ask {
        let after = self.tally.after_index();
        match self.turn {
            Turn::Page => Ask { after, one: false },
            Turn::Peek => Ask { after, one: true },
            Turn::Origin { .. } => Ask { after: Some(0), one: true },
            Turn::Again { after } => Ask { after: Some(after), one: false },
        }
    }

    fn take(&mut self, answer: Answer<E>) -> Step<E> {
        let Answer { items, total } = answer;
        if let Turn::Origin { total } = self.turn {
            let then = self.origin(&items);
            return Step { total: Some(total), ..Step::nothing(then) };
        }
        let empty = items.is_empty();
        let highest = items.iter().filter_map(Event::index).max();
        if !matches!(self.turn, Turn::Again { .. }) {
            self.note_order(&items);
        }
        let known = self.tally.after_index();
        let items = self.tally.fresh(items);
        let late = |event: &E| event.index().is_some() && event.index() < known;
        let then = match self.turn {
            Turn::Again { after } => self.again(after, highest, items.iter().any(late)),
            _ if !items.is_empty() => self.go_on(total),
            _ if empty => self.empty(total),
            _ => self.stale(total),
        };
        Step { items, total, then }
    }

    fn position(&self) -> Position {
        match self.tally.after_index() {
            None if self.tally.came() == 0 => Position(Place::Start),
            _ => self.tally.place(self.from_first),
        }
    }
}
