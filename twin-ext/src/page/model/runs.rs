//! Generated services that page by number.

use fastrand::Rng;

use super::{Pager as _, PagerAction, PagerUpdate, ReadResult, check, check_all, read};
use crate::page::Location;
use crate::page::cursor::Identified;
use crate::page::number::{NumberPager, NumberedPage};
use crate::position::PageLocation;

#[derive(Debug, Clone)]
struct Run(u64, String);

impl Identified for Run {
    fn id(&self) -> &str {
        &self.1
    }
}

/// Which total a service reports.
#[derive(Debug, Clone, Copy)]
enum Total {
    Correct,
    Never,
    Sometimes,
    /// Wrong by this difference.
    Off(i64),
    /// Always the total of the first response.
    Stale,
    Always(u64),
    AtRandom,
}

/// How a service treats the page number.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Numbers {
    Correct,
    Ignored,
    Clamped,
    /// Pages after this one are empty.
    Cut(u64),
}

/// Which page number a response contains.
#[derive(Debug, Clone, Copy)]
enum Echo {
    Never,
    Requested,
    Wrong,
}

#[derive(Debug)]
struct ListService {
    random: Rng,
    /// Newest first.
    runs: Vec<u64>,
    newest: u64,
    /// The page size.
    size: u64,
    /// The page size in the response.
    reported_size: Option<u64>,
    total: Total,
    initial_count: u64,
    /// The total of the first response.
    stale: Option<u64>,
    numbers: Numbers,
    echo: Echo,
    /// The number of changes that remain.
    changes: u32,
    /// The probability of a change between two requests.
    change_rate: f64,
    /// The initial runs that were not deleted.
    stayed: Vec<u64>,
}

impl ListService {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let count = random.u64(0..24);
        let runs: Vec<u64> = (0..count).rev().collect();
        let size = random.u64(1..8);
        let total = match random.u8(0..12) {
            0..=4 => Total::Correct,
            5 | 6 => Total::Never,
            7 => Total::Sometimes,
            8 => Total::Off(random.i64(-3..=3)),
            9 => Total::Stale,
            10 => Total::Always(*[0, 1_000_000, u64::MAX].get(random.usize(0..3)).unwrap()),
            _ => Total::AtRandom,
        };
        let reported_size = match random.u8(0..4) {
            0 => None,
            // The service echoes the requested size, but its pages are shorter. Not with a wrong
            // total: one that agrees with this size would look correct.
            1 if !matches!(total, Total::Off(_)) => Some(size + random.u64(0..4)),
            _ => Some(size),
        };
        let numbers = match random.u8(0..12) {
            0 => Numbers::Ignored,
            1 => Numbers::Clamped,
            2 if matches!(total, Total::Correct) => Numbers::Cut(random.u64(1..4)),
            _ => Numbers::Correct,
        };
        let echo = match random.u8(0..12) {
            0 => Echo::Wrong,
            1..=3 => Echo::Never,
            _ => Echo::Requested,
        };
        let changes = [0, 1, 2, 5, 1_000][random.usize(0..5)];
        let change_rate = [0.2, 0.5, 1.0][random.usize(0..3)];
        Self {
            random,
            stayed: runs.clone(),
            newest: count,
            initial_count: count,
            stale: None,
            runs,
            size,
            reported_size,
            total,
            numbers,
            echo,
            changes,
            change_rate,
        }
    }

    /// Adds and deletes runs between two requests.
    fn change(&mut self) {
        while self.changes > 0 && self.random.f64() < self.change_rate / 2.0 {
            self.changes -= 1;
            if self.random.bool() {
                self.runs.insert(0, self.newest);
                self.newest += 1;
            } else if !self.runs.is_empty() {
                let gone = self.runs.remove(self.random.usize(0..self.runs.len()));
                self.stayed.retain(|run| *run != gone);
            }
        }
    }

    fn total(&mut self) -> Option<u64> {
        let right = self.runs.len() as u64;
        match self.total {
            Total::Correct => Some(right),
            Total::Never => None,
            Total::Sometimes => self.random.bool().then_some(right),
            Total::Off(by) => right.checked_add_signed(by),
            Total::Stale => Some(*self.stale.get_or_insert(right)),
            Total::Always(total) => Some(total),
            Total::AtRandom => Some(self.random.u64(0..1_000_000)),
        }
    }

    fn respond(&mut self, asked: u64) -> NumberedPage<Run> {
        self.change();
        let pages = (self.runs.len() as u64).div_ceil(self.size).max(1);
        let page = match self.numbers {
            Numbers::Ignored => 1,
            Numbers::Clamped => asked.min(pages),
            Numbers::Correct | Numbers::Cut(_) => asked,
        };
        let nothing = matches!(self.numbers, Numbers::Cut(last) if page > last);
        let size = usize::try_from(self.size).unwrap();
        let skipped = usize::try_from((page - 1).saturating_mul(self.size)).unwrap();
        let shown = self.runs.iter().skip(skipped).take(if nothing { 0 } else { size });
        let items = shown.map(|run| Run(*run, format!("run_{run}"))).collect();
        let page = match self.echo {
            Echo::Never => None,
            Echo::Requested => Some(asked.cast_signed()),
            Echo::Wrong => Some(self.random.i64(-1..9)),
        };
        NumberedPage { items, total: self.total(), page, size: self.reported_size }
    }
}

/// Returns the maximum number of requests. Each reading requests all pages and an empty one. A
/// pager goes back at most twice as many pages as it read, plus a constant.
fn bound(service: &ListService) -> u64 {
    let most = service.initial_count + 2 * u64::from(service.changes).min(40);
    60 + 12 * most.div_ceil(service.size)
}

fn read_one(seed: u64) -> Result<Option<&'static str>, String> {
    let mut service = ListService::new(seed);
    let bound = bound(&service);
    let mut pager = NumberPager::new(None);
    let reading = read(&mut pager, bound, |run: &Run| run.0, |page| service.respond(page));
    check(&reading, service.stayed.iter().copied(), bound)
        .map_err(|violation| format!("{violation} {service:?} {:?}", reading.fault))?;
    Ok(reading.fault)
}

#[test]
fn faulty_services_hide_no_run_without_an_error() {
    check_all("runs", read_one);
}

/// Reads a list of `count` runs that does not change.
fn read_unchanged(total: Total, count: u64, size: u64) -> ReadResult {
    let mut service = ListService::new(1);
    service.runs = (0..count).rev().collect();
    (service.size, service.reported_size, service.total) = (size, Some(size), total);
    (service.numbers, service.echo, service.changes) = (Numbers::Correct, Echo::Requested, 0);
    let mut pager = NumberPager::new(None);
    read(&mut pager, 100, |run: &Run| run.0, |page| service.respond(page))
}

#[test]
fn unchanged_list_of_runs_is_read_once() {
    for (count, requests) in [(0, 1), (1, 1), (3, 1), (4, 2), (5, 2), (8, 3), (9, 3)] {
        let reading = read_unchanged(Total::Correct, count, 4);
        assert_eq!((reading.fault, reading.requests), (None, requests), "{count}");
        assert_eq!(reading.items, (0..count).rev().collect::<Vec<_>>());
    }
    for count in 0..12 {
        for total in [Total::Never, Total::Always(u64::MAX), Total::Always(0)] {
            let reading = read_unchanged(total, count, 4);
            assert_eq!(reading.fault, None, "{count} {total:?}");
            assert_eq!(reading.items, (0..count).rev().collect::<Vec<_>>());
            assert!(reading.requests <= 2 * (count / 4 + 2), "{count} {}", reading.requests);
        }
    }
}

/// Reads some pages, then resumes from the position with another pager.
fn read_resumed(seed: u64) -> Result<Option<&'static str>, String> {
    let mut service = ListService::new(seed);
    let bound = bound(&service);
    let mut before = NumberPager::new(None);
    let mut read_before = Vec::new();
    for _ in 0..service.random.u8(1..5) {
        let PagerUpdate { items, action, .. } = before.take(service.respond(before.request()));
        read_before.extend(items.iter().map(|run: &Run| run.0));
        if !matches!(action, PagerAction::Continue) {
            return Ok(None);
        }
    }
    let location = match before.position().0 {
        Location::Page(numbered) => Some(numbered),
        _ => None,
    };
    let mut pager = NumberPager::new(location);
    let reading = read(&mut pager, bound, |run: &Run| run.0, |page| service.respond(page));
    let remaining = service.stayed.iter().copied().filter(|run| !read_before.contains(run));
    check(&reading, remaining, bound).map_err(|violation| {
        format!("{violation} {service:?} {:?} after {read_before:?}", reading.fault)
    })?;
    Ok(reading.fault)
}

#[test]
fn resumed_list_skips_no_run_without_an_error() {
    check_all("resumed runs", read_resumed);
}

#[test]
fn resume_from_any_stored_position_ends_within_the_bound() {
    for seed in 0..20_000 {
        let mut service = ListService::new(seed);
        let bound = bound(&service);
        let mut random = Rng::with_seed(seed);
        let mut number = || *random.choice(&[0, 1, 2, 3, 7, 40, u64::MAX - 1, u64::MAX]).unwrap();
        let location = PageLocation {
            number: number().max(1),
            total: Some(number()).filter(|total| *total != 7),
            size: Some(number()).filter(|size| *size != 7),
            last: vec!["run_1".to_owned(), "run_gone".to_owned()],
            received: number(),
            gap: number() % 2 == 0,
        };
        let mut pager = NumberPager::new(Some(location.clone()));
        let reading = read(&mut pager, bound, |run: &Run| run.0, |page| service.respond(page));
        assert!(reading.requests <= bound, "{location:?} {service:?}");
    }
}
