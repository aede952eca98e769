//! Describes the public surface of a generated client as text, for review.
//!
//! There is one file per tag, with its operations and the types that only they use. Types that
//! several tags use are in `shared`. `report` lists the omitted operations, the comparison with
//! the known facts, and the changes by overlay and lowering. Function bodies and trait
//! implementations are not shown.

mod operations;
mod report;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::known::FactStatus;
use crate::passes::{Builder, GeneratedOperation, builders_by_name};
use crate::{AppliedAction, Diagnostic, Fact, LeftOut};

/// The file for types that several tags use.
const SHARED: &str = "shared";

/// The file for known facts, overlay and lowering.
const REPORT: &str = "report";

/// The public surface of a generated client: one text file per tag, `shared` and `report`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Surface {
    /// The text of each file, by file name without extension.
    pub files: BTreeMap<String, String>,
}

/// The results of the earlier stages, for the report.
#[derive(Clone, Copy)]
pub(crate) struct StageReports<'a> {
    pub(crate) applied: &'a [AppliedAction],
    pub(crate) facts: &'a [Fact],
    pub(crate) diagnostics: &'a [Diagnostic],
    pub(crate) left_out: &'a [LeftOut],
}

impl StageReports<'_> {
    /// Returns whether the document lacks `operation` and `known.json` supplies it.
    fn is_missing(self, operation: &GeneratedOperation) -> bool {
        let call = format!("{} {}", operation.method.to_uppercase(), operation.path);
        self.facts.iter().any(|fact| fact.status == FactStatus::Missing && fact.subject == call)
    }
}

/// Describes the syntax tree after all passes.
pub(crate) fn describe(
    tree: &syn::File,
    document: &Value,
    operations: &[GeneratedOperation],
    reports: StageReports<'_>,
) -> Surface {
    let types = types::read(tree, document);
    let mut tags: BTreeMap<String, Vec<&GeneratedOperation>> = BTreeMap::new();
    for operation in operations {
        tags.entry(stem(tag_of(&operation.object))).or_default().push(operation);
    }
    let builders = builders_by_name(tree).unwrap_or_default();
    let homes = homes(&builders, &tags, &types);
    let mut files = BTreeMap::new();
    for (tag, operations) in &tags {
        let mut text = String::new();
        for operation in operations {
            let builder = builders.get(&operation.builder);
            text.push_str(&operations::describe(builder, operation, reports.is_missing(operation)));
        }
        files.insert(tag.clone(), text);
    }
    for (name, home) in &homes {
        let text = files.entry(home.clone()).or_default();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&types[name].text);
    }
    files.insert(REPORT.to_owned(), report::describe(reports));
    Surface { files }
}

fn tag_of(operation: &Value) -> &str {
    operation["tags"][0].as_str().unwrap_or("untagged")
}

/// Converts a tag to a file name: words in lower case, joined by hyphens.
fn stem(tag: &str) -> String {
    let words: Vec<String> = tag
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    match words.join("-").as_str() {
        "" | REPORT | SHARED => format!("tag-{}", words.join("-")),
        stem => stem.to_owned(),
    }
}

/// Returns the file of each type: that of the only tag that uses it, or `shared`.
fn homes(
    builders: &BTreeMap<String, Builder<'_>>,
    tags: &BTreeMap<String, Vec<&GeneratedOperation>>,
    types: &BTreeMap<String, types::DescribedType>,
) -> BTreeMap<String, String> {
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (tag, operations) in tags {
        let builders = operations.iter().filter_map(|it| builders.get(&it.builder));
        let mut todo: Vec<String> =
            builders.flat_map(|builder| operations::mentions(*builder)).collect();
        while let Some(name) = todo.pop() {
            if let Some((name, described)) = types.get_key_value(&name)
                && users.entry(name).or_default().insert(tag)
            {
                todo.extend(described.mentions.iter().cloned());
            }
        }
    }
    types
        .keys()
        .map(|name| {
            let tags = users.get(name.as_str());
            let only = tags.filter(|tags| tags.len() == 1).and_then(BTreeSet::first);
            (name.clone(), only.map_or(SHARED, |tag| tag).to_owned())
        })
        .collect()
}
