//! Runs the program in the docs of each operation against the emulator. `build.rs` takes the programs
//! from the generated source.

use twin_tests::emulator::{Emulator, Profile, World};

use crate::against_emulator::operations;

#[allow(
    unused_imports,
    clippy::all,
    clippy::panic,
    clippy::pedantic,
    reason = "the programs are written for readers"
)]
mod programs {
    include!(concat!(env!("OUT_DIR"), "/examples.rs"));
}

#[test]
fn every_operation_has_an_example() {
    let mut names = programs::NAMES;
    names.sort_unstable();
    let mut operations = operations();
    operations.sort_unstable();
    assert_eq!(operations.len(), 33);
    // A later document may describe more operations.
    operations.retain(|operation| !names.contains(&operation.as_str()));
    assert!(operations.is_empty(), "without an example: {operations:?}");
}

#[tokio::test]
async fn every_example_runs_in_either_profile() {
    let contract = operations();
    let mut ran = 0;
    for profile in Profile::ALL {
        for name in programs::NAMES {
            let emulator = Emulator::builder(profile).start().await.expect("a free port");
            emulator.with(World::add_reference_examples);
            let twin = twin_api::connect(&emulator.url(), emulator.api_key()).expect("loopback");
            let result = programs::run(name, &twin).await;
            if !contract.iter().any(|known| known == name) {
                continue; // The emulator has no such operation.
            }
            assert!(result.is_ok(), "the example of {name} fails in {profile}: {result:?}");
            assert_eq!(emulator.count(name), 1, "the example of {name} in {profile}");
            let exchanges = emulator.take_exchanges();
            let statuses: Vec<u16> = exchanges.iter().map(|it| it.status.as_u16()).collect();
            assert!(
                matches!(statuses[..], [200..=299]),
                "the example of {name} is answered {statuses:?} in {profile}"
            );
            ran += 1;
        }
    }
    assert_eq!(ran, 2 * contract.len());
}
