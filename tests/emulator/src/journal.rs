//! What was asked and answered, for tests to assert upon and for the page to show.
//!
//! It keeps the latest exchanges only, by number and by the bytes of their bodies, so that memory
//! stays flat; the counts are of all.

use std::collections::{BTreeMap, VecDeque};

use axum::http::StatusCode;

use super::mismatch::Mismatch;
use crate::exchange::Recorded;

/// How many exchanges are kept, and how many mismatches.
const MEMORY: usize = 1_000;
/// How many bytes of bodies are kept; the latest exchange is, however long it is.
const BODIES: usize = 64 << 20;

/// A request, and what it was answered with.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The operation's name; none for a path or method that the API lacks.
    pub operation: Option<&'static str>,
    /// The request.
    pub request: Recorded,
    /// The status of the answer, as it was meant to go out.
    pub status: StatusCode,
    /// The name of the fault that was applied to it, if any was.
    pub fault: Option<&'static str>,
}

/// All exchanges so far.
#[derive(Debug, Default)]
pub(super) struct Journal {
    latest: VecDeque<Exchange>,
    /// How many bytes the bodies of the latest have.
    bytes: usize,
    counts: BTreeMap<&'static str, u64>,
    mismatches: Vec<Mismatch>,
    total: u64,
}

impl Journal {
    pub(super) fn note(&mut self, exchange: Exchange, mismatches: Vec<Mismatch>) {
        self.total += 1;
        if let Some(operation) = exchange.operation {
            *self.counts.entry(operation).or_default() += 1;
        }
        self.bytes += exchange.request.body.len();
        self.latest.push_back(exchange);
        while self.latest.len() > MEMORY || (self.bytes > BODIES && self.latest.len() > 1) {
            let Some(oldest) = self.latest.pop_front() else { break };
            self.bytes -= oldest.request.body.len();
        }
        self.note_mismatches(mismatches);
    }

    /// Notes what breaks the contract in something that is no exchange of its own.
    pub(super) fn note_mismatches(&mut self, mismatches: Vec<Mismatch>) {
        let room = MEMORY.saturating_sub(self.mismatches.len());
        self.mismatches.extend(mismatches.into_iter().take(room));
    }

    pub(super) fn take(&mut self) -> Vec<Exchange> {
        self.bytes = 0;
        self.latest.drain(..).collect()
    }

    pub(super) fn count(&self, operation: &str) -> u64 {
        self.counts.get(operation).copied().unwrap_or_default()
    }

    /// The latest exchanges with their numbers, counted from 1 since the start; oldest first.
    pub(super) fn numbered(&self) -> impl DoubleEndedIterator<Item = (u64, &Exchange)> {
        let first = self.total + 1 - self.latest.len() as u64;
        (0..self.latest.len()).map(move |place| (first + place as u64, &self.latest[place]))
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }

    pub(super) fn take_mismatches(&mut self) -> Vec<Mismatch> {
        std::mem::take(&mut self.mismatches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(bytes: usize) -> Exchange {
        let request = Recorded {
            method: axum::http::Method::POST,
            target: "/v1/agents".to_owned(),
            headers: axum::http::HeaderMap::new(),
            body: vec![0; bytes].into(),
        };
        Exchange { operation: Some("create_agent"), request, status: StatusCode::OK, fault: None }
    }

    #[test]
    fn the_latest_exchanges_are_kept_and_all_are_counted() {
        let mut journal = Journal::default();
        for bytes in 0..MEMORY + 5 {
            journal.note(exchange(bytes), Vec::new());
        }
        assert_eq!((journal.total(), journal.count("create_agent")), (1_005, 1_005));
        let kept: Vec<usize> = journal.take().iter().map(|one| one.request.body.len()).collect();
        assert_eq!(kept, (5..MEMORY + 5).collect::<Vec<_>>());
    }

    #[test]
    fn large_bodies_are_kept_up_to_a_bound() {
        let mut journal = Journal::default();
        for _ in 0..6 {
            journal.note(exchange(BODIES / 4), Vec::new());
        }
        assert_eq!(journal.numbered().count(), 4);
        journal.note(exchange(BODIES + 1), Vec::new());
        assert_eq!(journal.numbered().count(), 1);
        journal.note(exchange(1), Vec::new());
        assert_eq!(journal.take().len(), 1);
        journal.note(exchange(1), Vec::new());
        assert_eq!((journal.numbered().count(), journal.bytes), (1, 1));
    }
}
