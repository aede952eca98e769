//! Finds one run in the list of a scripted server: its state, its outcome, and a filter that the
//! server ignores.

use serde_json::{Value, json};
use twin_ext::prelude::*;
use twin_ext::{ErrorKind, Outcome, RunError, RunState, RunTicket};

use super::{ScriptedService, listed, page};

#[tokio::test]
async fn finds_a_run_when_filter_run_id_is_ignored() {
    let service = ScriptedService::start().await;
    let others = |from: usize| -> Vec<Value> {
        (from..from + 3).map(|number| json!({"run_id": format!("other_{number}")})).collect()
    };
    let mut last = others(6);
    last.push(json!({"run_id": "run_1", "status": "error"}));
    service
        .answers(&listed(&others(0)), 1)
        .answers(&listed(&others(3)), 1)
        .answers(&listed(&last), 1);
    assert_eq!(service.run().get().await.unwrap().state(), RunState::Failed);
    let asked = service.take_targets();
    assert_eq!(asked.len(), 3);
    assert!(
        asked[2].contains("filter_run_id=run_1") && asked[2].contains("page=3"),
        "{}",
        asked[2]
    );
}

#[tokio::test]
async fn ignored_filter_and_page_end_the_search_in_two_requests() {
    let service = ScriptedService::start().await;
    service.answers(&listed(&[json!({"run_id": "other"})]), 9);
    let error = service.run().get().await.unwrap_err();
    assert_eq!(error.run_error(), Some(&RunError::NotFound));
    assert_eq!(service.take_targets().len(), 2);
}

#[tokio::test]
async fn run_is_not_reported_missing_when_more_runs_exist() {
    for total in [json!(2), json!("42")] {
        let service = ScriptedService::start().await;
        let mut page = listed(&[json!({"run_id": "other"})]);
        page["total_runs"] = total;
        service.answers(&page, 9);
        let error = service.run().get().await.unwrap_err();
        assert_eq!((error.kind(), error.run_error()), (ErrorKind::Pagination, None));
        assert!(error.to_string().contains("ignores filter_run_id"), "{error}");
        assert_eq!(service.take_targets().len(), 2);
    }
    // A total of the shown runs, or of all runs while the filter works.
    for (runs, total) in [(vec![json!({"run_id": "other"})], 1), (vec![], 42)] {
        let service = ScriptedService::start().await;
        let mut page = listed(&runs);
        page["total_runs"] = json!(total);
        service.answers(&page, 9);
        let error = service.run().get().await.unwrap_err();
        assert_eq!(error.run_error(), Some(&RunError::NotFound));
    }
}

#[tokio::test]
async fn search_for_a_run_stops_after_100_pages() {
    let service = ScriptedService::start().await;
    for number in 0..150 {
        service.answers(&listed(&[json!({"run_id": format!("other_{number}")})]), 1);
    }
    let error = service.run().get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Pagination);
    assert_eq!(service.take_targets().len(), 100);
}

#[tokio::test]
async fn rejects_blank_run_id_before_sending() {
    let service = ScriptedService::start().await;
    for blank in ["", "  "] {
        let run = service.twin.resume(RunTicket::new("agent_1", blank));
        let error = run.wait().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
    }
    assert!(service.take_targets().is_empty());
}

#[tokio::test]
async fn reports_outcome_only_of_the_named_run() {
    let service = ScriptedService::start().await;
    let mut one = page("completed");
    one["all_run_summaries"] = json!([{"outcome": "partial", "summary": "Half of it."}]);
    service.answers(&one, 2);
    let partial = twin_api::types::RunOutcome::Partial;
    assert_eq!(service.run().state().await.unwrap(), RunState::Finished(Some(partial)));
    let summary = service.run().summary().await.unwrap().unwrap();
    assert_eq!(summary.summary.as_deref(), Some("Half of it."));

    // A summary that names the run is found among others, and no other summary is used.
    let mut named = one.clone();
    let other = json!({"run_id": "run_2", "outcome": "success"});
    named["all_run_summaries"] = json!([other, {"run_id": "run_1", "outcome": "fail"}]);
    service.answers(&named, 1);
    let fail = twin_api::types::RunOutcome::Fail;
    assert_eq!(service.run().state().await.unwrap(), RunState::Finished(Some(fail)));

    let mut several = one.clone();
    several["all_run_summaries"].as_array_mut().unwrap().push(json!({"outcome": "success"}));
    one["all_run_summaries"] = json!([other]);
    service.answers(&several, 1).answers(&one, 1);
    assert_eq!(service.run().state().await.unwrap(), RunState::Finished(None));
    assert_eq!(service.run().state().await.unwrap(), RunState::Finished(None));
}
