//! The tables of the page: agents, runs, deliveries, requests, faults and mismatches.

use axum::http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use url::Url;

use super::super::secrets::hide;
use super::{Cell, Column, ColumnStyle, Table, Tone, grouped, time};
use crate::delivery::Delivery;
use crate::fault::Faults;
use crate::journal::{Exchange, Journal};
use crate::runs::Run;
use crate::world::World;

const fn text(name: &'static str) -> Column {
    Column { name, style: ColumnStyle::Text }
}

const fn code(name: &'static str) -> Column {
    Column { name, style: ColumnStyle::Code }
}

const fn number(name: &'static str) -> Column {
    Column { name, style: ColumnStyle::Number }
}

pub(super) fn agents(world: &World) -> Table {
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
        .when_empty("No agent yet: POST /v1/agents creates one.")
}

pub(super) fn runs(world: &World, key: &str) -> Table {
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
        // The agent or the run may have been deleted.
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
        .when_empty("No run yet: POST /v1/agents/{agent_id}/runs starts one.")
}

/// Returns the buttons that change a run.
fn control_of(agent_id: &str, run: &Run, key: &str) -> Cell {
    let encode = |id: &str| utf8_percent_encode(id, NON_ALPHANUMERIC).to_string();
    let path = format!("/_emulator/agents/{}/runs/{}/steps", encode(agent_id), encode(&run.id));
    // A path on the page must not contain a secret.
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
    use crate::runs::{Outcome, RunState};
    let tone = match run.state {
        RunState::InProgress => Tone::Busy,
        RunState::Completed(Outcome::Success) => Tone::Good,
        RunState::Paused(_) | RunState::Stopped | RunState::Completed(Outcome::Partial) => {
            Tone::Warn
        }
        RunState::Failed | RunState::Completed(Outcome::Fail) => Tone::Bad,
    };
    let outcome = match run.state {
        RunState::Completed(Outcome::Success) => ": success",
        RunState::Completed(Outcome::Partial) => ": partial",
        RunState::Completed(Outcome::Fail) => ": fail",
        _ => "",
    };
    Cell::new(&format!("{}{outcome}", run.status_name(world.profile))).tone(tone)
}

pub(super) fn deliveries(world: &World) -> Table {
    const COLUMNS: &[Column] = &[
        number("#"),
        text("Event"),
        text("State"),
        text("Fault"),
        code("Agent"),
        code("Receiver"),
        number("Attempts"),
        text("Last response"),
        text("Last attempt (UTC)"),
        text("Request"),
    ];
    let rows = world.deliveries.newest_first().map(|delivery| {
        let last = delivery.attempts.last();
        let response = last.map_or("–".to_owned(), |(_, outcome)| match outcome {
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
            Cell::new(&response),
            Cell::new(&last.map_or("–".to_owned(), |(at, _)| time(*at))),
            request_of(delivery),
        ]
    });
    Table::new(("deliveries", "Deliveries made"), COLUMNS, world.deliveries.made(), rows)
        .when_empty("No delivery yet: POST /v1/agents/{agent_id}/webhooks registers a webhook.")
}

/// Returns the request of a delivery with its exact body, but without the user and the query of the
/// URL.
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

/// Returns the name of the applied fault.
fn fault_of(name: Option<&str>) -> Cell {
    name.map_or(Cell::new("–"), |name| Cell::new(name).tone(Tone::Warn))
}

fn state_of(delivery: &Delivery) -> Cell {
    use crate::delivery::DeliveryState;
    let (text, tone) = match delivery.state {
        DeliveryState::Waiting if delivery.attempts.is_empty() => ("waiting", Tone::Busy),
        DeliveryState::Waiting => ("will be retried", Tone::Warn),
        DeliveryState::Delivered => ("delivered", Tone::Good),
        DeliveryState::GivenUp => ("given up", Tone::Bad),
        DeliveryState::Lost => ("lost by a fault", Tone::Bad),
    };
    Cell::new(text).tone(tone)
}

/// Returns the URL of a receiver without its user and query, which can be credentials.
pub(crate) fn receiver(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "not a URL".to_owned() };
    let query = if url.query().is_some() { "?…" } else { "" };
    format!("{}{}{query}", url.origin().ascii_serialization(), url.path())
}

pub(super) fn requests(journal: &Journal) -> Table {
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
        .when_empty("No request yet. Requests for this page are not counted.")
}

pub(super) fn faults(faults: &Faults) -> Table {
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
    Table::new(("faults", "Active faults"), COLUMNS, faults.rules().len() as u64, rows)
}

pub(super) fn mismatches(journal: &Journal) -> Table {
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

/// Formats a status, such as `404 Not Found`.
fn status_line(status: u16) -> String {
    match StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_receiver_url_without_credentials_and_query() {
        let url = "http://user:word@127.0.0.1:80/hook/1?token=abc#part";
        assert_eq!(receiver(url), "http://127.0.0.1/hook/1?…");
    }
}
