//! Retry budget, backoff and jitter, while the service fails for every caller.

use std::collections::BTreeSet;
use std::time::Duration;

use twin_ext::clock::ManualClock;
use twin_ext::{ClientBuilder, ErrorKind, Retry};
use twin_tests::raw::{Script, json};

use crate::harness::{ClientRig, FIRST_BACKOFF, KEY, seconds};
use crate::operations::SampleOperation;

/// Makes a thousand calls, a hundred at a time, and returns the total number of attempts.
async fn call_a_thousand_times(rig: &ClientRig) -> u32 {
    let operation = SampleOperation::of("get_me");
    let mut attempts = 0;
    for _ in 0..10 {
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let twin = rig.twin.clone();
                tokio::spawn(async move {
                    operation.call(&twin).await.expect_err("the service is down")
                })
            })
            .collect();
        for call in calls {
            let error = call.await.expect("no call panics");
            assert_eq!(error.kind(), ErrorKind::Problem, "{error}");
            attempts += error.attempts();
        }
    }
    attempts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_callers_share_the_retry_budget_exactly() {
    // By default the budget has 500 tokens, and a retry costs five.
    let rig = ClientRig::with(|builder| {
        // Each pause of one caller advances the clock of all callers, so that time limits would end
        // calls early.
        let builder = builder.attempt_timeout(Duration::MAX).deadline(Duration::MAX);
        builder.retry(Retry::default())
    })
    .await;
    rig.raw.always(json(503, "{}"));
    assert_eq!(call_a_thousand_times(&rig).await, 1_100);
    assert_eq!((rig.raw.take_requests().len(), rig.clock.pauses().len()), (1_100, 100));
    // The budget is empty: only first attempts follow.
    assert_eq!(call_a_thousand_times(&rig).await, 1_000);

    // Each success returns a token, so that five successes pay for a retry.
    let operation = SampleOperation::of("get_me");
    for successes in [4, 5] {
        rig.raw.always(operation.answer());
        for _ in 0..successes {
            operation.call(&rig.twin).await.expect("the service is up again");
        }
        rig.raw.always(json(503, "{}"));
        let error = operation.call(&rig.twin).await.expect_err("the service is down again");
        // The budget had four tokens from the first round.
        assert_eq!(error.attempts(), if successes == 4 { 1 } else { 2 });
    }
}

#[tokio::test]
async fn retry_after_a_timeout_costs_twice_the_tokens() {
    let rig = ClientRig::with(|builder| builder.retry(Retry::default().budget(14))).await;
    rig.raw.always(Script::new().hang());
    let (operation, twin) = (SampleOperation::of("get_me"), rig.twin.clone());
    let call = tokio::spawn(async move {
        operation.call(&twin).await.expect_err("the server does not respond")
    });
    for attempt in 1..=2 {
        rig.raw.received(attempt).await;
        rig.clock.advance(seconds(30));
    }
    // The first retry costs ten of fourteen tokens; the four that remain are too few for another.
    assert_eq!(rig.error_of(call, 2).await.attempts(), 2);
}

#[tokio::test]
async fn successful_retry_returns_its_tokens() {
    let rig = ClientRig::with(|builder| builder.retry(Retry::default().budget(5))).await;
    let operation = SampleOperation::of("get_me");
    for _ in 0..50 {
        rig.raw.then(json(503, "{}"));
        rig.raw.then(operation.answer());
        operation.call(&rig.twin).await.expect("the second attempt succeeds");
    }
}

#[tokio::test]
async fn backoff_is_jittered_within_doubling_bounds() {
    let rig = ClientRig::with(|builder| {
        builder.deadline(Duration::MAX).retry(Retry::default().max_attempts(8).budget(u32::MAX))
    })
    .await;
    rig.raw.always(json(503, "{}"));
    let bounds = [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000].map(Duration::from_millis);
    let mut seen = [(); 7].map(|()| BTreeSet::new());
    for _ in 0..200 {
        let before = rig.clock.pauses().len();
        SampleOperation::of("get_me").call(&rig.twin).await.expect_err("the service is down");
        let pauses = rig.clock.pauses().split_off(before);
        assert_eq!(pauses.len(), 7);
        for ((pause, bound), seen) in pauses.iter().zip(bounds).zip(&mut seen) {
            assert!(*pause < bound, "{pauses:?}");
            seen.insert(*pause);
        }
    }
    for (seen, bound) in seen.iter().zip(bounds) {
        // The first pause has jitter too: clients that failed together must not retry together.
        assert_eq!(seen.len(), 200, "two pauses of {bound:?} are equal");
        let (least, most) = (
            seen.first().expect("the set has 200 pauses"),
            seen.last().expect("the set has 200 pauses"),
        );
        assert!(*least < bound.mul_f64(0.05) && *most > bound.mul_f64(0.95), "{least:?} {most:?}");
    }
}

#[tokio::test]
async fn two_clients_draw_different_jitter() {
    let mut firsts = BTreeSet::new();
    for seed in 0..20 {
        let rig = ClientRig::new().await;
        let clock = ManualClock::new(seed);
        let twin = ClientBuilder::new(KEY).base_url(rig.raw.url()).clock(clock.clone());
        rig.raw.always(json(503, "{}"));
        let twin = twin.build().expect("the settings are valid");
        SampleOperation::of("get_me").call(&twin).await.expect_err("the service is down");
        assert!(clock.pauses()[0] < FIRST_BACKOFF);
        firsts.insert(clock.pauses()[0]);
    }
    assert_eq!(firsts.len(), 20);
}

#[tokio::test]
async fn retry_none_sends_one_attempt() {
    let rig = ClientRig::with(|builder| builder.retry(Retry::none())).await;
    for script in [json(503, "{}"), Script::new().close(), Script::new().send("HTTP/1.1 2").reset()]
    {
        rig.raw.always(script);
        let error =
            SampleOperation::of("get_me").call(&rig.twin).await.expect_err("the service is down");
        assert_eq!((error.attempts(), rig.raw.take_requests().len()), (1, 1));
    }
    assert!(rig.clock.pauses().is_empty());
}
