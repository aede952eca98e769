//! That the emulator is held to the document, and that this can fail.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use axum::http::HeaderValue;
use serde_json::json;
use twin_emulator::contract::{Contract, Side};
use twin_emulator::fault::{Fault, Rule};
use twin_emulator::{Outcome, Step};

use super::harness::{Twin, in_both};
use super::receiver::{EVERY_EVENT, Hook};

/// A request that no document knows, and that is answered all the same.
async fn break_the_contract(twin: &Twin) {
    twin.get("/v1/workspaces?limit=10").await.json(200);
}

/// Where the document has the rule that this breaks.
const RULE: &str = "#/paths/~1v1~1workspaces/get";

#[tokio::test]
async fn an_exchange_that_breaks_the_contract_fails_the_test_and_says_where() {
    in_both(async |twin| {
        break_the_contract(&twin).await;
        let failure = catch_unwind(AssertUnwindSafe(|| drop(twin))).expect_err("it fails");
        let message = failure.downcast_ref::<String>().expect("it says why");
        assert!(message.contains(RULE) && message.contains("?limit"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn mismatches_can_be_taken_away() {
    in_both(async |twin| {
        break_the_contract(&twin).await;
        let [mismatch] = twin.take_mismatches().try_into().expect("one mismatch");
        assert_eq!((mismatch.side, mismatch.pointer.as_str()), (Side::Request, RULE));
        assert!(twin.take_mismatches().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_taken_though_the_document_forbids_it_is_a_mismatch() {
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
async fn a_body_that_is_refused_is_no_mismatch() {
    in_both(async |twin| {
        let refused = twin.post("/v1/agents", json!({"workspace_id": 1})).await;
        assert!(refused.status.is_client_error());
        assert!(twin.take_mismatches().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_injected_fault_is_not_a_mismatch() {
    in_both(async |twin| {
        let value = HeaderValue::from_static("text/plain");
        for fault in [Fault::ContentType { value }, Fault::Html] {
            twin.clear_faults();
            twin.order(Rule::new("get_me", fault)).expect("there is such an operation");
            assert!(twin.get("/v1/me").await.header("content-type").starts_with("text/"));
        }
        assert!(twin.take_mismatches().is_empty());
    })
    .await;
}

/// It is held to the webhook of its event, so that a mismatch fails every test with deliveries.
#[tokio::test]
async fn every_kind_of_delivery_is_held_to_the_document() {
    in_both(async |twin| {
        let hook = Hook::new(&twin, &EVERY_EVENT).await;
        for end in [Step::Complete(Outcome::Partial), Step::Fail, Step::Stop] {
            let run = twin.run_by_hand(&hook.agent);
            twin.with(|world| world.happen(&hook.agent, &run, &Step::Pause));
            twin.advance(Duration::from_secs(900)).await;
            twin.with(|world| world.happen(&hook.agent, &run, &end));
            twin.settled().await;
        }
        let contract = Contract::of(twin.profile());
        let received = hook.receiver.take();
        assert_eq!(received.len(), 9);
        for received in received {
            let request = received.request();
            assert_eq!(contract.check_delivery(&received.event, &request), []);
            // That it is held to it can be seen by what another event would break.
            let other = if received.event == "run.failed" { "run.paused" } else { "run.failed" };
            assert!(contract.check_delivery(other, &request).len() >= 2);
        }
        assert_eq!(twin.take_mismatches(), []);
    })
    .await;
}
