//! Counts and deduplicates the events of a run.
//!
//! Both the list of events ([`IndexPager`](super::index::IndexPager)) and the events of a running
//! run ([`RunEvents`](crate::RunEvents)) use it. It sends no request and reads no payload.
//!
//! An index identifies an event. If one page shows several events with the same index, their
//! contents distinguish them. Contents are not compared across pages, because a service may write
//! the same event differently the next time.

use std::collections::{HashMap, HashSet};

use twin_api::types::RunEvent;

use super::dedupe::IdHasher;
use super::{Indexed, Location, Position};

/// An event with an index.
pub(crate) trait Event {
    /// Returns the index, under either of its two names.
    fn index(&self) -> Option<u64>;

    /// Returns what distinguishes events with the same index, or without one.
    fn contents(&self) -> (Option<&str>, &str);
}

impl Event for RunEvent {
    fn index(&self) -> Option<u64> {
        // As `RunEventExt::position`, which the feature `pages` alone does not have.
        self.event_index.or(self.index)
    }

    fn contents(&self) -> (Option<&str>, &str) {
        (self.recorded_at.as_deref(), self.event.get())
    }
}

/// How a service withholds events that it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortfall {
    /// It repeats known events.
    Stuck,
    /// It shows no events.
    Short,
}

impl Shortfall {
    /// Returns the message of the error.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Stuck => "the service ignores after_index and repeats the same events",
            Self::Short => "the service shows no further events, but its total is higher",
        }
    }
}

/// The result of a page.
#[derive(Debug)]
pub(crate) struct Entry<E> {
    /// The new events, in the order of the page.
    pub(crate) fresh: Vec<E>,
    /// How many events the page shows, known ones included.
    pub(crate) shown: u64,
    /// Whether the total equals the number of events that came.
    pub(crate) complete: bool,
    /// Set if nothing is new and the total is higher than the number of events that came.
    pub(crate) shortfall: Option<Shortfall>,
}

/// The events of one run that came so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// The highest index that came.
    highest: Option<u64>,
    /// Every event up to this index came before this tally.
    floor: Option<u64>,
    /// How many events came with each index.
    seen: HashMap<u64, usize>,
    /// The events without an index.
    unindexed: HashSet<u64>,
    marks: IdHasher,
    /// How many events came before this tally, if known.
    before: Option<u64>,
    came: u64,
}

impl Tally {
    /// Starts at a location in the list.
    pub(crate) fn new(place: &Indexed) -> Self {
        let Indexed { after, came } = *place;
        Self { highest: after, floor: after, before: came, ..Self::default() }
    }

    /// Returns the index after which to read on.
    pub(crate) fn after_index(&self) -> Option<u64> {
        self.highest
    }

    /// Returns how many different events this tally has seen.
    pub(crate) fn came(&self) -> u64 {
        self.came
    }

    /// Returns how many different events came since the run's first, if known.
    pub(crate) fn came_in_all(&self) -> Option<u64> {
        // A stored position may hold any count.
        self.before.map(|before| before.saturating_add(self.came))
    }

    /// Returns the lowest index that this tally has seen.
    pub(crate) fn lowest(&self) -> Option<u64> {
        self.seen.keys().min().copied()
    }

    /// Adds a page.
    pub(crate) fn enter<E: Event>(&mut self, events: Vec<E>, total: Option<u64>) -> Entry<E> {
        let shown = events.len() as u64;
        let asked = self.highest;
        let repeats = events.iter().any(|event| event.index() < asked);
        let fresh = self.fresh(events);
        // A page that shows what came before shows everything from the run's first event.
        let known = self.came_in_all().or(repeats.then_some(shown));
        let lacks = fresh.is_empty() && known.is_some_and(|known| total > Some(known));
        let shortfall = lacks.then_some(if repeats { Shortfall::Stuck } else { Shortfall::Short });
        Entry { fresh, shown, complete: known.is_some() && total == known, shortfall }
    }

    /// Removes known events and records the others, in their order.
    fn fresh<E: Event>(&mut self, mut events: Vec<E>) -> Vec<E> {
        let mut new = self.note(&events).into_iter();
        events.retain(|_| new.next().unwrap_or_default());
        events
    }

    /// Records the events of a page, and returns for each whether it is new.
    fn note<E: Event>(&mut self, events: &[E]) -> Vec<bool> {
        let mut alike = HashMap::<u64, Vec<&E>>::new();
        let mut note = |event| {
            let new = self.is_new(event, &mut alike);
            self.highest = self.highest.max(event.index());
            self.came += u64::from(new);
            new
        };
        events.iter().map(&mut note).collect()
    }

    /// Returns whether an event is new. `alike` holds the different events of the page so far.
    fn is_new<'e, E: Event>(&mut self, event: &'e E, alike: &mut HashMap<u64, Vec<&'e E>>) -> bool {
        let Some(index) = event.index() else {
            return self.unindexed.insert(self.marks.hash(event.contents()));
        };
        let alike = alike.entry(index).or_default();
        if alike.iter().any(|other| other.contents() == event.contents()) {
            return false;
        }
        alike.push(event);
        if self.floor.is_some_and(|floor| index <= floor) {
            return false;
        }
        let seen = self.seen.entry(index).or_default();
        let new = alike.len() > *seen;
        *seen = alike.len().max(*seen);
        new
    }

    /// Returns whether this event came before.
    pub(crate) fn knows(&self, event: &impl Event) -> bool {
        match event.index() {
            Some(index) => {
                self.floor.is_some_and(|floor| index <= floor) || self.seen.contains_key(&index)
            }
            None => self.unindexed.contains(&self.marks.hash(event.contents())),
        }
    }

    /// Returns the position to resume from.
    pub(crate) fn position(&self) -> Position {
        match (self.highest, self.came_in_all()) {
            (None, came) if came.unwrap_or(self.came) == 0 => Position(Location::Start),
            (after, came) => Position(Location::Event(Indexed { after, came })),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::event::RunEventExt as _;

    fn events(indexes: &[u64]) -> Vec<RunEvent> {
        let event = |index| json!({"event_index": index, "event": {"n": index}});
        serde_json::from_value(indexes.iter().map(event).collect()).unwrap()
    }

    fn from_first() -> Tally {
        Tally::new(&Indexed { after: None, came: Some(0) })
    }

    fn after(index: u64, came: Option<u64>) -> Tally {
        Tally::new(&Indexed { after: Some(index), came })
    }

    fn fresh(entry: &Entry<RunEvent>) -> Vec<u64> {
        entry.fresh.iter().filter_map(Event::index).collect()
    }

    #[test]
    fn gives_each_event_once() {
        let mut tally = from_first();
        assert_eq!(tally.after_index(), None);
        assert_eq!(fresh(&tally.enter(events(&[30, 10, 20, 10]), Some(5))), [30, 10, 20]);
        assert_eq!(tally.after_index(), Some(30));
        // A late event below the highest index is new, too.
        assert_eq!(fresh(&tally.enter(events(&[20, 15, u64::MAX]), Some(5))), [15, u64::MAX]);
        assert_eq!(tally.after_index(), Some(u64::MAX));
        let end = tally.enter(events(&[]), Some(5));
        assert!(end.fresh.is_empty() && end.complete && end.shortfall.is_none());
    }

    #[test]
    fn gives_different_events_with_one_index_and_drops_copies() {
        let page = |payloads: &[&str]| -> Vec<RunEvent> {
            let event = |kind: &&str| json!({"event_index": 7, "event": {*kind: {}}});
            serde_json::from_value(payloads.iter().map(event).collect()).unwrap()
        };
        let kinds = |entry: &Entry<RunEvent>| -> Vec<String> {
            entry.fresh.iter().map(|event| event.kind().name().unwrap().to_owned()).collect()
        };
        let mut tally = from_first();
        assert_eq!(kinds(&tally.enter(page(&["A", "B", "A", "B"]), None)), ["A", "B"]);
        assert!(tally.enter(page(&["A", "B"]), None).fresh.is_empty());
        // Another one with the same index, seen when the page is shown again.
        assert_eq!(kinds(&tally.enter(page(&["A", "B", "C"]), None)), ["C"]);
        assert_eq!(tally.came(), 3);
        // An event that is written differently the second time is the same event.
        let mut tally = from_first();
        tally.enter(page(&["A"]), None);
        assert!(tally.enter(page(&["a"]), None).fresh.is_empty());
    }

    #[test]
    fn repeated_events_below_the_total_are_reported_as_stuck() {
        let mut tally = from_first();
        let first: Vec<u64> = (1..=500).collect();
        tally.enter(events(&first), Some(1510));
        let entry = tally.enter(events(&first), Some(1510));
        assert_eq!((entry.shortfall, entry.complete), (Some(Shortfall::Stuck), false));
        assert_eq!(tally.came_in_all(), Some(500));
    }

    #[test]
    fn empty_page_below_the_total_is_reported_as_short() {
        let mut tally = from_first();
        tally.enter(events(&[1]), Some(2));
        assert_eq!(tally.enter(events(&[]), Some(2)).shortfall, Some(Shortfall::Short));
        assert_eq!(tally.enter(events(&[2]), Some(2)).shortfall, None);
        let entry = tally.enter(events(&[]), Some(2));
        assert_eq!((entry.shortfall, entry.complete), (None, true));
    }

    #[test]
    fn page_without_a_total_is_neither_short_nor_complete() {
        let mut tally = from_first();
        tally.enter(events(&[1]), None);
        let entry = tally.enter(events(&[1]), None);
        assert_eq!((entry.shortfall, entry.complete), (None, false));
    }

    #[test]
    fn resumed_index_without_a_count_counts_only_a_page_from_the_first_event() {
        let mut honest = after(2, None);
        assert_eq!(fresh(&honest.enter(events(&[3]), Some(3))), [3]);
        assert_eq!(honest.enter(events(&[]), Some(3)).shortfall, None);

        let mut inclusive = after(2, None);
        assert_eq!(inclusive.enter(events(&[2]), Some(2)).shortfall, None);

        let mut ignoring = after(2, None);
        assert_eq!(fresh(&ignoring.enter(events(&[1, 2, 3]), Some(3))), [3]);
        let entry = ignoring.enter(events(&[1, 2, 3]), Some(3));
        assert_eq!((entry.shortfall, entry.complete), (None, true));

        let mut capped = after(7, None);
        let entry = capped.enter(events(&[1, 2]), Some(9));
        assert_eq!(entry.shortfall, Some(Shortfall::Stuck));
    }

    #[test]
    fn resumed_position_reports_an_empty_page_below_the_total() {
        let mut tally = after(20, Some(2));
        assert_eq!(tally.enter(events(&[]), Some(3)).shortfall, Some(Shortfall::Short));
        assert_eq!(fresh(&tally.enter(events(&[30]), Some(3))), [30]);
        assert_eq!(tally.enter(events(&[]), Some(3)).shortfall, None);
    }

    #[test]
    fn events_without_an_index_keep_order_and_are_deduplicated() {
        let json = json!([{"event": {"b": 1}}, {"event": {"a": 1}}, {"event": {"b": 1}}]);
        let page = || serde_json::from_value::<Vec<RunEvent>>(json.clone()).unwrap();
        let mut tally = from_first();
        let entry = tally.enter(page(), None);
        let texts: Vec<&str> = entry.fresh.iter().map(|event| event.event.get()).collect();
        assert_eq!(texts, [r#"{"b":1}"#, r#"{"a":1}"#]);
        assert!(tally.enter(page(), None).fresh.is_empty());
        let dated: Vec<RunEvent> =
            serde_json::from_value(json!([{"recorded_at": "now", "event": {"a": 1}}])).unwrap();
        assert!(!tally.knows(&dated[0]));
        assert_eq!(tally.enter(dated, None).fresh.len(), 1);
    }

    #[test]
    fn largest_counts_and_indexes_do_not_overflow() {
        let mut tally = after(u64::MAX, Some(u64::MAX));
        let entry = tally.enter(events(&[u64::MAX, 1]), Some(u64::MAX));
        assert!(entry.fresh.is_empty() && entry.complete);
        let mut tally = after(1, Some(u64::MAX));
        assert_eq!(fresh(&tally.enter(events(&[2]), Some(u64::MAX))), [2]);
        let position = serde_json::to_value(tally.position()).unwrap();
        let place: &Value = &position["place"]["event"];
        assert_eq!((place["after"].as_u64(), place["came"].as_u64()), (Some(2), Some(u64::MAX)));
    }
}
