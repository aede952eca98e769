//! The store in memory: each event once, and no word for what it may have forgotten.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use twin_ext::clock::{Clock as _, ManualClock};
use twin_ext::webhook::{DedupeStore as _, MemoryStore, Uncertainty};

use crate::stored::{Said, ask, at, began, delivery, ended, handle, said, take};

const MINUTE: Duration = Duration::from_secs(60);

/// A store that began at the start of the clock, which has moved on since.
fn store(capacity: usize, retries: Duration) -> (MemoryStore, ManualClock) {
    let clock = ManualClock::new(1);
    let seen = MemoryStore::new(capacity, retries).clock_skew(Duration::ZERO).clock(clock.clone());
    clock.advance(1000 * MINUTE);
    (seen, clock)
}

#[tokio::test]
async fn an_event_is_new_then_in_progress_then_processed() {
    let (seen, _) = store(10, Duration::ZERO);
    let event = ended("r", at(1));
    let (reservation, lease) = take(&seen, &event).await;
    assert_eq!(lease.uncertainty, None);
    assert_eq!(ask(&seen, &event).await, Said::Busy);
    seen.commit(reservation).await.unwrap();
    assert_eq!(ask(&seen, &event).await, Said::Done);
    assert_eq!(ask(&seen, &ended("another", at(1))).await, Said::New);
}

#[tokio::test]
async fn an_abandoned_event_is_new_again() {
    let (seen, _) = store(10, Duration::ZERO);
    let event = ended("r", at(1));
    assert_eq!(ask(&seen, &event).await, Said::New);
    assert_eq!(handle(&seen, &event).await, Said::New);
}

#[tokio::test]
async fn an_interrupted_event_is_uncertain_until_it_is_committed() {
    let (seen, _) = store(10, Duration::ZERO);
    let event = ended("r", at(1));
    drop(take(&seen, &event).await);
    assert_eq!(ask(&seen, &event).await, Said::Doubtful(Uncertainty::Interrupted));
    assert_eq!(ask(&seen, &event).await, Said::Doubtful(Uncertainty::Interrupted));
    assert_eq!(handle(&seen, &event).await, Said::Doubtful(Uncertainty::Interrupted));
    assert_eq!(handle(&seen, &event).await, Said::Done);
}

#[tokio::test]
async fn each_turn_has_a_higher_fence() {
    let (seen, _) = store(10, Duration::ZERO);
    let (first, one) = take(&seen, &ended("r", at(1))).await;
    drop(first);
    let (_second, two) = take(&seen, &ended("r", at(1))).await;
    assert!(two.fence > one.fence);
}

#[tokio::test]
async fn fences_never_decrease_after_a_restart() {
    let clock = ManualClock::new(1);
    let mut last = 0;
    for restart in 0..5_u64 {
        let store = MemoryStore::new(10, Duration::ZERO).clock(clock.clone());
        for run in 0..3 {
            let (token, lease) = take(&store, &ended(&run.to_string(), at(restart))).await;
            assert!(lease.fence > last, "{} after {last}", lease.fence);
            last = lease.fence;
            store.abandon(token).await.unwrap();
        }
    }
    // Another process starts from the time of day, as Redis does.
    let micros = 1_767_225_600_000_000;
    assert!(last >= micros, "{last}");
    clock.advance(1_000_000 * MINUTE);
    let store = MemoryStore::new(10, Duration::ZERO).clock(clock);
    let (_token, lease) = take(&store, &ended("r", at(1))).await;
    assert!(lease.fence >= micros + 60 * 1_000_000_000_000, "{}", lease.fence);
}

#[tokio::test]
async fn a_lease_that_ended_is_taken_over_and_evicted_like_any_other_event() {
    let (store, clock) = store(2, Duration::ZERO);
    let store = store.lease(MINUTE);
    let (one, two) = (ended("one", at(1)), ended("two", at(2)));
    let (late, _) = take(&store, &one).await;
    clock.advance(MINUTE / 2);
    let (mut renewed, _) = take(&store, &two).await;
    assert_eq!(ask(&store, &ended("three", at(3))).await, Said::Busy, "it is full");
    clock.advance(Duration::from_nanos(29_999_999_999));
    assert_eq!(ask(&store, &one).await, Said::Busy);
    clock.advance(Duration::from_nanos(1));
    assert!(store.renew(&mut renewed).await.unwrap());
    assert_eq!(ask(&store, &one).await, Said::Doubtful(Uncertainty::Interrupted));
    // The late commit counts: the event was handled.
    store.commit(late).await.unwrap();
    assert_eq!(ask(&store, &one).await, Said::Done);
    // The store is full of one handled event and one reservation, and evicts the former.
    assert_eq!(handle(&store, &ended("three", at(3))).await, Said::New);
    assert_eq!(ask(&store, &one).await, Said::Doubtful(Uncertainty::Forgotten));
}

#[tokio::test]
async fn a_receiver_that_lost_its_lease_has_no_say_any_more() {
    let (store, clock) = store(10, Duration::ZERO);
    let store = store.lease(MINUTE);
    let event = ended("r", at(1));
    let (mut dropped, _) = take(&store, &event).await;
    clock.advance(MINUTE);
    let (current, lease) = take(&store, &event).await;
    assert_eq!(lease.uncertainty, Some(Uncertainty::Interrupted));
    assert!(!store.renew(&mut dropped).await.unwrap());
    store.abandon(dropped).await.unwrap();
    assert_eq!(ask(&store, &event).await, Said::Busy);
    store.commit(current).await.unwrap();
    assert_eq!(ask(&store, &event).await, Said::Done);
}

/// Without the skew, an event of a clock that is ahead would be called new.
#[tokio::test]
async fn clock_skew_counts_for_evicted_events_without_an_end() {
    let clock = ManualClock::new(1);
    let store = MemoryStore::new(1, Duration::ZERO).clock_skew(MINUTE).clock(clock.clone());
    clock.advance(10 * MINUTE);
    let now = clock.wall();
    assert_eq!(handle(&store, &began("r", now)).await, Said::New);
    assert_eq!(
        handle(&store, &ended("s", now + MINUTE)).await,
        Said::Doubtful(Uncertainty::Forgotten)
    );
    assert_eq!(
        ask(&store, &began("r", now + MINUTE)).await,
        Said::Doubtful(Uncertainty::Forgotten)
    );
}

#[tokio::test]
async fn events_from_before_the_store_began_are_uncertain() {
    let clock = ManualClock::new(1);
    clock.advance(10 * MINUTE);
    let seen = MemoryStore::new(10, Duration::ZERO).clock(clock).clock_skew(Duration::from_secs(2));
    let begin = 600;
    for (end, expected) in [
        (0, Said::Doubtful(Uncertainty::Forgotten)),
        (begin, Said::Doubtful(Uncertainty::Forgotten)),
        (begin + 2, Said::Doubtful(Uncertainty::Forgotten)),
        (begin + 3, Said::New),
    ] {
        assert_eq!(ask(&seen, &ended("r", at(end))).await, expected, "{end}");
    }
}

#[tokio::test]
async fn evicts_the_oldest_and_is_uncertain_of_events_as_old() {
    let (seen, _) = store(3, Duration::ZERO);
    for (run, end) in [("b", 20), ("a", 10), ("c", 30), ("d", 40)] {
        assert_eq!(handle(&seen, &ended(run, at(end))).await, Said::New, "{run}");
    }
    assert_eq!(ask(&seen, &ended("d", at(40))).await, Said::Done);
    // To look at it again costs the next one its place.
    assert_eq!(ask(&seen, &ended("a", at(10))).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(ask(&seen, &ended("b", at(20))).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(ask(&seen, &ended("x", at(19))).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(ask(&seen, &ended("c", at(30))).await, Said::Done);
    assert_eq!(ask(&seen, &ended("y", at(21))).await, Said::New);
}

#[tokio::test]
async fn a_reserved_event_is_never_evicted() {
    let (seen, _) = store(2, Duration::ZERO);
    let (_one, _) = take(&seen, &ended("a", at(1))).await;
    let (two, _) = take(&seen, &ended("b", at(2))).await;
    assert_eq!(ask(&seen, &ended("c", at(3))).await, Said::Busy);
    seen.commit(two).await.unwrap();
    assert_eq!(ask(&seen, &ended("c", at(3))).await, Said::New);
    assert_eq!(ask(&seen, &ended("a", at(1))).await, Said::Busy);
}

/// A delivery of an event without an end may be stamped anew: it is vouched for only when the
/// service has surely ceased to send what may have been forgotten.
#[tokio::test]
async fn an_event_without_an_end_is_certain_after_the_retry_span() {
    let (seen, clock) = store(1, MINUTE);
    let now = |ago: Duration| clock.wall() - ago;
    assert_eq!(ask(&seen, &began("r", at(60))).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(ask(&seen, &began("r", at(61))).await, Said::New);
    assert_eq!(handle(&seen, &began("r", now(MINUTE))).await, Said::New);
    assert_eq!(handle(&seen, &began("r", now(Duration::ZERO))).await, Said::Done);
    // It is forgotten for another.
    assert_eq!(
        handle(&seen, &ended("s", now(Duration::ZERO))).await,
        Said::Doubtful(Uncertainty::Forgotten)
    );
    assert_eq!(
        ask(&seen, &began("r", now(Duration::ZERO))).await,
        Said::Doubtful(Uncertainty::Forgotten)
    );
    clock.advance(MINUTE);
    assert_eq!(
        ask(&seen, &began("r", now(Duration::ZERO))).await,
        Said::Doubtful(Uncertainty::Forgotten)
    );
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(&seen, &began("r", now(Duration::ZERO))).await, Said::New);
}

#[tokio::test]
async fn an_event_without_a_readable_time_is_always_uncertain() {
    let (seen, _) = store(10, Duration::ZERO);
    let mut event = began("r", at(1));
    event["timestamp"] = "soon".into();
    assert_eq!(handle(&seen, &event).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(handle(&seen, &event).await, Said::Done);
}

/// An end in the future stays longest; forgotten, it takes all before it with it.
#[tokio::test]
async fn an_end_in_the_future_is_not_handled_twice_either() {
    let (seen, _) = store(1, Duration::ZERO);
    let far = ended("far", at(1_000_000_000));
    assert_eq!(handle(&seen, &far).await, Said::New);
    assert_eq!(handle(&seen, &ended("r", at(1))).await, Said::Doubtful(Uncertainty::Forgotten));
    assert_eq!(handle(&seen, &far).await, Said::Doubtful(Uncertainty::Forgotten));
}

/// How a lease at an event ends.
#[derive(Debug, Clone, Copy)]
enum Ends {
    Handled,
    Failed,
    /// Nobody knows whether it was handled.
    Interrupted,
}

/// What may happen to a receiver.
#[derive(Debug, Clone)]
enum Step {
    /// The service sends an event for the first time, or again, stamped anew or as it was.
    Send {
        event: usize,
        anew: bool,
        ends: Ends,
    },
    /// Somebody sends a delivery again that was seen on the way.
    Replay {
        earlier: prop::sample::Index,
    },
    Pass {
        seconds: u64,
    },
    Restart,
}

fn ends() -> impl Strategy<Value = Ends> {
    prop_oneof![6 => Just(Ends::Handled), 1 => Just(Ends::Failed), 1 => Just(Ends::Interrupted)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..12_usize, any::<bool>(), ends()).prop_map(|(event, anew, ends)| Step::Send { event, anew, ends }),
        3 => any::<prop::sample::Index>().prop_map(|earlier| Step::Replay { earlier }),
        3 => (0..90_u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever is sent, replayed and forgotten: nothing that was handled is ever called new.
    #[test]
    fn a_handled_event_is_never_called_new(
        steps in prop::collection::vec(step(), 1..80), capacity in 1..5_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let clock = ManualClock::new(1);
            let begin = || {
                MemoryStore::new(capacity, MINUTE).clock_skew(Duration::ZERO).clock(clock.clone())
            };
            let mut seen = begin();
            let mut first_sent = [None; 12];
            let mut sent: Vec<(usize, serde_json::Value)> = Vec::new();
            let mut handled = HashSet::new();
            for step in steps {
                let (event, body, ends) = match step {
                    Step::Pass { seconds } => {
                        clock.advance(Duration::from_secs(seconds));
                        continue;
                    }
                    Step::Restart => {
                        seen = begin();
                        continue;
                    }
                    Step::Replay { earlier } => {
                        if sent.is_empty() { continue }
                        let (event, body) = earlier.get(&sent).clone();
                        (event, body, Ends::Handled)
                    }
                    Step::Send { event, anew, ends } => {
                        let now = clock.wall();
                        let first = *first_sent[event].get_or_insert(now);
                        // The service has given it up.
                        if now > first + MINUTE { continue }
                        let stamp = if anew { now } else { first };
                        let run = event.to_string();
                        let body = if event % 2 == 0 { ended(&run, first) } else { began(&run, stamp) };
                        sent.push((event, body.clone()));
                        (event, body, ends)
                    }
                };
                let said = match ends {
                    Ends::Handled => handle(&seen, &body).await,
                    Ends::Failed => ask(&seen, &body).await,
                    Ends::Interrupted => {
                        let claim = seen.reserve(&delivery(&body)).await.unwrap();
                        said(&claim)
                    }
                };
                prop_assert!(said != Said::New || !handled.contains(&event), "{body} is called new");
                if !matches!(ends, Ends::Failed) {
                    handled.insert(event);
                }
            }
            Ok(())
        })?;
    }
}
