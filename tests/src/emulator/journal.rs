//! What was asked and answered, for tests to assert upon and for the page to show.
//!
//! It keeps the latest exchanges only, so that memory stays flat; the counts are of all.

use std::collections::{BTreeMap, VecDeque};

use axum::http::StatusCode;

use super::contract::Mismatch;
use crate::exchange::Recorded;

/// How many exchanges are kept, and how many mismatches.
const MEMORY: usize = 1_000;

/// A request, and what it was answered with.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The operation's name; none for a path or method that the API lacks.
    pub operation: Option<&'static str>,
    /// The request.
    pub request: Recorded,
    /// The status of the answer, as it was meant to go out.
    pub status: StatusCode,
    /// Whether a fault was ordered for it.
    pub faulty: bool,
}

/// All exchanges so far.
#[derive(Debug, Default)]
pub(super) struct Journal {
    latest: VecDeque<Exchange>,
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
        if self.latest.len() == MEMORY {
            self.latest.pop_front();
        }
        self.latest.push_back(exchange);
        let room = MEMORY.saturating_sub(self.mismatches.len());
        self.mismatches.extend(mismatches.into_iter().take(room));
    }

    /// The latest exchanges, oldest first.
    pub(super) fn latest(&self) -> impl DoubleEndedIterator<Item = &Exchange> {
        self.latest.iter()
    }

    pub(super) fn take(&mut self) -> Vec<Exchange> {
        self.latest.drain(..).collect()
    }

    pub(super) fn count(&self, operation: &str) -> u64 {
        self.counts.get(operation).copied().unwrap_or_default()
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
