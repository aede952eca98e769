//! `finished_since`: runs that ended since a time, whenever they started.

use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt as _;
use futures_util::stream::FusedStream;
use serde_json::json;
use twin_api::types::Run;
use twin_ext::FinishedRuns;
use twin_ext::prelude::*;
use twin_ext::{ErrorKind, Outcome};
use twin_tests::emulator::{Outcome as Ending, RunMode, RunScript, RunStep};

use crate::harness::{EmulatedTwin, in_both};
use crate::scripted::{ScriptedService, listed};

const HOUR: Duration = Duration::from_secs(3600);

/// A run that takes this many hours.
fn lasting(hours: u32, end: RunStep) -> RunScript {
    RunScript::manual().then(HOUR * hours, end)
}

fn now(twin: &EmulatedTwin) -> SystemTime {
    twin.with(|world| world.now()).into()
}

async fn start(twin: &EmulatedTwin, script: RunScript) -> String {
    twin.launch(script).await.run_id().to_owned()
}

/// Returns the identifiers of the runs that ended since `time`, sorted.
async fn since(twin: &EmulatedTwin, time: SystemTime) -> Vec<String> {
    let runs: Vec<Run> =
        twin.client.finished_since(&*twin.agent, time).try_collect().await.unwrap();
    let mut ids: Vec<String> = runs.into_iter().map(|run| run.run_id).collect();
    ids.sort();
    ids
}

#[test]
fn finished_runs_are_send_and_unpin() {
    fn assert_send_unpin<T: Send + Unpin + FusedStream>() {}
    assert_send_unpin::<FinishedRuns<'_>>();
}

#[tokio::test]
async fn finished_runs_terminate_after_the_last_run_only() {
    in_both(async |twin: EmulatedTwin| {
        let began = now(&twin);
        start(&twin, lasting(1, RunStep::Fail)).await;
        twin.advance(HOUR * 2).await;
        let mut runs = twin.client.finished_since(&*twin.agent, began);
        assert!(!runs.is_terminated());
        assert!(runs.try_next().await.unwrap().is_some());
        assert!(runs.try_next().await.unwrap().is_none());
        assert!(runs.is_terminated());
    })
    .await;
}

#[tokio::test]
async fn finished_since_compares_end_times_inclusively() {
    in_both(async |twin: EmulatedTwin| {
        let old = start(&twin, lasting(1, RunStep::Complete(Ending::Success))).await;
        let mut expected = vec![
            start(&twin, lasting(10, RunStep::Complete(Ending::Fail))).await,
            start(&twin, lasting(10, RunStep::Fail)).await,
            start(&twin, lasting(11, RunStep::Stop)).await,
        ];
        let _running = start(&twin, lasting(99, RunStep::Fail)).await;
        let _paused = start(&twin, lasting(10, RunStep::Pause)).await;
        let began = now(&twin);
        twin.advance(HOUR * 12).await;
        expected.sort();
        assert_eq!(since(&twin, began + HOUR * 10).await, expected);
        let later = since(&twin, began + HOUR * 10 + Duration::from_secs(1)).await;
        assert_eq!(later.len(), 1);
        assert!(since(&twin, began).await.contains(&old));
        assert_eq!(since(&twin, now(&twin)).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn finished_since_reads_every_page() {
    in_both(async |twin: EmulatedTwin| {
        let first = start(&twin, lasting(2, RunStep::Complete(Ending::Success))).await;
        twin.with(|world| {
            world.script_runs(lasting(1, RunStep::Fail));
            (0..250).for_each(|_| drop(world.start_run(&twin.agent, RunMode::Run)));
        });
        let began = now(&twin);
        twin.advance(HOUR * 3).await;
        assert_eq!(since(&twin, began + HOUR * 2).await, [first]);
        assert_eq!(since(&twin, began).await.len(), 251);
    })
    .await;
}

#[tokio::test]
async fn finished_since_reads_rfc_3339_and_rejects_other_text() {
    in_both(async |twin: EmulatedTwin| {
        let run = start(&twin, lasting(1, RunStep::Fail)).await;
        twin.advance(HOUR).await;
        for time in [
            "2026-03-11T13:00:00Z",
            "2026-03-11T13:00:00.000000000+00:00",
            "2026-03-11T14:00:00+01:00",
        ] {
            let mut runs = twin.client.finished_since(&*twin.agent, time);
            assert_eq!(runs.try_next().await.unwrap().unwrap().run_id, run, "{time}");
            assert!(runs.try_next().await.unwrap().is_none());
            assert!(runs.is_terminated());
        }
        let mut later = twin.client.finished_since(&*twin.agent, "2026-03-11T13:00:00.000000001Z");
        assert!(later.try_next().await.unwrap().is_none());

        let before = twin.count("list_runs");
        let mut none = twin.client.finished_since(&*twin.agent, "yesterday");
        let error = none.next().await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
        assert!(none.next().await.is_none());
        assert_eq!(twin.count("list_runs"), before);
    })
    .await;
}

#[tokio::test]
async fn max_run_duration_filters_by_start_time() {
    in_both(async |twin: EmulatedTwin| {
        let _longer = start(&twin, lasting(30, RunStep::Fail)).await;
        twin.advance(HOUR * 20).await;
        let shorter = start(&twin, lasting(9, RunStep::Fail)).await;
        twin.advance(HOUR * 10).await;
        let time = now(&twin) - HOUR;
        twin.take_exchanges();
        let runs = twin.client.finished_since(&*twin.agent, time).max_run_duration(HOUR * 12);
        let runs: Vec<Run> = runs.try_collect().await.unwrap();
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].run_id, shorter);
        let asked = twin.take_exchanges();
        assert!(
            asked.iter().all(|e| e.request.query().contains("filter_started_after=2026-03-12T05"))
        );
    })
    .await;
}

#[tokio::test]
async fn refusal_is_the_last_item_of_finished_since() {
    in_both(async |twin: EmulatedTwin| {
        let mut runs = twin.client.finished_since("agent_unknown", now(&twin));
        let error = runs.next().await.unwrap().unwrap_err();
        assert!(error.is_not_found() || error.is_forbidden());
        assert!(runs.next().await.is_none());
    })
    .await;
}

#[tokio::test]
async fn finished_since_includes_ended_runs_without_an_end_time() {
    let service = ScriptedService::start().await;
    let runs = listed(&[
        json!({"run_id": "dated", "finished_at": "2026-02-20T15:00:00Z"}),
        json!({"run_id": "undated"}),
        json!({"run_id": "odd", "finished_at": "lately"}),
        json!({"run_id": "old", "finished_at": "2026-02-20T14:59:59.999999999+00:00"}),
        json!({"run_id": "running", "status": "in_progress"}),
        json!({"run_id": "cancelled", "status": "cancelled"}),
        json!({"run_id": "queued", "status": "queued"}),
    ]);
    service.answers(&runs, 1).answers(&listed(&[]), 3);
    let mut found = Vec::new();
    let mut ended = service.twin.finished_since("agent_1", "2026-02-20T15:00:00Z");
    while let Some(run) = ended.try_next().await.unwrap() {
        found.push(run.run_id);
    }
    assert_eq!(found, ["dated", "undated", "odd", "cancelled"]);
}
