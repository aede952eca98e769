//! Lists of a service that pages wrongly: repeated cursors, wrong totals, ignored parameters.

use serde_json::{Value, json};
use twin_ext::ErrorKind;
use twin_ext::prelude::*;

use super::harness::{FunctionServer, agent, drain, event, names, number, run};

/// Lists agents from scripted pages; each page has the numbers of agents and a cursor.
async fn list_scripted_agents(
    pages: Vec<(Vec<u64>, Value)>,
) -> (Vec<String>, Option<Error>, usize) {
    let mut at = 0;
    let (server, twin) = FunctionServer::start(move |_, _| {
        let (numbers, cursor) = &pages[at % pages.len()];
        at += 1;
        let agents: Vec<Value> = numbers.iter().copied().map(agent).collect();
        (200, json!({"agents": agents, "next_cursor": cursor}))
    });
    let (names, error) = drain(twin.list_agents().items(), |agent| agent.agent_id.clone()).await;
    (names, error, server.requests().len())
}

#[tokio::test]
async fn repeated_cursor_fails_after_the_items() {
    let pages = vec![(vec![1, 2], json!("a")), (vec![3], json!("a"))];
    let (came, error, requests) = list_scripted_agents(pages).await;
    assert_eq!((came, requests), (names("agent", [1, 2, 3]), 2));
    let error = error.unwrap();
    assert_eq!((error.kind(), error.items_seen()), (ErrorKind::Pagination, Some(3)));
    assert!(error.position().is_some() && !error.is_retryable());

    let pages = vec![(vec![1], json!("a")), (vec![2], json!("b"))];
    let (came, error, requests) = list_scripted_agents(pages).await;
    assert_eq!((came, requests), (names("agent", [1, 2]), 3));
    assert_eq!(error.unwrap().kind(), ErrorKind::Pagination);
}

#[tokio::test]
async fn continues_after_an_empty_page_with_a_cursor() {
    for end in [Value::Null, json!("")] {
        let pages = vec![(vec![], json!("a")), (vec![], json!("b")), (vec![1], end)];
        let (came, error, requests) = list_scripted_agents(pages).await;
        assert_eq!((came, requests), (names("agent", [1]), 3));
        assert!(error.is_none(), "{error:?}");
    }
}

#[tokio::test]
async fn only_an_empty_list_has_an_empty_page() {
    for (answers, expected) in [([vec![], vec![]], vec![0]), ([vec![1, 2], vec![]], vec![2])] {
        let mut at = 0;
        let (_, twin) = FunctionServer::start(move |_, _| {
            let agents: Vec<Value> = answers[at].iter().copied().map(agent).collect();
            at += 1;
            (200, json!({"agents": agents, "next_cursor": (at == 1).then_some("a")}))
        });
        let mut pages = twin.list_agents().pages();
        let mut lengths = Vec::new();
        while let Some(page) = pages.try_next().await.unwrap() {
            lengths.push(page.items.len());
        }
        assert_eq!(lengths, expected);
    }
}

/// Starts a service with seven agents that honours `limit` and sends no cursor. If `fails`, the
/// second request fails.
fn without_cursors(fails: bool) -> (FunctionServer, twin_api::Client) {
    let mut asked = 0;
    FunctionServer::start(move |_, query| {
        asked += 1;
        if fails && asked == 2 {
            return (422, json!({"detail": "limit is too high"}));
        }
        let limit = number(query, "limit").unwrap_or(100);
        let agents: Vec<Value> = (1..=7).take(usize::try_from(limit).unwrap()).map(agent).collect();
        (200, json!({"agents": agents}))
    })
}

#[tokio::test]
async fn list_cut_at_limit_without_cursor_fails_after_the_items() {
    for limit in 1..=6 {
        let (server, twin) = without_cursors(false);
        let list = twin.list_agents().limit(limit).items();
        let (came, error) = drain(list, |agent| agent.agent_id.clone()).await;
        assert_eq!(came, names("agent", 1..=limit + 1));
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::Pagination);
        assert!(error.to_string().contains("omit limit or raise it"), "{error}");
        let query = format!("/v1/agents?limit={}", limit + 1);
        assert_eq!(server.requests()[1..], [query]);
    }
}

#[tokio::test]
async fn full_page_without_cursor_is_checked_once_and_ends() {
    let (server, twin) = without_cursors(false);
    let mut pages = twin.list_agents().limit(7).pages();
    let page = pages.try_next().await.unwrap().unwrap();
    assert_eq!((page.items.len(), page.next), (7, None));
    assert!(pages.try_next().await.unwrap().is_none());
    assert_eq!(server.requests().len(), 2);
    // If the page is shorter than limit, or limit is not set, no check is sent.
    for list in [twin.list_agents().limit(8), twin.list_agents()] {
        let before = server.requests().len();
        let (came, error) = drain(list.items(), |agent| agent.agent_id.clone()).await;
        assert_eq!((came.len(), error.is_none()), (7, true));
        assert_eq!(server.requests().len(), before + 1);
    }
}

#[tokio::test]
async fn failed_check_for_more_items_fails_after_the_items() {
    let (_, twin) = without_cursors(true);
    let list = twin.list_agents().limit(2).items();
    let (came, error) = drain(list, |agent| agent.agent_id.clone()).await;
    assert_eq!(came, names("agent", [1, 2]));
    let error = error.unwrap();
    assert_eq!((error.kind(), error.items_seen()), (ErrorKind::Problem, Some(2)));
}

#[tokio::test]
async fn list_by_cursor_ends_with_a_full_page() {
    let pages = [(vec![1, 2], json!("a")), (vec![3, 4], Value::Null)];
    let mut at = 0;
    let (server, twin) = FunctionServer::start(move |_, _| {
        let (numbers, cursor) = &pages[at];
        at += 1;
        let agents: Vec<Value> = numbers.iter().copied().map(agent).collect();
        (200, json!({"agents": agents, "next_cursor": cursor}))
    });
    let list = twin.list_agents().limit(2).items();
    let (came, error) = drain(list, |agent| agent.agent_id.clone()).await;
    assert_eq!((came, error.is_none()), (names("agent", 1..=4), true));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn endless_new_cursors_end_in_an_error() {
    for numbers in [vec![], vec![1, 2]] {
        let mut at = 0;
        let (server, twin) = FunctionServer::start(move |_, _| {
            at += 1;
            let agents: Vec<Value> = numbers.iter().copied().map(agent).collect();
            (200, json!({"agents": agents, "next_cursor": format!("c{at}")}))
        });
        let list = twin.list_agents().items();
        let (came, error) = drain(list, |agent| agent.agent_id.clone()).await;
        assert!(came.len() <= 2 && server.requests().len() <= 100);
        assert_eq!(error.unwrap().kind(), ErrorKind::Pagination);
    }
}

/// Starts a service with `count` runs. `page_of` maps the requested page to the page that the service
/// sends; `more` returns further members of the response.
fn service_with_runs(
    count: u64,
    page_of: impl Fn(u64) -> u64 + Send + 'static,
    more: impl Fn(u64) -> Value + Send + 'static,
) -> (FunctionServer, twin_api::Client) {
    FunctionServer::start(move |_, query| {
        let asked = number(query, "page").unwrap();
        let size = number(query, "page_size").unwrap_or(100);
        let page = page_of(asked);
        let runs: Vec<Value> = (1..=count)
            .skip(usize::try_from((page - 1) * size).unwrap())
            .take(usize::try_from(size).unwrap())
            .map(run)
            .collect();
        let mut answer = json!({"runs": runs});
        for (name, value) in more(asked).as_object().unwrap() {
            answer[name] = value.clone();
        }
        (200, answer)
    })
}

async fn all_runs(twin: &twin_api::Client) -> (Vec<String>, Option<Error>) {
    let list = twin.list_runs().agent_id("agent_abc123").page_size(2).items();
    drain(list, |run| run.run_id.clone()).await
}

#[tokio::test]
async fn wrong_totals_neither_end_nor_truncate_a_list() {
    let totals = [
        json!("5"),
        json!(5),
        Value::Null,
        json!(-1),
        json!("-5"),
        json!(1e300),
        json!(2.5),
        json!(u64::MAX),
        json!("many"),
        json!([5]),
        json!(0),
        json!(1),
        json!(2),
        json!(4),
    ];
    for total in totals {
        let sent = total.clone();
        let (server, twin) =
            service_with_runs(5, |page| page, move |_| json!({"total_runs": sent}));
        let (came, error) = all_runs(&twin).await;
        assert_eq!(came, names("run", 1..=5), "{total}");
        assert!(error.is_none(), "{total}: {error:?}");
        assert!(server.requests().len() <= 8, "{total}: {:?}", server.requests());
    }
    // A total that changes, and a total that is always too high.
    let (_, twin) = service_with_runs(5, |page| page, |page| json!({"total_runs": page * 3 % 7}));
    let (came, _) = all_runs(&twin).await;
    assert_eq!(came, names("run", 1..=5));
    let (_, twin) = service_with_runs(5, |page| page, |_| json!({"total_runs": 9}));
    let (came, error) = all_runs(&twin).await;
    assert_eq!(came, names("run", 1..=5));
    assert_eq!(
        (error.as_ref().unwrap().items_seen(), error.unwrap().items_total()),
        (Some(5), Some(9))
    );
}

#[tokio::test]
async fn ignored_page_number_fails_within_two_more_requests() {
    let right = |page| json!({"total_runs": 6, "page": page, "page_size": 2});
    let (server, twin) = service_with_runs(6, |_| 1, |_| json!({"total_runs": 6}));
    let (came, error) = all_runs(&twin).await;
    assert_eq!((came, server.requests().len()), (names("run", [1, 2]), 3));
    assert_eq!(error.unwrap().kind(), ErrorKind::Pagination);

    let (server, twin) = service_with_runs(6, |page| page.min(2), |_| json!({}));
    let (came, error) = all_runs(&twin).await;
    assert_eq!((came, server.requests().len()), (names("run", 1..=4), 4));
    assert_eq!(error.unwrap().kind(), ErrorKind::Pagination);

    for wrong in [-1, 0, 7, i64::MAX] {
        let echo = move |page| if page == 2 { json!({"page": wrong}) } else { right(page) };
        let (server, twin) = service_with_runs(6, |page| page, echo);
        let (came, error) = all_runs(&twin).await;
        assert_eq!((came, server.requests().len()), (names("run", [1, 2]), 2));
        assert_eq!(error.unwrap().kind(), ErrorKind::Pagination);
    }
}

#[tokio::test]
async fn clamped_page_size_truncates_nothing() {
    for echo in [json!({"page_size": 2}), json!({"page_size": 10}), json!({})] {
        for total in [json!(5), json!("5"), Value::Null] {
            let (echo, said) = (echo.clone(), total.clone());
            let (_, twin) = FunctionServer::start(move |_, query| {
                let skipped = usize::try_from((number(query, "page").unwrap() - 1) * 2).unwrap();
                let runs: Vec<Value> = (1..=5).skip(skipped).take(2).map(run).collect();
                let mut answer = echo.clone();
                answer["runs"] = json!(runs);
                answer["total_runs"] = said.clone();
                (200, answer)
            });
            let list = twin.list_runs().agent_id("a").page_size(10).items();
            let (came, error) = drain(list, |run| run.run_id.clone()).await;
            assert_eq!(came, names("run", 1..=5), "{total}");
            assert!(error.is_none(), "{error:?}");
        }
    }
}

#[tokio::test]
async fn runs_that_move_up_during_reading_are_not_missed() {
    for total in [true, false] {
        // The first run is deleted after the first page was read.
        let mut left: Vec<u64> = (1..=6).collect();
        let (_, twin) = FunctionServer::start(move |_, query| {
            if number(query, "page") == Some(2) && left[0] == 1 {
                left.remove(0);
            }
            let skipped = usize::try_from((number(query, "page").unwrap() - 1) * 2).unwrap();
            let runs: Vec<Value> = left.iter().copied().skip(skipped).take(2).map(run).collect();
            (200, json!({"runs": runs, "total_runs": total.then_some(left.len())}))
        });
        let (mut came, error) = all_runs(&twin).await;
        came.sort();
        assert_eq!(came, names("run", 1..=6), "with a total: {total}");
        assert!(error.is_none(), "{error:?}");
    }
}

/// Lists the events of a service that gets the index and the limit of each request.
async fn list_events_of(
    serve: impl Fn(Option<u64>, usize) -> Value + Send + 'static,
) -> (Vec<u64>, Option<Error>, Vec<String>) {
    let (server, twin) = FunctionServer::start(move |_, query| {
        let limit = number(query, "limit").map_or(2, |limit| usize::try_from(limit).unwrap());
        (200, serve(number(query, "after_index"), limit))
    });
    let list = twin.list_run_events().agent_id("a").run_id("r").items();
    let (came, error) = drain(list, |event| event.event_index.unwrap().to_string()).await;
    (came.iter().map(|index| index.parse().unwrap()).collect(), error, server.requests())
}

#[tokio::test]
async fn sends_the_highest_index_as_after_index_for_unordered_events() {
    let all = [u64::MAX, 7, 5, 6, u64::MAX - 1];
    let (came, error, requests) = list_events_of(move |after, limit| {
        let mut later: Vec<u64> =
            all.into_iter().filter(|index| after.is_none_or(|after| *index > after)).collect();
        later.sort_unstable();
        later.truncate(limit);
        later.reverse();
        let events: Vec<Value> = later.into_iter().map(event).collect();
        json!({"events": events, "total_count": 5})
    })
    .await;
    assert_eq!(came, [6, 5, u64::MAX - 1, 7, u64::MAX]);
    assert!(error.is_none(), "{error:?}");
    assert!(requests[1].ends_with("after_index=6"), "{requests:?}");
    assert!(requests[3].contains(&format!("after_index={}", u64::MAX)), "{requests:?}");
}

#[tokio::test]
async fn repeated_events_fail_with_or_without_a_total() {
    for (total, shown) in [(json!(1_510), Some(1_510)), (Value::Null, None)] {
        let (came, error, requests) = list_events_of(move |_, limit| {
            let events: Vec<Value> = (1..=2).take(limit).map(event).collect();
            json!({"events": events, "total_count": total})
        })
        .await;
        let error = error.unwrap();
        assert_eq!((came, requests.len()), (vec![1, 2], 2));
        assert_eq!(error.kind(), ErrorKind::Pagination);
        assert_eq!((error.items_seen(), error.items_total()), (Some(2), shown));
    }
    // All events came at once, so that ignoring the index has no effect.
    let (came, error, requests) = list_events_of(|_, limit| {
        let events: Vec<Value> = (1..=2).take(limit).map(event).collect();
        json!({"events": events, "total_count": "2"})
    })
    .await;
    assert_eq!((came, error.is_none(), requests.len()), (vec![1, 2], true, 2));
    assert!(requests[1].contains("limit=1"), "{requests:?}");
}

#[tokio::test]
async fn lists_events_after_the_after_index_of_the_caller() {
    let (_, twin) = FunctionServer::start(|_, query| {
        let after = number(query, "after_index").unwrap_or_default();
        let events: Vec<Value> = (after + 1..=9).take(3).map(event).collect();
        (200, json!({"events": events, "total_count": 9}))
    });
    let list = twin.list_run_events().agent_id("a").run_id("r").after_index(4_u64).items();
    let (came, error) = drain(list, |event| event.event_index.unwrap().to_string()).await;
    assert_eq!(came, ["5", "6", "7", "8", "9"]);
    assert!(error.is_none(), "{error:?}");
}

#[tokio::test]
async fn lists_two_different_events_with_the_same_index() {
    let (_, twin) = FunctionServer::start(|_, query| {
        let event = |index: u64, kind: &str| json!({"event_index": index, "event": {kind: {}}});
        let all = [event(7, "A"), event(7, "B"), event(7, "A"), event(8, "A")];
        let after = number(query, "after_index").unwrap_or_default();
        let events: Vec<&Value> =
            all.iter().filter(|event| event["event_index"].as_u64() > Some(after)).collect();
        (200, json!({"events": events, "total_count": 3}))
    });
    let list = twin.list_run_events().agent_id("a").run_id("r").items();
    let name = |event: &twin_api::types::RunEvent| {
        format!("{}{}", event.event_index.unwrap(), event.kind().name().unwrap())
    };
    let (came, error) = drain(list, name).await;
    assert_eq!(came, ["7A", "7B", "8A"]);
    assert!(error.is_none(), "{error:?}");
}

#[tokio::test]
async fn reads_event_index_sent_as_text() {
    let (_, twin) = FunctionServer::start(|_, query| {
        let after = number(query, "after_index").unwrap_or_default();
        let events: Vec<Value> = [u64::MAX - 1, u64::MAX]
            .iter()
            .filter(|index| **index > after)
            .map(|index| json!({"event_index": index.to_string(), "event": {"Tick": {}}}))
            .collect();
        (200, json!({"events": events, "total_count": "2"}))
    });
    let list = twin.list_run_events().agent_id("a").run_id("r").items();
    let (came, error) = drain(list, |event| event.event_index.unwrap().to_string()).await;
    assert_eq!(came, [(u64::MAX - 1).to_string(), u64::MAX.to_string()]);
    assert!(error.is_none(), "{error:?}");
}
