//! A hundred thousand services, each hostile in its own way, against what is promised.
//!
//! Each is made up from a seed: how it pages, what it says of its pages and totals, what comes
//! and goes meanwhile. Whatever it does, a list must end within a bound of requests, give
//! nothing twice, and give everything that was there throughout, or end in an error.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod agents;
mod events;
mod runs;

use std::collections::HashSet;

use super::engine::{Pager, Step, Then};

/// How many services there are of each kind.
const SERVICES: u64 = 34_000;

/// How a list went.
struct Reading {
    given: Vec<u64>,
    fault: Option<&'static str>,
    requests: u64,
}

/// Reads a list of `serve` to its end, or up to `bound` requests.
fn read<P: Pager>(
    pager: &mut P,
    bound: u64,
    number: impl Fn(&P::Item) -> u64,
    mut serve: impl FnMut(P::Ask) -> P::Answer,
) -> Reading {
    let mut given = Vec::new();
    for requests in 1..=bound {
        let Step { items, then, .. } = pager.take(serve(pager.ask()));
        given.extend(items.iter().map(&number));
        match then {
            Then::Go => {}
            Then::End => return Reading { given, fault: None, requests },
            Then::Fault(fault) => return Reading { given, fault: Some(fault), requests },
        }
    }
    Reading { given, fault: Some("endless"), requests: bound + 1 }
}

/// What is claimed of every reading. Tells what does not hold.
fn claim(
    reading: &Reading,
    stayed: impl IntoIterator<Item = u64>,
    bound: u64,
) -> Result<(), String> {
    let given: HashSet<u64> = reading.given.iter().copied().collect();
    if given.len() != reading.given.len() {
        return Err(format!("something came twice: {:?}", reading.given));
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

/// Reads the list of each service, and claims that most end well.
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
    // A pager that always gives up would hold every promise.
    assert!(failed < SERVICES * 3 / 4, "{failed}");
}
