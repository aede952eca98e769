//! The store in Redis, with a real one: the same on every machine, whoever is killed.

use std::time::{Duration, SystemTime};

use redis::AsyncTypedCommands as _;
use twin_ext::ErrorKind;
use twin_ext::webhook::{DedupeStore as _, RedisStore, Uncertainty};

use crate::redis_server::Redis;
use crate::stored::{Said, ask, began, delivery, ended, handle, take};

const HOUR: Duration = Duration::from_secs(3600);

/// A receiver's store; all of a Redis share what they have seen.
fn store(redis: &Redis) -> RedisStore {
    RedisStore::new(&redis.url(), Duration::ZERO).unwrap().clock_skew(Duration::ZERO)
}

/// A time that no store has forgotten: a store begins when it is first asked.
fn soon() -> SystemTime {
    SystemTime::now() + HOUR
}

fn long_ago() -> SystemTime {
    SystemTime::now() - HOUR
}

#[tokio::test]
async fn an_event_is_new_then_busy_then_done_for_all_receivers() {
    let Some(redis) = Redis::start() else { return };
    let (one, two) = (store(&redis), store(&redis));
    let event = ended("r", soon());
    let (reservation, lease) = take(&one, &event).await;
    assert_eq!(lease.uncertainty, None);
    assert_eq!(ask(&two, &event).await, Said::Busy);
    assert_eq!(ask(&one, &event).await, Said::Busy);
    one.commit(reservation).await.unwrap();
    assert_eq!(ask(&two, &event).await, Said::Done);
    assert_eq!(ask(&two, &ended("another", soon())).await, Said::New);
}

#[tokio::test]
async fn an_abandoned_event_is_new_again() {
    let Some(redis) = Redis::start() else { return };
    let event = ended("r", soon());
    assert_eq!(ask(&store(&redis), &event).await, Said::New);
    assert_eq!(handle(&store(&redis), &event).await, Said::New);
    assert_eq!(handle(&store(&redis), &event).await, Said::Done);
}

#[tokio::test]
async fn a_lease_that_ended_is_taken_over_in_doubt_and_with_a_higher_fence() {
    let Some(redis) = Redis::start() else { return };
    let (dead, alive) = (store(&redis).lease(Duration::ZERO), store(&redis));
    let event = ended("r", soon());
    let (lost, first) = take(&dead, &event).await;
    let (reservation, second) = take(&alive, &event).await;
    assert_eq!(second.uncertainty, Some(Uncertainty::Interrupted));
    assert!(second.fence > first.fence);
    // The one that was taken for dead has no say in it any more.
    dead.abandon(lost).await.unwrap();
    assert_eq!(ask(&dead, &event).await, Said::Busy);
    // Who takes over and gives up leaves the doubt as it was.
    alive.abandon(reservation).await.unwrap();
    assert_eq!(handle(&alive, &event).await, Said::Doubtful(Uncertainty::Interrupted));
    assert_eq!(ask(&dead, &event).await, Said::Done);
}

#[tokio::test]
async fn a_late_commit_of_a_lost_lease_counts() {
    let Some(redis) = Redis::start() else { return };
    let (slow, alive) = (store(&redis).lease(Duration::ZERO), store(&redis));
    let event = ended("r", soon());
    let (late, _) = take(&slow, &event).await;
    let (reservation, _) = take(&alive, &event).await;
    slow.commit(late).await.unwrap();
    assert_eq!(ask(&alive, &event).await, Said::Done);
    alive.abandon(reservation).await.unwrap();
    assert_eq!(ask(&alive, &event).await, Said::Done, "once done it stays so");
}

#[tokio::test]
async fn events_from_before_the_store_began_are_uncertain() {
    let Some(redis) = Redis::start() else { return };
    let seen = store(&redis);
    assert_eq!(ask(&seen, &ended("r", long_ago())).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(ask(&seen, &began("r", long_ago())).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(
        handle(&seen, &ended("r", long_ago())).await,
        Said::Doubtful(Uncertainty::Forgotten)
    );
}

#[tokio::test]
async fn an_event_without_an_end_is_certain_after_the_retry_span() {
    let Some(redis) = Redis::start() else { return };
    let seen = RedisStore::new(&redis.url(), 2 * HOUR).unwrap();
    assert_eq!(ask(&seen, &began("r", soon())).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(ask(&seen, &ended("r", soon())).await, Said::New);
    assert_eq!(ask(&seen, &began("s", soon() + 3 * HOUR)).await, Said::New);
}

#[tokio::test]
async fn an_event_without_a_readable_time_is_always_uncertain() {
    let Some(redis) = Redis::start() else { return };
    let mut event = began("r", soon());
    event["timestamp"] = "soon".into();
    assert_eq!(handle(&store(&redis), &event).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(handle(&store(&redis), &event).await, Said::Done);
}

#[tokio::test]
async fn events_older_than_remember_are_uncertain() {
    let Some(redis) = Redis::start() else { return };
    let seen = store(&redis).remember(2 * HOUR);
    assert_eq!(ask(&seen, &ended("r", soon())).await, Said::New);
    // As if it had begun long ago.
    let mut connection = redis.connection().await;
    connection.hset("{twin:webhooks}:store", "floor", 0).await.unwrap();
    assert_eq!(ask(&seen, &ended("s", long_ago())).await, Said::New);
    assert_eq!(
        ask(&seen, &ended("t", long_ago() - HOUR)).await,
        Said::Doubtful(Uncertainty::Forgotten)
    );
}

#[tokio::test]
async fn all_keys_expire_and_hold_no_payload() {
    let Some(redis) = Redis::start() else { return };
    let seen = store(&redis).remember(2 * HOUR);
    handle(&seen, &ended("canary", SystemTime::now() + 10 * HOUR)).await;
    handle(&seen, &ended("canary", long_ago())).await;
    ask(&seen, &began("canary", soon())).await;
    let (_reservation, _) = take(&seen, &ended("canary", soon())).await;
    let mut connection = redis.connection().await;
    let keys = connection.keys("*").await.unwrap();
    assert_eq!(keys.len(), 5, "{keys:?}");
    for key in keys.iter().filter(|key| !key.ends_with(":store")) {
        let left: i64 = redis::cmd("PTTL").arg(key).query_async(&mut connection).await.unwrap();
        let left = Duration::from_millis(u64::try_from(left).expect("it expires"));
        assert!((HOUR..13 * HOUR).contains(&left), "{key} expires in {left:?}");
        let entry = connection.hgetall(key).await.unwrap();
        assert!(!format!("{key} {entry:?}").contains("canary"), "{key} {entry:?}");
    }
    // An end to come is kept until it has been, and as long again as everything is.
    let digest = base16ct::lower::encode_string(&delivery(&ended("canary", soon())).key().digest());
    assert!(
        keys.iter()
            .all(|key| key.len() == "{twin:webhooks}:".len() + digest.len()
                || key.ends_with(":store"))
    );
}

#[tokio::test]
async fn stores_of_different_prefixes_share_nothing() {
    let Some(redis) = Redis::start() else { return };
    let event = ended("r", soon());
    assert_eq!(handle(&store(&redis), &event).await, Said::New);
    assert_eq!(handle(&store(&redis).prefix("staging"), &event).await, Said::New);
    assert_eq!(handle(&store(&redis), &event).await, Said::Done);
}

#[tokio::test]
async fn a_restarted_redis_without_persistence_is_uncertain_of_earlier_events() {
    let Some(mut redis) = Redis::start() else { return };
    let seen = store(&redis);
    let event = ended("r", SystemTime::now());
    // As old as the store, perhaps: it was handled, whatever that said.
    handle(&seen, &event).await;
    assert_eq!(ask(&seen, &event).await, Said::Done);
    redis.stop();
    let error = seen.reserve(&delivery(&event)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    redis.restart();
    assert_eq!(ask(&seen, &ended("old", long_ago())).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(ask(&seen, &event).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(ask(&seen, &ended("s", soon())).await, Said::New);
}

#[tokio::test]
async fn a_redis_that_kept_what_it_knew_still_says_that_it_is_done() {
    let Some(mut redis) = Redis::start_persistent() else { return };
    let seen = store(&redis);
    let (event, other) = (ended("r", soon()), ended("s", soon()));
    assert_eq!(handle(&seen, &event).await, Said::New);
    assert_eq!(ask(&seen, &other).await, Said::New);
    let before = take(&seen, &ended("fence", soon())).await.1.fence;
    redis.restart();
    assert_eq!(ask(&seen, &event).await, Said::Done);
    assert_eq!(ask(&seen, &ended("old", long_ago())).await, Said::Doubtful(Uncertainty::Forgotten));
    assert!(take(&seen, &ended("t", soon())).await.1.fence > before);
}

#[tokio::test]
async fn a_fence_is_higher_even_after_everything_was_lost() {
    let Some(mut redis) = Redis::start() else { return };
    let seen = store(&redis);
    let before = take(&seen, &ended("r", soon())).await.1.fence;
    redis.restart();
    assert!(take(&seen, &ended("r", soon())).await.1.fence > before);
}

#[tokio::test]
async fn an_emptied_redis_is_uncertain_of_earlier_events() {
    let Some(redis) = Redis::start() else { return };
    let seen = store(&redis);
    let event = ended("r", SystemTime::now());
    handle(&seen, &event).await;
    redis.connection().await.flushall().await.unwrap();
    assert_eq!(handle(&seen, &event).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(handle(&seen, &event).await, Said::Done);
}

/// As after a failover: what answers is another server.
#[tokio::test]
async fn after_a_failover_unknown_earlier_events_are_uncertain() {
    let Some(redis) = Redis::start() else { return };
    let seen = store(&redis);
    assert_eq!(ask(&seen, &ended("r", soon())).await, Said::New);
    let mut connection = redis.connection().await;
    connection.hset("{twin:webhooks}:store", "floor", 0).await.unwrap();
    let given_back = ended("s", long_ago());
    assert_eq!(ask(&seen, &given_back).await, Said::New);
    connection.hset("{twin:webhooks}:store", "life", "of another").await.unwrap();
    assert_eq!(ask(&seen, &ended("t", long_ago())).await, Said::Doubtful(Uncertainty::Forgotten));
    // It is not sure that nobody took it after it was given back.
    assert_eq!(ask(&seen, &given_back).await, Said::Doubtful(Uncertainty::Forgotten));
}

#[tokio::test]
async fn a_redis_that_has_no_room_refuses() {
    let Some(redis) = Redis::start() else { return };
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
    let error = store(&redis).reserve(&delivery(&ended("r", soon()))).await.unwrap_err();
    assert_eq!(error.to_string(), "the Redis store of webhook deliveries refused: OOM");
}

#[tokio::test]
async fn no_error_and_no_debug_shows_a_password() {
    for url in ["", "http://canary", "canary", "redis://:canary@", "redis://[canary"] {
        let error = RedisStore::new(url, Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    // Nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let seen =
        RedisStore::new(&format!("redis://u:canary@127.0.0.1:{port}"), Duration::ZERO).unwrap();
    let error = seen.reserve(&delivery(&ended("r", soon()))).await.unwrap_err();
    assert_eq!(error.to_string(), "the Redis store of webhook deliveries cannot be reached");
    assert!(!format!("{error:?} {seen:?}").contains("canary"), "{error:?} {seen:?}");
    let Some(redis) = Redis::start() else { return };
    let port = redis.url().rsplit(':').next().unwrap().to_owned();
    let seen =
        RedisStore::new(&format!("redis://u:canary@127.0.0.1:{port}"), Duration::ZERO).unwrap();
    let error = seen.reserve(&delivery(&ended("r", soon()))).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}
