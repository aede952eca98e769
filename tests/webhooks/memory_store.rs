//! `MemoryStore`: leases, eviction and uncertainty.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use twin_ext::clock::{Clock as _, ManualClock};
use twin_ext::webhook::{DedupeStore as _, MemoryStore, Uncertainty};

use crate::stored::{
    StoreAnswer, acquire, answer_of, at, began, delivery, ended, reserve_then_abandon,
    reserve_then_commit,
};

const MINUTE: Duration = Duration::from_secs(60);

/// A store that began at the start of the clock, 1,000 minutes ago.
fn store(capacity: usize, retries: Duration) -> (MemoryStore, ManualClock) {
    let clock = ManualClock::new(1);
    let store = MemoryStore::new(capacity, retries).clock_skew(Duration::ZERO).clock(clock.clone());
    clock.advance(1000 * MINUTE);
    (store, clock)
}

#[tokio::test]
async fn event_is_new_then_in_progress_then_processed() {
    let (store, _) = store(10, Duration::ZERO);
    let event = ended("r", at(1));
    let (reservation, lease) = acquire(&store, &event).await;
    assert_eq!(lease.uncertainty, None);
    assert_eq!(reserve_then_abandon(&store, &event).await, StoreAnswer::InProgress);
    store.commit(reservation).await.unwrap();
    assert_eq!(reserve_then_abandon(&store, &event).await, StoreAnswer::Processed);
    assert_eq!(reserve_then_abandon(&store, &ended("another", at(1))).await, StoreAnswer::New);
}

#[tokio::test]
async fn abandoned_event_is_new_again() {
    let (store, _) = store(10, Duration::ZERO);
    let event = ended("r", at(1));
    assert_eq!(reserve_then_abandon(&store, &event).await, StoreAnswer::New);
    assert_eq!(reserve_then_commit(&store, &event).await, StoreAnswer::New);
}

#[tokio::test]
async fn interrupted_event_is_uncertain_until_committed() {
    let (store, _) = store(10, Duration::ZERO);
    let event = ended("r", at(1));
    drop(acquire(&store, &event).await);
    assert_eq!(
        reserve_then_abandon(&store, &event).await,
        StoreAnswer::Uncertain(Uncertainty::Interrupted)
    );
    assert_eq!(
        reserve_then_abandon(&store, &event).await,
        StoreAnswer::Uncertain(Uncertainty::Interrupted)
    );
    assert_eq!(
        reserve_then_commit(&store, &event).await,
        StoreAnswer::Uncertain(Uncertainty::Interrupted)
    );
    assert_eq!(reserve_then_commit(&store, &event).await, StoreAnswer::Processed);
}

#[tokio::test]
async fn each_reservation_has_a_higher_fence() {
    let (store, _) = store(10, Duration::ZERO);
    let (first, one) = acquire(&store, &ended("r", at(1))).await;
    drop(first);
    let (_second, two) = acquire(&store, &ended("r", at(1))).await;
    assert!(two.fence > one.fence);
}

#[tokio::test]
async fn fences_never_decrease_after_a_restart() {
    let clock = ManualClock::new(1);
    let mut last = 0;
    for restart in 0..5_u64 {
        let store = MemoryStore::new(10, Duration::ZERO).clock(clock.clone());
        for run in 0..3 {
            let (token, lease) = acquire(&store, &ended(&run.to_string(), at(restart))).await;
            assert!(lease.fence > last, "{} after {last}", lease.fence);
            last = lease.fence;
            store.abandon(token).await.unwrap();
        }
    }
    // Fences start from the time of day, as in Redis, so that another process continues them.
    let micros = 1_767_225_600_000_000;
    assert!(last >= micros, "{last}");
    clock.advance(1_000_000 * MINUTE);
    let store = MemoryStore::new(10, Duration::ZERO).clock(clock);
    let (_token, lease) = acquire(&store, &ended("r", at(1))).await;
    assert!(lease.fence >= micros + 60 * 1_000_000_000_000, "{}", lease.fence);
}

#[tokio::test]
async fn expired_lease_can_be_taken_over_and_evicted() {
    let (store, clock) = store(2, Duration::ZERO);
    let store = store.lease(MINUTE);
    assert_eq!(store.lease_duration(), Some(MINUTE));
    let (one, two) = (ended("one", at(1)), ended("two", at(2)));
    let (late, _) = acquire(&store, &one).await;
    clock.advance(MINUTE / 2);
    let (mut renewed, _) = acquire(&store, &two).await;
    assert_eq!(
        reserve_then_abandon(&store, &ended("three", at(3))).await,
        StoreAnswer::InProgress,
        "the store is full"
    );
    clock.advance(Duration::from_nanos(29_999_999_999));
    assert_eq!(reserve_then_abandon(&store, &one).await, StoreAnswer::InProgress);
    clock.advance(Duration::from_nanos(1));
    assert!(store.renew(&mut renewed).await.unwrap());
    assert_eq!(
        reserve_then_abandon(&store, &one).await,
        StoreAnswer::Uncertain(Uncertainty::Interrupted)
    );
    // The late commit counts: the event was handled.
    store.commit(late).await.unwrap();
    assert_eq!(reserve_then_abandon(&store, &one).await, StoreAnswer::Processed);
    // The store is full of one handled event and one reservation, and evicts the former.
    assert_eq!(reserve_then_commit(&store, &ended("three", at(3))).await, StoreAnswer::New);
    assert_eq!(
        reserve_then_abandon(&store, &one).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
}

#[tokio::test]
async fn receiver_without_its_lease_cannot_renew_or_abandon() {
    let (store, clock) = store(10, Duration::ZERO);
    let store = store.lease(MINUTE);
    let event = ended("r", at(1));
    let (mut dropped, _) = acquire(&store, &event).await;
    clock.advance(MINUTE);
    let (current, lease) = acquire(&store, &event).await;
    assert_eq!(lease.uncertainty, Some(Uncertainty::Interrupted));
    assert!(!store.renew(&mut dropped).await.unwrap());
    store.abandon(dropped).await.unwrap();
    assert_eq!(reserve_then_abandon(&store, &event).await, StoreAnswer::InProgress);
    store.commit(current).await.unwrap();
    assert_eq!(reserve_then_abandon(&store, &event).await, StoreAnswer::Processed);
}

/// Without the skew, the store would report an event as new if the clock of the service is ahead.
#[tokio::test]
async fn clock_skew_applies_to_evicted_events_without_an_end() {
    let clock = ManualClock::new(1);
    let store = MemoryStore::new(1, Duration::ZERO).clock_skew(MINUTE).clock(clock.clone());
    clock.advance(10 * MINUTE);
    let now = clock.wall();
    assert_eq!(reserve_then_commit(&store, &began("r", now)).await, StoreAnswer::New);
    assert_eq!(
        reserve_then_commit(&store, &ended("s", now + MINUTE)).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(
        reserve_then_abandon(&store, &began("r", now + MINUTE)).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
}

#[tokio::test]
async fn events_from_before_the_store_began_are_uncertain() {
    let clock = ManualClock::new(1);
    clock.advance(10 * MINUTE);
    let store =
        MemoryStore::new(10, Duration::ZERO).clock(clock).clock_skew(Duration::from_secs(2));
    let begin = 600;
    for (end, expected) in [
        (0, StoreAnswer::Uncertain(Uncertainty::Forgotten)),
        (begin, StoreAnswer::Uncertain(Uncertainty::Forgotten)),
        (begin + 2, StoreAnswer::Uncertain(Uncertainty::Forgotten)),
        (begin + 3, StoreAnswer::New),
    ] {
        assert_eq!(reserve_then_abandon(&store, &ended("r", at(end))).await, expected, "{end}");
    }
}

#[tokio::test]
async fn evicts_oldest_event_and_is_uncertain_of_events_as_old() {
    let (store, _) = store(3, Duration::ZERO);
    for (run, end) in [("b", 20), ("a", 10), ("c", 30), ("d", 40)] {
        assert_eq!(
            reserve_then_commit(&store, &ended(run, at(end))).await,
            StoreAnswer::New,
            "{run}"
        );
    }
    assert_eq!(reserve_then_abandon(&store, &ended("d", at(40))).await, StoreAnswer::Processed);
    // Each reservation of an evicted event evicts the next one.
    assert_eq!(
        reserve_then_abandon(&store, &ended("a", at(10))).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(
        reserve_then_abandon(&store, &ended("b", at(20))).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(
        reserve_then_abandon(&store, &ended("x", at(19))).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(reserve_then_abandon(&store, &ended("c", at(30))).await, StoreAnswer::Processed);
    assert_eq!(reserve_then_abandon(&store, &ended("y", at(21))).await, StoreAnswer::New);
}

#[tokio::test]
async fn reserved_event_is_never_evicted() {
    let (store, _) = store(2, Duration::ZERO);
    let (_one, _) = acquire(&store, &ended("a", at(1))).await;
    let (two, _) = acquire(&store, &ended("b", at(2))).await;
    assert_eq!(reserve_then_abandon(&store, &ended("c", at(3))).await, StoreAnswer::InProgress);
    store.commit(two).await.unwrap();
    assert_eq!(reserve_then_abandon(&store, &ended("c", at(3))).await, StoreAnswer::New);
    assert_eq!(reserve_then_abandon(&store, &ended("a", at(1))).await, StoreAnswer::InProgress);
}

/// The service may renew the timestamp of an event without an end. The store is certain only
/// after the service has stopped retrying every event that the store may have forgotten.
#[tokio::test]
async fn event_without_an_end_is_certain_after_the_retry_span() {
    let (store, clock) = store(1, MINUTE);
    let now = |ago: Duration| clock.wall() - ago;
    assert_eq!(
        reserve_then_abandon(&store, &began("r", at(60))).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(reserve_then_abandon(&store, &began("r", at(61))).await, StoreAnswer::New);
    assert_eq!(reserve_then_commit(&store, &began("r", now(MINUTE))).await, StoreAnswer::New);
    assert_eq!(
        reserve_then_commit(&store, &began("r", now(Duration::ZERO))).await,
        StoreAnswer::Processed
    );
    // Another event evicts it.
    assert_eq!(
        reserve_then_commit(&store, &ended("s", now(Duration::ZERO))).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(
        reserve_then_abandon(&store, &began("r", now(Duration::ZERO))).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    clock.advance(MINUTE);
    assert_eq!(
        reserve_then_abandon(&store, &began("r", now(Duration::ZERO))).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    clock.advance(Duration::from_secs(1));
    assert_eq!(
        reserve_then_abandon(&store, &began("r", now(Duration::ZERO))).await,
        StoreAnswer::New
    );
}

#[tokio::test]
async fn event_without_a_readable_time_is_always_uncertain() {
    let (store, _) = store(10, Duration::ZERO);
    let mut event = began("r", at(1));
    event["timestamp"] = "soon".into();
    assert_eq!(
        reserve_then_commit(&store, &event).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(reserve_then_commit(&store, &event).await, StoreAnswer::Processed);
}

/// The event with the latest end is evicted last. After that, all earlier events are uncertain.
#[tokio::test]
async fn evicted_event_that_ends_in_the_future_is_uncertain() {
    let (store, _) = store(1, Duration::ZERO);
    let far = ended("far", at(1_000_000_000));
    assert_eq!(reserve_then_commit(&store, &far).await, StoreAnswer::New);
    assert_eq!(
        reserve_then_commit(&store, &ended("r", at(1))).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
    assert_eq!(
        reserve_then_commit(&store, &far).await,
        StoreAnswer::Uncertain(Uncertainty::Forgotten)
    );
}

/// How a reservation ends.
#[derive(Debug, Clone, Copy)]
enum ReservationEnd {
    Handled,
    Failed,
    /// The store does not know whether the event was handled.
    Interrupted,
}

/// A step of the property test.
#[derive(Debug, Clone)]
enum StoreAction {
    /// The service sends an event, for the first time or again. `anew` renews the timestamp.
    Send {
        event: usize,
        anew: bool,
        ends: ReservationEnd,
    },
    /// An attacker replays a delivery.
    Replay {
        earlier: prop::sample::Index,
    },
    Pass {
        seconds: u64,
    },
    Restart,
}

fn reservation_end() -> impl Strategy<Value = ReservationEnd> {
    prop_oneof![6 => Just(ReservationEnd::Handled), 1 => Just(ReservationEnd::Failed), 1 => Just(ReservationEnd::Interrupted)]
}

fn store_action() -> impl Strategy<Value = StoreAction> {
    prop_oneof![
        6 => (0..12_usize, any::<bool>(), reservation_end()).prop_map(|(event, anew, ends)| StoreAction::Send { event, anew, ends }),
        3 => any::<prop::sample::Index>().prop_map(|earlier| StoreAction::Replay { earlier }),
        3 => (0..90_u64).prop_map(|seconds| StoreAction::Pass { seconds }),
        1 => Just(StoreAction::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn handled_event_is_never_reported_as_new(
        steps in prop::collection::vec(store_action(), 1..80), capacity in 1..5_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let clock = ManualClock::new(1);
            let begin = || {
                MemoryStore::new(capacity, MINUTE).clock_skew(Duration::ZERO).clock(clock.clone())
            };
            let mut store = begin();
            let mut first_sent = [None; 12];
            let mut sent: Vec<(usize, serde_json::Value)> = Vec::new();
            let mut handled = HashSet::new();
            for step in steps {
                let (event, body, ends) = match step {
                    StoreAction::Pass { seconds } => {
                        clock.advance(Duration::from_secs(seconds));
                        continue;
                    }
                    StoreAction::Restart => {
                        store = begin();
                        continue;
                    }
                    StoreAction::Replay { earlier } => {
                        if sent.is_empty() { continue }
                        let (event, body) = earlier.get(&sent).clone();
                        (event, body, ReservationEnd::Handled)
                    }
                    StoreAction::Send { event, anew, ends } => {
                        let now = clock.wall();
                        let first = *first_sent[event].get_or_insert(now);
                        // The service has stopped retrying this event.
                        if now > first + MINUTE { continue }
                        let stamp = if anew { now } else { first };
                        let run = event.to_string();
                        let body = if event % 2 == 0 { ended(&run, first) } else { began(&run, stamp) };
                        sent.push((event, body.clone()));
                        (event, body, ends)
                    }
                };
                let answer = match ends {
                    ReservationEnd::Handled => reserve_then_commit(&store, &body).await,
                    ReservationEnd::Failed => reserve_then_abandon(&store, &body).await,
                    ReservationEnd::Interrupted => {
                        let reservation = store.reserve(&delivery(&body)).await.unwrap();
                        answer_of(&reservation)
                    }
                };
                prop_assert!(answer != StoreAnswer::New || !handled.contains(&event), "{body} is reported as new");
                if !matches!(ends, ReservationEnd::Failed) {
                    handled.insert(event);
                }
            }
            Ok(())
        })?;
    }
}
