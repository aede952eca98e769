//! A call whose future is dropped leaves no task and sends nothing more.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use twin_ext::clock::{Clock, ManualClock, Sleep};
use twin_tests::raw::{RawRequest, Script, Signal, json};

use crate::harness::{ClientRig, seconds, until};
use crate::operations::SampleOperation;

/// A clock whose pauses never end. It signals when a pause begins.
#[derive(Debug)]
struct EndlessPauses {
    clock: ManualClock,
    paused: Signal,
}

impl Clock for EndlessPauses {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn wall(&self) -> SystemTime {
        self.clock.wall()
    }

    fn sleep(&self, _: Duration) -> Sleep {
        self.paused.notify();
        Box::pin(std::future::pending())
    }

    fn alarm(&self, duration: Duration) -> Sleep {
        self.clock.alarm(duration)
    }

    fn random(&self) -> u64 {
        self.clock.random()
    }
}

fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Starts a call, drops it at the signal `begun` or when a pause begins, and checks that it leaves
/// neither a task nor a connection.
async fn drop_call_at(name: &str, script: Script, begun: &Signal) {
    // The server is dropped before the second count, so only tasks of the client could be left.
    let before = alive_tasks();
    let (clock, pausing) = (ManualClock::new(1), Signal::default());
    let endless = EndlessPauses { clock: clock.clone(), paused: pausing.clone() };
    let rig = ClientRig::with(|builder| builder.clock(endless)).await;
    let left = Signal::default();
    rig.raw.always(script.hang().notify(&left));
    let (operation, twin) = (SampleOperation::of(name), rig.twin.clone());
    let call = tokio::spawn(async move { operation.call(&twin).await.map(drop) });
    tokio::select! {
        () = begun.wait() => {}
        () = pausing.wait() => {}
    }
    call.abort();
    assert!(call.await.expect_err("the task was aborted").is_cancelled());
    // A task that is left would act when time passes.
    clock.advance(seconds(600));
    let ClientRig { raw, twin, .. } = rig;
    drop(twin);
    // The server sees the end of the only connection, so no request can follow.
    left.wait().await;
    assert_eq!((raw.take_requests().len(), raw.connections()), (1, 1), "{name}");
    drop(raw);
    until("no task is left", || alive_tasks() == before).await;
}

#[tokio::test]
async fn call_dropped_before_the_response_leaves_no_task() {
    for name in ["get_me", "start_run"] {
        let begun = Signal::default();
        drop_call_at(name, Script::new().notify(&begun), &begun).await;
    }
}

#[tokio::test]
async fn call_dropped_inside_head_or_body_leaves_no_task() {
    for sent in ["HTTP/1.1 200 x\r\nconte", "HTTP/1.1 200 x\r\ncontent-length: 99\r\n\r\n{"] {
        for name in ["get_me", "start_run"] {
            let begun = Signal::default();
            drop_call_at(name, Script::new().send(sent).notify(&begun), &begun).await;
        }
    }
}

#[tokio::test]
async fn call_dropped_during_backoff_sends_nothing_more() {
    let head = "HTTP/1.1 503 x\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    for name in ["get_me", "start_run"] {
        // The clock signals the pause; the server has no part in it.
        drop_call_at(name, Script::new().send(head), &Signal::default()).await;
    }
}

#[tokio::test]
async fn call_dropped_while_connecting_sends_nothing() {
    let rig = ClientRig::new().await;
    for _ in 0..100 {
        let (operation, twin) = (SampleOperation::of("start_run"), rig.twin.clone());
        let mut call = Box::pin(operation.call(&twin));
        // One poll starts to connect and does not send.
        let pending =
            poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending())).await;
        assert!(pending);
        drop(call);
    }
    rig.raw.always(json(403, "{}"));
    SampleOperation::of("get_me").call(&rig.twin).await.expect_err("the request is refused");
    let requests = rig.raw.take_requests();
    assert_eq!(requests.iter().map(RawRequest::line).collect::<Vec<_>>(), ["GET /v1/me"]);
}

#[tokio::test]
async fn unpolled_call_sends_nothing() {
    let rig = ClientRig::new().await;
    drop(SampleOperation::of("start_run").call(&rig.twin));
    drop(rig.twin.start_run().agent_id("a").send());
    assert_eq!(rig.raw.connections(), 0);
}

#[tokio::test]
async fn timed_out_attempt_is_dropped_before_backoff() {
    let (clock, pausing, left) = (ManualClock::new(1), Signal::default(), Signal::default());
    let endless = EndlessPauses { clock: clock.clone(), paused: pausing.clone() };
    let rig = ClientRig::with(|builder| builder.clock(endless)).await;
    rig.raw.always(Script::new().hang().notify(&left));
    let twin = rig.twin.clone();
    let call =
        tokio::spawn(async move { SampleOperation::of("get_me").call(&twin).await.map(drop) });
    rig.raw.received(1).await;
    clock.advance(seconds(30));
    pausing.wait().await;
    left.wait().await;
    assert_eq!((rig.raw.connections(), call.is_finished()), (1, false));
    call.abort();
}

/// Makes 20 concurrent calls, of which two are retried. Both kinds of runtime run it.
async fn run_concurrent_calls() {
    fn is_shareable<T: Send + Sync + Clone + 'static>(_: &T) {}
    let rig = ClientRig::new().await;
    is_shareable(&rig.twin);
    let operation = SampleOperation::of("list_agents");
    rig.raw.then(Script::new().reset());
    rig.raw.then(json(503, "{}"));
    rig.raw.always(operation.answer());
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let twin = rig.twin.clone();
            tokio::spawn(async move { operation.call(&twin).await })
        })
        .collect();
    for call in calls {
        call.await.expect("no call panics").expect("the last attempt succeeds");
    }
    assert_eq!(rig.raw.take_requests().len(), 22);
}

#[tokio::test(flavor = "current_thread")]
async fn concurrent_calls_succeed_on_one_thread() {
    run_concurrent_calls().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_calls_succeed_on_several_threads() {
    run_concurrent_calls().await;
}
