//! Formats the report of a regen: what changes for users of the client, and which known facts the
//! document contradicts.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use twin_api_gen::diff::Level;
use twin_api_gen::diff::surface::{Difference, Verdict};
use twin_api_gen::known::FactStatus;
use twin_api_gen::{Edit, Fact, Generated};

use super::accept::{self, Offer};
use super::{RegenInputs, RegenOptions, UpdateMode};
use crate::diff::DocumentComparison;
use crate::diff::render::{self, MarkdownPage};

/// The results of a regen that the report shows.
pub(super) struct UserReport<'a> {
    pub(super) sources: &'a RegenInputs,
    pub(super) generated: &'a Generated,
    pub(super) comparison: &'a DocumentComparison,
    pub(super) offers: &'a [Offer],
    pub(super) edits: &'a [Edit],
    pub(super) root: &'a Path,
}

impl UserReport<'_> {
    /// Formats the report for a terminal. If neither the files nor the client change, it lists only
    /// operations that are missing or left out.
    pub(super) fn text(&self, stale: bool, options: &RegenOptions) -> String {
        let differs =
            !(self.comparison.changes.is_empty() && self.comparison.differences.is_empty());
        let changed = stale || differs;
        let mut text = String::new();
        for edit in self.edits {
            let _ = writeln!(text, "edited     {edit}");
        }
        if changed {
            self.document(&mut text);
            self.facts(&mut text);
        }
        self.client(Verdict::Major, "BREAKING", &mut text);
        self.missing(&mut text);
        text.push_str(&render::changes(self.comparison, &[Level::Breaking]));
        self.client(Verdict::Minor, "new", &mut text);
        self.client(Verdict::Patch, "patch", &mut text);
        text.push_str(&render::changes(self.comparison, &[Level::Compatible]));
        if options.verbose {
            text.push_str(&render::changes(self.comparison, &[Level::Docs]));
        } else if let docs @ 1.. = self.comparison.of_level(Level::Docs).count() {
            let _ = writeln!(text, "docs       changed texts: {docs}; --verbose lists them");
        }
        for one in &self.generated.left_out {
            let _ =
                writeln!(text, "left out   {}: {} ({})", one.operation, one.reason, one.pointer);
        }
        if changed {
            for operation in deprecated(&self.generated.effective) {
                let _ = writeln!(text, "deprecated {operation}");
            }
            self.contradictions(&mut text);
            let _ = writeln!(text, "verdict    {}", self.verdict());
            let next = match options.mode {
                UpdateMode::Write => {
                    "git diff openapi.json tests/snapshots, then cargo test --workspace"
                }
                UpdateMode::Check => "the same command without --check",
            };
            let _ = writeln!(text, "next       {next}");
        }
        text
    }

    /// Lists the changes of the client, without those of documentation.
    fn client(&self, verdict: Verdict, label: &str, text: &mut String) {
        let all = self.comparison.differences.iter().filter(|one| one.verdict == verdict);
        for Difference { place, message, .. } in all.filter(|one| !render::is_documentation(one)) {
            let _ = writeln!(text, "{label:<10} client, {place}: {message}");
        }
    }

    fn document(&self, text: &mut String) {
        let new = self.sources.document.len();
        let old = self.sources.old_document.as_ref().map(Vec::len);
        let _ = match old {
            Some(_) if self.sources.old_document.as_ref() == Some(&self.sources.document) => {
                writeln!(text, "document   openapi.json: unchanged, {new} bytes")
            }
            Some(old) => writeln!(text, "document   openapi.json: {old} -> {new} bytes"),
            None => writeln!(text, "document   openapi.json: new, {new} bytes"),
        };
        let operations = operations(&self.generated.effective).len();
        let missing = self.facts_with(|status| matches!(status, FactStatus::Missing)).count();
        let supplied = match missing {
            0 => ", all of them in the document".to_owned(),
            _ => format!("; the document lacks {missing} of them, which known.json supplies"),
        };
        let _ = writeln!(text, "names      {operations} operations{supplied}");
    }

    fn facts(&self, text: &mut String) {
        let added = self.facts_with(|status| matches!(status, FactStatus::Added)).count();
        let all = self.generated.facts.len();
        let _ = writeln!(text, "floor      {all} known facts; the document lacks {added} of them");
        let agreed: Vec<&Fact> =
            self.facts_with(|status| matches!(status, FactStatus::Agreed)).collect();
        let _ = writeln!(text, "agreements documented upstream now: {}", facts(agreed.len()));
        for fact in agreed {
            let _ = writeln!(text, "             {}: {}", fact.subject, fact.says);
        }
    }

    /// Lists the operations of known.json that the document lacks. If the document has only now lost
    /// an operation, the changes of the client list it.
    fn missing(&self, text: &mut String) {
        let is_new = |fact: &Fact| {
            self.comparison.differences.iter().any(|difference| difference.place == fact.subject)
        };
        let missing = self.facts_with(|status| matches!(status, FactStatus::Missing));
        for fact in missing.filter(|fact| !is_new(fact)) {
            let _ = writeln!(
                text,
                "BREAKING   {}: not in the document; known.json keeps it ({})",
                fact.subject, fact.source
            );
        }
    }

    /// Lists the contradicted facts: new ones with their edits, then those that the committed
    /// document contradicts too.
    fn contradictions(&self, text: &mut String) {
        let (old, new): (Vec<&Offer>, Vec<&Offer>) =
            self.offers.iter().partition(|offer| offer.is_old);
        if !new.is_empty() {
            let _ = write!(
                text,
                "the document contradicts these known facts; to follow the document, run \
                 `cargo xtask regen --accept N`{}:\n{}",
                // An accepted fact is no longer in the list.
                if self.edits.is_empty() { "" } else { " (the numbers have changed)" },
                accept::list(new)
            );
        }
        if !old.is_empty() {
            let _ = write!(
                text,
                "{} that the committed document contradicts too:\n{}",
                facts(old.len()),
                accept::short_list(old)
            );
        }
    }

    fn facts_with(&self, is: impl Fn(&FactStatus) -> bool) -> impl Iterator<Item = &Fact> {
        self.generated.facts.iter().filter(move |fact| is(&fact.status))
    }

    /// Formats the verdict with the version that it requires.
    fn verdict(&self) -> String {
        let verdict = self.comparison.verdict;
        let mut text =
            match version(self.root).and_then(|now| Some((verdict.next_version(&now)?, now))) {
                Some((next, now)) if next != now => format!("{verdict}: version {now} -> {next}"),
                Some((_, now)) => format!("{verdict}: version {now} stays"),
                None => verdict.to_string(),
            };
        if let Some(note) = &self.comparison.note {
            let _ = write!(text, " ({note})");
        } else if verdict < Verdict::Major && self.comparison.of_level(Level::Breaking).count() > 0
        {
            text.push_str("; the changes of the document do not break the client");
        }
        text
    }

    /// Formats the report for a pull request, with a draft for the changelog.
    pub(super) fn markdown(&self) -> String {
        let mut page = MarkdownPage::new(self.comparison, &self.verdict());
        page.client(self.comparison);
        page.section("Known facts that the document contradicts", &self.new_contradictions());
        page.section("Left out of the client", &self.left_out());
        page.source("Draft for CHANGELOG.md", &render::changelog(self.comparison));
        page.documents(self.comparison);
        page.finish()
    }

    /// Lists the facts that a maintainer has to decide about, each with the command that gives it up.
    fn new_contradictions(&self) -> Vec<String> {
        let new = self.offers.iter().filter(|offer| !offer.is_old);
        new.map(|offer| {
            let text = render::plain(offer.text.lines().next().unwrap_or_default());
            match offer.edit {
                Some(_) => format!("- {text} (`cargo xtask regen --accept {}`)\n", offer.number),
                None => format!("- {text}\n"),
            }
        })
        .collect()
    }

    fn left_out(&self) -> Vec<String> {
        let left_out = self.generated.left_out.iter();
        left_out
            .map(|one| {
                let (operation, reason) =
                    (render::plain(&one.operation), render::plain(&one.reason));
                format!("- {operation}: {reason}\n")
            })
            .collect()
    }
}

/// Formats a number of known facts.
fn facts(count: usize) -> String {
    format!("{count} known {}", if count == 1 { "fact" } else { "facts" })
}

/// Returns the operations of a document, such as `GET /v1/me`, and whether each is deprecated.
fn operations(document: &serde_json::Value) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if operation.get("responses").is_some() {
                let name = format!("{} {path}", method.to_uppercase());
                found.push((name, operation["deprecated"] == true));
            }
        }
    }
    found
}

fn deprecated(document: &serde_json::Value) -> impl Iterator<Item = String> {
    operations(document).into_iter().filter(|(_, deprecated)| *deprecated).map(|(name, _)| name)
}

/// Returns the version of the workspace.
fn version(root: &Path) -> Option<String> {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).ok()?;
    let package = manifest.split_once("[workspace.package]")?.1;
    let line = package.lines().find(|line| line.starts_with("version"))?;
    Some(line.split('"').nth(1)?.to_owned())
}
