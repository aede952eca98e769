//! `Retry-After`: the values that the client accepts, and the delay of the retry.

use std::time::Duration;

use twin_ext::clock::{Clock as _, ManualClock};
use twin_ext::{ErrorKind, Outcome};
use twin_tests::raw::answer;

use crate::harness::{ClientRig, FIRST_BACKOFF, failed_call, seconds};
use crate::operations::SampleOperation;

/// The delay before the retry.
#[derive(Debug, Clone, Copy)]
enum ExpectedPause {
    /// The usual backoff: the header is absent or invalid.
    Jitter,
    /// The usual backoff, because the header asks for less.
    Less(u64),
    /// The requested delay, plus up to a tenth.
    AtLeast(f64),
    /// The client does not wait; the error has the requested delay.
    NotAtAll(u64),
}

/// Values of `Retry-After`, and the resulting delay. The clock shows midnight of 2026-01-01.
const TABLE: [(&[&str], ExpectedPause); 25] = [
    (&[], ExpectedPause::Jitter),
    (&["0"], ExpectedPause::Less(0)),
    (&["1"], ExpectedPause::AtLeast(1.0)),
    (&["120"], ExpectedPause::AtLeast(120.0)),
    (&["121"], ExpectedPause::NotAtAll(121)),
    (&["00007"], ExpectedPause::AtLeast(7.0)),
    (&[" 7 "], ExpectedPause::AtLeast(7.0)),
    (&["18446744073709551616"], ExpectedPause::NotAtAll(u64::MAX)),
    (&["Thu, 01 Jan 2026 00:00:09 GMT"], ExpectedPause::AtLeast(9.0)),
    (&["Thursday, 01-Jan-26 00:00:09 GMT"], ExpectedPause::AtLeast(9.0)),
    (&["Thu Jan  1 00:00:09 2026"], ExpectedPause::AtLeast(9.0)),
    (&["Thu, 01 Jan 2026 00:02:00 GMT"], ExpectedPause::AtLeast(120.0)),
    (&["Thu, 01 Jan 2026 00:02:01 GMT"], ExpectedPause::NotAtAll(121)),
    (&["Wed, 31 Dec 2025 23:59:59 GMT"], ExpectedPause::Less(0)),
    (&["Thu, 01 Jan 1970 00:00:00 GMT"], ExpectedPause::Less(0)),
    (&["-1"], ExpectedPause::Jitter),
    (&["+1"], ExpectedPause::Jitter),
    (&["1.5"], ExpectedPause::AtLeast(1.5)),
    (&["1e400"], ExpectedPause::Jitter),
    (&["soon"], ExpectedPause::Jitter),
    (&[""], ExpectedPause::Jitter),
    (&["3", "7"], ExpectedPause::AtLeast(7.0)),
    (&["7", "3"], ExpectedPause::AtLeast(7.0)),
    (&["1e400", "2"], ExpectedPause::AtLeast(2.0)),
    (&["5", "121"], ExpectedPause::NotAtAll(121)),
];

/// Returns the first backoff of a client whose clock has the seed 1.
fn first_backoff() -> Duration {
    let share = u128::from(ManualClock::new(1).random()) * FIRST_BACKOFF.as_nanos();
    Duration::from_nanos(u64::try_from(share >> 64).expect("the jitter is below half a second"))
}

/// Returns the range of a requested pause with its jitter, which spreads clients that were
/// refused together.
fn with_jitter(asked: Duration) -> std::ops::RangeInclusive<Duration> {
    asked..=asked.mul_f64(1.1)
}

/// Calls an operation that is refused once and then succeeds. Checks the requests, the pause and
/// the result.
async fn check_retry_after(name: &str, status: u16, values: &[&str], wait: ExpectedPause) {
    let rig = ClientRig::with(|builder| builder.deadline(seconds(600))).await;
    let operation = SampleOperation::of(name);
    let headers: Vec<_> = values.iter().map(|value| format!("retry-after: {value}\r\n")).collect();
    let headers = headers.concat();
    rig.raw.then(answer(status, &headers, "{}"));
    rig.raw.always(operation.answer());
    let result = operation.call(&rig.twin).await;
    let (waits, asked) = match wait {
        ExpectedPause::Jitter if operation.is_idempotent() => {
            (Some(first_backoff()..=first_backoff()), None)
        }
        ExpectedPause::Jitter => (None, None),
        ExpectedPause::Less(asked) => {
            (Some(first_backoff()..=first_backoff()), Some(seconds(asked)))
        }
        ExpectedPause::AtLeast(asked) => {
            let asked = Duration::from_secs_f64(asked);
            (Some(with_jitter(asked)), Some(asked))
        }
        ExpectedPause::NotAtAll(asked) => (None, Some(seconds(asked))),
    };
    let pauses = rig.clock.pauses();
    let fits = pauses
        .first()
        .is_none_or(|pause| waits.as_ref().is_some_and(|waits| waits.contains(pause)));
    assert!(fits && pauses.len() == usize::from(waits.is_some()), "{name} {values:?} {pauses:?}");
    match (result, waits) {
        (Ok(_), Some(_)) => assert_eq!(rig.raw.take_requests().len(), 2, "{name} {values:?}"),
        (Err(error), None) => {
            let rejected = status == 429 || asked.is_some();
            let outcome = if rejected { Outcome::Rejected } else { Outcome::Unknown };
            let mut expected =
                failed_call(1, ErrorKind::Problem, outcome).status(status).retryable();
            expected.retry_after = asked;
            expected.retryable = rejected || operation.is_idempotent();
            assert_eq!(rig.observed(operation, &error), expected, "{name} {values:?} {error}");
        }
        (result, waits) => panic!("{name} {values:?}: {result:?} after {waits:?}"),
    }
}

#[tokio::test]
async fn idempotent_operations_follow_the_retry_after_table() {
    for (values, wait) in TABLE {
        for status in [429, 503] {
            check_retry_after("get_me", status, values, wait).await;
            check_retry_after("cancel_run", status, values, wait).await;
        }
    }
}

#[tokio::test]
async fn post_is_retried_only_after_429_or_503_with_retry_after() {
    for (values, wait) in TABLE {
        for status in [429, 503] {
            check_retry_after("start_run", status, values, wait).await;
            check_retry_after("update_webhook", status, values, wait).await;
        }
    }
}

#[tokio::test]
async fn post_is_not_retried_after_other_statuses() {
    let rig = ClientRig::new().await;
    for (status, outcome) in [
        (400, Outcome::Rejected),
        (408, Outcome::Unknown),
        (409, Outcome::Rejected),
        (500, Outcome::Unknown),
        (502, Outcome::Unknown),
        (504, Outcome::Unknown),
    ] {
        for name in ["start_run", "create_agent", "create_webhook", "move_agent"] {
            let operation = SampleOperation::of(name);
            let script = answer(status, "retry-after: 1\r\n", "{}");
            let (error, seen) = rig.expect_failure(operation, script).await;
            let expected =
                failed_call(1, ErrorKind::Problem, outcome).status(status).retry_after(1);
            assert_eq!(seen, expected, "{error}");
        }
    }
}

#[tokio::test]
async fn retry_after_beyond_the_deadline_returns_the_refusal() {
    let rig = ClientRig::new().await;
    // A pause of 120 s would end at the deadline, so it is not started.
    for (asked, sent) in [(119, 2), (120, 1)] {
        rig.raw.then(answer(503, &format!("retry-after: {asked}\r\n"), ""));
        rig.raw.always(SampleOperation::of("get_me").answer());
        let result = SampleOperation::of("get_me").call(&rig.twin).await;
        assert_eq!(result.is_ok(), sent == 2, "{asked}");
        assert_eq!(rig.raw.take_requests().len(), sent, "{asked}");
    }
    let pauses = rig.clock.pauses();
    assert!(pauses.len() == 1 && (seconds(119)..seconds(120)).contains(&pauses[0]), "{pauses:?}");
}

#[tokio::test]
async fn each_refusal_has_its_own_retry_after() {
    let rig = ClientRig::new().await;
    rig.raw.then(answer(429, "retry-after: 2\r\n", ""));
    rig.raw.then(answer(503, "retry-after: Thu, 01 Jan 2026 00:00:05 GMT\r\n", ""));
    rig.raw.always(SampleOperation::of("start_run").answer());
    SampleOperation::of("start_run").call(&rig.twin).await.expect("the third attempt succeeds");
    let pauses = rig.clock.pauses();
    assert!(with_jitter(seconds(2)).contains(&pauses[0]), "{pauses:?}");
    // The date is relative to the clock after the first pause.
    assert!(with_jitter(seconds(5).saturating_sub(pauses[0])).contains(&pauses[1]), "{pauses:?}");
    assert_eq!(rig.raw.take_requests().len(), 3);
}
