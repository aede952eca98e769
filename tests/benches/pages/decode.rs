//! A page of 500 events, 0.9 MB: what it takes to read, beside reading it into nothing but raw
//! values, and how much heap.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::ensure;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use twin_api::types::ListRunEventsResponse;
use twin_ext::prelude::*;

const EVENTS: u64 = 500;
const ROUNDS: usize = 400;
const TIMES: f64 = 1.15;
/// Of the body, in percent.
const HEAP: u64 = 250;

/// What is needed of an event at the least.
#[derive(Deserialize)]
struct Bare {
    #[expect(dead_code, reason = "it is read, and not used")]
    events: Vec<BareEvent>,
}

#[derive(Deserialize)]
struct BareEvent {
    #[expect(dead_code, reason = "it is read, and not used")]
    event_index: u64,
    #[expect(dead_code, reason = "it is read, and not used")]
    recorded_at: String,
    #[expect(dead_code, reason = "it is read, and not used")]
    event: Box<RawValue>,
}

pub(crate) fn measure() -> anyhow::Result<()> {
    let body = body();
    let (mut typed, mut bare) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        typed = typed.min(time(|| serde_json::from_slice::<ListRunEventsResponse>(&body))?);
        bare = bare.min(time(|| serde_json::from_slice::<Bare>(&body))?);
    }
    let ratio = typed.as_secs_f64() / bare.as_secs_f64();
    println!(
        "decode: {EVENTS} events, {} bytes: {typed:.0?}, {bare:.0?} bare: {ratio:.2} times",
        body.len()
    );
    ensure!(ratio <= TIMES, "more than {TIMES} times");
    heap(&body)
}

fn time<T>(read: impl Fn() -> serde_json::Result<T>) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let value = black_box(read()?);
    let time = started.elapsed();
    drop(value);
    Ok(time)
}

/// The most heap that a page takes on its way from the connection to who asked for it.
fn heap(body: &[u8]) -> anyhow::Result<()> {
    let url = serve(body.to_vec())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let twin = ClientBuilder::new("tw_live_0123").base_url(url).build()?;
    let read = || async {
        let list = twin.list_run_events().agent_id("agent_abc123").run_id("run_xyz789");
        list.pages().try_next().await
    };
    // The connection and its buffers are there for all pages.
    runtime.block_on(read())?;
    let mut came = 0;
    let mut page = Ok(None);
    let info = allocation_counter::measure(|| page = runtime.block_on(read()));
    if let Some(page) = page? {
        came = page.items.len() as u64;
    }
    ensure!(came == EVENTS, "{came} came");
    let percent = info.bytes_max * 100 / body.len() as u64;
    println!("decode: {} bytes of heap at the peak: {percent} % of the body", info.bytes_max);
    ensure!(percent <= HEAP, "more than {HEAP} %");
    Ok(())
}

/// A service on another thread, whose memory does not count.
fn serve(body: Vec<u8>) -> anyhow::Result<String> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let body = axum::body::Bytes::from(body);
            let answer = move || async move { ([(CONTENT_TYPE, "application/json")], body) };
            let path = "/v1/agents/{agent}/runs/{run}/events";
            let service = Router::new().route(path, get(answer));
            axum::serve(TcpListener::from_std(listener)?, service).await
        })
    });
    Ok(url)
}

/// A page as the live service was seen to send it.
fn body() -> Vec<u8> {
    let text = "It said \"done\" — and\nwent on to the next of its many steps. ".repeat(10);
    let event = |number: u64| {
        let call = json!({
            "tool": "browser", "call_id": format!("call_{number}"), "attempt": number % 3,
            "arguments": {"url": "https://example.com/a/b?c=d", "wait": true, "steps": [1, 2, 3]},
            "output": [{"kind": "text", "text": text}, {"kind": "text", "text": text}],
        });
        json!({
            "event_index": 157_000_000 + number * 3,
            "recorded_at": "2026-04-23T09:14:07.123456789+00:00",
            "event": {
                "agent_id": {"id": "0b0f6f8e-5a3c-4f57-9a54-3d0f3f1c2b11"},
                "run_id": {"id": "5f1d3c0a-8c1e-4a31-b3b5-6f3a9c2d7e44"},
                "event": {"event": {"ToolCallResolved": call}},
            },
        })
    };
    let events: Vec<_> = (0..EVENTS).map(event).collect();
    json!({"events": events, "total_count": EVENTS}).to_string().into_bytes()
}
