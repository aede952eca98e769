//! The contract check: which exchanges are reported as mismatches, and which are not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use axum::http::HeaderValue;
use serde_json::json;
use twin_emulator::contract::{Contract, Side};
use twin_emulator::fault::{Fault, Rule};
use twin_emulator::{Outcome, RunStep};

use super::harness::{TestEmulator, in_both};
use super::receiver::{EVERY_EVENT, TestWebhook};

/// Sends a request with a parameter that the document does not list. The emulator accepts it.
async fn send_undocumented_request(twin: &TestEmulator) {
    twin.get("/v1/workspaces?limit=10").await.json(200);
}

/// The JSON pointer to the broken rule.
const RULE: &str = "#/paths/~1v1~1workspaces/get";

#[tokio::test]
async fn dropping_emulator_panics_after_mismatch() {
    in_both(async |twin| {
        send_undocumented_request(&twin).await;
        let failure = catch_unwind(AssertUnwindSafe(|| drop(twin)))
            .expect_err("dropping the emulator panics");
        let message = failure.downcast_ref::<String>().expect("the panic has a message");
        assert!(message.contains(RULE) && message.contains("?limit"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn take_mismatches_prevents_panic_on_drop() {
    in_both(async |twin| {
        send_undocumented_request(&twin).await;
        let [mismatch] = twin.take_mismatches().try_into().expect("one mismatch");
        assert_eq!((mismatch.side, mismatch.pointer.as_str()), (Side::Request, RULE));
        assert!(twin.take_mismatches().is_empty());
    })
    .await;
}

#[tokio::test]
async fn reports_accepted_body_that_document_forbids() {
    in_both(async |twin| {
        twin.post("/v1/agents", json!({"workspace_id": null})).await.json(201);
        let [mismatch] = twin.take_mismatches().try_into().expect("one mismatch");
        let rule = "#/components/schemas/CreateAgentBody/properties/workspace_id/type";
        assert_eq!(
            (mismatch.pointer.as_str(), mismatch.instance.as_str()),
            (rule, "/workspace_id")
        );
    })
    .await;
}

#[tokio::test]
async fn rejected_body_is_not_a_mismatch() {
    in_both(async |twin| {
        let refused = twin.post("/v1/agents", json!({"workspace_id": 1})).await;
        assert!(refused.status.is_client_error());
        assert!(twin.take_mismatches().is_empty());
    })
    .await;
}

#[tokio::test]
async fn injected_fault_is_not_a_mismatch() {
    in_both(async |twin| {
        let value = HeaderValue::from_static("text/plain");
        for fault in [Fault::ContentType { value }, Fault::Html] {
            twin.clear_faults();
            twin.add_fault(Rule::new("get_me", fault)).expect("the operation exists");
            assert!(twin.get("/v1/me").await.header("content-type").starts_with("text/"));
        }
        assert!(twin.take_mismatches().is_empty());
    })
    .await;
}

#[tokio::test]
async fn checks_every_delivery_against_its_webhook() {
    in_both(async |twin| {
        let hook = TestWebhook::new(&twin, &EVERY_EVENT).await;
        for end in [RunStep::Complete(Outcome::Partial), RunStep::Fail, RunStep::Stop] {
            let run = twin.start_manual_run(&hook.agent);
            twin.with(|world| world.apply_step(&hook.agent, &run, &RunStep::Pause));
            twin.advance(Duration::from_secs(900)).await;
            twin.with(|world| world.apply_step(&hook.agent, &run, &end));
            twin.settled().await;
        }
        let contract = Contract::of(twin.profile());
        let received = hook.receiver.take();
        assert_eq!(received.len(), 9);
        for received in received {
            let request = received.request();
            assert_eq!(contract.check_delivery(&received.event, &request), []);
            // The same delivery breaks the rules of another event.
            let other = if received.event == "run.failed" { "run.paused" } else { "run.failed" };
            assert!(contract.check_delivery(other, &request).len() >= 2);
        }
        assert_eq!(twin.take_mismatches(), []);
    })
    .await;
}
