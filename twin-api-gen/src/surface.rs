//! The public surface of a generated client, as text that a person reviews.
//!
//! One file a tag: its operations, then the types that only they use. Types of several
//! tags are in `shared`; `report` says how the document compares with the known facts, and
//! what the overlay and the lowering did. It shows no
//! bodies and no impls: what a line does not show, a caller does not see.

mod operations;
mod report;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::known::Outcome;
use crate::passes::Operation;
use crate::{Applied, Diagnostic, Fact, LeftOut};

/// Where types go that several tags use.
const SHARED: &str = "shared";

/// How the document compares with the known facts, and what overlay and lowering did.
const REPORT: &str = "report";

/// File stem to text, in a fixed order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Surface {
    /// A file a tag, `shared` and `report`.
    pub files: BTreeMap<String, String>,
}

/// What the stages before did, for the report.
#[derive(Clone, Copy)]
pub(crate) struct Done<'a> {
    pub(crate) applied: &'a [Applied],
    pub(crate) facts: &'a [Fact],
    pub(crate) diagnostics: &'a [Diagnostic],
    pub(crate) left_out: &'a [LeftOut],
}

impl Done<'_> {
    /// Whether the document lacks `operation`, which `known.json` supplies.
    fn is_missing(self, operation: &Operation) -> bool {
        let call = format!("{} {}", operation.method.to_uppercase(), operation.path);
        self.facts.iter().any(|fact| fact.outcome == Outcome::Missing && fact.subject == call)
    }
}

/// Describes a tree that all passes have run over.
pub(crate) fn describe(
    tree: &syn::File,
    document: &Value,
    operations: &[Operation],
    done: Done<'_>,
) -> Surface {
    let types = types::read(tree, document);
    let mut tags: BTreeMap<String, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        tags.entry(stem(tag_of(&operation.object))).or_default().push(operation);
    }
    let homes = homes(tree, &tags, &types);
    let mut files = BTreeMap::new();
    for (tag, operations) in &tags {
        let mut text = String::new();
        for operation in operations {
            text.push_str(&operations::describe(tree, operation, done.is_missing(operation)));
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
    files.insert(REPORT.to_owned(), report::describe(done));
    Surface { files }
}

fn tag_of(operation: &Value) -> &str {
    operation["tags"][0].as_str().unwrap_or("untagged")
}

/// A tag as a file name: lower case, one hyphen for everything else.
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

/// The file of each type: its only tag's, or the shared one.
fn homes(
    tree: &syn::File,
    tags: &BTreeMap<String, Vec<&Operation>>,
    types: &BTreeMap<String, types::Described>,
) -> BTreeMap<String, String> {
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (tag, operations) in tags {
        let mut todo: Vec<String> =
            operations.iter().flat_map(|operation| operations::mentions(tree, operation)).collect();
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
