//! A Redis that answers too late, or whose answer is lost: no event becomes impossible to handle,
//! and none is handled twice.

use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use twin_ext::ErrorKind;
use twin_ext::webhook::{DedupeStore as _, RedisStore, Reservation, Uncertainty};

use crate::redis_proxy::Proxy;
use crate::redis_server::Redis;
use crate::stored::{Said, ask, delivery, ended, handle, take};

const PATIENCE: Duration = Duration::from_millis(200);

fn store(url: &str) -> RedisStore {
    RedisStore::new(url, Duration::ZERO).unwrap().clock_skew(Duration::ZERO)
}

fn event(run: &str) -> Value {
    ended(run, SystemTime::now() + Duration::from_secs(3600))
}

#[tokio::test]
async fn a_reservation_that_redis_makes_after_the_deadline_has_no_effect() {
    let Some(redis) = Redis::start() else { return };
    let (impatient, other) = (store(&redis.url()).timeout(PATIENCE), store(&redis.url()));
    assert_eq!(handle(&impatient, &event("before")).await, Said::New);
    let late = event("late");
    redis.pause();
    let started = Instant::now();
    let error = impatient.reserve(&delivery(&late)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(started.elapsed() < 10 * PATIENCE, "{:?}", started.elapsed());
    redis.resume();
    // Redis answers one connection in order: the late reservation has been executed after this.
    assert_eq!(handle(&impatient, &event("after")).await, Said::New);
    assert_eq!(handle(&other, &late).await, Said::New);
    assert_eq!(handle(&impatient, &late).await, Said::Done);
}

#[tokio::test]
async fn the_first_reservation_of_a_store_has_a_deadline_too() {
    let Some(redis) = Redis::start() else { return };
    let (impatient, other) = (store(&redis.url()).timeout(PATIENCE), store(&redis.url()));
    other.start().await.unwrap();
    let late = event("late");
    redis.pause();
    impatient.reserve(&delivery(&late)).await.unwrap_err();
    redis.resume();
    assert_eq!(handle(&impatient, &event("after")).await, Said::New);
    assert_eq!(handle(&other, &late).await, Said::New);
}

/// Redis made the reservation in time, but its answer never arrived.
#[tokio::test]
async fn the_same_store_takes_over_a_reservation_whose_answer_was_lost() {
    let Some(redis) = Redis::start() else { return };
    let proxy = Proxy::start(&redis.url()).await;
    let (cut_off, other) = (store(&proxy.url()).timeout(PATIENCE), store(&redis.url()));
    assert_eq!(handle(&cut_off, &event("before")).await, Said::New);
    let lost = event("lost");
    proxy.swallow_answers(true);
    cut_off.reserve(&delivery(&lost)).await.unwrap_err();
    proxy.swallow_answers(false);
    assert_eq!(ask(&other, &lost).await, Said::Busy, "Redis reserved it");
    assert_eq!(handle(&cut_off, &lost).await, Said::New, "nobody has handled it");
    assert_eq!(handle(&other, &lost).await, Said::Done);
}

/// The connection ends after Redis made the reservation: the second attempt uses the same token.
#[tokio::test]
async fn a_reservation_is_retried_with_its_own_token_after_a_lost_connection() {
    let Some(redis) = Redis::start() else { return };
    let proxy = Proxy::start(&redis.url()).await;
    let cut_off = store(&proxy.url());
    assert_eq!(handle(&cut_off, &event("before")).await, Said::New);
    proxy.cut_next_answer();
    let (token, lease) = take(&cut_off, &event("cut")).await;
    assert_eq!(lease.uncertainty, None);
    cut_off.commit(token).await.unwrap();
}

/// Without an answer and without another attempt of the same store, the lease ends it.
#[tokio::test]
async fn a_lost_reservation_can_be_handled_by_others_when_its_lease_ends() {
    let Some(redis) = Redis::start() else { return };
    let proxy = Proxy::start(&redis.url()).await;
    let cut_off = store(&proxy.url()).timeout(PATIENCE).lease(Duration::ZERO);
    assert_eq!(handle(&cut_off, &event("before")).await, Said::New);
    let lost = event("lost");
    proxy.swallow_answers(true);
    cut_off.reserve(&delivery(&lost)).await.unwrap_err();
    let other = store(&redis.url());
    assert_eq!(handle(&other, &lost).await, Said::Doubtful(Uncertainty::Interrupted));
    assert_eq!(handle(&other, &lost).await, Said::Done);
}

#[tokio::test]
async fn a_renewed_lease_keeps_other_receivers_away() {
    let Some(redis) = Redis::start() else { return };
    let (short, other) = (store(&redis.url()).lease(Duration::ZERO), store(&redis.url()));
    let long = store(&redis.url()).lease(Duration::from_secs(60));
    let event = event("r");
    let (mut token, _) = take(&short, &event).await;
    assert!(long.renew(&mut token).await.unwrap(), "the lease is still its own");
    assert_eq!(ask(&other, &event).await, Said::Busy);
    assert!(short.renew(&mut token).await.unwrap());
    let Reservation::Acquired(_second, _) = other.reserve(&delivery(&event)).await.unwrap() else {
        panic!("the lease has ended")
    };
    assert!(!long.renew(&mut token).await.unwrap(), "another receiver has it");
}
