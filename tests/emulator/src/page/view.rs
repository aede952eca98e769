//! The data of the page: facts, and tables with the newest row first.
//!
//! The HTML and the script are generic; only [`tables`] knows about agents and runs. A table copies
//! at most 50 rows, because requests wait for the lock of the state during the copy.

mod tables;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::tables::receiver;
use self::tables::{agents, deliveries, faults, mismatches, requests, runs};
use super::secrets::hide;
use crate::server::ServerState;

/// The maximum number of rows of a table.
const MAX_ROWS: usize = 50;

/// The maximum length of a copied text, in characters.
const COPIED: usize = 4096;
/// The maximum length of a shown text, in characters. It is shorter than a copied text, so that a
/// secret that the copy cuts in two is not shown.
const SHOWN: usize = 200;
/// The maximum length of the details of a cell, in characters.
const DETAILS: usize = 4_000;

/// The whole content of the page.
#[derive(Debug, Serialize)]
pub(crate) struct PageView {
    profile: &'static str,
    now: String,
    pub(super) facts: Vec<PageFact>,
    pub(super) tables: Vec<Table>,
}

/// A named value in the header of the page, such as the profile.
#[derive(Debug, Serialize)]
pub(super) struct PageFact {
    pub(super) name: &'static str,
    pub(super) cell: Cell,
}

/// A table with the newest items of one kind.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    pub(super) id: &'static str,
    #[serde(skip)]
    pub(super) caption: &'static str,
    #[serde(skip)]
    pub(super) columns: &'static [Column],
    /// The text of a table without rows. If it is `None`, a table without rows is hidden.
    #[serde(skip)]
    pub(super) empty: Option<&'static str>,
    /// The number of all items, including those without a row.
    pub(super) total: String,
    pub(super) note: String,
    pub(super) rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) style: ColumnStyle,
}

/// The style of a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum ColumnStyle {
    Text,
    Code,
    Number,
}

#[derive(Debug, Serialize)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
    /// More text, which is shown after a click.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) details: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<Button>,
}

/// A button that calls the control API. Without the script, the page has no buttons.
#[derive(Debug, Serialize)]
struct Button {
    label: &'static str,
    path: String,
    body: Value,
}

/// The meaning of a cell, which the page shows as its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tone {
    Plain,
    Good,
    Busy,
    Warn,
    Bad,
}

impl PageView {
    pub(super) fn of(shared: &ServerState) -> Self {
        let key = shared.initial_key();
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
            Cell::new("no mismatch").tone(Tone::Good)
        } else {
            Cell::new("mismatches").tone(Tone::Bad)
        };
        let facts = vec![
            PageFact { name: "Profile", cell: Cell::new(shared.profile.name()) },
            PageFact { name: "Emulator time", cell: Cell::new(&format!("{} UTC", time(now))) },
            PageFact { name: "Contract", cell: contract },
        ];
        let tables = vec![mismatches, runs, deliveries, requests, faults, agents];
        let (profile, now) = (shared.profile.name(), now.to_rfc3339());
        let mut view = Self { profile, now, facts, tables };
        view.tables.iter_mut().for_each(|table| table.redact_and_shorten(key));
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
        let rows: Vec<_> = rows.take(MAX_ROWS).collect();
        let all = usize::try_from(total).is_ok_and(|total| total <= MAX_ROWS);
        let note =
            if all { String::new() } else { format!("only the newest {} are shown", rows.len()) };
        Self { id, caption, columns, empty: None, total: grouped(total), note, rows }
    }

    const fn when_empty(mut self, empty: &'static str) -> Self {
        self.empty = Some(empty);
        self
    }

    pub(super) const fn is_hidden(&self) -> bool {
        self.empty.is_none() && self.rows.is_empty()
    }

    fn redact_and_shorten(&mut self, key: &str) {
        for cell in self.rows.iter_mut().flatten() {
            cell.text = shorten(&hide(&cell.text, key));
            if let Some(details) = &mut cell.details {
                *details = hide(details, key).chars().take(DETAILS).collect();
            }
        }
    }
}

impl ColumnStyle {
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
        let text = text.chars().take(COPIED).collect();
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

fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Formats a number with commas between thousands.
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

/// Shortens a text, and replaces control characters by a visible character.
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
    fn groups_digits_of_numbers() {
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
}
