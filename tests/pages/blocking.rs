//! Blocking iterators over lists.

use std::sync::mpsc;

use twin_api::Client;
use twin_ext::ErrorKind;
use twin_ext::prelude::*;
use twin_tests::emulator::{Emulator, Profile, World};

use super::harness::{client, start_runs};

/// Runs a test against an emulator on another thread. The test also gets the agents, oldest first,
/// each with five runs.
fn with_service(test: impl Fn(&Client, &[String])) {
    for profile in Profile::ALL {
        let (ready, is_ready) = mpsc::channel();
        let (done, is_done) = tokio::sync::oneshot::channel::<()>();
        let service = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("the runtime starts");
            runtime.block_on(async {
                let emulator = Emulator::builder(profile).start().await.expect("a free port");
                let agents: Vec<String> = (0..3).map(|_| emulator.with(World::add_agent)).collect();
                for agent in &agents {
                    start_runs(&emulator, agent, 5);
                }
                ready.send((client(&emulator), agents)).expect("the test receives the client");
                is_done.await.ok();
            });
        });
        let (twin, agents) = is_ready.recv().expect("the emulator starts");
        test(&twin, &agents);
        done.send(()).expect("the emulator runs");
        service.join().expect("no exchange breaks the contract");
    }
}

#[test]
fn blocking_iterators_nest() {
    with_service(|twin, agents| {
        let mut seen = Vec::new();
        for agent in twin.list_agents().items().blocking().unwrap() {
            let agent = agent.unwrap().agent_id;
            if !agents.contains(&agent) {
                continue;
            }
            let runs = twin.list_runs().agent_id(&agent).page_size(2).items().prefetch(1);
            let runs: Result<Vec<_>, Error> = runs.blocking().unwrap().collect();
            assert_eq!(runs.unwrap().len(), 5);
            seen.push(agent);
        }
        seen.reverse();
        assert_eq!(seen, agents);
        let pages = twin.list_runs().agent_id(&agents[0]).page_size(2).pages();
        let sizes: Vec<usize> =
            pages.blocking().unwrap().map(|page| page.unwrap().items.len()).collect();
        assert_eq!(sizes, [2, 2, 1]);
    });
}

#[test]
fn blocking_iterator_on_an_async_thread_gives_one_error() {
    with_service(|twin, _| {
        let mut outside = twin.list_agents().items().blocking().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let error = twin.list_agents().items().blocking().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("std::thread::spawn"), "{error}");
            let error = twin.list_agents().pages().blocking().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            // An iterator from outside the runtime gives one error and ends.
            assert_eq!(outside.next().unwrap().unwrap_err().kind(), ErrorKind::Config);
            assert!(outside.next().is_none());
            assert_eq!(outside.size_hint(), (0, Some(0)));
        });
        assert!(outside.next().is_none());
        // The stream keeps its items.
        let mut rest = outside.into_inner().blocking().unwrap();
        assert!(rest.next().unwrap().is_ok());
        assert!(rest.all(|agent| agent.is_ok()));
        assert!(rest.next().is_none() && rest.into_inner().position().is_none());
    });
}
