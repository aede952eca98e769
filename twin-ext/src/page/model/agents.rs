//! Generated services that page by cursor.

use fastrand::Rng;

use super::{check, check_all, read};
use crate::page::cursor::{CursorPage, CursorPager, CursorRequest, Identified};

#[derive(Debug, Clone)]
struct Agent(u64, String);

impl Identified for Agent {
    fn id(&self) -> &str {
        &self.1
    }
}

/// Which cursors a service sends.
#[derive(Debug, Clone, Copy)]
enum Cursors {
    Correct,
    /// None, so that agents beyond `limit` cannot be read.
    Never,
    /// The cursor of the request.
    Same,
    /// A cycle of this many cursors.
    Cycle(u64),
    /// Always new cursors, for a cycle of this many pages.
    NewCycle(u64),
    /// Always new cursors, for pages that are empty after this one.
    NewButEmpty(u64),
}

#[derive(Debug)]
struct ListService {
    random: Rng,
    /// Newest first.
    agents: Vec<u64>,
    newest: u64,
    size: usize,
    cursors: Cursors,
    /// The probability of an empty page before the end.
    empty: f64,
    /// The cursor of the last page.
    end: Option<&'static str>,
    /// The probability of a change before each response.
    change_rate: f64,
    /// The number of changes that remain.
    changes: u32,
    page: u64,
    /// The initial agents that were not deleted.
    stayed: Vec<u64>,
}

impl ListService {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let count = random.u64(0..24);
        let agents: Vec<u64> = (0..count).rev().collect();
        let cursors = match random.u8(0..10) {
            0 => Cursors::Same,
            1 => Cursors::Cycle(random.u64(1..4)),
            2 => Cursors::NewCycle(random.u64(1..4)),
            3 => Cursors::NewButEmpty(random.u64(0..4)),
            4 => Cursors::Never,
            _ => Cursors::Correct,
        };
        Self {
            stayed: agents.clone(),
            agents,
            newest: count,
            size: random.usize(1..8),
            cursors,
            empty: [0.0, 0.3, 0.9][random.usize(0..3)],
            end: [None, Some("")][random.usize(0..2)],
            change_rate: [0.0, 0.3][random.usize(0..2)],
            changes: 20,
            page: 0,
            random,
        }
    }

    fn change(&mut self) {
        if self.changes == 0 {
            return;
        }
        if self.random.f64() < self.change_rate {
            self.changes -= 1;
            self.agents.insert(0, self.newest);
            self.newest += 1;
        }
        if self.random.f64() < self.change_rate && !self.agents.is_empty() {
            let gone = self.agents.remove(self.random.usize(0..self.agents.len()));
            self.stayed.retain(|agent| *agent != gone);
        }
    }

    /// Returns a page. A new cursor contains the number of an agent and of the page, so that it is
    /// unique.
    fn respond(&mut self, request: &CursorRequest) -> CursorPage<Agent> {
        let (cursor, limit) = match request {
            CursorRequest::Page(cursor) => (cursor.as_deref(), self.size),
            CursorRequest::FirstPage(limit) => (None, usize::try_from(*limit).unwrap()),
        };
        self.change();
        self.page += 1;
        let below =
            cursor.map_or(u64::MAX, |cursor| cursor.split('/').next().unwrap().parse().unwrap());
        let below = match self.cursors {
            Cursors::NewCycle(pages) if self.page.is_multiple_of(pages) => u64::MAX,
            Cursors::NewButEmpty(last) if self.page > last => 0,
            _ => below,
        };
        let never = matches!(self.cursors, Cursors::Never);
        let size = if !never && self.random.f64() < self.empty { 0 } else { limit };
        let mut left = self.agents.iter().filter(|agent| **agent < below);
        let page: Vec<u64> = left.by_ref().take(size).copied().collect();
        let next = page.last().copied().unwrap_or(below);
        let right = left.next().map(|_| format!("{next}/{}", self.page));
        let next = match self.cursors {
            Cursors::Correct => right,
            Cursors::Never => None,
            Cursors::Same => right.map(|right| cursor.map_or(right, str::to_owned)),
            Cursors::Cycle(pages) => Some(format!("{}/{}", u64::MAX, self.page % pages)),
            Cursors::NewCycle(_) | Cursors::NewButEmpty(_) => Some(format!("{next}/{}", self.page)),
        };
        let next = next.or(self.end.map(str::to_owned));
        let items = page.iter().map(|agent| Agent(*agent, format!("agent_{agent}"))).collect();
        CursorPage { items, next }
    }
}

#[test]
fn faulty_services_hide_no_agent_without_an_error() {
    check_all("agents", |seed| {
        let mut service = ListService::new(seed);
        let mut pager = CursorPager::new(None, Some(service.size as u64));
        let reading =
            read(&mut pager, 600, |agent: &Agent| agent.0, |request| service.respond(&request));
        check(&reading, service.stayed.iter().copied(), 600)
            .map_err(|violation| format!("{violation} {service:?} {:?}", reading.fault))?;
        Ok(reading.fault)
    });
}
