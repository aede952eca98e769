//! The filters of a list of runs.

use std::time::Duration;

use serde_json::json;
use twin_emulator::{Outcome, RunMode, RunScript, RunStep};

use super::harness::{TestEmulator, in_both, text, texts};
use super::runs::ids;

/// Creates an agent with three runs an hour apart: a failed build, a completed run, and one in
/// progress.
async fn three_runs(twin: &TestEmulator) -> (String, [String; 3]) {
    let agent = twin.agent();
    let run = async |mode, end: Option<RunStep>| {
        let run = twin.with(|world| {
            world.script_next_run(RunScript::manual());
            let run = world.start_run(&agent, mode);
            if let Some(end) = end {
                world.apply_step(&agent, &run, &end);
            }
            run
        });
        twin.advance(Duration::from_secs(3_600)).await;
        run
    };
    let failed = run(RunMode::Build, Some(RunStep::Fail)).await;
    let completed = run(RunMode::Run, Some(RunStep::Complete(Outcome::Success))).await;
    let running = run(RunMode::Run, None).await;
    (agent, [failed, completed, running])
}

#[tokio::test]
async fn each_filter_returns_only_matching_runs() {
    in_both(async |twin| {
        let (agent, runs) = three_runs(&twin).await;
        let [failed, completed, running] = &runs;
        let by_id = format!("filter_run_id={completed}");
        let ended = format!("filter_status={}", twin.for_profile("finished", "completed"));
        let other = format!("filter_status={}", twin.for_profile("completed", "finished"));
        let started = |bound: &str, hour: u8, run: &str| {
            format!("filter_started_{bound}=2026-03-11T{hour}:00:00Z&filter_run_id={run}")
        };
        let cases: [(&str, &[&String]); 28] = [
            ("filter_status=error", &[failed]),
            ("filter_status=in_progress", &[running]),
            (&ended, &[completed]),
            (&other, &[]),
            ("filter_status=dreaming", &[]),
            (&by_id, &[completed]),
            ("filter_run_id=none", &[]),
            ("filter_started_after=2026-03-11T12:00:00.000000001Z", &[running, completed]),
            ("filter_started_after=2026-03-11T13:00:00Z", &[running, completed]),
            ("filter_started_after=2026-03-11T15:00:00%2B01:00", &[running]),
            ("filter_started_after=2026-03-11T13:00Z", &[running, completed]),
            ("filter_started_after=20260311T130000Z", &[running, completed]),
            ("filter_started_after=2026-03-11T15:00:00+02:00", &[running, completed]),
            ("filter_started_after=2026-03-11", &[running, completed, failed]),
            ("filter_started_before=2026-03-11T13:00:00Z", &[completed, failed]),
            ("filter_started_before=2026-03-11T12:59:59.999999999Z", &[failed]),
            ("filter_started_after=2026-03-11T15:00:00Z", &[]),
            ("filter_started_before=2026-03-11T11:00:00Z", &[]),
            (
                "filter_started_after=2026-03-11T14:00:00Z&filter_started_before=2026-03-11T13:00:00Z",
                &[],
            ),
            (&started("after", 13, completed), &[completed]),
            (&started("after", 14, completed), &[]),
            (&started("before", 12, completed), &[]),
            ("filter_policy_type=builder_v3", &[failed]),
            ("filter_policy_type=runner_v2", &[running, completed]),
            ("filter_policy_type=runner", &[]),
            ("filter_policy_group=builder", &[failed]),
            ("filter_policy_group=runner", &[running, completed]),
            ("filter_policy_group=runner&filter_status=in_progress", &[running]),
        ];
        for (query, wanted) in cases {
            let found = ids(&twin, &agent, query).await;
            assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn time_filter_accepts_times_of_responses() {
    in_both(async |twin| {
        let (agent, [_, completed, _]) = three_runs(&twin).await;
        let time = text(&twin.run(&agent, &completed).await["started_at"]).replace('+', "%2B");
        let query = format!("filter_started_after={time}&filter_started_before={time}");
        assert_eq!(ids(&twin, &agent, &query).await, [completed]);
    })
    .await;
}

#[tokio::test]
async fn totals_and_pages_count_only_matching_runs() {
    in_both(async |twin| {
        let (agent, runs) = three_runs(&twin).await;
        let query = "filter_policy_group=runner&page=2&page_size=1";
        let page = twin.get(&format!("/v1/agents/{agent}/runs?{query}")).await.json(200);
        assert_eq!(page["total_runs"], twin.for_profile(json!("2"), json!(2)));
        assert_eq!(texts(&page["runs"], "run_id"), [runs[1].as_str()]);
    })
    .await;
}

#[tokio::test]
async fn rejects_invalid_filters() {
    in_both(async |twin| {
        let agent = twin.agent();
        for query in [
            "filter_started_after=yesterday",
            "filter_started_after=",
            "filter_started_before=2026-13-11T12:00:00Z",
            "filter_started_before=1773230400",
            "filter_policy_group=critic",
        ] {
            twin.get(&format!("/v1/agents/{agent}/runs?{query}")).await.problem(400);
        }
    })
    .await;
}
