//! Services that list by cursor.

use fastrand::Rng;

use super::{all, claim, read};
use crate::page::cursor::{CursorAsk, CursorPage, CursorPager, Identified};

#[derive(Debug, Clone)]
struct Agent(u64, String);

impl Identified for Agent {
    fn id(&self) -> &str {
        &self.1
    }
}

/// What a service does with cursors.
#[derive(Debug, Clone, Copy)]
enum Cursors {
    Right,
    /// There are none: what `limit` has no room for is not shown.
    Never,
    /// The cursor that was given is given again.
    Same,
    /// Cursors go in a circle of so many.
    Cycle(u64),
    /// They are always new, and lead to pages in a circle of so many.
    NewCycle(u64),
    /// They are always new, and lead to nothing from this page on.
    NewForEver(u64),
}

#[derive(Debug)]
struct Service {
    random: Rng,
    /// Newest first.
    agents: Vec<u64>,
    newest: u64,
    size: usize,
    cursors: Cursors,
    /// How likely a page is empty, although the list goes on.
    empty: f64,
    /// How the end is told.
    end: Option<&'static str>,
    unrest: f64,
    /// How many changes are still to come.
    changes: u32,
    page: u64,
    stayed: Vec<u64>,
}

impl Service {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let count = random.u64(0..24);
        let agents: Vec<u64> = (0..count).rev().collect();
        let cursors = match random.u8(0..10) {
            0 => Cursors::Same,
            1 => Cursors::Cycle(random.u64(1..4)),
            2 => Cursors::NewCycle(random.u64(1..4)),
            3 => Cursors::NewForEver(random.u64(0..4)),
            4 => Cursors::Never,
            _ => Cursors::Right,
        };
        Self {
            stayed: agents.clone(),
            agents,
            newest: count,
            size: random.usize(1..8),
            cursors,
            empty: [0.0, 0.3, 0.9][random.usize(0..3)],
            end: [None, Some("")][random.usize(0..2)],
            unrest: [0.0, 0.3][random.usize(0..2)],
            changes: 20,
            page: 0,
            random,
        }
    }

    fn change(&mut self) {
        if self.changes == 0 {
            return;
        }
        if self.random.f64() < self.unrest {
            self.changes -= 1;
            self.agents.insert(0, self.newest);
            self.newest += 1;
        }
        if self.random.f64() < self.unrest && !self.agents.is_empty() {
            let gone = self.agents.remove(self.random.usize(0..self.agents.len()));
            self.stayed.retain(|agent| *agent != gone);
        }
    }

    /// A cursor is the number of an agent, and of the page, so that none comes twice.
    fn answer(&mut self, ask: &CursorAsk) -> CursorPage<Agent> {
        let (cursor, limit) = match ask {
            CursorAsk::Page(cursor) => (cursor.as_deref(), self.size),
            CursorAsk::First(limit) => (None, usize::try_from(*limit).unwrap()),
        };
        self.change();
        self.page += 1;
        let below =
            cursor.map_or(u64::MAX, |cursor| cursor.split('/').next().unwrap().parse().unwrap());
        let below = match self.cursors {
            Cursors::NewCycle(pages) if self.page.is_multiple_of(pages) => u64::MAX,
            Cursors::NewForEver(last) if self.page > last => 0,
            _ => below,
        };
        let never = matches!(self.cursors, Cursors::Never);
        let size = if !never && self.random.f64() < self.empty { 0 } else { limit };
        let mut left = self.agents.iter().filter(|agent| **agent < below);
        let page: Vec<u64> = left.by_ref().take(size).copied().collect();
        let next = page.last().copied().unwrap_or(below);
        let right = left.next().map(|_| format!("{next}/{}", self.page));
        let next = match self.cursors {
            Cursors::Right => right,
            Cursors::Never => None,
            Cursors::Same => right.map(|right| cursor.map_or(right, str::to_owned)),
            Cursors::Cycle(pages) => Some(format!("{}/{}", u64::MAX, self.page % pages)),
            Cursors::NewCycle(_) | Cursors::NewForEver(_) => Some(format!("{next}/{}", self.page)),
        };
        let next = next.or(self.end.map(str::to_owned));
        let items = page.iter().map(|agent| Agent(*agent, format!("agent_{agent}"))).collect();
        CursorPage { items, next }
    }
}

#[test]
fn hostile_services_lose_no_agent_without_an_error() {
    all("agents", |seed| {
        let mut service = Service::new(seed);
        let mut pager = CursorPager::new(None, Some(service.size as u64));
        let reading = read(&mut pager, 600, |agent: &Agent| agent.0, |ask| service.answer(&ask));
        claim(&reading, service.stayed.iter().copied(), 600)
            .map_err(|broke| format!("{broke} {service:?} {:?}", reading.fault))?;
        Ok(reading.fault)
    });
}
