//! Records exchanges for the assertions of tests and for the page.
//!
//! Only the latest exchanges are kept, limited by number and by the bytes of their bodies, so
//! memory use is bounded. The counts include all exchanges.

use std::collections::{BTreeMap, VecDeque};

use axum::http::StatusCode;

use super::mismatch::Mismatch;
use crate::exchange::RecordedRequest;

/// The most exchanges, and the most mismatches, that are kept.
const MEMORY: usize = 1_000;
/// The most bytes of bodies that are kept. The latest exchange is always kept.
const BODIES: usize = 64 << 20;

/// A request and the status of its response.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The name of the operation; `None` for an unknown path or method.
    pub operation: Option<&'static str>,
    /// The request.
    pub request: RecordedRequest,
    /// The status of the response, which a fault can keep from being sent.
    pub status: StatusCode,
    /// The name of the applied fault.
    pub fault: Option<&'static str>,
}

/// All exchanges so far.
#[derive(Debug, Default)]
pub(super) struct Journal {
    latest: VecDeque<Exchange>,
    /// The bytes of all kept bodies.
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

    /// Adds mismatches of a delivery, which is not an exchange of the API.
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

    /// Returns the kept exchanges, oldest first, with their numbers, which start at 1.
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
        let request = RecordedRequest {
            method: axum::http::Method::POST,
            target: "/v1/agents".to_owned(),
            headers: axum::http::HeaderMap::new(),
            body: vec![0; bytes].into(),
        };
        Exchange { operation: Some("create_agent"), request, status: StatusCode::OK, fault: None }
    }

    #[test]
    fn keeps_latest_exchanges_and_counts_all() {
        let mut journal = Journal::default();
        for bytes in 0..MEMORY + 5 {
            journal.note(exchange(bytes), Vec::new());
        }
        assert_eq!((journal.total(), journal.count("create_agent")), (1_005, 1_005));
        let kept: Vec<usize> = journal.take().iter().map(|one| one.request.body.len()).collect();
        assert_eq!(kept, (5..MEMORY + 5).collect::<Vec<_>>());
    }

    #[test]
    fn drops_old_exchanges_over_the_byte_limit() {
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
