//! Lists that are resumed from a stored position.

use serde_json::{Value, json};
use twin_ext::prelude::*;
use twin_ext::{ErrorKind, Position};
use twin_tests::emulator::{Profile, World};

use super::harness::{FunctionServer, drain, event, in_both, names, number, run, start_runs};

/// Serializes and deserializes a position, as a program does that stores it.
fn stored(position: &Position) -> Position {
    let text = serde_json::to_string(position).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn page_next_resumes_with_the_remaining_items() {
    in_both(async |emulator, twin| {
        emulator.with(|world| world.add_agents(50));
        let agent = emulator.with(World::add_agent);
        let mut runs = start_runs(&emulator, &agent, 7);
        runs.reverse();

        let list = || twin.list_runs().agent_id(&agent).page_size(3);
        let first = list().pages().try_next().await.unwrap().unwrap();
        assert_eq!((first.items.len(), first.total), (3, Some(7)));
        let rest = list().items_from(stored(&first.next.unwrap()));
        let (rest, error) = drain(rest, |run| run.run_id.clone()).await;
        assert_eq!(rest, runs[3..]);
        assert!(error.is_none(), "{error:?}");

        // The reference has no cursor.
        if emulator.profile() == Profile::Observed {
            let first = twin.list_agents().limit(20).pages().try_next().await.unwrap().unwrap();
            let mut pages = twin.list_agents().limit(20).pages_from(stored(&first.next.unwrap()));
            let mut sizes = Vec::new();
            while let Some(page) = pages.try_next().await.unwrap() {
                sizes.push(page.items.len());
            }
            assert_eq!(sizes, [20, 11]);
        }
    })
    .await;
}

#[tokio::test]
async fn position_moves_past_a_page_after_its_last_item() {
    let (_, twin) = FunctionServer::start(|_, query| {
        let page = number(query, "page").unwrap();
        let runs: Vec<Value> = (2 * page - 1..=2 * page).filter(|at| *at <= 5).map(run).collect();
        (200, json!({"runs": runs, "total_runs": 5}))
    });
    let list = || twin.list_runs().agent_id("a").page_size(2);
    for taken in 0..=5 {
        let mut items = list().items();
        for _ in 0..taken {
            items.try_next().await.unwrap().unwrap();
        }
        let Some(position) = items.position() else {
            assert_eq!(taken, 5);
            continue;
        };
        let rest = list().items_from(stored(&position));
        let (rest, error) = drain(rest, |run| run.run_id.clone()).await;
        let from = taken / 2 * 2 + 1;
        assert_eq!(rest, names("run", from..=5), "after {taken}");
        assert!(error.is_none(), "{error:?}");
    }
}

#[tokio::test]
async fn resumed_list_skips_nothing_after_deletions() {
    for gone in [vec![1], vec![1, 2], vec![3, 4], vec![1, 2, 3, 4], vec![6], vec![]] {
        for total in [true, false] {
            let (_, twin) = FunctionServer::start(move |_, _| {
                let runs: Vec<Value> = (1..=2).map(run).collect();
                (200, json!({"runs": runs, "total_runs": total.then_some(9)}))
            });
            let first = twin.list_runs().agent_id("a").pages().try_next().await.unwrap().unwrap();
            let left: Vec<u64> = (1..=9).filter(|run| !gone.contains(run)).collect();
            let must: Vec<u64> = left.iter().copied().filter(|run| *run > 2).collect();
            let (_, twin) = FunctionServer::start(move |_, query| {
                let skipped = usize::try_from((number(query, "page").unwrap() - 1) * 2).unwrap();
                let page: Vec<Value> =
                    left.iter().copied().skip(skipped).take(2).map(run).collect();
                (200, json!({"runs": page, "total_runs": total.then_some(left.len())}))
            });
            let rest = twin.list_runs().agent_id("a").items_from(stored(&first.next.unwrap()));
            let (rest, error) = drain(rest, |run| run.run_id.clone()).await;
            assert!(error.is_none(), "{error:?}");
            for run in names("run", must) {
                assert!(
                    rest.contains(&run),
                    "{run} is missing in {rest:?} after {gone:?} were deleted; with total: {total}"
                );
            }
        }
    }
}

#[tokio::test]
async fn resumed_list_repeats_nothing_after_new_runs() {
    for started in 0..=5_u64 {
        let runs = move |query: &[(String, String)], first: u64| {
            let skipped = usize::try_from((number(query, "page").unwrap() - 1) * 3).unwrap();
            let page: Vec<Value> = (first..=20).skip(skipped).take(3).map(run).collect();
            (200, json!({"runs": page, "total_runs": 21 - first}))
        };
        let (_, twin) = FunctionServer::start(move |_, query| runs(query, 10));
        let mut pages = twin.list_runs().agent_id("a").pages();
        pages.try_next().await.unwrap().unwrap();
        let second = pages.try_next().await.unwrap().unwrap();
        let (_, twin) = FunctionServer::start(move |_, query| runs(query, 10 - started));
        let rest = twin.list_runs().agent_id("a").items_from(stored(&second.next.unwrap()));
        let (rest, error) = drain(rest, |run| run.run_id.clone()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(rest, names("run", 16..=20), "{started} started");
    }
}

#[tokio::test]
async fn error_position_resumes_the_list() {
    let mut failing = true;
    let (_, twin) = FunctionServer::start(move |_, query| {
        let after = number(query, "after_index").unwrap_or_default();
        if after == 4 && std::mem::take(&mut failing) {
            return (500, json!({"detail": "not now"}));
        }
        let events: Vec<Value> = (after + 1..=7).take(2).map(event).collect();
        (200, json!({"events": events, "total_count": 7}))
    });
    let list = || twin.list_run_events().agent_id("a").run_id("r");
    let index = |event: &twin_api::types::RunEvent| event.event_index.unwrap().to_string();
    let (came, error) = drain(list().items(), index).await;
    let error = error.unwrap();
    assert_eq!(came, ["1", "2", "3", "4"]);
    assert_eq!((error.kind(), error.items_seen()), (ErrorKind::Problem, Some(4)));
    assert!(error.to_string().ends_with("; 4 items were read before"), "{error}");
    let rest = list().items_from(stored(error.position().unwrap()));
    let (came, error) = drain(rest, index).await;
    assert_eq!(came, ["5", "6", "7"]);
    assert!(error.is_none(), "{error:?}");
}

#[tokio::test]
async fn position_after_the_last_event_resumes_without_an_error() {
    let (_, twin) = FunctionServer::start(|_, query| {
        let after = number(query, "after_index").unwrap_or_default();
        let limit = usize::try_from(number(query, "limit").unwrap_or(9)).unwrap();
        let events: Vec<Value> = (after + 1..=4).take(limit).map(event).collect();
        (200, json!({"events": events, "total_count": 4}))
    });
    let list = || twin.list_run_events().agent_id("a").run_id("r");
    let page = list().pages().try_next().await.unwrap().unwrap();
    let index = |event: &twin_api::types::RunEvent| event.event_index.unwrap().to_string();
    let (rest, error) = drain(list().items_from(stored(&page.next.unwrap())), index).await;
    assert_eq!((page.items.len(), rest.len()), (4, 0));
    assert!(error.is_none(), "{error:?}");
}

#[tokio::test]
async fn rejects_position_of_another_kind_of_list_before_sending() {
    let (server, twin) = FunctionServer::start(|_, _| (500, json!({})));
    let cursor: Position =
        serde_json::from_value(json!({"version": 1, "place": {"cursor": "c"}})).unwrap();
    let mut runs = twin.list_runs().agent_id("a").items_from(cursor.clone());
    assert_eq!(runs.try_next().await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert!(runs.next().await.is_none());
    let mut keys = twin.list_api_keys().pages_from(cursor);
    assert_eq!(keys.try_next().await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn largest_numbers_in_a_position_do_not_overflow() {
    let largest = u64::MAX;
    let places = [
        json!({"event": {"after": largest, "came": largest}}),
        json!({"event": {"after": 1, "came": largest}}),
        json!({"page": {"number": largest, "total": largest, "size": largest, "last": ["run_1"],
            "came": largest, "gap": false}}),
        json!({"page": {"number": 2, "total": largest, "size": 1, "last": ["run_9"],
            "came": largest, "gap": false}}),
    ];
    for place in places {
        let position: Position =
            serde_json::from_value(json!({"version": 1, "place": place})).unwrap();
        let (_, twin) = FunctionServer::start(|path, query| {
            if path.ends_with("/events") {
                let after = number(query, "after_index").unwrap_or_default();
                let events: Vec<Value> =
                    (1..=3).filter(|index| *index > after).map(event).collect();
                return (200, json!({"events": events, "total_count": 3}));
            }
            let runs: Vec<Value> = (1..=3).map(run).collect();
            (200, json!({"runs": runs, "total_runs": 3}))
        });
        let events = twin.list_run_events().agent_id("a").run_id("r");
        let (events, _) = drain(events.items_from(position.clone()), |event| {
            event.event_index.unwrap().to_string()
        })
        .await;
        let list = twin.list_runs().agent_id("a");
        let (runs, _) = drain(list.items_from(position), |run| run.run_id.clone()).await;
        assert!(events.len() <= 3 && runs.len() <= 3, "{place}");
    }
}

#[tokio::test]
async fn resumed_events_below_the_total_fail() {
    for (came, fails) in [(Some(2), true), (Some(3), false)] {
        let (_, twin) =
            FunctionServer::start(|_, _| (200, json!({"events": [], "total_count": 3})));
        let position: Position = serde_json::from_value(
            json!({"version": 1, "place": {"event": {"after": 2, "came": came}}}),
        )
        .unwrap();
        let list = twin.list_run_events().agent_id("a").run_id("r").items_from(position);
        let (rest, error) = drain(list, |_| String::new()).await;
        assert!(rest.is_empty());
        assert_eq!(error.map(|error| error.kind()), fails.then_some(ErrorKind::Pagination));
    }
}

#[tokio::test]
async fn resumed_runs_fail_when_the_page_number_is_ignored() {
    for total in [Some(9), None] {
        let (server, twin) = FunctionServer::start(move |_, _| {
            let runs: Vec<Value> = (1..=3).map(run).collect();
            (200, json!({"runs": runs, "total_runs": total}))
        });
        let place = json!({"page": {"number": 4, "total": total, "size": 3,
            "last": ["run_1", "run_2", "run_3"], "came": 9, "gap": false}});
        let position = serde_json::from_value(json!({"version": 1, "place": place})).unwrap();
        let list = twin.list_runs().agent_id("a").items_from(position);
        let (_, error) = drain(list, |run| run.run_id.clone()).await;
        assert_eq!(error.unwrap().kind(), ErrorKind::Pagination);
        assert!(server.requests().len() < 20, "{}", server.requests().len());
    }
}
