//! Eight receivers and one Redis: duplicates, receivers that are killed, a Redis that goes away.
//!
//! What must hold: each event is handled once, or somebody is told that it is in doubt; none is
//! lost in silence.

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
use crate::redis_server::Redis;
use crate::signed::{headers_of, verifier};
use crate::stored::ended;

const RECEIVERS: usize = 8;
const EVENTS: usize = 40;

fn store(url: &str) -> RedisStore {
    RedisStore::new(url, Duration::ZERO).unwrap().clock_skew(Duration::ZERO)
}

/// Runs that end in an hour, so that no store has begun after them.
fn events() -> Vec<Value> {
    let end = SystemTime::now() + Duration::from_secs(3600);
    (0..EVENTS).map(|run| ended(&run.to_string(), end)).collect()
}

/// What was done, over all receivers: the turns at each event.
#[derive(Clone, Default)]
struct Effects(Arc<Mutex<HashMap<String, Vec<Lease>>>>);

impl Effects {
    fn add(&self, delivery: &Delivery, lease: Lease) {
        let mut effects = self.0.lock().unwrap();
        effects.entry(delivery.key().run_id().to_owned()).or_default().push(lease);
    }

    fn of(&self, run: usize) -> Vec<Lease> {
        self.0.lock().unwrap().get(&run.to_string()).cloned().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_receivers_handle_each_of_many_duplicates_once() {
    let Some(redis) = Redis::start() else { return };
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
                    // Another receiver may be at it just now.
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
        assert_eq!(effects.of(run).len(), 1, "run {run}");
    }
}

/// A receiver with a runtime of its own, that can be killed with all that it has begun.
struct Doomed {
    runtime: Runtime,
    stuck: Arc<Notify>,
}

impl Doomed {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self { runtime: runtime.unwrap(), stuck: Arc::default() }
    }

    /// Takes an event, does its work or not, and never comes to an end. Its lease has no
    /// length, so that others need not wait for it.
    async fn take(&self, url: &str, event: &Value, effects: Option<Effects>) {
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

/// Kills a receiver in the middle of every event: half of them before their work was done,
/// half after. Then eight others get all events, again and again.
async fn after_a_massacre(refuse_uncertain: bool) -> Option<(Effects, Vec<bool>)> {
    let redis = Redis::start()?;
    let (effects, events) = (Effects::default(), events());
    for (number, event) in events.iter().enumerate() {
        let doomed = Doomed::new();
        doomed.take(&redis.url(), event, (number % 2 == 0).then(|| effects.clone())).await;
        doomed.kill();
    }
    let mut told = vec![false; EVENTS];
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
            told[number] |= status == StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    Some((effects, told))
}

#[tokio::test]
async fn refuse_uncertain_refuses_events_of_a_killed_receiver() {
    let Some((effects, told)) = after_a_massacre(true).await else { return };
    for (run, told) in told.into_iter().enumerate() {
        assert_eq!(effects.of(run).len(), usize::from(run % 2 == 0), "run {run}");
        assert!(told, "run {run} is not lost in silence");
    }
}

#[tokio::test]
async fn another_receiver_takes_over_events_of_a_killed_receiver() {
    let Some((effects, told)) = after_a_massacre(false).await else { return };
    for (run, told) in told.into_iter().enumerate() {
        let turns = effects.of(run);
        assert_eq!(turns.len(), 1 + usize::from(run % 2 == 0), "run {run}");
        assert!(
            turns.last().unwrap().uncertainty.is_some(),
            "run {run}: it is told to the handler"
        );
        assert!(turns.is_sorted_by_key(|lease| lease.fence), "run {run}");
        assert!(!told, "run {run}");
    }
}

#[tokio::test]
async fn a_redis_that_goes_away_and_comes_back_leads_to_nothing_twice() {
    let Some(mut redis) = Redis::start() else { return };
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
    // Ends that were before Redis comes back, and one that will be after.
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
            "it may have been handled"
        );
    }
    assert_eq!(receive(&begun).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(effects.of(2).len(), usize::from(first == StatusCode::NO_CONTENT));
    assert_eq!(effects.of(0).len() + effects.of(1).len(), 0);
    let after = ended("3", SystemTime::now() + Duration::from_secs(1));
    assert_eq!(receive(&after).await, StatusCode::NO_CONTENT);
    assert_eq!(receive(&after).await, StatusCode::NO_CONTENT);
    assert_eq!(effects.of(3).len(), 1);
}

/// Redis goes away between the work and its commit.
#[tokio::test]
async fn a_commit_that_is_lost_leaves_doubt() {
    let Some(redis) = Redis::start() else { return };
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
    assert_eq!(answer, StatusCode::NO_CONTENT, "the work is done");
    assert_eq!(effects.of(0).len(), 1);
}

/// What [`a_killed_process_loses_no_event`] starts: a receiver in a process
/// of its own. It says where it is, and each run that it has taken; of a run `stuck` it never
/// comes to an end.
#[tokio::test]
#[ignore = "it is a process that another test starts, and kills"]
async fn process() {
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

/// A receiver in a process, and what it says.
struct Process {
    child: tokio::process::Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl Process {
    fn start(redis: &Redis, doomed: bool) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "fleet::process", "--ignored", "--nocapture"]);
        command.env("TWIN_TEST_REDIS", redis.url()).kill_on_drop(true).stdout(Stdio::piped());
        if doomed {
            command.env("TWIN_TEST_DOOMED", "1");
        }
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What comes after this word in the next line that begins with it.
    async fn says(&mut self, word: &str) -> String {
        loop {
            let line = self.lines.next_line().await.unwrap().expect("it goes on");
            if let Some(rest) = line.strip_prefix(word) {
                return rest.trim().to_owned();
            }
        }
    }
}

#[tokio::test]
async fn a_killed_process_loses_no_event() {
    let Some(redis) = Redis::start() else { return };
    let (mut doomed, mut heir) = (Process::start(&redis, true), Process::start(&redis, false));
    let (doomed_url, heir_url) = (doomed.says("listens").await, heir.says("listens").await);
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
    assert_eq!(doomed.says("handles").await, "stuck None");
    doomed.child.kill().await.unwrap();
    assert!(sender.await.unwrap().is_err(), "nobody said that it was handled");
    // The next receiver is told, and the third finds it reserved: the second is at it still.
    let again = {
        let (url, event) = (heir_url.clone(), event.clone());
        tokio::spawn(async move { deliver(&url, &event).await })
    };
    assert_eq!(heir.says("handles").await, "stuck Some(Interrupted)");
    let mut third = Process::start(&redis, false);
    let third_url = third.says("listens").await;
    assert_eq!(deliver(&third_url, &event).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(deliver(&third_url, &ended("r", end)).await, StatusCode::NO_CONTENT);
    assert_eq!(third.says("handles").await, "r None");
    assert_eq!(deliver(&heir_url, &ended("r", end)).await, StatusCode::NO_CONTENT);
    again.abort();
}
