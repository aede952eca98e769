//! Measures the time and heap to decode a page of 500 events, 0.9 MB, and compares the time with
//! that of decoding into `RawValue`.

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
/// The maximum time, as a ratio to that of decoding into `RawValue`.
const MAX_TIME_RATIO: f64 = 1.15;
/// The maximum heap, in percent of the body.
const MAX_HEAP_PERCENT: u64 = 250;

/// The minimum that a caller needs of a page.
#[derive(Deserialize)]
struct RawValuePage {
    #[expect(dead_code, reason = "decoding it is measured")]
    events: Vec<RawValueEvent>,
}

#[derive(Deserialize)]
struct RawValueEvent {
    #[expect(dead_code, reason = "decoding it is measured")]
    event_index: u64,
    #[expect(dead_code, reason = "decoding it is measured")]
    recorded_at: String,
    #[expect(dead_code, reason = "decoding it is measured")]
    event: Box<RawValue>,
}

pub(crate) fn measure() -> anyhow::Result<()> {
    let body = body();
    let (mut typed, mut bare) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        typed = typed.min(time(|| serde_json::from_slice::<ListRunEventsResponse>(&body))?);
        bare = bare.min(time(|| serde_json::from_slice::<RawValuePage>(&body))?);
    }
    let ratio = typed.as_secs_f64() / bare.as_secs_f64();
    println!(
        "decode: {EVENTS} events, {} bytes: {typed:.0?}, {bare:.0?} as RawValue: ratio {ratio:.2}",
        body.len()
    );
    ensure!(
        ratio <= MAX_TIME_RATIO,
        "the ratio to RawValue is {ratio:.2}, and the bound is {MAX_TIME_RATIO}"
    );
    heap(&body)
}

fn time<T>(read: impl Fn() -> serde_json::Result<T>) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let value = black_box(read()?);
    let time = started.elapsed();
    drop(value);
    Ok(time)
}

/// Measures the peak heap of a page on its way from the connection to the caller.
fn heap(body: &[u8]) -> anyhow::Result<()> {
    let url = serve(body.to_vec())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let twin = ClientBuilder::new("tw_live_0123").base_url(url).build()?;
    let read = || async {
        let list = twin.list_run_events().agent_id("agent_abc123").run_id("run_xyz789");
        list.pages().try_next().await
    };
    // The first page opens the connection and its buffers.
    runtime.block_on(read())?;
    let mut count = 0;
    let mut page = Ok(None);
    let info = allocation_counter::measure(|| page = runtime.block_on(read()));
    if let Some(page) = page? {
        count = page.items.len() as u64;
    }
    ensure!(count == EVENTS, "{count} events were listed");
    let percent = info.bytes_max * 100 / body.len() as u64;
    println!("decode: {} bytes of heap at the peak: {percent} % of the body", info.bytes_max);
    ensure!(
        percent <= MAX_HEAP_PERCENT,
        "the heap is {percent} % of the body, and the bound is {MAX_HEAP_PERCENT} %"
    );
    Ok(())
}

/// Starts a service on another thread, whose memory is not measured.
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

/// Returns a page in the form that the live service was observed to send.
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
