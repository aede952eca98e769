//! Model tests: reads lists of 136,000 generated services, most of them faulty.
//!
//! A seed determines how a service pages, which totals it reports, and which items come and go
//! meanwhile. Every list must end within a bound of requests, give no item twice, and give every
//! item that stayed in the list, or end in an error.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod agents;
mod events;
mod runs;

use std::collections::HashSet;

use super::engine::{Action, Pager, Update};

/// The number of services of each kind.
const SERVICES: u64 = 34_000;

/// The result of reading a list.
struct ReadResult {
    given: Vec<u64>,
    fault: Option<&'static str>,
    requests: u64,
}

/// Reads a list of `serve` to its end, or up to `bound` requests.
fn read<P: Pager>(
    pager: &mut P,
    bound: u64,
    number: impl Fn(&P::Item) -> u64,
    mut serve: impl FnMut(P::Request) -> P::Response,
) -> ReadResult {
    let mut given = Vec::new();
    for requests in 1..=bound {
        let Update { items, action, .. } = pager.take(serve(pager.request()));
        given.extend(items.iter().map(&number));
        match action {
            Action::Continue => {}
            Action::End => return ReadResult { given, fault: None, requests },
            Action::Fail(fault) => return ReadResult { given, fault: Some(fault), requests },
        }
    }
    ReadResult { given, fault: Some("endless"), requests: bound + 1 }
}

/// Checks a result, and returns the first promise that does not hold.
fn claim(
    reading: &ReadResult,
    stayed: impl IntoIterator<Item = u64>,
    bound: u64,
) -> Result<(), String> {
    let given: HashSet<u64> = reading.given.iter().copied().collect();
    if given.len() != reading.given.len() {
        return Err(format!("an item came twice: {:?}", reading.given));
    }
    if reading.requests > bound {
        return Err(format!("more than {bound} requests"));
    }
    let missing: Vec<u64> = stayed.into_iter().filter(|item| !given.contains(item)).collect();
    if reading.fault.is_none() && !missing.is_empty() {
        return Err(format!("{missing:?} is missing without an error: {:?}", reading.given));
    }
    Ok(())
}

/// Reads the list of each service, and asserts that most end without an error.
fn all(kind: &str, one: impl Fn(u64) -> Result<Option<&'static str>, String>) {
    let mut faults = std::collections::BTreeMap::<&str, u64>::new();
    let mut broken = Vec::new();
    for seed in 0..SERVICES {
        match one(seed) {
            Ok(None) => {}
            Ok(Some(fault)) => *faults.entry(fault).or_default() += 1,
            Err(broke) => broken.push(format!("{kind} {seed}: {broke}")),
        }
    }
    let failed: u64 = faults.values().sum();
    println!("{kind}: {failed} of {SERVICES} end in an error: {faults:#?}");
    let shown = broken.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(broken.is_empty(), "{} of {SERVICES}\n{shown}", broken.len());
    // A pager that always fails would keep every promise.
    assert!(failed < SERVICES * 3 / 4, "{failed}");
}
