//! Late and lost responses of Redis. Each event can still be handled, and is handled once.

use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use twin_ext::ErrorKind;
use twin_ext::webhook::{DedupeStore as _, RedisStore, Reservation, Uncertainty};

use crate::redis_proxy::RedisProxy;
use crate::redis_server::TestRedis;
use crate::stored::{
    StoreAnswer, acquire, delivery, ended, reserve_then_abandon, reserve_then_commit,
};

/// The timeout of a store whose calls are made to time out. A call that Redis answers must not
/// exceed it, even on a machine under load.
const PATIENCE: Duration = Duration::from_secs(1);

fn store(url: &str) -> RedisStore {
    RedisStore::new(url, Duration::ZERO).unwrap().clock_skew(Duration::ZERO)
}

fn event(run: &str) -> Value {
    ended(run, SystemTime::now() + Duration::from_secs(3600))
}

#[tokio::test]
async fn reservation_made_after_the_deadline_has_no_effect() {
    let Some(redis) = TestRedis::start() else { return };
    let (impatient, other) = (store(&redis.url()).timeout(PATIENCE), store(&redis.url()));
    assert_eq!(reserve_then_commit(&impatient, &event("before")).await, StoreAnswer::New);
    let late = event("late");
    redis.pause();
    let started = Instant::now();
    let error = impatient.reserve(&delivery(&late)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(started.elapsed() < 5 * PATIENCE, "{:?}", started.elapsed());
    redis.resume();
    // Redis executes the commands of one connection in order: first the late reservation.
    assert_eq!(reserve_then_commit(&impatient, &event("after")).await, StoreAnswer::New);
    assert_eq!(reserve_then_commit(&other, &late).await, StoreAnswer::New);
    assert_eq!(reserve_then_commit(&impatient, &late).await, StoreAnswer::Processed);
}

#[tokio::test]
async fn first_reservation_of_a_store_has_a_deadline() {
    let Some(redis) = TestRedis::start() else { return };
    let (impatient, other) = (store(&redis.url()).timeout(PATIENCE), store(&redis.url()));
    other.start().await.unwrap();
    let late = event("late");
    redis.pause();
    impatient.reserve(&delivery(&late)).await.unwrap_err();
    redis.resume();
    assert_eq!(reserve_then_commit(&impatient, &event("after")).await, StoreAnswer::New);
    assert_eq!(reserve_then_commit(&other, &late).await, StoreAnswer::New);
}

/// The store believes that the clock of Redis is earlier than it is. Thus the deadline of a reservation
/// has passed when Redis reads it.
#[tokio::test]
async fn reserves_although_the_clock_of_redis_was_set_forward() {
    let Some(redis) = TestRedis::start() else { return };
    let proxy = RedisProxy::start(&redis.url()).await;
    let store = store(&proxy.url());
    proxy.report_past(true);
    store.start().await.unwrap();
    proxy.report_past(false);
    assert_eq!(reserve_then_commit(&store, &event("a")).await, StoreAnswer::New);

    proxy.report_past(true);
    store.start().await.unwrap();
    let error = store.reserve(&delivery(&event("b"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "the clock is still wrong: {error}");
}

/// Redis made the reservation in time, but its response was lost.
#[tokio::test]
async fn store_takes_over_its_reservation_whose_answer_was_lost() {
    let Some(redis) = TestRedis::start() else { return };
    let proxy = RedisProxy::start(&redis.url()).await;
    let (cut_off, other) = (store(&proxy.url()).timeout(PATIENCE), store(&redis.url()));
    assert_eq!(reserve_then_commit(&cut_off, &event("before")).await, StoreAnswer::New);
    let lost = event("lost");
    proxy.drop_responses(true);
    cut_off.reserve(&delivery(&lost)).await.unwrap_err();
    proxy.drop_responses(false);
    assert_eq!(reserve_then_abandon(&other, &lost).await, StoreAnswer::InProgress);
    assert_eq!(reserve_then_commit(&cut_off, &lost).await, StoreAnswer::New);
    assert_eq!(reserve_then_commit(&other, &lost).await, StoreAnswer::Processed);
}

/// The connection ends after Redis made the reservation. The second attempt uses the same token.
#[tokio::test]
async fn retries_reservation_with_the_same_token_after_lost_connection() {
    let Some(redis) = TestRedis::start() else { return };
    let proxy = RedisProxy::start(&redis.url()).await;
    let cut_off = store(&proxy.url());
    assert_eq!(reserve_then_commit(&cut_off, &event("before")).await, StoreAnswer::New);
    proxy.cut_next_answer();
    let (token, lease) = acquire(&cut_off, &event("cut")).await;
    assert_eq!(lease.uncertainty, None);
    cut_off.commit(token).await.unwrap();
}

/// The store makes no second attempt, so the reservation lasts until its lease ends.
#[tokio::test]
async fn lost_reservation_can_be_taken_over_when_its_lease_ends() {
    let Some(redis) = TestRedis::start() else { return };
    let proxy = RedisProxy::start(&redis.url()).await;
    let cut_off = store(&proxy.url()).timeout(PATIENCE).lease(Duration::ZERO);
    assert_eq!(reserve_then_commit(&cut_off, &event("before")).await, StoreAnswer::New);
    let lost = event("lost");
    proxy.drop_responses(true);
    cut_off.reserve(&delivery(&lost)).await.unwrap_err();
    let other = store(&redis.url());
    assert_eq!(
        reserve_then_commit(&other, &lost).await,
        StoreAnswer::Uncertain(Uncertainty::Interrupted)
    );
    assert_eq!(reserve_then_commit(&other, &lost).await, StoreAnswer::Processed);
}

#[tokio::test]
async fn renewed_lease_keeps_other_receivers_out() {
    let Some(redis) = TestRedis::start() else { return };
    let (short, other) = (store(&redis.url()).lease(Duration::ZERO), store(&redis.url()));
    let long = store(&redis.url()).lease(Duration::from_secs(60));
    let event = event("r");
    let (mut token, _) = acquire(&short, &event).await;
    assert!(long.renew(&mut token).await.unwrap(), "no other receiver has the lease");
    assert_eq!(reserve_then_abandon(&other, &event).await, StoreAnswer::InProgress);
    assert!(short.renew(&mut token).await.unwrap());
    let Reservation::Acquired(_second, _) = other.reserve(&delivery(&event)).await.unwrap() else {
        panic!("the lease has ended")
    };
    assert!(!long.renew(&mut token).await.unwrap(), "another receiver has the lease");
}
