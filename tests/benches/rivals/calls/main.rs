//! Measures the CPU time that each client needs for a call, for a list of 20 pages with 100 agents
//! each, and to decode a page of events. `calls.sh` builds and runs it.
//!
//! The clients run on the main thread and take turns; the server has a thread of its own, which is
//! not counted. Each figure is the median of the rounds.

mod server;

use std::hint::black_box;

use client_generated::apis::agents_api::list_agents;
use client_generated::apis::configuration::{ApiKey, Configuration};
use client_generated::apis::identity_api::get_me;
use cpu_time::ThreadTime;
use twin_ext::prelude::*;

type AnyError = Box<dyn std::error::Error>;

const ROUNDS: usize = 101;
const CALLS: u32 = 100;
const LISTS: u32 = 1;
const DECODES: u32 = 5;

/// The clients to compare.
struct Clients {
    by_hand: handwritten::Client,
    generated: Configuration,
    raw: twin_api::Client,
    full: twin_api::Client,
    github: octocrab::Octocrab,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), AnyError> {
    let url = server::start()?;
    let clients = clients(&url)?;
    let events = server::events();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        calls(&clients, &mut times).await?;
        lists(&clients, &mut times).await?;
        decodes(&events, &mut times)?;
    }
    print(&times);
    Ok(())
}

fn clients(url: &str) -> Result<Clients, AnyError> {
    let key = "key";
    let mut generated = Configuration::new();
    url.clone_into(&mut generated.base_path);
    generated.api_key = Some(ApiKey { prefix: None, key: key.to_owned() });
    Ok(Clients {
        by_hand: handwritten::Client::new(url, key).map_err(|error| format!("{error:?}"))?,
        generated,
        raw: twin_api::connect(url, key)?,
        full: ClientBuilder::new(key).base_url(url).build()?,
        github: octocrab::Octocrab::builder().base_uri(url)?.build()?,
    })
}

/// The task, the client, and the CPU time of one repetition in microseconds.
type Measurement = (&'static str, &'static str, f64);

/// Evaluates the expression `$count` times and stores the mean CPU time.
macro_rules! measure {
    ($times:ident, $task:literal, $client:literal, $count:expr, $work:expr) => {{
        let start = ThreadTime::now();
        for _ in 0..$count {
            black_box($work);
        }
        $times.push(($task, $client, start.elapsed().as_secs_f64() * 1e6 / f64::from($count)));
    }};
}

async fn calls(clients: &Clients, times: &mut Vec<Measurement>) -> Result<(), AnyError> {
    let Clients { by_hand, generated, raw, full, .. } = clients;
    measure!(times, "get_me", "hand-written", CALLS, by_hand.get_me().await.map_err(error_text)?);
    measure!(times, "get_me", "openapi-generator", CALLS, get_me(generated).await?);
    measure!(times, "get_me", "twin-api", CALLS, raw.get_me().send().await?);
    measure!(times, "get_me", "twin-ext", CALLS, full.get_me().send().await?);
    Ok(())
}

/// Lists all agents. Only twin-ext and octocrab follow the pages by themselves.
async fn lists(clients: &Clients, times: &mut Vec<Measurement>) -> Result<(), AnyError> {
    let Clients { by_hand, generated, raw, full, github } = clients;
    measure!(times, "list", "hand-written", LISTS, {
        let mut count = 0;
        for cursor in server::cursors() {
            let page = by_hand.list_agents(None, cursor.as_deref(), Some(100)).await;
            count += page.map_err(error_text)?.agents.len();
        }
        require_all(count)?
    });
    measure!(times, "list", "openapi-generator", LISTS, {
        let mut count = 0;
        for cursor in server::cursors() {
            count += list_agents(generated, None, cursor.as_deref(), Some(100)).await?.agents.len();
        }
        require_all(count)?
    });
    measure!(times, "list", "twin-api", LISTS, {
        let mut count = 0;
        for cursor in server::cursors() {
            let call = raw.list_agents().limit(100);
            let page = match cursor {
                Some(cursor) => call.cursor(cursor).send().await?,
                None => call.send().await?,
            };
            count += page.agents.len();
        }
        require_all(count)?
    });
    measure!(times, "list", "twin-ext", LISTS, {
        let mut agents = Vec::new();
        let mut items = full.list_agents().limit(100).items();
        while let Some(agent) = items.try_next().await? {
            agents.push(agent);
        }
        require_all(agents.len())?
    });
    measure!(times, "list", "octocrab", LISTS, {
        let first = github.get("/agents?page=0", None::<&()>).await?;
        let agents: Vec<handwritten::Agent> = github.all_pages(first).await?;
        require_all(agents.len())?
    });
    Ok(())
}

fn decodes(events: &[u8], times: &mut Vec<Measurement>) -> Result<(), AnyError> {
    use serde_json::from_slice;
    measure!(times, "decode", "Value", DECODES, from_slice::<serde_json::Value>(events)?);
    measure!(
        times,
        "decode",
        "hand-written",
        DECODES,
        from_slice::<handwritten::ListRunEventsResponse>(events)?
    );
    measure!(
        times,
        "decode",
        "openapi-generator",
        DECODES,
        from_slice::<client_generated::models::ListRunEventsResponse>(events)?
    );
    measure!(
        times,
        "decode",
        "twin-api",
        DECODES,
        from_slice::<twin_api::types::ListRunEventsResponse>(events)?
    );
    Ok(())
}

/// Fails unless the client found all agents.
fn require_all(count: usize) -> Result<usize, AnyError> {
    let expected = server::PAGES * server::AGENTS;
    (count == expected)
        .then_some(count)
        .ok_or_else(|| format!("{count} agents of {expected}").into())
}

fn error_text(error: handwritten::Error) -> String {
    format!("{error:?}")
}

/// Prints the median of each pair of task and client.
fn print(times: &[Measurement]) {
    let columns = times.len() / ROUNDS;
    for (column, (task, client, _)) in times.iter().take(columns).enumerate() {
        let mut rounds: Vec<f64> =
            times.iter().skip(column).step_by(columns).map(|time| time.2).collect();
        rounds.sort_unstable_by(f64::total_cmp);
        let time = rounds[ROUNDS / 2];
        println!("{task:7} {client:17} {:9.1} µs, {:7.0} in a CPU second", time, 1e6 / time);
    }
}
