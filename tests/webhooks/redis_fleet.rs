//! Eight receivers and one Redis: duplicates, killed receivers, and a Redis that restarts.
//!
//! Each event is handled once, or reported as uncertain. No event is lost silently.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use twin_ext::Error;
use twin_ext::webhook::{Delivery, Lease, Receiver, RedisStore};

use crate::http_receiver::{deliver, serve};
use crate::redis_server::TestRedis;
use crate::signed::{headers_of, verifier};
use crate::stored::ended;

const RECEIVERS: usize = 8;
const EVENTS: usize = 40;

fn store(url: &str) -> RedisStore {
    RedisStore::new(url, Duration::ZERO).unwrap().clock_skew(Duration::ZERO)
}

/// Runs that end in an hour, so that every store began before.
fn events() -> Vec<Value> {
    let end = SystemTime::now() + Duration::from_secs(3600);
    (0..EVENTS).map(|run| ended(&run.to_string(), end)).collect()
}

/// The leases with which the receivers handled each event, by run.
#[derive(Clone, Default)]
struct Effects(Arc<Mutex<HashMap<String, Vec<Lease>>>>);

impl Effects {
    fn add(&self, delivery: &Delivery, lease: Lease) {
        let mut effects = self.0.lock().unwrap();
        effects.entry(delivery.key().run_id().to_owned()).or_default().push(lease);
    }

    fn leases_of(&self, run: usize) -> Vec<Lease> {
        self.0.lock().unwrap().get(&run.to_string()).cloned().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_receivers_handle_each_duplicated_event_once() {
    let Some(redis) = TestRedis::start() else { return };
    let (effects, events) = (Effects::default(), events());
    let mut tasks = Vec::new();
    for _ in 0..RECEIVERS {
        let effects = effects.clone();
        let receiver =
            Receiver::new(verifier(), store(&redis.url()), move |delivery: Delivery, lease| {
                effects.add(&delivery, lease);
                std::future::ready(Ok::<(), Error>(()))
            });
        for event in events.clone() {
            let receiver = receiver.clone();
            tasks.push(tokio::spawn(async move {
                let body = event.to_string();
                for _ in 0..3 {
                    // A receiver answers 503 while another one handles the event.
                    while receiver.receive(&headers_of(&body), body.as_bytes()).await
                        != StatusCode::NO_CONTENT
                    {}
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    for run in 0..EVENTS {
        assert_eq!(effects.leases_of(run).len(), 1, "run {run}");
    }
}

/// A receiver with a runtime of its own, so that a test can kill it with all of its tasks.
struct DoomedReceiver {
    runtime: Runtime,
    stuck: Arc<Notify>,
}

impl DoomedReceiver {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self { runtime: runtime.unwrap(), stuck: Arc::default() }
    }

    /// Starts to handle an event, records the effect if there are `effects`, and hangs. The lease has
    /// no duration, so that another receiver can take over at once.
    async fn hang_at(&self, url: &str, event: &Value, effects: Option<Effects>) {
        let stuck = Arc::clone(&self.stuck);
        let handler = move |delivery: Delivery, lease| {
            if let Some(effects) = &effects {
                effects.add(&delivery, lease);
            }
            stuck.notify_one();
            std::future::pending::<Result<(), Error>>()
        };
        let receiver = Receiver::new(verifier(), store(url).lease(Duration::ZERO), handler);
        let body = event.to_string();
        self.runtime
            .spawn(async move { receiver.receive(&headers_of(&body), body.as_bytes()).await });
        self.stuck.notified().await;
    }

    fn kill(self) {
        self.runtime.shutdown_background();
    }
}

/// Kills a receiver while it handles each event: for half of the events before the effect, for half
/// after it. Then sends all events to eight other receivers. Returns the effects, and whether each
/// event got a 503.
async fn kill_receivers_and_redeliver(refuse_uncertain: bool) -> Option<(Effects, Vec<bool>)> {
    let redis = TestRedis::start()?;
    let (effects, events) = (Effects::default(), events());
    for (number, event) in events.iter().enumerate() {
        let doomed = DoomedReceiver::new();
        doomed.hang_at(&redis.url(), event, (number % 2 == 0).then(|| effects.clone())).await;
        doomed.kill();
    }
    let mut refused = vec![false; EVENTS];
    for _ in 0..RECEIVERS {
        let effects = effects.clone();
        let handler = move |delivery: Delivery, lease| {
            effects.add(&delivery, lease);
            std::future::ready(Ok::<(), Error>(()))
        };
        let mut receiver = Receiver::new(verifier(), store(&redis.url()), handler);
        if refuse_uncertain {
            receiver = receiver.refuse_uncertain();
        }
        for (number, event) in events.iter().enumerate() {
            let body = event.to_string();
            let status = receiver.receive(&headers_of(&body), body.as_bytes()).await;
            refused[number] |= status == StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    Some((effects, refused))
}

#[tokio::test]
async fn refuse_uncertain_rejects_events_of_killed_receiver() {
    let Some((effects, refused)) = kill_receivers_and_redeliver(true).await else { return };
    for (run, refused) in refused.into_iter().enumerate() {
        assert_eq!(effects.leases_of(run).len(), usize::from(run % 2 == 0), "run {run}");
        assert!(refused, "run {run} was lost silently");
    }
}

#[tokio::test]
async fn second_receiver_takes_over_events_of_killed_receiver() {
    let Some((effects, refused)) = kill_receivers_and_redeliver(false).await else { return };
    for (run, refused) in refused.into_iter().enumerate() {
        let leases = effects.leases_of(run);
        assert_eq!(leases.len(), 1 + usize::from(run % 2 == 0), "run {run}");
        assert!(
            leases.last().unwrap().uncertainty.is_some(),
            "the handler of run {run} did not get the uncertainty"
        );
        assert!(leases.is_sorted_by_key(|lease| lease.fence), "run {run}");
        assert!(!refused, "run {run}");
    }
}

#[tokio::test]
async fn events_are_not_handled_twice_when_redis_restarts() {
    let Some(mut redis) = TestRedis::start() else { return };
    let effects = Effects::default();
    let receiver = {
        let effects = effects.clone();
        Receiver::new(verifier(), store(&redis.url()), move |delivery: Delivery, lease| {
            effects.add(&delivery, lease);
            std::future::ready(Ok::<(), Error>(()))
        })
        .refuse_uncertain()
    };
    let receive = async |event: &Value| {
        let body = event.to_string();
        receiver.receive(&headers_of(&body), body.as_bytes()).await
    };
    // These runs end before Redis restarts.
    let (before, while_away) = (ended("0", SystemTime::now()), ended("1", SystemTime::now()));
    let _ = receive(&ended("warm", SystemTime::now())).await;
    let begun = ended("2", SystemTime::now() + Duration::from_millis(1));
    let first = receive(&begun).await;
    redis.stop();
    assert_eq!(receive(&while_away).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(receive(&before).await, StatusCode::SERVICE_UNAVAILABLE);
    redis.restart();
    for event in [&before, &while_away] {
        assert_eq!(
            receive(event).await,
            StatusCode::SERVICE_UNAVAILABLE,
            "an event from before the restart may have been handled"
        );
    }
    assert_eq!(receive(&begun).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(effects.leases_of(2).len(), usize::from(first == StatusCode::NO_CONTENT));
    assert_eq!(effects.leases_of(0).len() + effects.leases_of(1).len(), 0);
    let after = ended("3", SystemTime::now() + Duration::from_secs(1));
    assert_eq!(receive(&after).await, StatusCode::NO_CONTENT);
    assert_eq!(receive(&after).await, StatusCode::NO_CONTENT);
    assert_eq!(effects.leases_of(3).len(), 1);
}

/// Redis stops between the effect and the commit. The handler succeeded, so a retry by the service
/// would not help.
#[tokio::test]
async fn answers_204_when_redis_stops_before_commit() {
    let Some(redis) = TestRedis::start() else { return };
    let redis = Arc::new(Mutex::new(redis));
    let url = redis.lock().unwrap().url();
    let effects = Effects::default();
    let receiver = {
        let (effects, redis) = (effects.clone(), Arc::clone(&redis));
        Receiver::new(verifier(), store(&url), move |delivery: Delivery, lease| {
            effects.add(&delivery, lease);
            redis.lock().unwrap().stop();
            std::future::ready(Ok::<(), Error>(()))
        })
    };
    let body = ended("0", SystemTime::now() + Duration::from_secs(1)).to_string();
    let answer = receiver.receive(&headers_of(&body), body.as_bytes()).await;
    assert_eq!(answer, StatusCode::NO_CONTENT, "the handler succeeded");
    assert_eq!(effects.leases_of(0).len(), 1);
}

/// The receiver that [`event_of_killed_process_is_handled_by_another`] starts as a process. It
/// prints its URL and each run that it begins to handle, and hangs at runs named `stuck`.
#[tokio::test]
#[ignore = "another test starts it as a process and kills it"]
async fn receiver_process() {
    let url = std::env::var("TWIN_TEST_REDIS").expect("another test starts it");
    let handler = |delivery: Delivery, lease: Lease| async move {
        let run = delivery.key().run_id().to_owned();
        println!("\nhandles {run} {:?}", lease.uncertainty);
        if run.starts_with("stuck") {
            std::future::pending::<()>().await;
        }
        Ok::<(), Error>(())
    };
    let lease = match std::env::var_os("TWIN_TEST_DOOMED") {
        Some(_) => Duration::ZERO,
        None => Duration::from_secs(60),
    };
    let receiver = Receiver::new(verifier(), store(&url).lease(lease), handler);
    println!("\nlistens {}", serve(receiver.into_router("/hook")).await);
    std::future::pending::<()>().await;
}

/// A receiver of the fleet in its own process, and its output.
struct FleetProcess {
    child: tokio::process::Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl FleetProcess {
    fn start(redis: &TestRedis, doomed: bool) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "redis_fleet::receiver_process", "--ignored", "--nocapture"]);
        command.env("TWIN_TEST_REDIS", redis.url()).kill_on_drop(true).stdout(Stdio::piped());
        if doomed {
            command.env("TWIN_TEST_DOOMED", "1");
        }
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Waits for a line that begins with `word`. Returns the rest of it.
    async fn rest_after(&mut self, word: &str) -> String {
        loop {
            let line = self.lines.next_line().await.unwrap().expect("the process has ended");
            if let Some(rest) = line.strip_prefix(word) {
                return rest.trim().to_owned();
            }
        }
    }
}

#[tokio::test]
async fn event_of_killed_process_is_handled_by_another() {
    let Some(redis) = TestRedis::start() else { return };
    let (mut doomed, mut successor) =
        (FleetProcess::start(&redis, true), FleetProcess::start(&redis, false));
    let (doomed_url, successor_url) =
        (doomed.rest_after("listens").await, successor.rest_after("listens").await);
    let end = SystemTime::now() + Duration::from_secs(3600);
    let event = ended("stuck", end);
    let sender = {
        let event = event.clone();
        tokio::spawn(async move {
            let request = reqwest::Client::builder().no_proxy().build().unwrap().post(doomed_url);
            let body = event.to_string();
            request.headers(headers_of(&body)).body(body).send().await
        })
    };
    assert_eq!(doomed.rest_after("handles").await, "stuck None");
    doomed.child.kill().await.unwrap();
    assert!(sender.await.unwrap().is_err(), "the killed process answered");
    // The second receiver gets the event with an uncertainty, and hangs. The third gets 503.
    let again = {
        let (url, event) = (successor_url.clone(), event.clone());
        tokio::spawn(async move { deliver(&url, &event).await })
    };
    assert_eq!(successor.rest_after("handles").await, "stuck Some(Interrupted)");
    let mut third = FleetProcess::start(&redis, false);
    let third_url = third.rest_after("listens").await;
    assert_eq!(deliver(&third_url, &event).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(deliver(&third_url, &ended("r", end)).await, StatusCode::NO_CONTENT);
    assert_eq!(third.rest_after("handles").await, "r None");
    assert_eq!(deliver(&successor_url, &ended("r", end)).await, StatusCode::NO_CONTENT);
    again.abort();
}
