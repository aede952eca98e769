//! Reports what a regen changes for users of the client.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use twin_api_gen::diff::Level;
use twin_api_gen::diff::surface::Verdict;
use twin_api_gen::known::Outcome as Agreement;
use twin_api_gen::{Edit, Fact, Generated};

use super::accept::{self, Offer};
use super::{Mode, Sources};
use crate::diff::{Comparison, render};

/// Everything that a regen found.
pub(super) struct Outcome<'a> {
    pub(super) sources: &'a Sources,
    pub(super) generated: &'a Generated,
    pub(super) comparison: &'a Comparison,
    pub(super) offers: &'a [Offer],
    pub(super) edits: &'a [Edit],
    pub(super) root: &'a Path,
}

impl Outcome<'_> {
    /// Formats the report for a terminal. Without changes, it lists only open problems.
    pub(super) fn text(&self, changed: bool, mode: Mode) -> String {
        let mut text = String::new();
        for edit in self.edits {
            let _ = writeln!(text, "edited     {edit}");
        }
        if changed {
            self.document(&mut text);
            self.facts(&mut text);
        }
        self.missing(&mut text);
        text.push_str(&render::changes(self.comparison, &[Level::Breaking]));
        for one in self.comparison.differences.iter().filter(|one| one.verdict == Verdict::Major) {
            let _ = writeln!(text, "BREAKING   client, {}: {}", one.place, one.message);
        }
        for one in self.comparison.differences.iter().filter(|one| one.verdict == Verdict::Minor) {
            let _ = writeln!(text, "new        client, {}: {}", one.place, one.message);
        }
        text.push_str(&render::changes(self.comparison, &[Level::Compatible, Level::Docs]));
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
            let next = match mode {
                Mode::Write => "git diff openapi.json tests/snapshots, then cargo test --workspace",
                Mode::Check => "the same command without --check",
            };
            let _ = writeln!(text, "next       {next}");
        }
        text
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
        let missing = self.of(|outcome| matches!(outcome, Agreement::Missing)).count();
        let _ = writeln!(
            text,
            "names      {operations} operations, {missing} of them known and not in the document"
        );
    }

    fn facts(&self, text: &mut String) {
        let added = self.of(|outcome| matches!(outcome, Agreement::Added)).count();
        let all = self.generated.facts.len();
        let _ = writeln!(text, "floor      {all} known facts, {added} that the document lacks");
        let agreed: Vec<&Fact> = self.of(|outcome| matches!(outcome, Agreement::Agreed)).collect();
        let _ = writeln!(text, "agreements {} facts are documented upstream", agreed.len());
        for fact in agreed {
            let _ = writeln!(text, "             {}: {}", fact.subject, fact.says);
        }
    }

    /// Lists operations that the document lacks, until known.json drops them.
    fn missing(&self, text: &mut String) {
        for fact in self.of(|outcome| matches!(outcome, Agreement::Missing)) {
            let _ = writeln!(
                text,
                "BREAKING   {}: not in the document; known.json keeps it ({})",
                fact.subject, fact.source
            );
        }
    }

    /// Lists contradictions: new ones with their edits, then those of the document on disk.
    fn contradictions(&self, text: &mut String) {
        let (standing, new): (Vec<&Offer>, Vec<&Offer>) =
            self.offers.iter().partition(|offer| offer.is_standing);
        if !new.is_empty() {
            let _ = write!(
                text,
                "known facts that the document contradicts; to give one up, run \
                 `cargo xtask regen --accept N`:\n{}",
                accept::list(new)
            );
        }
        if !standing.is_empty() {
            let _ = write!(
                text,
                "contradicted before, and still ({}):\n{}",
                standing.len(),
                accept::short_list(standing)
            );
        }
    }

    fn of(&self, is: impl Fn(&Agreement) -> bool) -> impl Iterator<Item = &Fact> {
        self.generated.facts.iter().filter(move |fact| is(&fact.outcome))
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
        }
        text
    }

    /// Formats the report for a pull request, with a draft for the changelog.
    pub(super) fn markdown(&self) -> String {
        let mut text = render::markdown(self.comparison);
        let mut lines = Vec::new();
        for fact in self.of(|outcome| matches!(outcome, Agreement::Missing)) {
            lines.push(format!("BREAKING: {} is not in the document", fact.subject));
        }
        for one in &self.generated.left_out {
            lines.push(format!("left out: {}: {}", one.operation, one.reason));
        }
        let agreed = self.of(|outcome| matches!(outcome, Agreement::Agreed)).count();
        lines.push(format!("{agreed} known facts are documented upstream"));
        lines.extend(self.offers.iter().filter(|offer| !offer.is_standing).map(|offer| {
            let first = offer.text.lines().next().unwrap_or_default();
            format!("contradicted: {first}")
        }));
        let standing = self.offers.iter().filter(|offer| offer.is_standing).count();
        lines.push(format!("{standing} known facts are contradicted as before"));
        text.push_str("\n### Known facts\n\n");
        for line in lines {
            let _ = writeln!(text, "- {}", render::plain(&line));
        }
        let now = version(self.root).unwrap_or_default();
        let next = self.comparison.verdict.next_version(&now).unwrap_or(now);
        let _ = write!(text, "\n### Version\n\n{}\n", render::plain(&self.verdict()));
        let draft = render::changelog(self.comparison, &next);
        let _ = write!(text, "\n### Draft for CHANGELOG.md\n\n````markdown\n{draft}````\n");
        text
    }
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
