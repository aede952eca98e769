//! Records exchanges for the assertions of tests and for the page.
//!
//! The journal keeps only the latest exchanges, so that its memory is bounded. It limits their number
//! and the size of their request bodies. The counts include all exchanges.

use std::collections::{BTreeMap, VecDeque};

use axum::http::StatusCode;

use super::mismatch::Mismatch;
use crate::exchange::RecordedRequest;

/// The maximum number of kept exchanges, and of kept mismatches.
const MAX_EXCHANGES: usize = 1_000;
/// The maximum size of the kept request bodies together, in bytes. The latest exchange is kept even
/// if its body is larger.
const MAX_BODY_BYTES: usize = 64 << 20;

/// A request and the status of its response.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The name of the operation; `None` for an unknown path or method.
    pub operation: Option<&'static str>,
    /// The request.
    pub request: RecordedRequest,
    /// The status of the response. If a fault closed the connection, the client may not have received
    /// it.
    pub status: StatusCode,
    /// The name of the applied fault, such as `delay`.
    pub fault: Option<&'static str>,
}

/// The kept exchanges and mismatches, and the counts of all exchanges.
#[derive(Debug, Default)]
pub(super) struct Journal {
    latest: VecDeque<Exchange>,
    /// The size of all kept bodies.
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
        while self.latest.len() > MAX_EXCHANGES
            || (self.bytes > MAX_BODY_BYTES && self.latest.len() > 1)
        {
            let Some(oldest) = self.latest.pop_front() else { break };
            self.bytes -= oldest.request.body.len();
        }
        self.note_mismatches(mismatches);
    }

    /// Adds mismatches, for example those of a delivery, which is not an exchange of the API.
    pub(super) fn note_mismatches(&mut self, mismatches: Vec<Mismatch>) {
        let room = MAX_EXCHANGES.saturating_sub(self.mismatches.len());
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
        for bytes in 0..MAX_EXCHANGES + 5 {
            journal.note(exchange(bytes), Vec::new());
        }
        assert_eq!((journal.total(), journal.count("create_agent")), (1_005, 1_005));
        let kept: Vec<usize> = journal.take().iter().map(|one| one.request.body.len()).collect();
        assert_eq!(kept, (5..MAX_EXCHANGES + 5).collect::<Vec<_>>());
    }

    #[test]
    fn drops_old_exchanges_over_the_byte_limit() {
        let mut journal = Journal::default();
        for _ in 0..6 {
            journal.note(exchange(MAX_BODY_BYTES / 4), Vec::new());
        }
        assert_eq!(journal.numbered().count(), 4);
        journal.note(exchange(MAX_BODY_BYTES + 1), Vec::new());
        assert_eq!(journal.numbered().count(), 1);
        journal.note(exchange(1), Vec::new());
        assert_eq!(journal.take().len(), 1);
        journal.note(exchange(1), Vec::new());
        assert_eq!((journal.numbered().count(), journal.bytes), (1, 1));
    }
}
