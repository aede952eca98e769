//! The stream types: fusing, size hints, prefetch, cancellation.

use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_util::stream::FusedStream as _;
use futures_util::{Stream, StreamExt as _, TryStreamExt};
use serde_json::{Value, json};
use twin_api::Client;
use twin_api::types::Agent;
use twin_ext::ErrorKind;
use twin_ext::prelude::*;

use super::harness::{FunctionServer, agent, names, number};

/// Starts a service with `count` agents, two per page.
fn agents(count: u64) -> (FunctionServer, Client) {
    FunctionServer::start(move |_, query| {
        let after = number(query, "cursor").unwrap_or_default();
        let agents: Vec<Value> = (after + 1..=count).take(2).map(agent).collect();
        let next = after + 2;
        (200, json!({"agents": agents, "next_cursor": (next < count).then(|| next.to_string())}))
    })
}

fn is_stream<S>(_: &S)
where
    S: Stream<Item = Result<Agent, Error>> + Send + Unpin,
{
}

#[tokio::test]
async fn streams_work_with_futures_adapters() {
    let (_, twin) = agents(5);
    let items = twin.list_agents().items();
    is_stream(&items);
    let all: Vec<Agent> = items.try_collect().await.unwrap();
    let ids: Vec<&str> = all.iter().map(|agent| agent.agent_id.as_str()).collect();
    assert_eq!(ids, names("agent", 1..=5));
    let three = twin.list_agents().items().take(3).collect::<Vec<_>>().await;
    assert!(three.len() == 3 && three.iter().all(Result::is_ok));
    let mut items = twin.list_agents().items();
    let first = TryStreamExt::try_next(&mut items).await.unwrap().unwrap();
    assert_eq!(first.agent_id, "agent_1");
}

#[tokio::test]
async fn requests_a_page_only_when_it_is_needed() {
    let (server, twin) = agents(6);
    let mut items = twin.list_agents().limit(2).items();
    assert_eq!(server.requests().len(), 0);
    for (taken, requests) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3)] {
        items.try_next().await.unwrap().unwrap();
        assert_eq!(server.requests().len(), requests, "after {taken}");
    }
    assert!(items.try_next().await.unwrap().is_none());
    assert_eq!(server.requests().len(), 3);
    assert!(server.requests().iter().all(|asked| asked.contains("limit=2")));
}

#[tokio::test]
async fn prefetch_keeps_order_and_its_limit() {
    for ahead in 0..4 {
        let (server, twin) = agents(20);
        let mut pages = twin.list_agents().pages().prefetch(ahead);
        for page in 1..=10 {
            let came = pages.try_next().await.unwrap().unwrap();
            let ids: Vec<String> = came.items.iter().map(|agent| agent.agent_id.clone()).collect();
            assert_eq!(ids, names("agent", [2 * page - 1, 2 * page]));
            // Prefetches make progress when the stream is polled, up to their limit.
            let asked = server.requests().len() as u64;
            let most = (page + ahead as u64).min(10);
            assert!(asked >= page.min(most) && asked <= most, "{ahead} {page} {asked}");
            if ahead > 0 && page < 10 {
                assert!(asked > page, "the next page was not prefetched: {ahead} {page} {asked}");
            }
        }
        assert!(pages.try_next().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn dropped_next_future_loses_no_item() {
    let (server, twin) = agents(5);
    let mut items = twin.list_agents().items();
    let mut ids = Vec::new();
    loop {
        // Polls the future once and drops it.
        let polled = {
            let mut next = pin!(items.try_next());
            poll_fn(|context| Poll::Ready(next.as_mut().poll(context))).await
        };
        match polled {
            Poll::Pending => tokio::task::yield_now().await,
            Poll::Ready(Ok(Some(agent))) => ids.push(agent.agent_id),
            Poll::Ready(Ok(None)) => break,
            Poll::Ready(Err(error)) => panic!("{error}"),
        }
    }
    assert_eq!(ids, names("agent", 1..=5));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn items_are_fused_and_size_hint_is_correct() {
    let (_, twin) = agents(5);
    let mut items = twin.list_agents().items();
    let mut left = 5;
    assert_eq!(items.size_hint(), (0, None));
    while let Some(agent) = items.next().await {
        agent.unwrap();
        left -= 1;
        let (least, most) = items.size_hint();
        assert!(least <= left && most.is_none_or(|most| most == left), "{least} {most:?} {left}");
        assert_eq!(items.is_terminated(), left == 0);
    }
    assert_eq!(left, 0);
    assert_eq!(items.size_hint(), (0, Some(0)));
    assert!(items.next().await.is_none() && items.position().is_none());
    let polled = poll_fn(|context| Poll::Ready(Pin::new(&mut items).poll_next(context))).await;
    assert!(matches!(polled, Poll::Ready(None)));
}

#[tokio::test]
async fn empty_list_gives_one_empty_page() {
    let (_, twin) =
        FunctionServer::start(|_, _| (200, json!({"agents": [], "runs": [], "total_runs": "0"})));
    let mut pages = twin.list_runs().agent_id("a").pages();
    let page = pages.try_next().await.unwrap().unwrap();
    assert_eq!((page.items.len(), page.next, page.total), (0, None, Some(0)));
    assert!(pages.try_next().await.unwrap().is_none());
    assert!(twin.list_agents().items().try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn invalid_request_is_an_error_of_the_stream() {
    let (server, twin) = agents(5);
    let error = twin.list_runs().agent_id("..").items().try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let error = twin.list_runs().items().try_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(server.requests().is_empty());
}
