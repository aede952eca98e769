//! The note that says which staged files belong in place.
//!
//! It names paths only: the contents are in the staged files, which were flushed before it.
//! One that names anything outside of the known places is refused, whoever wrote it.

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::{Change, PLACES};

/// The journal's name in the root.
pub(super) const NAME: &str = ".regen-journal.json";

/// What remains to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    /// Targets whose staged neighbour takes their place.
    pub(super) replace: Vec<String>,
    /// Files that go.
    pub(super) remove: Vec<String>,
}

impl Journal {
    pub(super) fn of(changes: &[Change]) -> Self {
        let (replace, remove): (Vec<_>, Vec<_>) =
            changes.iter().partition(|change| change.new.is_some());
        let paths = |changes: Vec<&Change>| changes.iter().map(|c| c.path.clone()).collect();
        Self { replace: paths(replace), remove: paths(remove) }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let journal = serde_json::json!({ "replace": self.replace, "remove": self.remove });
        format!("{journal:#}\n").into_bytes()
    }

    pub(super) fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let journal: Self = serde_json::from_slice(bytes).context("not a journal of regen")?;
        for path in journal.replace.iter().chain(&journal.remove) {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            ensure!(
                PLACES.contains(&folder) && !matches!(name, "" | "." | ".."),
                "{path:?}: regen does not write there"
            );
        }
        Ok(journal)
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Journal};

    fn change(path: &str, new: Option<&str>) -> Change {
        Change { path: path.into(), old: None, new: new.map(Into::into) }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let changes = [change("openapi.json", Some("{}")), change("tests/snapshots/a.snap", None)];
        let journal = Journal::of(&changes);
        assert_eq!(journal.replace, ["openapi.json"]);
        assert_eq!(journal.remove, ["tests/snapshots/a.snap"]);
        assert_eq!(Journal::parse(&journal.to_bytes()).unwrap(), journal);
    }

    #[test]
    fn a_journal_that_reaches_elsewhere_is_refused() {
        for path in ["/etc/passwd", "../x", "tests/snapshots/../../x", "twin-api-gen/x", "", ".."] {
            let text = serde_json::json!({ "replace": [], "remove": [path] }).to_string();
            assert!(Journal::parse(text.as_bytes()).is_err(), "{path:?}");
        }
    }
}
