//! A place in a list, to go on from: today, tomorrow, in another process.
//!
//! It holds what the service needs to be told, what shows that the list has not moved since,
//! and nothing of the client: no key, no filter.

use serde::{Deserialize, Serialize};

/// The version that is written. One that is newer is refused rather than misread.
const VERSION: u32 = 1;

/// A place between two pages of a list. Give it to [`Paginate::pages_from`](crate::Paginate::pages_from).
///
/// A position moves past a page only when all of its items were taken: who goes on from it
/// may see an item again, and misses none. It is written and read by serde, and meant to be
/// stored.
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
pub struct Position(pub(crate) Place);

/// A place in one of the kinds of list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// Before the first page of whatever list.
    Start,
    /// Where this cursor leads.
    Cursor(String),
    /// Before a page that has a number.
    Page(Numbered),
    /// Behind an event that has an index.
    Event(Indexed),
}

/// A place in a list by page number, with what shows whether the list has moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbered {
    /// The page to ask for.
    pub(crate) number: u64,
    /// How many items there were when the page before was read.
    pub(crate) total: Option<u64>,
    /// How many items a full page has.
    pub(crate) size: Option<u64>,
    /// The last items of the page before, in their order.
    pub(crate) last: Vec<String>,
    /// How many items came before.
    pub(crate) came: u64,
    /// Whether an item before may have been missed, so that all must be read again.
    pub(crate) gap: bool,
}

/// A place among events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Indexed {
    /// The highest index that came.
    pub(crate) after: Option<u64>,
    /// How many events came, from the run's first; `None` where that is not known.
    pub(crate) came: Option<u64>,
}

/// A position as it is written.
#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    place: Place,
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
            (VERSION, Place::Page(Numbered { number: 0, .. })) => {
                Err("a position in a list by page number has a page from 1 on".to_owned())
            }
            (VERSION, _) => Ok(Self(place)),
            _ => Err(format!(
                "the position is of version {version}, and this program reads version {VERSION}"
            )),
        }
    }
}

/// How far a stream had come when it failed.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    /// Where to go on.
    pub(crate) position: Position,
    /// How many items it gave.
    pub(crate) came: u64,
    /// How many there are, as the service says.
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
            (Place::Start, r#"{"version":1,"place":"start"}"#),
            (Place::Cursor("é".to_owned()), r#"{"version":1,"place":{"cursor":"é"}}"#),
            (
                Place::Page(numbered),
                r#"{"version":1,"place":{"page":{"number":3,"total":42,"size":10,"last":["run_a","run_b"],"came":20,"gap":false}}}"#,
            ),
            (
                Place::Event(Indexed { after: Some(u64::MAX), came: None }),
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
