//! What the page shows, as data: facts and tables of text, the newest first.
//!
//! The page and its script know nothing of agents or runs, so that what is shown is said
//! once, here. It looks at the newest things only, however many there are, and copies them
//! quickly: everybody else waits meanwhile. It shows neither headers nor bodies.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use url::Url;

use super::secrets::hide;
use crate::delivery::Delivery;
use crate::journal::{Exchange, Journal};
use crate::runs::Run;
use crate::server::Shared;
use crate::world::World;

/// How many rows a table has at most.
const ROWS: usize = 50;

/// How much of a text is looked at, and how much of it is shown, in characters.
const LOOKED_AT: usize = 4096;
const SHOWN: usize = 200;

/// Everything that is shown.
#[derive(Debug, Serialize)]
pub(super) struct View {
    pub(super) facts: Vec<Fact>,
    pub(super) tables: Vec<Table>,
}

/// Something that there is one of.
#[derive(Debug, Serialize)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) cell: Cell,
}

/// The newest of many things.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    pub(super) id: &'static str,
    #[serde(skip)]
    pub(super) caption: &'static str,
    #[serde(skip)]
    pub(super) columns: &'static [Column],
    /// What is said when there is nothing; without it, the table is hidden then.
    #[serde(skip)]
    pub(super) empty: Option<&'static str>,
    /// How many there are, or were.
    pub(super) total: String,
    pub(super) note: String,
    pub(super) rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// How a column looks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    Code,
    Number,
}

#[derive(Debug, Serialize)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// What a cell says beside its words, by its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tone {
    Plain,
    Good,
    Busy,
    Warn,
    Bad,
}

impl View {
    pub(super) fn of(shared: &Shared) -> Self {
        let (now, [runs, deliveries, agents]) =
            shared.with(|world| (world.now(), [runs(world), deliveries(world), agents(world)]));
        let (requests, mismatches) = {
            let journal = shared.journal();
            (requests(&journal), mismatches(&journal))
        };
        let contract = if mismatches.rows.is_empty() {
            Cell::new("kept").tone(Tone::Good)
        } else {
            Cell::new("broken").tone(Tone::Bad)
        };
        let facts = vec![
            Fact { name: "Profile", cell: Cell::new(shared.profile.name()) },
            Fact { name: "Emulator time", cell: Cell::new(&format!("{} UTC", time(now))) },
            Fact { name: "Contract", cell: contract },
        ];
        let mut view = Self { facts, tables: vec![mismatches, runs, deliveries, requests, agents] };
        view.tables.iter_mut().for_each(|table| table.tidy(shared.first_key()));
        view
    }
}

impl Table {
    fn new(
        (id, caption): (&'static str, &'static str),
        columns: &'static [Column],
        total: u64,
        rows: impl Iterator<Item = Vec<Cell>>,
    ) -> Self {
        let rows: Vec<_> = rows.take(ROWS).collect();
        let all = usize::try_from(total).is_ok_and(|total| total <= ROWS);
        let note = if all { String::new() } else { format!("the newest {}", rows.len()) };
        Self { id, caption, columns, empty: None, total: grouped(total), note, rows }
    }

    const fn or(mut self, empty: &'static str) -> Self {
        self.empty = Some(empty);
        self
    }

    pub(super) const fn is_hidden(&self) -> bool {
        self.empty.is_none() && self.rows.is_empty()
    }

    fn tidy(&mut self, key: &str) {
        for cell in self.rows.iter_mut().flatten() {
            cell.text = shorten(&hide(&cell.text, key));
        }
    }
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Code => "code",
            Self::Number => "number",
        }
    }
}

impl Tone {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

impl Cell {
    fn new(text: &str) -> Self {
        Self { text: text.chars().take(LOOKED_AT).collect(), tone: Tone::Plain }
    }

    fn number(number: usize) -> Self {
        Self::new(&grouped(number as u64))
    }

    const fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

const fn code(name: &'static str) -> Column {
    Column { name, kind: Kind::Code }
}

const fn number(name: &'static str) -> Column {
    Column { name, kind: Kind::Number }
}

fn agents(world: &World) -> Table {
    const COLUMNS: &[Column] = &[
        code("Agent"),
        text("State"),
        text("Name"),
        number("Runs"),
        number("Webhooks"),
        text("Schedule"),
        text("Created (UTC)"),
    ];
    let rows = world.agents.newest_first().map(|agent| {
        let (state, tone) = match agent.deployed {
            Some(_) => ("deployed", Tone::Good),
            None => ("not deployed", Tone::Plain),
        };
        let schedule = match &agent.schedule {
            Some(schedule) if schedule.is_paused() => Cell::new("paused").tone(Tone::Warn),
            Some(_) => Cell::new("on").tone(Tone::Good),
            None => Cell::new("–"),
        };
        vec![
            Cell::new(&agent.id),
            Cell::new(state).tone(tone),
            Cell::new(agent.name.as_deref().unwrap_or("–")),
            Cell::number(agent.runs.count()),
            Cell::number(agent.webhooks.len()),
            schedule,
            Cell::new(&time(agent.created)),
        ]
    });
    Table::new(("agents", "Agents"), COLUMNS, world.agents.count() as u64, rows)
        .or("No agent yet: POST /v1/agents adds one.")
}

fn runs(world: &World) -> Table {
    const COLUMNS: &[Column] = &[
        code("Run"),
        text("Status"),
        code("Agent"),
        text("Mode"),
        number("Events"),
        text("Started (UTC)"),
        text("Finished (UTC)"),
    ];
    let found = world.latest_runs.newest_first().filter_map(|(agent_id, run_id)| {
        // Either may have been deleted since.
        let agent = world.agents.get(agent_id)?;
        agent.runs.get(run_id).map(|run| (agent, run))
    });
    let rows = found.map(|(agent, run)| {
        vec![
            Cell::new(&run.id),
            status_of(run, world),
            Cell::new(&agent.id),
            Cell::new(run.mode.name()),
            Cell::number(run.events.len()),
            Cell::new(&time(run.started)),
            Cell::new(&run.finished.map_or("–".to_owned(), time)),
        ]
    });
    Table::new(("runs", "Runs"), COLUMNS, world.latest_runs.started(), rows)
        .or("No run yet: POST /v1/agents/{agent_id}/runs starts one.")
}

fn status_of(run: &Run, world: &World) -> Cell {
    use crate::runs::{Outcome, State};
    let tone = match run.state {
        State::InProgress => Tone::Busy,
        State::Completed(Outcome::Success) => Tone::Good,
        State::Paused(_) | State::Stopped | State::Completed(Outcome::Partial) => Tone::Warn,
        State::Failed | State::Completed(Outcome::Fail) => Tone::Bad,
    };
    let outcome = match run.state {
        State::Completed(Outcome::Success) => ": success",
        State::Completed(Outcome::Partial) => ": partial",
        State::Completed(Outcome::Fail) => ": fail",
        _ => "",
    };
    Cell::new(&format!("{}{outcome}", run.status_name(world.profile))).tone(tone)
}

fn deliveries(world: &World) -> Table {
    const COLUMNS: &[Column] = &[
        number("#"),
        text("Event"),
        text("State"),
        code("Agent"),
        code("Receiver"),
        number("Attempts"),
        text("Last answer"),
        text("Last attempt (UTC)"),
    ];
    let rows = world.deliveries.newest_first().map(|delivery| {
        let last = delivery.attempts.last();
        let answer = last.map_or("–".to_owned(), |(_, outcome)| match outcome {
            Ok(status) => status_line(*status),
            Err(error) => error.clone(),
        });
        vec![
            Cell::number(usize::try_from(delivery.outgoing.delivery).unwrap_or(usize::MAX)),
            Cell::new(delivery.outgoing.event.name()),
            state_of(delivery),
            Cell::new(&delivery.agent_id),
            Cell::new(&receiver(&delivery.outgoing.url)),
            Cell::number(delivery.attempts.len()),
            Cell::new(&answer),
            Cell::new(&last.map_or("–".to_owned(), |(at, _)| time(*at))),
        ]
    });
    Table::new(("deliveries", "Deliveries"), COLUMNS, world.deliveries.made(), rows)
        .or("No delivery yet: POST /v1/agents/{agent_id}/webhooks asks for some.")
}

fn state_of(delivery: &Delivery) -> Cell {
    use crate::delivery::State;
    let (text, tone) = match delivery.state {
        State::Waiting if delivery.attempts.is_empty() => ("waiting", Tone::Busy),
        State::Waiting => ("to be tried again", Tone::Warn),
        State::Delivered => ("delivered", Tone::Good),
        State::GivenUp => ("given up", Tone::Bad),
        State::Lost => ("lost on order", Tone::Bad),
    };
    Cell::new(text).tone(tone)
}

/// Where a delivery goes, without what may let others deliver there: user and query.
fn receiver(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "not a URL".to_owned() };
    let query = if url.query().is_some() { "?…" } else { "" };
    format!("{}{}{query}", url.origin().ascii_serialization(), url.path())
}

fn requests(journal: &Journal) -> Table {
    const COLUMNS: &[Column] =
        &[number("#"), code("Request"), text("Status"), text("Operation"), text("Fault")];
    let numbers = (0..=journal.total()).rev();
    let rows = journal.latest().rev().zip(numbers).map(|(exchange, number)| {
        let Exchange { operation, request, status, faulty } = exchange;
        let fault = if *faulty { Cell::new("on order").tone(Tone::Warn) } else { Cell::new("–") };
        vec![
            Cell::new(&grouped(number)),
            Cell::new(&format!("{} {}", request.method, request.target)),
            Cell::new(&status_line(status.as_u16())).tone(tone_of(*status)),
            Cell::new(operation.unwrap_or("none")),
            fault,
        ]
    });
    Table::new(("requests", "Requests"), COLUMNS, journal.total(), rows)
        .or("No request yet; those for this page are not counted.")
}

fn mismatches(journal: &Journal) -> Table {
    const COLUMNS: &[Column] = &[text("What does not agree with the document")];
    let rows = journal
        .mismatches()
        .iter()
        .rev()
        .map(|mismatch| vec![Cell::new(&mismatch.to_string()).tone(Tone::Bad)]);
    let total = journal.mismatches().len() as u64;
    Table::new(("mismatches", "Contract mismatches"), COLUMNS, total, rows)
}

fn tone_of(status: StatusCode) -> Tone {
    match status.as_u16() {
        ..300 => Tone::Good,
        300..500 => Tone::Warn,
        500.. => Tone::Bad,
    }
}

/// `404 Not Found`
fn status_line(status: u16) -> String {
    match StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The beginning of a text, with what cannot be seen made visible.
fn shorten(text: &str) -> String {
    let mut letters = text.chars();
    let visible = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
    let mut shown: String = letters.by_ref().take(SHOWN).map(visible).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (100_000, "100,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn what_is_long_or_invisible_is_made_fit_to_be_seen() {
        assert_eq!(shorten("a\0b\u{1b}[1m"), "a\u{fffd}b\u{fffd}[1m");
        let shown = shorten(&"é".repeat(SHOWN + 1));
        assert_eq!(shown.chars().count(), SHOWN + 1);
        assert!(shown.ends_with("é…"));
    }

    #[test]
    fn a_receiver_is_shown_without_what_is_confided_to_it() {
        let url = "http://user:word@127.0.0.1:80/hook/1?token=abc#part";
        assert_eq!(receiver(url), "http://127.0.0.1/hook/1?…");
    }
}
