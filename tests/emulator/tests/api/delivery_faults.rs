//! Retries of deliveries, and injected faults of deliveries.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use twin_emulator::fault::Attempts;
use twin_emulator::{
    DeliveryFault, DeliveryRule, Emulator, EventType, FaultFile, Profile, RunStep,
};

use super::harness::{TestEmulator, in_both};
use super::receiver::{EVERY_EVENT, TestReceiver, TestWebhook};

const SECOND: Duration = Duration::from_secs(1);

/// The delays between attempts, in seconds.
const DELAYS: [u64; 4] = [1, 5, 30, 300];

/// Creates a webhook for `run.started`, whose receiver first returns these statuses.
async fn hook(twin: &TestEmulator, statuses: &[u16]) -> TestWebhook {
    let receiver = TestReceiver::with_statuses(statuses).await;
    TestWebhook::of(twin, twin.agent(), &["run.started"], receiver).await
}

fn add_delivery_fault(
    twin: &TestEmulator,
    event: Option<EventType>,
    deliveries: Attempts,
    fault: DeliveryFault,
) {
    twin.with(|world| world.add_delivery_fault(DeliveryRule { event, deliveries, fault }));
}

/// Creates a webhook, and a run that fails at once. Both deliveries of the run have this fault.
async fn failed_run_with_fault(twin: &TestEmulator, fault: DeliveryFault) -> TestWebhook {
    let hook = TestWebhook::new(twin, &EVERY_EVENT).await;
    add_delivery_fault(twin, None, Attempts::Every, fault);
    let run = twin.start_manual_run(&hook.agent);
    twin.with(|world| world.apply_step(&hook.agent, &run, &RunStep::Fail));
    twin.settled().await;
    hook
}

#[tokio::test]
async fn retries_delivery_until_2xx() {
    in_both(async |twin| {
        let hook = hook(&twin, &[500, 404, 301, 204]).await;
        twin.start_manual_run(&hook.agent);
        twin.advance(Duration::from_secs(3_600)).await;
        assert_eq!(hook.receiver.take().len(), 4);
    })
    .await;
}

#[tokio::test]
async fn does_not_retry_delivery_after_2xx() {
    in_both(async |twin| {
        for status in [200, 201, 202, 204, 299] {
            let hook = hook(&twin, &[status]).await;
            twin.start_manual_run(&hook.agent);
            twin.advance(Duration::from_secs(3_600)).await;
            assert_eq!(hook.receiver.take().len(), 1, "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn retries_delivery_after_1_5_30_and_300_seconds_then_gives_up() {
    in_both(async |twin| {
        let hook = hook(&twin, &[503; 6]).await;
        twin.start_manual_run(&hook.agent);
        twin.settled().await;
        assert_eq!(hook.receiver.take().len(), 1);
        for delay in DELAYS {
            twin.advance(Duration::from_millis(delay * 1_000 - 1)).await;
            assert_eq!(hook.receiver.take(), [], "before {delay} s");
            twin.advance(Duration::from_millis(1)).await;
            assert_eq!(hook.receiver.take().len(), 1, "after {delay} s");
        }
        twin.advance(Duration::from_secs(86_400)).await;
        assert_eq!(hook.receiver.take(), []);
    })
    .await;
}

#[tokio::test]
async fn every_delivery_attempt_has_the_same_bytes() {
    in_both(async |twin| {
        let hook = hook(&twin, &[503, 503]).await;
        twin.start_manual_run(&hook.agent);
        twin.advance(60 * SECOND).await;
        let [first, second, third] = hook.receiver.take().try_into().expect("three attempts");
        assert_eq!((&first, &second), (&second, &third));
        assert!(third.is_signed_with(&hook.secret));
    })
    .await;
}

#[tokio::test]
async fn unreachable_receiver_does_not_delay_others() {
    in_both(async |twin| {
        let [gone, hook] = [hook(&twin, &[]).await, hook(&twin, &[]).await];
        drop(gone.receiver);
        twin.start_manual_run(&gone.agent);
        twin.start_manual_run(&hook.agent);
        twin.advance(Duration::from_secs(3_600)).await;
        assert_eq!(hook.receiver.take().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn silent_receiver_does_not_delay_others() {
    in_both(async |twin| {
        // The kernel accepts connections, but no program reads from them.
        let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/", silent.local_addr().expect("the listener has an address"));
        let agent = twin.agent();
        let body = json!({"url": url, "events": ["run.started"]});
        twin.post(&format!("/v1/agents/{agent}/webhooks"), body).await.json(201);
        twin.start_manual_run(&agent);
        let hook = hook(&twin, &[]).await;
        twin.start_manual_run(&hook.agent);
        // The silent receiver times out only after ten seconds.
        let soon = tokio::time::timeout(5 * SECOND, hook.receiver.wait_for_delivery());
        soon.await.expect("the delivery is not delayed");
        assert_eq!(hook.receiver.take_events(), ["run.started"]);
    })
    .await;
}

#[tokio::test]
async fn does_not_retry_for_disabled_or_deleted_webhook() {
    in_both(async |twin| {
        let [disabled, deleted] = [hook(&twin, &[503]).await, hook(&twin, &[503]).await];
        twin.start_manual_run(&disabled.agent);
        twin.start_manual_run(&deleted.agent);
        twin.settled().await;
        twin.patch(&disabled.path, json!({"status": "disabled"})).await.json(200);
        twin.delete(&deleted.path).await.assert_empty(204);
        for hook in [&disabled, &deleted] {
            assert_eq!(hook.receiver.take().len(), 1);
        }
        twin.advance(Duration::from_secs(3_600)).await;
        for hook in [&disabled, &deleted] {
            assert_eq!(hook.receiver.take(), []);
        }
    })
    .await;
}

#[tokio::test]
async fn duplicate_fault_repeats_identical_delivery() {
    in_both(async |twin| {
        let hook = failed_run_with_fault(&twin, DeliveryFault::Duplicate(2)).await;
        let received = hook.receiver.take();
        assert_eq!(received.len(), 6);
        for copies in received.chunks(3) {
            assert!(copies.iter().all(|copy| *copy == copies[0]), "{copies:?}");
        }
        assert_eq!((&*received[0].event, &*received[3].event), ("run.started", "run.failed"));
    })
    .await;
}

#[tokio::test]
async fn does_not_retry_rejected_duplicate_after_accepted_one() {
    in_both(async |twin| {
        let hook = hook(&twin, &[503, 204]).await;
        add_delivery_fault(&twin, None, Attempts::Every, DeliveryFault::Duplicate(1));
        twin.start_manual_run(&hook.agent);
        twin.advance(Duration::from_secs(3_600)).await;
        assert_eq!(hook.receiver.take().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn late_fault_delays_delivery_and_keeps_its_timestamp() {
    in_both(async |twin| {
        let hook = failed_run_with_fault(&twin, DeliveryFault::Late(90_000)).await;
        twin.advance(Duration::from_millis(89_999)).await;
        assert_eq!(hook.receiver.take(), []);
        twin.advance(Duration::from_millis(1)).await;
        let [started, _] = hook.receiver.take().try_into().expect("two deliveries");
        let time = twin.for_profile("2026-03-11T12:00:00Z", "2026-03-11T12:00:00.000000000+00:00");
        assert_eq!(started.json()["timestamp"], time);
        assert!(started.is_signed_with(&hook.secret));
    })
    .await;
}

#[tokio::test]
async fn reordered_delivery_follows_the_next_one() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        add_delivery_fault(&twin, None, Attempts::from(1), DeliveryFault::Reorder);
        let run = twin.start_manual_run(&hook.agent);
        twin.advance(59 * SECOND).await;
        assert_eq!(hook.receiver.take(), []);
        twin.with(|world| world.apply_step(&hook.agent, &run, &RunStep::Fail));
        twin.settled().await;
        assert_eq!(hook.receiver.take_events(), ["run.failed", "run.started"]);
        twin.advance(Duration::from_secs(3_600)).await;
        assert_eq!(hook.receiver.take(), []);
    })
    .await;
}

#[tokio::test]
async fn reordered_delivery_without_successor_is_sent_after_a_minute() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &["run.started"]).await;
        add_delivery_fault(&twin, None, Attempts::from(1), DeliveryFault::Reorder);
        twin.start_manual_run(&hook.agent);
        twin.advance(59 * SECOND).await;
        assert_eq!(hook.receiver.take(), []);
        twin.advance(SECOND).await;
        assert_eq!(hook.receiver.take_events(), ["run.started"]);
    })
    .await;
}

#[tokio::test]
async fn reorder_applies_within_one_webhook() {
    in_both(async |twin| {
        let [first, second] = [
            TestWebhook::new(&twin, &["run.started"]).await,
            TestWebhook::new(&twin, &["run.started"]).await,
        ];
        add_delivery_fault(&twin, None, Attempts::from(1), DeliveryFault::Reorder);
        twin.start_manual_run(&first.agent);
        twin.start_manual_run(&second.agent);
        twin.settled().await;
        assert_eq!(second.receiver.take_events(), ["run.started"]);
        assert_eq!(first.receiver.take(), []);
    })
    .await;
}

#[tokio::test]
async fn wrong_signature_fault_has_a_valid_signature_format() {
    in_both(async |twin| {
        let hook = failed_run_with_fault(&twin, DeliveryFault::WrongSignature).await;
        let [started, _] = hook.receiver.take().try_into().expect("two deliveries");
        assert!(!started.is_signed_with(&hook.secret));
        let digits =
            started.signature.strip_prefix("sha256=").expect("the signature names its algorithm");
        assert_eq!((digits.len(), digits.to_ascii_lowercase().as_str()), (64, digits));
    })
    .await;
}

#[tokio::test]
async fn lost_fault_never_sends_delivery() {
    in_both(async |twin| {
        let hook = failed_run_with_fault(&twin, DeliveryFault::Lost).await;
        twin.advance(Duration::from_secs(86_400)).await;
        assert_eq!(hook.receiver.take(), []);
    })
    .await;
}

#[tokio::test]
async fn delivery_rule_counts_deliveries_of_its_event() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        add_delivery_fault(
            &twin,
            Some(EventType::Failed),
            Attempts::from([2]),
            DeliveryFault::Lost,
        );
        for _ in 0..3 {
            let run = twin.start_manual_run(&hook.agent);
            twin.with(|world| world.apply_step(&hook.agent, &run, &RunStep::Fail));
        }
        twin.settled().await;
        let events = hook.receiver.take_events();
        let wanted = ["run.started", "run.failed", "run.started", "run.started", "run.failed"];
        assert_eq!(events, wanted);
    })
    .await;
}

#[tokio::test]
async fn reads_delivery_rules_from_fault_file() {
    let fault_file = r#"{"deliveries": [
        {"event": "run.started", "deliveries": [1], "fault": {"duplicate": 1}},
        {"event": "run.started", "deliveries": {"from": 2, "to": 2}, "fault": "lost"},
        {"deliveries": [3], "fault": {"late": 1000}},
        {"event": "run.failed", "fault": "wrong_signature"}
    ]}"#;
    for profile in Profile::ALL {
        let fault_file = FaultFile::parse(fault_file).expect("the fault file is valid");
        let twin =
            TestEmulator::from_builder(Emulator::builder(profile).fault_file(fault_file)).await;
        let hook = hook(&twin, &[]).await;
        (0..3).for_each(|_| drop(twin.start_manual_run(&hook.agent)));
        twin.settled().await;
        assert_eq!(hook.receiver.take().len(), 2, "the first delivery is not duplicated");
        twin.advance(SECOND).await;
        assert_eq!(hook.receiver.take().len(), 1, "the third delivery is not late");
    }
}
