//! Model tests: the pagers read the lists of 136,000 generated services, most of them faulty.
//!
//! A seed determines how a service pages, which totals it reports, and which items it adds and
//! deletes between requests. Every reading must end within a bounded number of requests and return
//! no item twice. It must return every item that was never deleted, or end with an error.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod agents;
mod events;
mod runs;

use std::collections::HashSet;

use super::engine::{Pager, PagerAction, PagerUpdate};

/// The number of services of each kind.
const SERVICES: u64 = 34_000;

/// The result of reading a list.
struct ReadResult {
    items: Vec<u64>,
    fault: Option<&'static str>,
    requests: u64,
}

/// Reads the list that `serve` returns to its end, or up to `bound` requests.
fn read<P: Pager>(
    pager: &mut P,
    bound: u64,
    number: impl Fn(&P::Item) -> u64,
    mut serve: impl FnMut(P::Request) -> P::Response,
) -> ReadResult {
    let mut read = Vec::new();
    for requests in 1..=bound {
        let PagerUpdate { items, action, .. } = pager.take(serve(pager.request()));
        read.extend(items.iter().map(&number));
        match action {
            PagerAction::Continue => {}
            PagerAction::End => return ReadResult { items: read, fault: None, requests },
            PagerAction::Fail(fault) => {
                return ReadResult { items: read, fault: Some(fault), requests };
            }
        }
    }
    ReadResult { items: read, fault: Some("endless"), requests: bound + 1 }
}

/// Checks the guarantees of a reading. `stayed` are the items that were never deleted.
fn check(
    reading: &ReadResult,
    stayed: impl IntoIterator<Item = u64>,
    bound: u64,
) -> Result<(), String> {
    let items: HashSet<u64> = reading.items.iter().copied().collect();
    if items.len() != reading.items.len() {
        return Err(format!("an item was returned twice: {:?}", reading.items));
    }
    if reading.requests > bound {
        return Err(format!("more than {bound} requests"));
    }
    let missing: Vec<u64> = stayed.into_iter().filter(|item| !items.contains(item)).collect();
    if reading.fault.is_none() && !missing.is_empty() {
        return Err(format!("{missing:?} is missing without an error: {:?}", reading.items));
    }
    Ok(())
}

/// Reads the list of every service. Asserts that each keeps the guarantees, and that at least a
/// quarter end without an error.
fn check_all(kind: &str, read_one: impl Fn(u64) -> Result<Option<&'static str>, String>) {
    let mut faults = std::collections::BTreeMap::<&str, u64>::new();
    let mut violations = Vec::new();
    for seed in 0..SERVICES {
        match read_one(seed) {
            Ok(None) => {}
            Ok(Some(fault)) => *faults.entry(fault).or_default() += 1,
            Err(violation) => violations.push(format!("{kind}, seed {seed}: {violation}")),
        }
    }
    let failed: u64 = faults.values().sum();
    println!("{kind}: {failed} of {SERVICES} end with an error: {faults:#?}");
    let shown = violations.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(violations.is_empty(), "{} of {SERVICES}\n{shown}", violations.len());
    // A pager that always fails would keep every guarantee.
    assert!(failed < SERVICES * 3 / 4, "{failed} of {SERVICES} {kind} end with an error");
}
