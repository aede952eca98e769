//! Launches and cancellations on a scripted server.

use serde_json::json;
use twin_ext::prelude::*;
use twin_ext::{ErrorKind, Outcome, RunError};

use super::ScriptedService;
use crate::harness::start_body;

#[tokio::test]
async fn denied_cancel_is_an_error() {
    let service = ScriptedService::start().await;
    service.answers(&json!({"success": false, "error": "not now"}), 1);
    let error = service.run().cancel("no longer needed").await.unwrap_err();
    assert_eq!(error.run_error(), Some(&RunError::NotCancelled("not now".to_owned())));
    assert_eq!(error.outcome(), Outcome::Rejected);
}

#[tokio::test]
async fn launch_without_run_id_fails_as_accepted() {
    let service = ScriptedService::start().await;
    let run = json!({"run": {"run_id": "", "agent_id": "agent_1", "status": "in_progress", "started_at": ""}});
    service.answers(&run, 1);
    let error = service.twin.launch("agent_1", start_body()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Run, Outcome::Accepted));
}

#[tokio::test]
async fn launch_returns_a_handle_for_a_bare_run_id() {
    let service = ScriptedService::start().await;
    for answer in [
        json!({"run_id": "run_7"}),
        json!({"run": {"run_id": "run_7"}}),
        json!({"run": {"status": 7, "run_id": "run_7", "agent_id": null}}),
        json!({"a": "x".repeat(10_000), "parent": {"run_id": "run_6"}, "run_id": "run_7"}),
    ] {
        service.answers(&answer, 1);
        let run = service.twin.launch("agent_1", start_body()).await.unwrap();
        assert_eq!((run.run_id(), run.agent_id()), ("run_7", "agent_1"), "{answer}");
        assert!(run.started().is_none());
    }
    for answer in [json!({"run": {}}), json!({"run_id": ""}), json!({"run_id": 7}), json!([])] {
        service.answers(&answer, 1);
        let error = service.twin.launch("agent_1", start_body()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Accepted));
    }
}

#[tokio::test]
async fn cancel_error_hides_key_and_control_characters() {
    let service = ScriptedService::start().await;
    let why = "not \u{1b}[2J\u{202e}now, tw_live_0123456789";
    service.answers(&json!({"success": false, "error": why}), 1);
    let error = service.run().cancel("no longer needed").await.unwrap_err();
    for text in [error.to_string(), format!("{error:?}"), error.run_error().unwrap().to_string()] {
        assert!(!text.contains("tw_live_0123456789") && !text.contains('\u{1b}'), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
    }
}
