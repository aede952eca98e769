//! Summarizes changed files: the added and removed lines of each, at most [`MAX_LINES`].

use std::fmt::Write as _;
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use crate::snapshots;
use crate::write::FileChange;

/// Maximum lines that are printed for one file.
const MAX_LINES: usize = 20;

/// Describes changed files: sizes for inputs, lines for derived files, and a summary line.
pub(crate) fn describe(inputs: &[FileChange], surface: &[FileChange]) -> String {
    let mut report = String::new();
    for change in inputs {
        let size = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let (old, new) = (size(&change.old), size(&change.new));
        let _ = writeln!(report, "{}: {old} -> {new} bytes", change.path);
    }
    let (mut added, mut removed) = (0, 0);
    for change in surface {
        let lines = Lines::between(change);
        let _ = write!(report, "{lines}");
        added += lines.added;
        removed += lines.removed;
    }
    let _ = match surface.len() {
        0 => write!(report, "surface: unchanged"),
        1 => write!(report, "surface: 1 file changed, +{added} -{removed} lines"),
        n => write!(report, "surface: {n} files changed, +{added} -{removed} lines"),
    };
    report
}

/// The changed lines of one file.
struct Lines<'a> {
    change: &'a FileChange,
    shown: Vec<String>,
    added: usize,
    removed: usize,
}

impl<'a> Lines<'a> {
    fn between(change: &'a FileChange) -> Self {
        let text =
            |side: &Option<Vec<u8>>| side.as_deref().map(snapshots::text_of).unwrap_or_default();
        let (old, new) = (text(&change.old), text(&change.new));
        let mut lines = Self { change, shown: Vec::new(), added: 0, removed: 0 };
        // The time limit makes the diff of two unlike texts coarser, but never wrong.
        let diff = TextDiff::configure().timeout(Duration::from_secs(1)).diff_lines(&old, &new);
        for line in diff.iter_all_changes() {
            let sign = match line.tag() {
                ChangeTag::Equal => continue,
                ChangeTag::Insert => '+',
                ChangeTag::Delete => '-',
            };
            if sign == '+' {
                lines.added += 1;
            } else {
                lines.removed += 1;
            }
            if lines.shown.len() < MAX_LINES {
                lines.shown.push(format!("  {sign}{}", line.value().trim_end()));
            }
        }
        lines
    }
}

impl std::fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match (&self.change.old, &self.change.new) {
            (None, _) => " (new)",
            (_, None) => " (removed)",
            _ => "",
        };
        writeln!(f, "{}{what}: +{} -{}", self.change.path, self.added, self.removed)?;
        for line in &self.shown {
            writeln!(f, "{line}")?;
        }
        let more = self.added + self.removed - self.shown.len();
        if more > 0 {
            writeln!(f, "  … and {more} more")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::describe;
    use crate::write::FileChange;

    fn change(path: &str, old: Option<&str>, new: Option<&str>) -> FileChange {
        FileChange { path: path.into(), old: old.map(Into::into), new: new.map(Into::into) }
    }

    #[test]
    fn prints_added_and_removed_lines() {
        let surface = [
            change("a.snap", Some("---\nx: y\n---\none\ntwo\n"), Some("---\nx: y\n---\none\n2\n")),
            change("b.snap", None, Some("new\n")),
            change("c.snap", Some("old\n"), None),
        ];
        let document = change("openapi.json", Some("{}"), Some("{\"a\":1}"));
        insta::assert_snapshot!(describe(&[document], &surface), @r"
        openapi.json: 2 -> 7 bytes
        a.snap: +1 -1
          -two
          +2
        b.snap (new): +1 -0
          +new
        c.snap (removed): +0 -1
          -old
        surface: 3 files changed, +2 -2 lines
        ");
    }

    #[test]
    fn long_changes_are_truncated_with_a_count() {
        let long = "line\n".repeat(1000);
        let shown = describe(&[], &[change("a.snap", None, Some(&long))]);
        assert!(shown.contains("… and 980 more"), "{shown}");
        assert!(shown.ends_with("surface: 1 file changed, +1000 -0 lines"), "{shown}");
        assert_eq!(describe(&[], &[]), "surface: unchanged");
    }
}
