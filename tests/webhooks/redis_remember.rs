//! `RedisStore::remember`: how long Redis keeps events, and deployments that change the time.

use std::time::{Duration, SystemTime};

use redis::AsyncTypedCommands as _;
use serde_json::Value;
use twin_ext::webhook::{DedupeStore as _, RedisStore, Uncertainty};

use crate::redis_server::TestRedis;
use crate::stored::{
    StoreAnswer, acquire, began, delivery, ended, reserve_then_abandon, reserve_then_commit,
};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Whether the times differ by at most 61 s: the lease, and the duration of a test.
fn is_about(expected: Duration, measured: Duration) -> bool {
    measured.abs_diff(expected) <= Duration::from_secs(61)
}

fn store(redis: &TestRedis, remember: Duration) -> RedisStore {
    let store = RedisStore::new(&redis.url(), Duration::ZERO).unwrap();
    store.clock_skew(Duration::ZERO).remember(remember)
}

/// The key of an event in Redis.
fn key(event: &Value) -> String {
    let digest = base16ct::lower::encode_string(&delivery(event).key().digest());
    format!("{{twin:webhooks}}:{digest}")
}

/// Moves all times in the store into the past by `ago`.
async fn move_times_back(redis: &TestRedis, ago: Duration, events: &[&Value]) {
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

/// Returns how long Redis keeps the entry of an event.
async fn time_to_live(redis: &TestRedis, event: &Value) -> Duration {
    let mut connection = redis.connection().await;
    let left: i64 = redis::cmd("PTTL").arg(key(event)).query_async(&mut connection).await.unwrap();
    Duration::from_millis(u64::try_from(left).expect("the entry has an expiry"))
}

/// Returns an event whose entry has expired: it was handled two hours ago and remembered for one.
async fn expired_entry(redis: &TestRedis) -> Value {
    let event = ended("r", SystemTime::now() - 2 * HOUR);
    let before = store(redis, HOUR);
    before.start().await.unwrap();
    move_times_back(redis, DAY, &[]).await;
    // The store is now older than the event.
    reserve_then_commit(&before, &event).await;
    move_times_back(redis, 2 * HOUR, &[&event]).await;
    assert!(!redis.connection().await.exists(key(&event)).await.unwrap(), "the entry is left");
    event
}

#[tokio::test]
async fn raising_remember_makes_expired_events_uncertain() {
    let Some(redis) = TestRedis::start() else { return };
    let event = expired_entry(&redis).await;
    let after = store(&redis, DAY);
    assert_eq!(
        reserve_then_commit(&after, &event).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(reserve_then_commit(&after, &event).await, StoreAnswer::Processed);
    // The store is certain of later events.
    assert_eq!(
        reserve_then_abandon(&after, &ended("s", SystemTime::now())).await,
        StoreAnswer::New
    );
}

/// During a rolling deployment, receivers with both settings share the store.
#[tokio::test]
async fn different_remember_never_reports_handled_event_as_new() {
    let Some(redis) = TestRedis::start() else { return };
    let event = expired_entry(&redis).await;
    let (short, long) = (store(&redis, HOUR), store(&redis, DAY));
    let recent = ended("s", SystemTime::now());
    assert_eq!(reserve_then_abandon(&long, &recent).await, StoreAnswer::New);
    assert_eq!(reserve_then_abandon(&short, &recent).await, StoreAnswer::New);
    for store in [&long, &short, &long] {
        assert_eq!(
            reserve_then_abandon(store, &event).await,
            StoreAnswer::Uncertain(Uncertainty::Forgotten)
        );
    }
}

#[tokio::test]
async fn longer_remember_is_certain_again_after_the_shorter_span() {
    let Some(redis) = TestRedis::start() else { return };
    expired_entry(&redis).await;
    let after = store(&redis, DAY);
    // This run ended after the last event that was remembered for only an hour.
    let later = ended("later", SystemTime::now() - Duration::from_secs(600));
    move_times_back(&redis, HOUR, &[]).await;
    assert_eq!(reserve_then_abandon(&after, &later).await, StoreAnswer::New);
}

#[tokio::test]
async fn shorter_remember_still_knows_older_entries() {
    let Some(redis) = TestRedis::start() else { return };
    let before = store(&redis, DAY);
    before.start().await.unwrap();
    let event = ended("r", SystemTime::now());
    reserve_then_commit(&before, &event).await;
    move_times_back(&redis, 2 * HOUR, &[&event]).await;
    let after = store(&redis, HOUR);
    assert_eq!(reserve_then_abandon(&after, &event).await, StoreAnswer::Processed);
    let unknown = ended("s", SystemTime::now() - 2 * HOUR);
    assert_eq!(
        reserve_then_abandon(&after, &unknown).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
}

/// The service's clock is ahead, so that the run ends in the future by the clock of Redis.
#[tokio::test]
async fn future_end_is_uncertain_after_remember_is_raised() {
    let Some(redis) = TestRedis::start() else { return };
    let end = SystemTime::now() + HOUR;
    let event = ended("r", end);
    let before = store(&redis, HOUR);
    assert_eq!(reserve_then_commit(&before, &event).await, StoreAnswer::New);
    // Two hours later, the run ended an hour ago, and its entry has just expired.
    redis.connection().await.del(key(&event)).await.unwrap();
    move_times_back(&redis, 2 * HOUR, &[]).await;
    let again = ended("r", end - 2 * HOUR);
    let after = store(&redis, DAY);
    assert_eq!(
        reserve_then_abandon(&after, &again).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
}

#[tokio::test]
async fn entry_outlives_the_retry_span() {
    let Some(redis) = TestRedis::start() else { return };
    let store = RedisStore::new(&redis.url(), 3 * HOUR).unwrap().remember(HOUR);
    let (ended, began) = (ended("r", SystemTime::now()), began("r", SystemTime::now()));
    for event in [&ended, &began] {
        reserve_then_commit(&store, event).await;
        let left = time_to_live(&redis, event).await;
        assert!(is_about(4 * HOUR, left), "{left:?}");
    }
    // The commit sets the expiry even if the entry of the reservation is gone.
    let late = crate::stored::ended("late", SystemTime::now());
    let (token, _) = acquire(&store, &late).await;
    redis.connection().await.del(key(&late)).await.unwrap();
    store.commit(token).await.unwrap();
    let left = time_to_live(&redis, &late).await;
    assert!(is_about(4 * HOUR, left), "{left:?}");
}

#[tokio::test]
async fn entry_of_future_end_expires_after_its_end() {
    let Some(redis) = TestRedis::start() else { return };
    let store = store(&redis, HOUR);
    let event = ended("r", SystemTime::now() + 10 * HOUR);
    let (token, _) = acquire(&store, &event).await;
    let reserved = time_to_live(&redis, &event).await;
    assert!(is_about(11 * HOUR, reserved), "{reserved:?}");
    redis.connection().await.del(key(&event)).await.unwrap();
    store.commit(token).await.unwrap();
    let committed = time_to_live(&redis, &event).await;
    assert!(is_about(11 * HOUR, committed), "{committed:?}");
}

#[tokio::test]
async fn clock_skew_makes_events_near_the_start_uncertain() {
    let Some(redis) = TestRedis::start() else { return };
    let skewed = store(&redis, DAY).clock_skew(HOUR);
    skewed.start().await.unwrap();
    let at = |after: Duration| ended("r", SystemTime::now() + after);
    let half = at(HOUR / 2);
    assert_eq!(
        reserve_then_abandon(&skewed, &half).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(
        reserve_then_abandon(&skewed, &at(HOUR + Duration::from_secs(60))).await,
        StoreAnswer::New
    );
    // Without a skew, the same event is certain.
    redis.connection().await.del(key(&half)).await.unwrap();
    assert_eq!(reserve_then_abandon(&store(&redis, DAY), &half).await, StoreAnswer::New);
}

#[tokio::test]
async fn start_makes_the_first_event_certain_and_is_kept() {
    let Some(redis) = TestRedis::start() else { return };
    store(&redis, DAY).start().await.unwrap();
    let first = ended("first", SystemTime::now() + Duration::from_millis(5));
    assert_eq!(reserve_then_commit(&store(&redis, DAY), &first).await, StoreAnswer::New);
    move_times_back(&redis, HOUR, &[]).await;
    // The next deployment calls `start`, too, which keeps the first start.
    let next = store(&redis, DAY);
    next.start().await.unwrap();
    let meanwhile = ended("meanwhile", SystemTime::now() - HOUR / 2);
    assert_eq!(reserve_then_commit(&next, &meanwhile).await, StoreAnswer::New);
}

#[tokio::test]
async fn first_event_of_new_store_is_uncertain() {
    let Some(redis) = TestRedis::start() else { return };
    let store = store(&redis, DAY);
    let first = ended("first", SystemTime::now() - HOUR);
    let (token, lease) = acquire(&store, &first).await;
    assert_eq!(lease.uncertainty, Some(Uncertainty::Forgotten));
    store.commit(token).await.unwrap();
    assert_eq!(reserve_then_abandon(&store, &first).await, StoreAnswer::Processed);
}
