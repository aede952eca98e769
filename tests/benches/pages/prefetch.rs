//! Measures how much faster a list is read with one prefetched page. The service and the consumer
//! take the same time for a page.

use std::time::{Duration, Instant};

use anyhow::ensure;
use axum::Router;
use axum::extract::RawQuery;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use twin_api::Client;
use twin_ext::prelude::*;

const PAGES: u64 = 40;
const PER_PAGE: u64 = 50;
/// The time that the service and the consumer take for a page.
const TIME: Duration = Duration::from_millis(25);
/// The minimum ratio of the time without prefetch to the time with one prefetched page.
const BOUND: f64 = 1.6;

#[tokio::main]
pub(crate) async fn measure() -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let service = Router::new().route("/v1/agents", get(page));
    tokio::spawn(async move { axum::serve(listener, service).await });
    let twin = ClientBuilder::new("tw_live_0123").base_url(url).build()?;
    for (by, read_by) in [("item", ReadBy::Items), ("page", ReadBy::Pages)] {
        let (none, one) = (read(&twin, read_by, 0).await?, read(&twin, read_by, 1).await?);
        let ratio = none.as_secs_f64() / one.as_secs_f64();
        println!(
            "prefetch: by {by}: {none:.2?} without prefetch, {one:.2?} with one page: {ratio:.2} times faster"
        );
        ensure!(ratio >= BOUND, "prefetch is {ratio:.2} times faster, and the bound is {BOUND}");
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum ReadBy {
    Items,
    Pages,
}

/// Reads the whole list, and pauses for each page as long as the service does.
async fn read(twin: &Client, read_by: ReadBy, ahead: usize) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut count = 0;
    match read_by {
        ReadBy::Items => {
            let mut agents = twin.list_agents().items().prefetch(ahead);
            while agents.try_next().await?.is_some() {
                count += 1;
                // Ten pauses per page, because the timer has a resolution of a millisecond.
                if count % (PER_PAGE / 10) == 0 {
                    tokio::time::sleep(TIME / 10).await;
                }
            }
        }
        ReadBy::Pages => {
            let mut pages = twin.list_agents().pages().prefetch(ahead);
            while let Some(page) = pages.try_next().await? {
                count += page.items.len() as u64;
                tokio::time::sleep(TIME).await;
            }
        }
    }
    ensure!(count == PAGES * PER_PAGE, "{count} items were listed");
    Ok(started.elapsed())
}

async fn page(RawQuery(query): RawQuery) -> impl axum::response::IntoResponse {
    tokio::time::sleep(TIME).await;
    let cursor = query.as_deref().and_then(|query| query.strip_prefix("cursor="));
    let page: u64 = cursor.and_then(|page| page.parse().ok()).unwrap_or(0);
    let agents: Vec<Value> = (0..PER_PAGE)
        .map(|place| {
            json!({
                "agent_id": format!("agent_{page}_{place}"), "deployment_state": "deployed",
                "has_runs": false, "latest_run_is_finished": true,
            })
        })
        .collect();
    let next = (page + 1 < PAGES).then(|| (page + 1).to_string());
    let body = json!({"agents": agents, "next_cursor": next}).to_string();
    ([(CONTENT_TYPE, "application/json")], body)
}
