//! An equivalent document gives the same client, byte for byte.
//!
//! A seed selects the changes. By default 40 seeds are tried;
//! `TWIN_REWORDINGS=1000 cargo test --release -p twin-tests --test generator rewordings` tries 1,000.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test may fail it too")]

mod reword;

use twin_api_gen::{Input, generate};

use crate::{contract, contract_document};
use reword::Reworder;

const DEFAULT_SEEDS: u64 = 40;

fn seed_count() -> u64 {
    match std::env::var("TWIN_REWORDINGS") {
        Ok(count) => count.parse().expect("TWIN_REWORDINGS is a number"),
        Err(_) => DEFAULT_SEEDS,
    }
}

fn reworded(seed: u64) -> String {
    let mut document = contract_document();
    Reworder::new(seed).reword(&mut document)
}

/// Panics with the first line that differs.
fn assert_same(seed: u64, source: &str, wanted: &str) {
    if source == wanted {
        return;
    }
    let (line, (found, wanted)) = source
        .lines()
        .zip(wanted.lines())
        .enumerate()
        .find(|(_, (found, wanted))| found != wanted)
        .unwrap_or((0, ("another length", "")));
    panic!("seed {seed}, line {}: {found:?} instead of {wanted:?}", line + 1);
}

fn check_seeds(seeds: impl Iterator<Item = u64>, wanted: &str) {
    for seed in seeds {
        let document = reworded(seed);
        match generate(Input { openapi: document.as_bytes(), ..contract() }) {
            Ok(generated) => assert_same(seed, &generated.source, wanted),
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
}

#[test]
fn reworded_document_gives_the_same_source() {
    let wanted = generate(contract()).expect("the contract generates").source;
    let count = seed_count();
    std::thread::scope(|scope| {
        let wanted = wanted.as_str();
        let threads: Vec<_> = (0..2)
            .map(|half| {
                scope.spawn(move || check_seeds((0..count).filter(|seed| seed % 2 == half), wanted))
            })
            .collect();
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

#[test]
fn rewordings_are_extensive_and_distinct() {
    let one = reworded(1);
    assert_ne!(one, reworded(2));
    assert_eq!(one, reworded(1));
    let names = ["\"list_agents\"", "\"/v1/me\"", "#/components/schemas/ListAgentsResponse"];
    let gone = names.iter().filter(|name| (0..8).any(|seed| !reworded(seed).contains(**name)));
    assert_eq!(gone.count(), names.len());
}
