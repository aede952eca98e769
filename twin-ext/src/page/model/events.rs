//! Generated services that page events by index.

use fastrand::Rng;

use super::{check, check_all, read};
use crate::page::index::{EventsPage, EventsRequest, IndexPager};
use crate::page::tally::Tallied;

#[derive(Debug, Clone)]
struct ModelEvent(u64, Option<u64>);

impl Tallied for ModelEvent {
    fn index(&self) -> Option<u64> {
        self.1
    }

    fn contents(&self) -> (Option<&str>, &str) {
        // All of these events have an index.
        (None, ["a", "b", "c", "d"][usize::try_from(self.0 % 4).unwrap_or_default()])
    }
}

/// Which total a service reports.
#[derive(Debug, Clone, Copy)]
enum Total {
    Correct,
    Never,
    Sometimes,
    Off(i64),
    Always(u64),
}

/// How a service treats `after_index`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum After {
    Correct,
    Ignored,
    /// The service returns only this many events.
    Cut(usize),
}

/// The order of events in a response.
#[derive(Debug, Clone, Copy)]
enum Order {
    Correct,
    Reversed,
    Shuffled,
}

#[derive(Debug)]
struct ListService {
    random: Rng,
    indexes: Vec<u64>,
    cap: usize,
    after: After,
    order: Order,
    total: Total,
    growth: u32,
}

impl ListService {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let count = random.usize(0..24);
        let mut index = if random.u8(0..4) == 0 { u64::MAX - 40 } else { random.u64(0..9) };
        let indexes: Vec<u64> = (0..count)
            .map(|_| {
                index = index.saturating_add(1);
                index
            })
            .collect();
        let total = match random.u8(0..8) {
            0..=2 => Total::Correct,
            3 | 4 => Total::Never,
            5 => Total::Sometimes,
            6 => Total::Off(random.i64(-3..=3)),
            _ => Total::Always(*[0, 1_000, u64::MAX].get(random.usize(0..3)).unwrap()),
        };
        let order = match random.u8(0..8) {
            0 => Order::Reversed,
            1 => Order::Shuffled,
            _ => Order::Correct,
        };
        let after = match random.u8(0..8) {
            // A wrong total that equals the number of returned events would look correct.
            0 | 1 if !matches!(total, Total::Off(_)) => After::Ignored,
            2 if matches!(total, Total::Correct) => After::Cut(random.usize(1..9)),
            _ => After::Correct,
        };
        let growth = [0, 0, 3, 20][random.usize(0..4)];
        let cap = random.usize(1..9);
        Self { random, indexes, cap, after, order, total, growth }
    }

    fn respond(&mut self, request: EventsRequest) -> EventsPage<ModelEvent> {
        if self.growth > 0 && self.random.bool() {
            self.growth -= 1;
            let next = self.indexes.last().map_or(1, |last| last.saturating_add(1));
            if self.indexes.last() != Some(&next) {
                self.indexes.push(next);
            }
        }
        let behind = match self.after {
            After::Ignored => None,
            _ => request.after,
        };
        let visible = match self.after {
            After::Cut(last) => &self.indexes[..last.min(self.indexes.len())],
            _ => &self.indexes[..],
        };
        let later = visible.iter().copied().filter(|index| behind.is_none_or(|at| *index > at));
        let mut events: Vec<u64> = later.collect();
        let cap = if request.one { 1 } else { self.cap };
        events.truncate(cap);
        match self.order {
            Order::Reversed => events.reverse(),
            Order::Shuffled => self.random.shuffle(&mut events),
            Order::Correct => {}
        }
        let right = self.indexes.len() as u64;
        let total = match self.total {
            Total::Correct => Some(right),
            Total::Never => None,
            Total::Sometimes => self.random.bool().then_some(right),
            Total::Off(by) => right.checked_add_signed(by),
            Total::Always(total) => Some(total),
        };
        let items = events.iter().map(|index| ModelEvent(*index, Some(*index))).collect();
        EventsPage { items, total }
    }
}

#[test]
fn faulty_services_hide_no_event_without_an_error() {
    check_all("events", |seed| {
        let mut service = ListService::new(seed);
        let first = service.indexes.clone();
        let mut pager = IndexPager::new(None);
        let reading =
            read(&mut pager, 200, |event: &ModelEvent| event.0, |request| service.respond(request));
        check(&reading, first, 200)
            .map_err(|violation| format!("{violation} {service:?} {:?}", reading.fault))?;
        Ok(reading.fault)
    });
}
