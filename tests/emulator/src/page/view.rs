//! What the page shows, as data: facts, and tables of text with the newest row first.
//!
//! The page and its script know nothing of agents or runs: everything about them is here. It
//! looks at the newest things only, however many there are, and copies them quickly, because
//! every request waits meanwhile.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::secrets::hide;
use crate::delivery::Delivery;
use crate::fault::Faults;
use crate::journal::{Exchange, Journal};
use crate::runs::Run;
use crate::server::Shared;
use crate::world::World;

/// How many rows a table has at most.
const ROWS: usize = 50;

/// How much of a text is looked at, and how much of it is shown, in characters.
const LOOKED_AT: usize = 4096;
const SHOWN: usize = 200;
/// How much of the details of a cell is shown, in characters.
const DETAILS: usize = 4_000;

/// Everything that is shown.
#[derive(Debug, Serialize)]
pub(crate) struct View {
    profile: &'static str,
    now: String,
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
    /// More text, which is shown on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) details: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<Button>,
}

/// A call of the control API. Without scripts there are no buttons.
#[derive(Debug, Serialize)]
struct Button {
    label: &'static str,
    path: String,
    body: Value,
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
        let key = shared.first_key();
        let (now, [runs, deliveries, agents]) = shared
            .with(|world| (world.now(), [runs(world, key), deliveries(world), agents(world)]));
        let faults = faults(&shared.faults());
        let (requests, mismatches) = {
            let journal = shared.journal();
            (requests(&journal), mismatches(&journal))
        };
        let contract = if cfg!(not(feature = "contract")) {
            Cell::new("not checked")
        } else if mismatches.rows.is_empty() {
            Cell::new("kept").tone(Tone::Good)
        } else {
            Cell::new("broken").tone(Tone::Bad)
        };
        let facts = vec![
            Fact { name: "Profile", cell: Cell::new(shared.profile.name()) },
            Fact { name: "Emulator time", cell: Cell::new(&format!("{} UTC", time(now))) },
            Fact { name: "Contract", cell: contract },
        ];
        let tables = vec![mismatches, runs, deliveries, requests, faults, agents];
        let (profile, now) = (shared.profile.name(), now.to_rfc3339());
        let mut view = Self { profile, now, facts, tables };
        view.tables.iter_mut().for_each(|table| table.tidy(key));
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
        let note = if all { String::new() } else { format!("the newest {} are shown", rows.len()) };
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
            if let Some(details) = &mut cell.details {
                *details = hide(details, key).chars().take(DETAILS).collect();
            }
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
        let text = text.chars().take(LOOKED_AT).collect();
        Self { text, tone: Tone::Plain, details: None, buttons: Vec::new() }
    }

    fn details(mut self, details: String) -> Self {
        self.details = Some(details);
        self
    }

    fn button(mut self, label: &'static str, path: String, body: Value) -> Self {
        self.buttons.push(Button { label, path, body });
        self
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
    Table::new(("agents", "Agents that exist"), COLUMNS, world.agents.count() as u64, rows)
        .or("No agent yet: POST /v1/agents adds one.")
}

fn runs(world: &World, key: &str) -> Table {
    const COLUMNS: &[Column] = &[
        code("Run"),
        text("Status"),
        code("Agent"),
        text("Mode"),
        number("Events"),
        text("Started (UTC)"),
        text("Finished (UTC)"),
        text("Control"),
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
            control_of(&agent.id, run, key),
        ]
    });
    Table::new(("runs", "Runs started"), COLUMNS, world.latest_runs.started(), rows)
        .or("No run yet: POST /v1/agents/{agent_id}/runs starts one.")
}

/// What can be made happen to a run.
fn control_of(agent_id: &str, run: &Run, key: &str) -> Cell {
    let encode = |id: &str| utf8_percent_encode(id, NON_ALPHANUMERIC).to_string();
    let path = format!("/_emulator/agents/{}/runs/{}/steps", encode(agent_id), encode(&run.id));
    // An identifier with a secret in it must not be in a path either.
    let is_secret = [agent_id, &run.id].iter().any(|id| hide(id, key) != **id);
    if run.is_finished() || is_secret {
        return Cell::new("–");
    }
    let pause = if run.is_paused() { ("Resume", "resume") } else { ("Pause", "user_pause") };
    [pause, ("Complete", "complete"), ("Fail", "fail"), ("Stop", "stop")]
        .into_iter()
        .fold(Cell::new(""), |cell, (label, step)| {
            cell.button(label, path.clone(), json!({"do": step}))
        })
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
        text("Fault"),
        code("Agent"),
        code("Receiver"),
        number("Attempts"),
        text("Last answer"),
        text("Last attempt (UTC)"),
        text("Request"),
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
            fault_of(delivery.fault.map(crate::DeliveryFault::name)),
            Cell::new(&delivery.agent_id),
            Cell::new(&receiver(&delivery.outgoing.url)),
            Cell::number(delivery.attempts.len()),
            Cell::new(&answer),
            Cell::new(&last.map_or("–".to_owned(), |(at, _)| time(*at))),
            request_of(delivery),
        ]
    });
    Table::new(("deliveries", "Deliveries made"), COLUMNS, world.deliveries.made(), rows)
        .or("No delivery yet: POST /v1/agents/{agent_id}/webhooks asks for some.")
}

/// The request of a delivery, byte for byte but for the URL's user and query.
fn request_of(delivery: &Delivery) -> Cell {
    let outgoing = &delivery.outgoing;
    let mut text = format!("POST {}\n", receiver(&outgoing.url));
    for (name, value) in outgoing.headers() {
        text.extend([name, ": ", value, "\n"]);
    }
    text.extend(["\n", &String::from_utf8_lossy(&outgoing.body)]);
    let path = format!("/_emulator/deliveries/{}/repeat", outgoing.delivery);
    Cell::new("Show").details(text).button("Repeat", path, json!({}))
}

/// The name of the fault that was applied.
fn fault_of(name: Option<&str>) -> Cell {
    name.map_or(Cell::new("–"), |name| Cell::new(name).tone(Tone::Warn))
}

fn state_of(delivery: &Delivery) -> Cell {
    use crate::delivery::State;
    let (text, tone) = match delivery.state {
        State::Waiting if delivery.attempts.is_empty() => ("waiting", Tone::Busy),
        State::Waiting => ("to be tried again", Tone::Warn),
        State::Delivered => ("delivered", Tone::Good),
        State::GivenUp => ("given up", Tone::Bad),
        State::Lost => ("lost by a fault", Tone::Bad),
    };
    Cell::new(text).tone(tone)
}

/// Where a delivery goes, without what may let others deliver there: user and query.
pub(crate) fn receiver(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "not a URL".to_owned() };
    let query = if url.query().is_some() { "?…" } else { "" };
    format!("{}{}{query}", url.origin().ascii_serialization(), url.path())
}

fn requests(journal: &Journal) -> Table {
    const COLUMNS: &[Column] =
        &[number("#"), code("Request"), text("Status"), text("Operation"), text("Fault")];
    let rows = journal.numbered().rev().map(|(number, exchange)| {
        let Exchange { operation, request, status, fault } = exchange;
        let fault = fault_of(*fault);
        vec![
            Cell::new(&grouped(number)),
            Cell::new(&format!("{} {}", request.method, request.target)),
            Cell::new(&status_line(status.as_u16())).tone(tone_of(*status)),
            Cell::new(operation.unwrap_or("none")),
            fault,
        ]
    });
    Table::new(("requests", "Requests received"), COLUMNS, journal.total(), rows)
        .or("No request yet; those for this page are not counted.")
}

fn faults(faults: &Faults) -> Table {
    const COLUMNS: &[Column] =
        &[text("Operation"), text("Fault"), number("Attempts counted"), number("Faults applied")];
    let count = |number: u64| Cell::new(&grouped(number));
    let rows = faults.rules().iter().map(|installed| {
        vec![
            Cell::new(&installed.rule.operation),
            fault_of(Some(installed.rule.fault.name())),
            count(installed.attempts),
            count(installed.hits),
        ]
    });
    Table::new(("faults", "Faults in force"), COLUMNS, faults.rules().len() as u64, rows)
}

fn mismatches(journal: &Journal) -> Table {
    const COLUMNS: &[Column] = &[text("Difference from the document")];
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
    fn shortens_long_text_and_replaces_control_characters() {
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
