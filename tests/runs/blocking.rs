//! Blocking calls for runs.

use std::thread;

use twin_api::types::{Run, RunEvent};
use twin_ext::prelude::*;
use twin_ext::{ErrorKind, Outcome, RunState, RunTicket};
use twin_tests::emulator::RunScript;

use crate::harness::{EmulatedTwin, start_body};

/// Runs `act` on a thread outside the runtime, while the runtime serves the emulator.
async fn on_blocking_thread<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let thread = thread::spawn(move || drop(sender.send(act())));
    let came = receiver.await;
    thread.join().unwrap();
    came.unwrap()
}

#[tokio::test]
async fn blocking_calls_launch_follow_and_wait() {
    let twin = EmulatedTwin::observed().await;
    twin.with(|world| world.script_next_run(RunScript::standard()));
    let (client, agent) = (twin.client.clone(), twin.agent.clone());
    let (events, done, missed) = on_blocking_thread(move || {
        let run = client.launch(&*agent, start_body()).blocking().unwrap();
        let events: Result<Vec<RunEvent>, _> = run.events().blocking().unwrap().collect();
        let done = run.wait().blocking().unwrap();
        let missed = client.finished_since(agent, "2026-03-11T12:00:00Z").blocking().unwrap();
        (events.unwrap(), done, missed.collect::<Result<Vec<Run>, _>>().unwrap())
    })
    .await;
    assert_eq!(events.len(), 6);
    assert_eq!(done.state(), RunState::Finished(None));
    assert_eq!(missed[0].run_id, done.run_id);
}

#[tokio::test]
async fn blocking_calls_on_an_async_thread_fail_before_sending() {
    let twin = EmulatedTwin::observed().await;
    let run = twin.client.resume(RunTicket::new(&*twin.agent, "run_1"));
    let errors = [
        twin.client.launch(&*twin.agent, start_body()).blocking().unwrap_err(),
        run.wait().blocking().unwrap_err(),
        run.events().blocking().unwrap_err(),
        twin.client.finished_since("a", "2026-03-11T12:00:00Z").blocking().unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent));
        assert!(error.to_string().contains("async runtime"), "{error}");
    }
    assert!(twin.take_exchanges().is_empty());
}
