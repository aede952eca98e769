//! Formats a comparison as text, Markdown and JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;
use twin_api_gen::diff::surface::{BECAME_DEPRECATED, DOCUMENTATION_CHANGED, Difference, Verdict};
use twin_api_gen::diff::{Change, Level};

use super::DocumentComparison;

const LEVELS: [(Level, &str); 3] =
    [(Level::Breaking, "BREAKING"), (Level::Compatible, "compatible"), (Level::Docs, "docs")];

/// Maximum bytes of the lines of a page. GitHub limits the body of a pull request to 65,536
/// characters; titles and closing lines need the rest.
const MAX_BYTES: usize = 60_000;

/// A change of a schema with all operations that it affects.
struct GroupedChange<'a> {
    first: &'a Change,
    others: Vec<&'a str>,
}

/// Maximum number of further operations that a group names. The JSON report names all of them.
const NAMED_OPERATIONS: usize = 5;

/// Groups the changes that one rule found at one place, or describes in the same words.
fn grouped<'a>(changes: impl Iterator<Item = &'a Change>) -> Vec<GroupedChange<'a>> {
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut messages: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut groups: Vec<GroupedChange<'a>> = Vec::new();
    for change in changes {
        let operation = change.operation.as_deref();
        // A change without an operation is not grouped.
        let group = operation.and_then(|_| {
            let place = places.get(&(change.rule, change.pointer.as_str()));
            place.or_else(|| messages.get(&(change.rule, change.message.as_str())))
        });
        match (group, operation) {
            (Some(&at), Some(operation)) if groups[at].first.operation != change.operation => {
                // The changes are in the order of operations, so a repeated one is the last.
                if groups[at].others.last() != Some(&operation) {
                    groups[at].others.push(operation);
                }
            }
            _ => {
                places.insert((change.rule, &change.pointer), groups.len());
                messages.insert((change.rule, &change.message), groups.len());
                groups.push(GroupedChange { first: change, others: Vec::new() });
            }
        }
    }
    groups
}

/// Formats all changes for a terminal.
pub(crate) fn text(comparison: &DocumentComparison) -> String {
    let mut text = changes(comparison, &[Level::Breaking, Level::Compatible, Level::Docs]);
    if comparison.changes.is_empty() {
        text.push_str("documents: no change\n");
    }
    text.push_str(&client(&comparison.differences));
    if let Some(note) = &comparison.note {
        let _ = writeln!(text, "{note}");
    }
    let _ = write!(text, "verdict: {}", comparison.verdict);
    text
}

/// Formats the changes of some levels.
pub(crate) fn changes(comparison: &DocumentComparison, levels: &[Level]) -> String {
    let mut text = String::new();
    for (level, title) in LEVELS.iter().filter(|(level, _)| levels.contains(level)) {
        for GroupedChange { first, others } in grouped(comparison.of_level(*level)) {
            let operation = first.operation.as_deref().unwrap_or("document");
            let _ = writeln!(text, "{title:<10} {operation}: {}", first.message);
            if !others.is_empty() {
                let _ = writeln!(text, "{:<10}   also in {}", "", also_in(&others));
            }
            let _ = writeln!(text, "{:<10}   {}", "", first.pointer);
        }
    }
    text
}

/// Names the first of these operations and counts the others.
fn also_in(operations: &[&str]) -> String {
    let (named, more) = operations.split_at(operations.len().min(NAMED_OPERATIONS));
    let mut text = named.join(", ");
    if !more.is_empty() {
        let _ = write!(text, " and {} more", more.len());
    }
    text
}

/// Formats the differences of the client, the largest version step first.
pub(crate) fn client(differences: &[Difference]) -> String {
    let mut text = String::new();
    if differences.is_empty() {
        return "client: no change\n".to_owned();
    }
    text.push_str("client:\n");
    for Difference { verdict, place, message, .. } in differences {
        let _ = writeln!(text, "  {verdict:<6} {place}: {message}");
    }
    text
}

/// Formats the changes for the body of a pull request.
pub(crate) fn markdown(comparison: &DocumentComparison) -> String {
    let mut page = MarkdownPage::new(comparison, comparison.verdict.as_str());
    page.client(comparison);
    page.documents(comparison);
    page.finish()
}

/// The body of a pull request: sections, the most important first. A section is cut off where the
/// page is full.
pub(crate) struct MarkdownPage {
    text: String,
    /// The number of lines that did not fit.
    missing: usize,
}

impl MarkdownPage {
    /// Begins the page with the verdict.
    pub(crate) fn new(comparison: &DocumentComparison, verdict: &str) -> Self {
        let mut text = format!("## API changes: {}\n", plain(verdict));
        if let Some(note) = &comparison.note {
            let _ = writeln!(text, "\n{}", plain(note));
        }
        Self { text, missing: 0 }
    }

    /// Adds what changes for users of the client. It counts changed documentation.
    pub(crate) fn client(&mut self, comparison: &DocumentComparison) {
        let (texts, others): (Vec<&Difference>, Vec<&Difference>) =
            comparison.differences.iter().partition(|one| is_documentation(one));
        let mut lines: Vec<String> = others.into_iter().map(difference).collect();
        lines.extend(documentation_line(texts.len()));
        if lines.is_empty() {
            self.text.push_str("\nThe client does not change.\n");
        }
        self.section("Changes of the client", &lines);
    }

    /// Adds the changes of the document. All but the breaking ones are folded, because a new edition
    /// can have hundreds of them.
    pub(crate) fn documents(&mut self, comparison: &DocumentComparison) {
        let of_level =
            |level| grouped(comparison.of_level(level)).iter().map(line).collect::<Vec<String>>();
        self.lines(
            "\n### Breaking changes of the document\n\n\
             They break programs only where the client changes.\n\n",
            &of_level(Level::Breaking),
            "",
        );
        self.folded("Compatible changes of the document", &of_level(Level::Compatible));
        self.folded("Changes of documentation texts", &of_level(Level::Docs));
        if comparison.changes.is_empty() {
            self.text.push_str("\nThe documents do not differ.\n");
        }
    }

    /// Adds a section, unless it has no lines.
    pub(crate) fn section(&mut self, title: &str, lines: &[String]) {
        self.lines(&format!("\n### {title}\n\n"), lines, "");
    }

    fn folded(&mut self, title: &str, lines: &[String]) {
        let title = format!("\n<details><summary>{title} ({})</summary>\n\n", lines.len());
        self.lines(&title, lines, "\n</details>\n");
    }

    /// Adds Markdown that the reader is to copy.
    pub(crate) fn source(&mut self, title: &str, markdown: &str) {
        let lines: Vec<String> = markdown.lines().map(|line| format!("{line}\n")).collect();
        self.lines(&format!("\n### {title}\n\n````markdown\n"), &lines, "````\n");
    }

    fn lines(&mut self, open: &str, lines: &[String], close: &str) {
        if lines.is_empty() {
            return;
        }
        self.text.push_str(open);
        for line in lines {
            if self.text.len() + line.len() > MAX_BYTES {
                self.missing += 1;
            } else {
                self.text.push_str(line);
            }
        }
        self.text.push_str(close);
    }

    /// Ends the page with the number of lines that did not fit.
    pub(crate) fn finish(mut self) -> String {
        if self.missing > 0 {
            let _ = writeln!(
                self.text,
                "\n{} more lines do not fit here; `cargo xtask diff OLD NEW` shows all changes.",
                self.missing
            );
        }
        self.text
    }
}

fn line(GroupedChange { first, others }: &GroupedChange<'_>) -> String {
    let operation = first.operation.as_deref().unwrap_or("document");
    let mut line = format!("- **{}**: {}", plain(operation), plain(&first.message));
    if !others.is_empty() {
        let _ = write!(line, "; also in {}", plain(&also_in(others)));
    }
    let _ = writeln!(line, " ({})", code(&first.pointer));
    line
}

fn difference(difference: &Difference) -> String {
    let Difference { verdict, place, message, .. } = difference;
    format!("- {verdict}: {}: {}\n", code(place), plain(message))
}

/// Escapes text of a document, so that it forms no HTML, link, mention or list.
pub(crate) fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut in_code = false;
    for letter in text.chars() {
        match letter {
            '`' => in_code = !in_code,
            '\n' | '\r' => {
                safe.push(' ');
                continue;
            }
            '<' if !in_code => {
                safe.push_str("&lt;");
                continue;
            }
            '[' | ']' | '*' | '_' | '|' | '#' if !in_code => safe.push('\\'),
            _ => {}
        }
        safe.push(letter);
        if letter == '@' {
            // A mention would notify a stranger.
            safe.push('\u{200b}');
        }
    }
    if in_code {
        // An odd number of backticks would open a code span without end.
        return safe.replace('`', "'").replace('<', "&lt;");
    }
    safe
}

/// Formats text of a document as a code span.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace(['\n', '\r'], " "))
}

/// Formats the verdict and the changes of the documents for programs.
pub(crate) fn json(comparison: &DocumentComparison) -> String {
    let change = |change: &Change| {
        json!({
            "level": change.level.as_str(),
            "operation": change.operation,
            "pointer": change.pointer,
            "message": change.message,
        })
    };
    let changes: Vec<_> = comparison.changes.iter().map(change).collect();
    let report = json!({ "verdict": comparison.verdict.as_str(), "changes": changes });
    format!("{report:#}\n")
}

/// Drafts the entries of the changelog. The draft is empty if the client does not change.
pub(crate) fn changelog(comparison: &DocumentComparison) -> String {
    let (texts, others): (Vec<&Difference>, Vec<&Difference>) =
        comparison.differences.iter().partition(|one| is_documentation(one));
    let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Difference { verdict, place, message, .. } in others {
        let section = match verdict {
            Verdict::Major => "Changed (breaking)",
            _ if message == BECAME_DEPRECATED => "Deprecated",
            Verdict::Minor => "Added",
            _ => "Changed",
        };
        let line = format!("- {}: {}\n", code(place), plain(message));
        sections.entry(section).or_default().push(line);
    }
    sections.entry("Changed").or_default().extend(documentation_line(texts.len()));
    let mut text = String::new();
    for section in ["Changed (breaking)", "Deprecated", "Added", "Changed"] {
        if let Some(lines) = sections.get(section).filter(|lines| !lines.is_empty()) {
            let _ = write!(text, "\n### {section}\n\n{}", lines.concat());
        }
    }
    if text.is_empty() { text } else { format!("## Unreleased\n{text}") }
}

pub(crate) fn is_documentation(difference: &Difference) -> bool {
    difference.message == DOCUMENTATION_CHANGED
}

fn documentation_line(count: usize) -> Option<String> {
    let places = if count == 1 { "place" } else { "places" };
    (count > 0).then(|| format!("- The documentation changed in {count} {places}.\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{code, grouped, plain};

    #[test]
    fn each_further_operation_is_listed_once() {
        let document = |member: &str| -> Value {
            let item = json!({"$ref": "#/components/schemas/Item"});
            let pair = json!({"type": "object", "properties": {
                "one": item, "two": {"oneOf": [item, {"type": "null"}]},
            }});
            let get = json!({"get": {"responses": {"200": {
                "description": "", "content": {"application/json": {"schema": pair}},
            }}}});
            json!({
                "openapi": "3.1.0", "paths": {"/a": get, "/b": get},
                "components": {"schemas": {
                    "Item": {"type": "object", "properties": {member: {"type": "string"}}},
                }},
            })
        };
        let changes = twin_api_gen::diff::compare(&document("old"), &document("new"));
        let removed: Vec<Vec<&str>> =
            grouped(changes.iter().filter(|change| change.message.contains("removed")))
                .into_iter()
                .map(|group| group.others)
                .collect();
        assert_eq!(removed.concat(), ["GET /b"], "{changes:#?}");
    }

    #[test]
    fn text_of_a_document_is_escaped_in_markdown() {
        assert_eq!(plain("a `b[]` c"), "a `b[]` c");
        assert_eq!(plain("<script> [x](y)"), "&lt;script> \\[x\\](y)");
        assert_eq!(plain("a ` <b>"), "a ' &lt;b>");
        assert_eq!(plain("@team\n# x"), "@\u{200b}team \\# x");
        assert_eq!(code("a`b\nc"), "`a'b c`");
    }
}
