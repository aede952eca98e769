//! Stores a position in a list, so that another process can resume the list.
//!
//! A position contains the parameters of the next request, and the items and totals with which the
//! pager detects changes of the list. It contains no API key and no filter.

use serde::{Deserialize, Serialize};

/// The version of the stored form. Other versions are rejected.
const VERSION: u32 = 1;

/// A position between two pages of a list.
///
/// Use it with [`Paginate::pages_from`](crate::Paginate::pages_from) to resume the list after an
/// error or a restart. The position moves past a page only after the caller took all items of
/// that page, so a resumed list may repeat items, but skips none.
///
/// A position implements `Serialize` and `Deserialize`. Later versions of this crate read it. An
/// unknown version is an error that names the version.
///
/// ```
/// use twin_ext::Position;
/// let stored = r#"{"version": 1, "place": {"cursor": "after-7f"}}"#;
/// let position: Position = serde_json::from_str(stored)?;
///
/// let newer = stored.replace('1', "2");
/// let error = serde_json::from_str::<Position>(&newer).unwrap_err();
/// assert!(error.to_string().contains("version 2"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredPosition", into = "StoredPosition")]
pub struct Position(pub(crate) Location);

/// A location in a list, for each kind of paging.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Location {
    /// Before the first page of any list.
    Start,
    /// At a cursor.
    Cursor(String),
    /// Before a numbered page.
    Page(PageLocation),
    /// After an event.
    Event(EventLocation),
}

/// A location in a list by page number. All fields but `number` serve to detect changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PageLocation {
    /// The page to request, from 1.
    pub(crate) number: u64,
    /// The total when the previous page was read.
    pub(crate) total: Option<u64>,
    /// The number of items on a full page.
    pub(crate) size: Option<u64>,
    /// The identifiers of the last items on the previous page, in the order of the list.
    pub(crate) last: Vec<String>,
    /// The number of items before this location.
    #[serde(rename = "came")]
    pub(crate) received: u64,
    /// Whether an earlier item may be missing, so that the list must be read again.
    pub(crate) gap: bool,
}

/// A location in a list of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventLocation {
    /// The highest received index.
    pub(crate) after: Option<u64>,
    /// The number of received events since the first event of the run, if known.
    #[serde(rename = "came")]
    pub(crate) received: Option<u64>,
}

/// The stored form of a position.
#[derive(Serialize, Deserialize)]
struct StoredPosition {
    version: u32,
    #[serde(rename = "place")]
    location: Location,
}

impl From<Position> for StoredPosition {
    fn from(Position(location): Position) -> Self {
        Self { version: VERSION, location }
    }
}

impl TryFrom<StoredPosition> for Position {
    type Error = String;

    fn try_from(StoredPosition { version, location }: StoredPosition) -> Result<Self, String> {
        match (version, &location) {
            (VERSION, Location::Page(PageLocation { number: 0, .. })) => {
                Err("the position has page number 0, but the first page is 1".to_owned())
            }
            (VERSION, _) => Ok(Self(location)),
            _ => Err(format!(
                "the position has version {version}, but this twin-ext reads version {VERSION}; \
                 use the twin-ext that wrote it, or a newer one"
            )),
        }
    }
}

/// The progress of a stream at its error.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    /// The position to resume from.
    pub(crate) position: Position,
    /// The number of items that the stream returned.
    pub(crate) received: u64,
    /// The number of items that the service reports.
    pub(crate) total: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_round_trips() {
        let numbered = PageLocation {
            number: 3,
            total: Some(42),
            size: Some(10),
            last: vec!["run_a".to_owned(), "run_b".to_owned()],
            received: 20,
            gap: false,
        };
        let locations = [
            (Location::Start, r#"{"version":1,"place":"start"}"#),
            (Location::Cursor("é".to_owned()), r#"{"version":1,"place":{"cursor":"é"}}"#),
            (
                Location::Page(numbered),
                r#"{"version":1,"place":{"page":{"number":3,"total":42,"size":10,"last":["run_a","run_b"],"came":20,"gap":false}}}"#,
            ),
            (
                Location::Event(EventLocation { after: Some(u64::MAX), received: None }),
                r#"{"version":1,"place":{"event":{"after":18446744073709551615,"came":null}}}"#,
            ),
        ];
        for (location, json) in locations {
            let position = Position(location);
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
