//! Stores a position in a list, so that another process can resume it.
//!
//! A position holds the parameters of the next request and what shows that the list has moved. It
//! holds no API key and no filter.

use serde::{Deserialize, Serialize};

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

/// A position between two pages of a list, to resume it with
/// [`Paginate::pages_from`](crate::Paginate::pages_from).
///
/// A position moves past a page only after all of its items were taken. A resumed list may repeat
/// an item, and skips none. serde reads and writes positions; a stored one stays readable.
///
/// ```
/// use twin_ext::Position;
/// let stored = r#"{"version": 1, "place": {"cursor": "after-7f"}}"#;
/// let position: Position = serde_json::from_str(stored)?;
/// assert_eq!(serde_json::from_str::<Position>(&serde_json::to_string(&position)?)?, position);
///
/// let newer = stored.replace('1', "2");
/// assert!(serde_json::from_str::<Position>(&newer).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct Position(pub(crate) Location);

/// A location in one of the kinds of list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Location {
    /// Before the first page of any list.
    Start,
    /// At a cursor.
    Cursor(String),
    /// Before a numbered page.
    Page(Numbered),
    /// After an event.
    Event(Indexed),
}

/// A location in a list by page number, with what shows whether the list has moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbered {
    /// The page to request.
    pub(crate) number: u64,
    /// The total when the page before was read.
    pub(crate) total: Option<u64>,
    /// How many items a full page has.
    pub(crate) size: Option<u64>,
    /// The last items of the page before, in their order.
    pub(crate) last: Vec<String>,
    /// How many items came before.
    pub(crate) came: u64,
    /// Whether an earlier item may have been missed, so that all pages must be read again.
    pub(crate) gap: bool,
}

/// A location in a list of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Indexed {
    /// The highest index that came.
    pub(crate) after: Option<u64>,
    /// How many events came since the run's first, if known.
    pub(crate) came: Option<u64>,
}

/// The stored form of a position.
#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    place: Location,
}

impl From<Position> for Record {
    fn from(Position(place): Position) -> Self {
        Self { version: VERSION, place }
    }
}

impl TryFrom<Record> for Position {
    type Error = String;

    fn try_from(Record { version, place }: Record) -> Result<Self, String> {
        match (version, &place) {
            (VERSION, Location::Page(Numbered { number: 0, .. })) => {
                Err("the position has page number 0, and the first page is 1".to_owned())
            }
            (VERSION, _) => Ok(Self(place)),
            _ => Err(format!(
                "the position has version {version}, and this twin-ext reads version {VERSION}: \
                 read it with the twin-ext that wrote it, or a newer one"
            )),
        }
    }
}

/// The progress of a stream when it failed.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    /// The position to resume from.
    pub(crate) position: Position,
    /// How many items the stream gave.
    pub(crate) came: u64,
    /// The number of items that the service reports.
    pub(crate) total: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_round_trips() {
        let numbered = Numbered {
            number: 3,
            total: Some(42),
            size: Some(10),
            last: vec!["run_a".to_owned(), "run_b".to_owned()],
            came: 20,
            gap: false,
        };
        let places = [
            (Location::Start, r#"{"version":1,"place":"start"}"#),
            (Location::Cursor("é".to_owned()), r#"{"version":1,"place":{"cursor":"é"}}"#),
            (
                Location::Page(numbered),
                r#"{"version":1,"place":{"page":{"number":3,"total":42,"size":10,"last":["run_a","run_b"],"came":20,"gap":false}}}"#,
            ),
            (
                Location::Event(Indexed { after: Some(u64::MAX), came: None }),
                r#"{"version":1,"place":{"event":{"after":18446744073709551615,"came":null}}}"#,
            ),
        ];
        for (place, json) in places {
            let position = Position(place);
            assert_eq!(serde_json::to_string(&position).unwrap(), json);
            assert_eq!(serde_json::from_str::<Position>(json).unwrap(), position);
        }
    }

    #[test]
    fn rejects_invalid_positions() {
        for json in [
            r#"{"version":2,"place":"start"}"#,
            r#"{"version":1,"place":{"page":{"number":0,"total":null,"size":null,"last":[],"came":0,"gap":false}}}"#,
            r#"{"version":1,"place":{"page":{"number":-1,"total":null,"size":null,"last":[],"came":0,"gap":false}}}"#,
            r#"{"version":1,"place":{"elsewhere":1}}"#,
            r#"{"place":"start"}"#,
            "{}",
            "null",
        ] {
            assert!(serde_json::from_str::<Position>(json).is_err(), "{json}");
        }
    }
}
