//! Measures the memory of 100,000 agents, 100,000 runs and 1,000,000 events, and the latency of pages
//! at both ends of their lists.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde::de::IgnoredAny;
use twin_emulator::{Emulator, Profile, RunMode, World};

use crate::client::Connection;
use crate::program::{mib, resident};

const AGENTS: u64 = 100_000;
const EVENTS: u64 = 1_000_000;
const RUNS: u64 = 100_000;
const PAGE: usize = 500;

pub(crate) fn measure() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let twin = runtime.block_on(
        Emulator::builder(Profile::Observed)
            .switches(|switches| switches.ignore_after_index = false)
            .start(),
    )?;
    let agent = twin.with(World::add_agent);
    let run = twin.with(|world| world.start_run(&agent, RunMode::Run));
    fill("agents", AGENTS, || twin.with(|world| world.add_agents(AGENTS)))?;
    fill("events", EVENTS, || twin.with(|world| world.add_events(&agent, &run, EVENTS)))?;
    fill("runs", RUNS, || twin.with(|world| world.add_runs(&agent, RUNS)))?;
    let mut reader = PageReader::new(&twin)?;
    reader.agents("")?;
    reader.agents("&workspace_id=ws_001")?;
    reader.events(&agent, &run)?;
    reader.runs(&agent, "")?;
    reader.runs(&agent, "&filter_status=completed")?;
    println!("hold: {} MiB resident at the end", mib(resident()?));
    Ok(())
}

/// Creates items, and prints the time, and the memory of an item.
fn fill(what: &str, count: u64, make: impl FnOnce()) -> anyhow::Result<()> {
    let (before, started) = (resident()?, Instant::now());
    make();
    let (time, bytes) = (started.elapsed(), (resident()? - before) * 1024);
    println!(
        "hold: {count} {what} created in {time:.1?}, {} MiB, {} bytes each",
        bytes >> 20,
        bytes / count
    );
    Ok(())
}

/// Reads lists page by page over one connection.
struct PageReader {
    connection: Connection,
    key: String,
}

impl PageReader {
    fn new(twin: &Emulator) -> anyhow::Result<Self> {
        let connection = Connection::open(twin.gate().address())?;
        Ok(Self { connection, key: twin.api_key().to_owned() })
    }

    /// Reads a page, and adds its latency to `times`.
    fn page<'a, T: Deserialize<'a>>(
        &'a mut self,
        target: &str,
        times: &mut Vec<Duration>,
    ) -> anyhow::Result<T> {
        let started = Instant::now();
        let status = self.connection.get(target, &self.key)?;
        times.push(started.elapsed());
        ensure!(status == 200, "{target}: {status}");
        Ok(serde_json::from_slice(&self.connection.body)?)
    }

    fn agents(&mut self, filter: &str) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct AgentPage {
            agents: Vec<IgnoredAny>,
            next_cursor: Option<String>,
        }
        let (mut count, mut times, mut cursor) = (0, Vec::new(), String::new());
        loop {
            let target = format!("/v1/agents?limit={PAGE}{filter}{cursor}");
            let AgentPage { agents, next_cursor } = self.page(&target, &mut times)?;
            count += agents.len();
            let Some(next) = next_cursor else { break };
            cursor = format!("&cursor={next}");
        }
        report(&format!("agents{filter}"), count, &times)
    }

    fn events(&mut self, agent: &str, run: &str) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct EventPage {
            events: Vec<Event>,
        }
        #[derive(Deserialize)]
        struct Event {
            event_index: u64,
        }
        let (mut count, mut times, mut after) = (0, Vec::new(), 0);
        loop {
            let target =
                format!("/v1/agents/{agent}/runs/{run}/events?limit={PAGE}&after_index={after}");
            let EventPage { events } = self.page(&target, &mut times)?;
            let Some(last) = events.last() else { break };
            count += events.len();
            after = last.event_index;
        }
        report("events", count, &times)
    }

    fn runs(&mut self, agent: &str, filter: &str) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct RunPage {
            runs: Vec<IgnoredAny>,
        }
        let (mut count, mut times, mut page) = (0, Vec::new(), 1);
        loop {
            let target = format!("/v1/agents/{agent}/runs?page_size={PAGE}&page={page}{filter}");
            let RunPage { runs } = self.page(&target, &mut times)?;
            if runs.is_empty() {
                break;
            }
            count += runs.len();
            page += 1;
        }
        report(&format!("runs{filter}"), count, &times)
    }
}

/// Prints the latency of pages at both ends of a list. The last pages would be slow if the emulator
/// read the list from its start.
fn report(what: &str, count: usize, times: &[Duration]) -> anyhow::Result<()> {
    let tenth = times.len().div_ceil(10);
    let median = |times: &[Duration]| {
        let mut sorted = times.to_vec();
        sorted.sort();
        sorted.get(sorted.len() / 2).copied().context("the list has no page")
    };
    let (first, last) = (median(&times[..tenth])?, median(&times[times.len() - tenth..])?);
    let total: Duration = times.iter().sum();
    println!(
        "hold: {count} {what} read in {} pages in {total:.1?}; a page {first:.2?} in the first \
         tenth, {last:.2?} in the last",
        times.len()
    );
    Ok(())
}
