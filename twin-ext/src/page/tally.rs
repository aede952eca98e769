//! Counts and deduplicates the events of a run.
//!
//! The list of events ([`IndexPager`](super::index::IndexPager)) and the stream of a running run's
//! events ([`RunEvents`](crate::RunEvents)) use it. It sends no request and parses no payload.
//!
//! The index identifies an event. If one page has several events with the same index, their
//! contents distinguish them. Contents are not compared across pages, because a service may
//! serialise the same event differently each time.

use std::collections::{HashMap, HashSet};

use twin_api::types::RunEvent;

use super::dedupe::IdHasher;
use super::{EventLocation, Location, Position};

/// An event with an index.
pub(crate) trait Tallied {
    /// Returns the index, from `event_index` or `index`.
    fn index(&self) -> Option<u64>;

    /// Returns the recording time and the payload. They distinguish events that have the same
    /// index or none.
    fn contents(&self) -> (Option<&str>, &str);
}

impl Tallied for RunEvent {
    fn index(&self) -> Option<u64> {
        // `RunEventExt::position` does the same, but needs the feature `runs`.
        self.event_index.or(self.index)
    }

    fn contents(&self) -> (Option<&str>, &str) {
        (self.recorded_at.as_deref(), self.event.get())
    }
}

/// Why the received events are incomplete: the total counts more of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortfall {
    /// The last page had only known events.
    Repeated,
    /// The last page was empty, or had only the event at `after_index`.
    Missing,
}

impl Shortfall {
    /// Returns the message of the error.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Repeated => "the service ignores after_index and repeats the same events",
            Self::Missing => "the service returns no more events, but its total is higher",
        }
    }
}

/// The result of a page.
#[derive(Debug)]
pub(crate) struct NewEvents<E> {
    /// The new events, in the order of the page.
    pub(crate) new: Vec<E>,
    /// The number of events on the page, including known ones.
    pub(crate) shown: u64,
    /// Whether the total equals the number of received events.
    pub(crate) complete: bool,
    /// Set if no event is new and the total is higher than the number of received events.
    pub(crate) shortfall: Option<Shortfall>,
}

/// The received events of one run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// The highest received index.
    highest: Option<u64>,
    /// The highest index before this tally: events up to it were received earlier.
    floor: Option<u64>,
    /// The number of events with each index.
    seen: HashMap<u64, usize>,
    /// The hashes of events without an index.
    unindexed: HashSet<u64>,
    hasher: IdHasher,
    /// The number of events before this tally, if known.
    before: Option<u64>,
    /// The number of different events in this tally.
    received: u64,
}

impl Tally {
    /// Starts at a location in the list.
    pub(crate) fn new(location: &EventLocation) -> Self {
        let EventLocation { after, received } = *location;
        Self { highest: after, floor: after, before: received, ..Self::default() }
    }

    /// Returns the `after_index` of the next request.
    pub(crate) fn after_index(&self) -> Option<u64> {
        self.highest
    }

    /// Returns the number of different events in this tally.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Returns the number of different events since the first event of the run, if known.
    pub(crate) fn received_since_first(&self) -> Option<u64> {
        // `before` comes from a stored position and may have any value.
        self.before.map(|before| before.saturating_add(self.received))
    }

    /// Adds a page.
    pub(crate) fn add<E: Tallied>(&mut self, events: Vec<E>, total: Option<u64>) -> NewEvents<E> {
        let shown = events.len() as u64;
        let requested = self.highest;
        let repeats = events.iter().any(|event| event.index() < requested);
        let new = self.retain_new(events);
        // If the service ignores `after_index`, the page starts with the first event of the run.
        let known = self.received_since_first().or(repeats.then_some(shown));
        let lacks = new.is_empty() && known.is_some_and(|known| total > Some(known));
        let kind = if repeats { Shortfall::Repeated } else { Shortfall::Missing };
        let shortfall = lacks.then_some(kind);
        NewEvents { new, shown, complete: known.is_some() && total == known, shortfall }
    }

    /// Removes known events, and records the others.
    fn retain_new<E: Tallied>(&mut self, mut events: Vec<E>) -> Vec<E> {
        let mut new = self.record(&events).into_iter();
        events.retain(|_| new.next().unwrap_or_default());
        events
    }

    /// Records the events of a page. Returns for each whether it is new.
    fn record<E: Tallied>(&mut self, events: &[E]) -> Vec<bool> {
        let mut on_page = HashMap::<u64, Vec<&E>>::new();
        let mut record = |event| {
            let new = self.is_new(event, &mut on_page);
            self.highest = self.highest.max(event.index());
            self.received += u64::from(new);
            new
        };
        events.iter().map(&mut record).collect()
    }

    /// Returns whether an event is new. `on_page` collects the different events of the page.
    fn is_new<'e, E: Tallied>(
        &mut self,
        event: &'e E,
        on_page: &mut HashMap<u64, Vec<&'e E>>,
    ) -> bool {
        let Some(index) = event.index() else {
            return self.unindexed.insert(self.hasher.hash(event.contents()));
        };
        let same_index = on_page.entry(index).or_default();
        if same_index.iter().any(|other| other.contents() == event.contents()) {
            return false;
        }
        same_index.push(event);
        if self.floor.is_some_and(|floor| index <= floor) {
            return false;
        }
        let seen = self.seen.entry(index).or_default();
        let new = same_index.len() > *seen;
        *seen = same_index.len().max(*seen);
        new
    }

    /// Returns whether an event precedes the start of this tally.
    ///
    /// If the start has no index, an event precedes it if all received events come later.
    pub(crate) fn is_preceded_by(&self, event: &impl Tallied) -> bool {
        match (event.index(), self.floor) {
            (Some(index), Some(floor)) => index <= floor,
            (Some(index), None) => self.seen.keys().all(|seen| index < *seen),
            (None, _) => !self.unindexed.contains(&self.hasher.hash(event.contents())),
        }
    }

    /// Returns the position to resume from.
    pub(crate) fn position(&self) -> Position {
        match (self.highest, self.received_since_first()) {
            (None, received) if received.unwrap_or(self.received) == 0 => Position(Location::Start),
            (after, received) => Position(Location::Event(EventLocation { after, received })),
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
        Tally::new(&EventLocation { after: None, received: Some(0) })
    }

    fn after(index: u64, received: Option<u64>) -> Tally {
        Tally::new(&EventLocation { after: Some(index), received })
    }

    fn new_indexes(entry: &NewEvents<RunEvent>) -> Vec<u64> {
        entry.new.iter().filter_map(Tallied::index).collect()
    }

    #[test]
    fn returns_each_event_once() {
        let mut tally = from_first();
        assert_eq!(tally.after_index(), None);
        assert_eq!(new_indexes(&tally.add(events(&[30, 10, 20, 10]), Some(5))), [30, 10, 20]);
        assert_eq!(tally.after_index(), Some(30));
        // An event below the highest index is new if it was not received.
        assert_eq!(new_indexes(&tally.add(events(&[20, 15, u64::MAX]), Some(5))), [15, u64::MAX]);
        assert_eq!(tally.after_index(), Some(u64::MAX));
        let end = tally.add(events(&[]), Some(5));
        assert!(end.new.is_empty() && end.complete && end.shortfall.is_none());
    }

    #[test]
    fn returns_different_events_with_one_index_and_drops_duplicates() {
        let page = |payloads: &[&str]| -> Vec<RunEvent> {
            let event = |kind: &&str| json!({"event_index": 7, "event": {*kind: {}}});
            serde_json::from_value(payloads.iter().map(event).collect()).unwrap()
        };
        let kinds = |entry: &NewEvents<RunEvent>| -> Vec<String> {
            entry.new.iter().map(|event| event.kind().name().unwrap().to_owned()).collect()
        };
        let mut tally = from_first();
        assert_eq!(kinds(&tally.add(page(&["A", "B", "A", "B"]), None)), ["A", "B"]);
        assert!(tally.add(page(&["A", "B"]), None).new.is_empty());
        // When the page is repeated, a further event with the same index is new.
        assert_eq!(kinds(&tally.add(page(&["A", "B", "C"]), None)), ["C"]);
        assert_eq!(tally.received(), 3);
        // An event with the same index and other contents on a later page is the same event.
        let mut tally = from_first();
        tally.add(page(&["A"]), None);
        assert!(tally.add(page(&["a"]), None).new.is_empty());
    }

    #[test]
    fn page_of_known_events_below_the_total_is_a_repeated_shortfall() {
        let mut tally = from_first();
        let first: Vec<u64> = (1..=500).collect();
        tally.add(events(&first), Some(1510));
        let entry = tally.add(events(&first), Some(1510));
        assert_eq!((entry.shortfall, entry.complete), (Some(Shortfall::Repeated), false));
        assert_eq!(tally.received_since_first(), Some(500));
    }

    #[test]
    fn empty_page_below_the_total_is_a_missing_shortfall() {
        let mut tally = from_first();
        tally.add(events(&[1]), Some(2));
        assert_eq!(tally.add(events(&[]), Some(2)).shortfall, Some(Shortfall::Missing));
        assert_eq!(tally.add(events(&[2]), Some(2)).shortfall, None);
        let entry = tally.add(events(&[]), Some(2));
        assert_eq!((entry.shortfall, entry.complete), (None, true));
    }

    #[test]
    fn page_without_a_total_has_no_shortfall_and_is_not_complete() {
        let mut tally = from_first();
        tally.add(events(&[1]), None);
        let entry = tally.add(events(&[1]), None);
        assert_eq!((entry.shortfall, entry.complete), (None, false));
    }

    #[test]
    fn resume_from_an_index_without_a_count_uses_only_a_page_from_the_first_event() {
        let mut honest = after(2, None);
        assert_eq!(new_indexes(&honest.add(events(&[3]), Some(3))), [3]);
        assert_eq!(honest.add(events(&[]), Some(3)).shortfall, None);

        let mut inclusive = after(2, None);
        assert_eq!(inclusive.add(events(&[2]), Some(2)).shortfall, None);

        let mut ignoring = after(2, None);
        assert_eq!(new_indexes(&ignoring.add(events(&[1, 2, 3]), Some(3))), [3]);
        let entry = ignoring.add(events(&[1, 2, 3]), Some(3));
        assert_eq!((entry.shortfall, entry.complete), (None, true));

        let mut capped = after(7, None);
        let entry = capped.add(events(&[1, 2]), Some(9));
        assert_eq!(entry.shortfall, Some(Shortfall::Repeated));
    }

    #[test]
    fn resume_from_a_position_detects_an_empty_page_below_the_total() {
        let mut tally = after(20, Some(2));
        assert_eq!(tally.add(events(&[]), Some(3)).shortfall, Some(Shortfall::Missing));
        assert_eq!(new_indexes(&tally.add(events(&[30]), Some(3))), [30]);
        assert_eq!(tally.add(events(&[]), Some(3)).shortfall, None);
    }

    #[test]
    fn events_without_an_index_keep_order_and_are_deduplicated() {
        let json = json!([{"event": {"b": 1}}, {"event": {"a": 1}}, {"event": {"b": 1}}]);
        let page = || serde_json::from_value::<Vec<RunEvent>>(json.clone()).unwrap();
        let mut tally = from_first();
        let entry = tally.add(page(), None);
        let texts: Vec<&str> = entry.new.iter().map(|event| event.event.get()).collect();
        assert_eq!(texts, [r#"{"b":1}"#, r#"{"a":1}"#]);
        assert!(tally.add(page(), None).new.is_empty());
        let dated: Vec<RunEvent> =
            serde_json::from_value(json!([{"recorded_at": "now", "event": {"a": 1}}])).unwrap();
        assert!(tally.is_preceded_by(&dated[0]));
        assert_eq!(tally.add(dated, None).new.len(), 1);
    }

    #[test]
    fn events_before_the_start_precede_the_tally() {
        let preceding = |tally: &Tally| -> Vec<bool> {
            events(&[1, 2, 3, 4, 5]).iter().map(|event| tally.is_preceded_by(event)).collect()
        };
        let mut tally = after(2, None);
        assert_eq!(preceding(&tally), [true, true, false, false, false]);
        tally.add(events(&[4]), None);
        assert_eq!(preceding(&tally), [true, true, false, false, false]);
        // The caller may have set an `after_index` that the tally does not know.
        let mut tally = Tally::default();
        assert_eq!(preceding(&tally), [true; 5]);
        tally.add(events(&[4, 3]), None);
        assert_eq!(preceding(&tally), [true, true, false, false, false]);
    }

    #[test]
    fn position_is_the_start_only_if_no_event_was_received() {
        let unindexed =
            || -> Vec<RunEvent> { serde_json::from_value(json!([{"event": {"a": 1}}])).unwrap() };
        let place = |tally: &Tally| serde_json::to_value(tally.position()).unwrap()["place"].take();
        for (mut tally, received) in [(Tally::default(), Value::Null), (from_first(), json!(1))] {
            assert_eq!(place(&tally), json!("start"));
            let page = unindexed();
            assert!(tally.is_preceded_by(&page[0]));
            tally.add(page, None);
            assert!(!tally.is_preceded_by(&unindexed()[0]));
            let expected = json!({"event": {"after": null, "came": received}});
            assert_eq!(place(&tally), expected);
        }
    }

    #[test]
    fn largest_counts_and_indexes_do_not_overflow() {
        let mut tally = after(u64::MAX, Some(u64::MAX));
        let entry = tally.add(events(&[u64::MAX, 1]), Some(u64::MAX));
        assert!(entry.new.is_empty() && entry.complete);
        let mut tally = after(1, Some(u64::MAX));
        assert_eq!(new_indexes(&tally.add(events(&[2]), Some(u64::MAX))), [2]);
        let position = serde_json::to_value(tally.position()).unwrap();
        let place: &Value = &position["place"]["event"];
        assert_eq!((place["after"].as_u64(), place["came"].as_u64()), (Some(2), Some(u64::MAX)));
    }
}
