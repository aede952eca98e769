//! The events of a run.

use std::time::Duration;

use serde_json::{Value, json};
use twin_emulator::{Emulator, FaultFile, Outcome, Profile, RunStep};

use super::harness::{TestEmulator, in_both, list, members};

/// Creates a run with `count` events, of which the first is `started`. Returns the path of its events.
fn run_with_events(twin: &TestEmulator, count: u64) -> String {
    let agent = twin.agent();
    let run = twin.start_manual_run(&agent);
    twin.with(|world| world.add_events(&agent, &run, count - 1));
    format!("/v1/agents/{agent}/runs/{run}/events")
}

/// Starts an emulator of the observed profile that supports `after_index`.
async fn observed_with_after_index() -> TestEmulator {
    let builder = Emulator::builder(Profile::Observed);
    TestEmulator::from_builder(builder.switches(|switches| switches.ignore_after_index = false))
        .await
}

async fn indexes(twin: &TestEmulator, path: &str) -> Vec<u64> {
    let name = twin.for_profile("index", "event_index");
    let page = twin.get(path).await.json(200);
    let index = |event: &Value| event[name].as_u64().expect("the value is a number");
    list(&page["events"]).iter().map(index).collect()
}

/// Reads the indexes of all events, in pages of seven.
async fn list_all(twin: &TestEmulator, path: &str) -> Vec<u64> {
    let mut all: Vec<u64> = Vec::new();
    loop {
        let after = all.last().map_or(String::new(), |last| format!("&after_index={last}"));
        let page = indexes(twin, &format!("{path}?limit=7{after}")).await;
        if page.is_empty() {
            return all;
        }
        assert!(page.len() <= 7, "{page:?}");
        all.extend(page);
        assert!(all.len() <= 100, "the pages do not end: {all:?}");
    }
}

#[tokio::test]
async fn documented_event_has_index_and_snake_case_kind() {
    let twin = TestEmulator::documented().await;
    let agent = twin.agent();
    let run = twin.start_manual_run(&agent);
    twin.with(|world| {
        world.apply_step(&agent, &run, &RunStep::Event("ToolCallStarted".to_owned()));
    });
    let page = twin.get(&format!("/v1/agents/{agent}/runs/{run}/events")).await.json(200);
    assert_eq!(members(&page), ["events"]);
    let second = &page["events"][1];
    assert_eq!(second, &json!({"index": 2, "event": {"tool_call_started": {}}}));
}

#[tokio::test]
async fn observed_event_has_nested_payload() {
    let twin = TestEmulator::observed().await;
    let agent = twin.agent();
    let run = twin.start_manual_run(&agent);
    twin.advance(Duration::from_millis(1_500)).await;
    twin.with(|world| {
        world.apply_step(&agent, &run, &RunStep::Event("ToolCallStarted".to_owned()));
    });
    let page = twin.get(&format!("/v1/agents/{agent}/runs/{run}/events")).await.json(200);
    let second = &page["events"][1];
    assert_eq!(members(second), ["event", "event_index", "recorded_at"]);
    assert_eq!(second["recorded_at"], "2026-03-11T12:00:01.500000000+00:00");
    let payload = json!({
        "agent_id": {"id": agent}, "run_id": {"id": run},
        "event": {"event": {"ToolCallStarted": {}}},
    });
    assert_eq!(second["event"], payload);
}

#[tokio::test]
async fn events_begin_with_started_and_end_with_finished() {
    in_both(async |twin| {
        let agent = twin.agent();
        let run = twin.start_manual_run(&agent);
        twin.with(|world| world.apply_step(&agent, &run, &RunStep::Complete(Outcome::Success)));
        let page = twin.get(&format!("/v1/agents/{agent}/runs/{run}/events")).await.json(200);
        let kind = |event: &Value| {
            let kind = twin.for_profile("/event", "/event/event/event");
            members(event.pointer(kind).expect("the event has a kind"))[0].to_owned()
        };
        let kinds: Vec<String> = list(&page["events"]).iter().map(kind).collect();
        assert_eq!(kinds, twin.for_profile(["started", "finished"], ["Started", "Finished"]));
    })
    .await;
}

#[tokio::test]
async fn documented_event_index_starts_at_1_in_each_run() {
    let twin = TestEmulator::documented().await;
    for path in [run_with_events(&twin, 3), run_with_events(&twin, 3)] {
        assert_eq!(indexes(&twin, &path).await, [1, 2, 3]);
    }
}

#[tokio::test]
async fn observed_event_index_is_shared_by_all_runs_with_gaps() {
    let twin = TestEmulator::observed().await;
    let paths = [run_with_events(&twin, 50), run_with_events(&twin, 50)];
    let [mut all, second] = [indexes(&twin, &paths[0]).await, indexes(&twin, &paths[1]).await];
    all.extend(second);
    assert!(all[0] >= 100_000_000, "{}", all[0]);
    let steps: Vec<u64> = all.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps.contains(&1) && steps.iter().any(|step| *step > 1), "{steps:?}");
}

#[tokio::test]
async fn event_pages_continue_after_index() {
    for twin in [TestEmulator::documented().await, observed_with_after_index().await] {
        let path = run_with_events(&twin, 50);
        let all = indexes(&twin, &path).await;
        assert_eq!(all.len(), 50);
        assert_eq!(list_all(&twin, &path).await, all);
    }
}

#[tokio::test]
async fn after_index_between_two_events_returns_the_second() {
    let twin = observed_with_after_index().await;
    let path = run_with_events(&twin, 50);
    let all = indexes(&twin, &path).await;
    let skipped =
        all.windows(2).position(|pair| pair[1] - pair[0] > 1).expect("the indexes have a gap");
    let after = format!("{path}?after_index={}", all[skipped] + 1);
    assert_eq!(indexes(&twin, &after).await, all[skipped + 1..]);
}

#[tokio::test]
async fn after_last_index_returns_no_events() {
    for twin in [TestEmulator::documented().await, observed_with_after_index().await] {
        let path = run_with_events(&twin, 3);
        let last = *indexes(&twin, &path).await.last().expect("the list is not empty");
        for after in [last, last + 1, u64::MAX] {
            let found = indexes(&twin, &format!("{path}?after_index={after}")).await;
            assert_eq!(found, [0_u64; 0]);
        }
    }
}

#[tokio::test]
async fn observed_event_list_ignores_after_index() {
    let twin = TestEmulator::observed().await;
    let path = run_with_events(&twin, 20);
    let first = indexes(&twin, &format!("{path}?limit=5")).await;
    for after in [first[4], u64::MAX] {
        let again = indexes(&twin, &format!("{path}?limit=5&after_index={after}")).await;
        assert_eq!(again, first);
    }
}

#[tokio::test]
async fn event_limit_returns_the_earliest() {
    in_both(async |twin| {
        let path = run_with_events(&twin, 20);
        let all = indexes(&twin, &path).await;
        assert_eq!(indexes(&twin, &format!("{path}?limit=5")).await, all[..5]);
    })
    .await;
}

#[tokio::test]
async fn observed_event_list_returns_at_most_500() {
    let twin = TestEmulator::observed().await;
    let path = run_with_events(&twin, 1_510);
    for query in ["", "?limit=501", "?limit=18446744073709551615"] {
        assert_eq!(indexes(&twin, &format!("{path}{query}")).await.len(), 500, "{query}");
    }
}

#[tokio::test]
async fn documented_event_list_has_no_cap() {
    let twin = TestEmulator::documented().await;
    assert_eq!(indexes(&twin, &run_with_events(&twin, 1_510)).await.len(), 1_510);
}

#[tokio::test]
async fn switch_changes_event_cap() {
    let builder = Emulator::builder(Profile::Observed);
    let twin =
        TestEmulator::from_builder(builder.switches(|switches| switches.event_cap = Some(3))).await;
    assert_eq!(indexes(&twin, &run_with_events(&twin, 10)).await.len(), 3);
}

#[tokio::test]
async fn fault_file_changes_event_switches() {
    let fault_file = r#"{"switches": {"ignore_after_index": false, "event_cap": 3}}"#;
    let fault_file = FaultFile::parse(fault_file).expect("the fault file is valid");
    let twin =
        TestEmulator::from_builder(Emulator::builder(Profile::Observed).fault_file(fault_file))
            .await;
    let path = run_with_events(&twin, 10);
    let all = list_all(&twin, &path).await;
    assert_eq!((all.len(), indexes(&twin, &path).await.len()), (10, 3));
}

#[tokio::test]
async fn observed_event_list_has_total_count() {
    let twin = observed_with_after_index().await;
    let path = run_with_events(&twin, 1_510);
    let third = indexes(&twin, &path).await[2];
    for query in [String::new(), "?limit=2".to_owned(), format!("?after_index={third}")] {
        let page = twin.get(&format!("{path}{query}")).await.json(200);
        assert_eq!(page["total_count"], 1_510, "{query}");
    }
}

#[tokio::test]
async fn unknown_run_has_empty_event_list_or_an_error() {
    in_both(async |twin| {
        let reply = twin.get(&format!("/v1/agents/{}/runs/none/events", twin.agent())).await;
        if twin.is_observed() {
            assert_eq!(reply.json(200), json!({"events": [], "total_count": 0}));
        } else {
            reply.problem(404);
        }
    })
    .await;
}

#[tokio::test]
async fn deleted_run_has_no_events() {
    let twin = TestEmulator::observed().await;
    let path = run_with_events(&twin, 5);
    twin.delete(path.strip_suffix("/events").expect("the path has the suffix"))
        .await
        .assert_empty(204);
    assert_eq!(indexes(&twin, &path).await, [0_u64; 0]);
}

#[tokio::test]
async fn event_list_contains_only_events_of_its_run() {
    in_both(async |twin| {
        let [path, other] = [run_with_events(&twin, 5), run_with_events(&twin, 1)];
        assert_eq!(indexes(&twin, &path).await.len(), 5);
        assert_eq!(indexes(&twin, &other).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn rejects_invalid_after_index_and_limit() {
    in_both(async |twin| {
        let path = run_with_events(&twin, 1);
        for query in ["limit=0", "limit=-1", "limit=all", "after_index=-1", "after_index=x"] {
            twin.get(&format!("{path}?{query}")).await.problem(400);
        }
    })
    .await;
}
