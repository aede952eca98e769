//! `RedisStore` with a Redis server: leases, uncertainty, restarts and failover.

use std::time::{Duration, SystemTime};

use redis::AsyncTypedCommands as _;
use twin_ext::ErrorKind;
use twin_ext::webhook::{DedupeStore as _, RedisStore, Uncertainty};

use crate::redis_server::TestRedis;
use crate::stored::{
    StoreAnswer, acquire, began, delivery, ended, reserve_then_abandon, reserve_then_commit,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Returns the store of one receiver. All stores of one Redis share their entries.
fn store(redis: &TestRedis) -> RedisStore {
    RedisStore::new(&redis.url(), Duration::ZERO).unwrap().clock_skew(Duration::ZERO)
}

/// A time after the beginning of the store, which is its first call.
fn after_start() -> SystemTime {
    SystemTime::now() + HOUR
}

fn long_ago() -> SystemTime {
    SystemTime::now() - HOUR
}

#[tokio::test]
async fn event_is_new_then_in_progress_then_processed_for_all_receivers() {
    let Some(redis) = TestRedis::start() else { return };
    let (one, two) = (store(&redis), store(&redis));
    let event = ended("r", after_start());
    let (reservation, lease) = acquire(&one, &event).await;
    assert_eq!(lease.uncertainty, None);
    assert_eq!(reserve_then_abandon(&two, &event).await, StoreAnswer::InProgress);
    assert_eq!(reserve_then_abandon(&one, &event).await, StoreAnswer::InProgress);
    one.commit(reservation).await.unwrap();
    assert_eq!(reserve_then_abandon(&two, &event).await, StoreAnswer::Processed);
    assert_eq!(
        reserve_then_abandon(&two, &ended("another", after_start())).await,
        StoreAnswer::New
    );
}

#[tokio::test]
async fn abandoned_event_is_new_again() {
    let Some(redis) = TestRedis::start() else { return };
    let event = ended("r", after_start());
    assert_eq!(reserve_then_abandon(&store(&redis), &event).await, StoreAnswer::New);
    assert_eq!(reserve_then_commit(&store(&redis), &event).await, StoreAnswer::New);
    assert_eq!(reserve_then_commit(&store(&redis), &event).await, StoreAnswer::Processed);
}

#[tokio::test]
async fn expired_lease_is_taken_over_with_higher_fence_and_uncertainty() {
    let Some(redis) = TestRedis::start() else { return };
    let (dead, alive) = (store(&redis).lease(Duration::ZERO), store(&redis).lease(HOUR));
    let durations = (dead.lease_duration(), alive.lease_duration());
    assert_eq!(durations, (Some(Duration::ZERO), Some(HOUR)));
    let event = ended("r", after_start());
    let (lost, first) = acquire(&dead, &event).await;
    let (reservation, second) = acquire(&alive, &event).await;
    assert_eq!(second.uncertainty, Some(Uncertainty::Interrupted));
    assert!(second.fence > first.fence);
    // The receiver that lost its lease cannot release the event.
    dead.abandon(lost).await.unwrap();
    assert_eq!(reserve_then_abandon(&dead, &event).await, StoreAnswer::InProgress);
    // A receiver that takes over and abandons leaves the uncertainty unchanged.
    alive.abandon(reservation).await.unwrap();
    assert_eq!(
        reserve_then_commit(&alive, &event).await,
        StoreAnswer::Uncertain(Uncertainty::Interrupted)
    );
    assert_eq!(reserve_then_abandon(&dead, &event).await, StoreAnswer::Processed);
}

/// The clock of Redis counts milliseconds, so both can happen at the same time.
#[tokio::test]
async fn uncertain_event_abandoned_when_the_store_began_stays_uncertain() {
    let Some(redis) = TestRedis::start() else { return };
    let store = store(&redis).lease(Duration::ZERO);
    let event = ended("r", after_start());
    let (_lost, _) = acquire(&store, &event).await;
    let (reservation, _) = acquire(&store, &event).await;
    store.abandon(reservation).await.unwrap();
    let mut connection = redis.connection().await;
    let began = connection.hget("{twin:webhooks}:store", "floor").await.unwrap().unwrap();
    let digest = delivery(&event).key().digest();
    let key = format!("{{twin:webhooks}}:{}", base16ct::lower::encode_string(&digest));
    assert_eq!(connection.hset(&key, "at", began).await.unwrap(), 0, "the field exists");
    assert_eq!(
        reserve_then_commit(&store, &event).await,
        StoreAnswer::Uncertain(Uncertainty::Interrupted)
    );
}

#[tokio::test]
async fn late_commit_of_a_lost_lease_counts() {
    let Some(redis) = TestRedis::start() else { return };
    let (slow, alive) = (store(&redis).lease(Duration::ZERO), store(&redis));
    let event = ended("r", after_start());
    let (late, _) = acquire(&slow, &event).await;
    let (reservation, _) = acquire(&alive, &event).await;
    slow.commit(late).await.unwrap();
    assert_eq!(reserve_then_abandon(&alive, &event).await, StoreAnswer::Processed);
    alive.abandon(reservation).await.unwrap();
    assert_eq!(reserve_then_abandon(&alive, &event).await, StoreAnswer::Processed);
}

#[tokio::test]
async fn events_from_before_the_store_began_are_uncertain() {
    let Some(redis) = TestRedis::start() else { return };
    let store = store(&redis);
    assert_eq!(
        reserve_then_abandon(&store, &ended("r", long_ago())).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(
        reserve_then_abandon(&store, &began("r", long_ago())).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(
        reserve_then_commit(&store, &ended("r", long_ago())).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
}

#[tokio::test]
async fn event_without_an_end_is_certain_after_the_retry_span() {
    let Some(redis) = TestRedis::start() else { return };
    let store = RedisStore::new(&redis.url(), 2 * HOUR).unwrap();
    assert_eq!(
        reserve_then_abandon(&store, &began("r", after_start())).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(reserve_then_abandon(&store, &ended("r", after_start())).await, StoreAnswer::New);
    assert_eq!(
        reserve_then_abandon(&store, &began("s", after_start() + 3 * HOUR)).await,
        StoreAnswer::New
    );
}

#[tokio::test]
async fn event_without_a_readable_time_is_always_uncertain() {
    let Some(redis) = TestRedis::start() else { return };
    let mut event = began("r", after_start());
    event["timestamp"] = "soon".into();
    assert_eq!(
        reserve_then_commit(&store(&redis), &event).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(reserve_then_commit(&store(&redis), &event).await, StoreAnswer::Processed);
}

#[tokio::test]
async fn events_older_than_remember_are_uncertain() {
    let Some(redis) = TestRedis::start() else { return };
    let store = store(&redis).remember(2 * HOUR);
    assert_eq!(reserve_then_abandon(&store, &ended("r", after_start())).await, StoreAnswer::New);
    // Makes the store look as if it began long ago.
    let mut connection = redis.connection().await;
    connection.hset("{twin:webhooks}:store", "floor", 0).await.unwrap();
    assert_eq!(reserve_then_abandon(&store, &ended("s", long_ago())).await, StoreAnswer::New);
    assert_eq!(
        reserve_then_abandon(&store, &ended("t", long_ago() - HOUR)).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
}

#[tokio::test]
async fn redis_keys_expire_and_hold_no_payload() {
    let Some(redis) = TestRedis::start() else { return };
    let store = store(&redis).remember(2 * HOUR);
    reserve_then_commit(&store, &ended("canary", SystemTime::now() + 10 * HOUR)).await;
    reserve_then_commit(&store, &ended("canary", long_ago())).await;
    reserve_then_abandon(&store, &began("canary", after_start())).await;
    let (_reservation, _) = acquire(&store, &ended("canary", after_start())).await;
    let mut connection = redis.connection().await;
    let keys = connection.keys("*").await.unwrap();
    assert_eq!(keys.len(), 5, "{keys:?}");
    for key in keys.iter().filter(|key| !key.ends_with(":store")) {
        let left: i64 = redis::cmd("PTTL").arg(key).query_async(&mut connection).await.unwrap();
        let left = Duration::from_millis(u64::try_from(left).expect("the entry has an expiry"));
        assert!((HOUR..13 * HOUR).contains(&left), "{key} expires in {left:?}");
        let entry = connection.hgetall(key).await.unwrap();
        assert!(!format!("{key} {entry:?}").contains("canary"), "{key} {entry:?}");
    }
    let digest =
        base16ct::lower::encode_string(&delivery(&ended("canary", after_start())).key().digest());
    assert!(
        keys.iter()
            .all(|key| key.len() == "{twin:webhooks}:".len() + digest.len()
                || key.ends_with(":store"))
    );
}

#[tokio::test]
async fn stores_with_different_prefixes_share_no_entries() {
    let Some(redis) = TestRedis::start() else { return };
    let event = ended("r", after_start());
    assert_eq!(reserve_then_commit(&store(&redis), &event).await, StoreAnswer::New);
    assert_eq!(
        reserve_then_commit(&store(&redis).prefix("staging"), &event).await,
        StoreAnswer::New
    );
    assert_eq!(reserve_then_commit(&store(&redis), &event).await, StoreAnswer::Processed);
}

#[tokio::test]
async fn redis_restarted_without_persistence_is_uncertain_of_earlier_events() {
    let Some(mut redis) = TestRedis::start() else { return };
    let store = store(&redis);
    let event = ended("r", SystemTime::now());
    // The answer may be uncertain: the event may be as old as the store.
    reserve_then_commit(&store, &event).await;
    assert_eq!(reserve_then_abandon(&store, &event).await, StoreAnswer::Processed);
    redis.stop();
    let error = store.reserve(&delivery(&event)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    redis.restart();
    assert_eq!(
        reserve_then_abandon(&store, &ended("old", long_ago())).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(
        reserve_then_abandon(&store, &event).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(reserve_then_abandon(&store, &ended("s", after_start())).await, StoreAnswer::New);
}

#[tokio::test]
async fn persistent_redis_still_knows_handled_events_after_restart() {
    let Some(mut redis) = TestRedis::start_persistent() else { return };
    let store = store(&redis);
    let (event, other) = (ended("r", after_start()), ended("s", after_start()));
    assert_eq!(reserve_then_commit(&store, &event).await, StoreAnswer::New);
    assert_eq!(reserve_then_abandon(&store, &other).await, StoreAnswer::New);
    let before = acquire(&store, &ended("fence", after_start())).await.1.fence;
    redis.restart();
    assert_eq!(reserve_then_abandon(&store, &event).await, StoreAnswer::Processed);
    assert_eq!(
        reserve_then_abandon(&store, &ended("old", long_ago())).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert!(acquire(&store, &ended("t", after_start())).await.1.fence > before);
}

#[tokio::test]
async fn fence_increases_after_redis_lost_all_data() {
    let Some(mut redis) = TestRedis::start() else { return };
    let store = store(&redis);
    let before = acquire(&store, &ended("r", after_start())).await.1.fence;
    redis.restart();
    assert!(acquire(&store, &ended("r", after_start())).await.1.fence > before);
}

#[tokio::test]
async fn flushed_redis_is_uncertain_of_earlier_events() {
    let Some(redis) = TestRedis::start() else { return };
    let store = store(&redis);
    let event = ended("r", SystemTime::now());
    reserve_then_commit(&store, &event).await;
    redis.connection().await.flushall().await.unwrap();
    assert_eq!(
        reserve_then_commit(&store, &event).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(reserve_then_commit(&store, &event).await, StoreAnswer::Processed);
}

/// After a failover, a store sees another `run_id` of the server.
#[tokio::test]
async fn unknown_earlier_events_are_uncertain_after_failover() {
    let Some(redis) = TestRedis::start() else { return };
    let store = store(&redis);
    assert_eq!(reserve_then_abandon(&store, &ended("r", after_start())).await, StoreAnswer::New);
    let mut connection = redis.connection().await;
    connection.hset("{twin:webhooks}:store", "floor", 0).await.unwrap();
    let given_back = ended("s", long_ago());
    assert_eq!(reserve_then_abandon(&store, &given_back).await, StoreAnswer::New);
    connection.hset("{twin:webhooks}:store", "life", "of another").await.unwrap();
    assert_eq!(
        reserve_then_abandon(&store, &ended("t", long_ago())).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    // Another receiver may have handled the abandoned event after the last replicated write.
    assert_eq!(
        reserve_then_abandon(&store, &given_back).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
}

#[tokio::test]
async fn reserve_fails_when_redis_is_full() {
    let Some(redis) = TestRedis::start() else { return };
    let mut connection = redis.connection().await;
    for (name, value) in [("maxmemory", "1"), ("maxmemory-policy", "noeviction")] {
        redis::cmd("CONFIG")
            .arg("SET")
            .arg(name)
            .arg(value)
            .exec_async(&mut connection)
            .await
            .unwrap();
    }
    let error = store(&redis).reserve(&delivery(&ended("r", after_start()))).await.unwrap_err();
    assert_eq!(error.to_string(), "the Redis store of webhook events rejected a command: OOM");
}

#[tokio::test]
async fn errors_and_debug_show_no_redis_password() {
    for url in ["", "http://canary", "canary", "redis://:canary@", "redis://[canary"] {
        let error = RedisStore::new(url, Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    // No server listens on this port.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store =
        RedisStore::new(&format!("redis://u:canary@127.0.0.1:{port}"), Duration::ZERO).unwrap();
    let error = store.reserve(&delivery(&ended("r", after_start()))).await.unwrap_err();
    assert_eq!(error.to_string(), "the Redis store of webhook events cannot be reached");
    assert!(!format!("{error:?} {store:?}").contains("canary"), "{error:?} {store:?}");
    let Some(redis) = TestRedis::start() else { return };
    let port = redis.url().rsplit(':').next().unwrap().to_owned();
    let store =
        RedisStore::new(&format!("redis://u:canary@127.0.0.1:{port}"), Duration::ZERO).unwrap();
    let error = store.reserve(&delivery(&ended("r", after_start()))).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}
