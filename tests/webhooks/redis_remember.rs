//! How long Redis remembers events, and what a change of that does between two deployments.

use std::time::{Duration, SystemTime};

use redis::AsyncTypedCommands as _;
use serde_json::Value;
use twin_ext::webhook::{DedupeStore as _, RedisStore, Uncertainty};

use crate::redis_server::Redis;
use crate::stored::{Said, ask, began, delivery, ended, handle, take};

const HOUR: Duration = Duration::from_secs(3600);
/// Whether a test may have measured this, for what should be `expected`.
fn is_about(expected: Duration, measured: Duration) -> bool {
    measured.abs_diff(expected) <= Duration::from_secs(61)
}

const DAY: Duration = Duration::from_secs(24 * 3600);

fn store(redis: &Redis, remember: Duration) -> RedisStore {
    let store = RedisStore::new(&redis.url(), Duration::ZERO).unwrap();
    store.clock_skew(Duration::ZERO).remember(remember)
}

/// The key of an event in Redis.
fn key(event: &Value) -> String {
    let digest = base16ct::lower::encode_string(&delivery(event).key().digest());
    format!("{{twin:webhooks}}:{digest}")
}

/// Moves everything that the store knows into the past: as if `ago` had gone by since.
async fn pass(redis: &Redis, ago: Duration, events: &[&Value]) {
    let mut connection = redis.connection().await;
    let millis = i64::try_from(ago.as_millis()).unwrap();
    let fields = connection.hgetall("{twin:webhooks}:store").await.unwrap();
    for (field, value) in
        fields.iter().filter(|(field, _)| *field == "floor" || field.starts_with("until:"))
    {
        let earlier = value.parse::<i64>().unwrap() - millis;
        connection.hset("{twin:webhooks}:store", field, earlier).await.unwrap();
    }
    for event in events {
        let left: i64 =
            redis::cmd("PTTL").arg(key(event)).query_async(&mut connection).await.unwrap();
        redis::cmd("PEXPIRE")
            .arg(key(event))
            .arg(left - millis)
            .exec_async(&mut connection)
            .await
            .unwrap();
    }
}

/// How long the entry of an event stays.
async fn left(redis: &Redis, event: &Value) -> Duration {
    let mut connection = redis.connection().await;
    let left: i64 = redis::cmd("PTTL").arg(key(event)).query_async(&mut connection).await.unwrap();
    Duration::from_millis(u64::try_from(left).expect("it expires"))
}

/// An event that was handled while `remember` was an hour, two hours ago.
async fn forgotten(redis: &Redis) -> Value {
    let event = ended("r", SystemTime::now() - 2 * HOUR);
    let before = store(redis, HOUR);
    before.start().await.unwrap();
    pass(redis, DAY, &[]).await;
    // As if it had been handled when it ended, by a store that is older than it.
    handle(&before, &event).await;
    pass(redis, 2 * HOUR, &[&event]).await;
    assert!(!redis.connection().await.exists(key(&event)).await.unwrap(), "it has expired");
    event
}

#[tokio::test]
async fn a_longer_remember_is_not_sure_of_what_was_remembered_for_less() {
    let Some(redis) = Redis::start() else { return };
    let event = forgotten(&redis).await;
    let after = store(&redis, DAY);
    assert_eq!(handle(&after, &event).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(handle(&after, &event).await, Said::Done);
    // Of what comes later, it is sure.
    assert_eq!(ask(&after, &ended("s", SystemTime::now())).await, Said::New);
}

/// During a rolling deployment, receivers with both settings share the store.
#[tokio::test]
async fn receivers_with_different_remember_never_call_a_handled_event_new() {
    let Some(redis) = Redis::start() else { return };
    let event = forgotten(&redis).await;
    let (short, long) = (store(&redis, HOUR), store(&redis, DAY));
    let recent = ended("s", SystemTime::now());
    assert_eq!(ask(&long, &recent).await, Said::New);
    assert_eq!(ask(&short, &recent).await, Said::New);
    for store in [&long, &short, &long] {
        assert_eq!(ask(store, &event).await, Said::Doubtful(Uncertainty::Forgotten));
    }
}

#[tokio::test]
async fn a_longer_remember_is_sure_again_when_the_shorter_one_is_covered() {
    let Some(redis) = Redis::start() else { return };
    forgotten(&redis).await;
    let after = store(&redis, DAY);
    // This one ended after the last event that was remembered for an hour only.
    let later = ended("later", SystemTime::now() - Duration::from_secs(600));
    pass(&redis, HOUR, &[]).await;
    assert_eq!(ask(&after, &later).await, Said::New);
}

#[tokio::test]
async fn a_shorter_remember_still_knows_what_was_remembered_for_longer() {
    let Some(redis) = Redis::start() else { return };
    let before = store(&redis, DAY);
    before.start().await.unwrap();
    let event = ended("r", SystemTime::now());
    handle(&before, &event).await;
    pass(&redis, 2 * HOUR, &[&event]).await;
    let after = store(&redis, HOUR);
    assert_eq!(ask(&after, &event).await, Said::Done);
    let unknown = ended("s", SystemTime::now() - 2 * HOUR);
    assert_eq!(ask(&after, &unknown).await, Said::Doubtful(Uncertainty::Forgotten));
}

/// A run may end in the future, by a clock that is ahead, and its event be remembered for an hour.
#[tokio::test]
async fn an_end_in_the_future_counts_for_a_longer_remember_too() {
    let Some(redis) = Redis::start() else { return };
    let end = SystemTime::now() + HOUR;
    let event = ended("r", end);
    let before = store(&redis, HOUR);
    assert_eq!(handle(&before, &event).await, Said::New);
    // Two hours after: it has ended an hour ago, and is forgotten just now.
    redis.connection().await.del(key(&event)).await.unwrap();
    pass(&redis, 2 * HOUR, &[]).await;
    let again = ended("r", end - 2 * HOUR);
    let after = store(&redis, DAY);
    assert_eq!(ask(&after, &again).await, Said::Doubtful(Uncertainty::Forgotten));
}

#[tokio::test]
async fn an_event_is_remembered_for_as_long_as_the_service_retries() {
    let Some(redis) = Redis::start() else { return };
    let store = RedisStore::new(&redis.url(), 3 * HOUR).unwrap().remember(HOUR);
    let (ended, began) = (ended("r", SystemTime::now()), began("r", SystemTime::now()));
    for event in [&ended, &began] {
        handle(&store, event).await;
        let left = left(&redis, event).await;
        assert!(is_about(4 * HOUR, left), "{left:?}");
    }
    // Also if only the commit writes it, since the lease and everything else has ended.
    let late = crate::stored::ended("late", SystemTime::now());
    let (token, _) = take(&store, &late).await;
    redis.connection().await.del(key(&late)).await.unwrap();
    store.commit(token).await.unwrap();
    let left = left(&redis, &late).await;
    assert!(is_about(4 * HOUR, left), "{left:?}");
}

#[tokio::test]
async fn an_event_that_ends_in_the_future_is_remembered_from_its_end() {
    let Some(redis) = Redis::start() else { return };
    let store = store(&redis, HOUR);
    let event = ended("r", SystemTime::now() + 10 * HOUR);
    let (token, _) = take(&store, &event).await;
    let reserved = left(&redis, &event).await;
    assert!(is_about(11 * HOUR, reserved), "{reserved:?}");
    redis.connection().await.del(key(&event)).await.unwrap();
    store.commit(token).await.unwrap();
    let committed = left(&redis, &event).await;
    assert!(is_about(11 * HOUR, committed), "{committed:?}");
}

#[tokio::test]
async fn clock_skew_makes_events_around_the_start_uncertain() {
    let Some(redis) = Redis::start() else { return };
    let skewed = store(&redis, DAY).clock_skew(HOUR);
    skewed.start().await.unwrap();
    let at = |after: Duration| ended("r", SystemTime::now() + after);
    let half = at(HOUR / 2);
    assert_eq!(ask(&skewed, &half).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(ask(&skewed, &at(HOUR + Duration::from_secs(60))).await, Said::New);
    // Without a skew, the same event is certain: it was abandoned, and is asked for anew.
    redis.connection().await.del(key(&half)).await.unwrap();
    assert_eq!(ask(&store(&redis, DAY), &half).await, Said::New);
}

#[tokio::test]
async fn a_started_store_is_sure_of_its_first_event_and_keeps_its_start() {
    let Some(redis) = Redis::start() else { return };
    store(&redis, DAY).start().await.unwrap();
    let first = ended("first", SystemTime::now() + Duration::from_millis(5));
    assert_eq!(handle(&store(&redis, DAY), &first).await, Said::New);
    pass(&redis, HOUR, &[]).await;
    // The next deployment starts, too, and does not begin anew.
    let next = store(&redis, DAY);
    next.start().await.unwrap();
    let meanwhile = ended("meanwhile", SystemTime::now() - HOUR / 2);
    assert_eq!(handle(&next, &meanwhile).await, Said::New);
}

#[tokio::test]
async fn the_first_event_of_a_new_store_is_handled_with_an_uncertainty() {
    let Some(redis) = Redis::start() else { return };
    let store = store(&redis, DAY);
    let first = ended("first", SystemTime::now() - HOUR);
    let (token, lease) = take(&store, &first).await;
    assert_eq!(lease.uncertainty, Some(Uncertainty::Forgotten));
    store.commit(token).await.unwrap();
    assert_eq!(ask(&store, &first).await, Said::Done);
}
