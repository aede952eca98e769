//! Compares two OpenAPI documents, member by member and in the direction of data.
//!
//! [`compare`] finds what an upstream release changes for anybody who sends or reads data. It
//! compares by place: an operation is its method and the shape of its path, a schema is what
//! stands behind a `$ref`. So a new name for a schema, a path parameter or an operation is no
//! change, and neither is another way to write null. [`surface`] compares what two documents
//! make of our Rust client.
//!
//! It reads no known facts and refuses no document: what it cannot resolve, it compares as
//! "any value".

pub mod rules;
pub mod surface;

mod body;
mod bounds;
mod document;
mod exchange;
mod graph;
mod members;
mod parameters;
mod responses;
mod schema;
mod security;
mod types;
mod union;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use document::{Document, Exchange, Key, Kind, Loc};
use graph::Graph;
use rules::Rule;

/// What a change means for those who use the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A program that was right before may fail now.
    Breaking,
    /// Programs that were right stay right.
    Compatible,
    /// Only texts for people changed.
    Docs,
}

impl Level {
    /// Returns the level as it stands in the JSON report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Compatible => "compatible",
            Self::Docs => "docs",
        }
    }
}

/// One difference between two documents.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The identifier of the rule that found it, as in [`rules::all`].
    pub rule: &'static str,
    /// What the change means.
    pub level: Level,
    /// Method and path, `GET /v1/agents`, or `None` for the document as a whole.
    pub operation: Option<String>,
    /// The place as a JSON pointer: into the old document for what was removed, into the new
    /// document otherwise.
    pub pointer: String,
    /// What changed: a lower-case sentence without a full stop.
    pub message: String,
}

/// Compares two parsed documents. Breaking changes come first; within a level the document as a
/// whole comes first, then the operations in their order.
pub fn compare(old: &Value, new: &Value) -> Vec<Change> {
    let (old, new) = (Document::new(old), Document::new(new));
    let (was, is) = (old.exchanges(), new.exchanges());
    let mut report = Report::default();
    whole(&old, &new, &mut report);
    let mut graph = Graph::new(old, new);
    exchanges(&was, &is, &mut graph, &mut report);
    let names = was.iter().chain(&is).map(|one| one.name.as_str());
    let order: HashMap<&str, usize> = names.zip(1..).collect();
    let mut changes = report.changes;
    let place = |name: &Option<String>| name.as_deref().and_then(|name| order.get(name)).copied();
    changes.sort_by_key(|change| (change.level, place(&change.operation)));
    changes
}

/// The changes found so far.
#[derive(Default)]
struct Report {
    changes: Vec<Change>,
}

impl Report {
    fn add(&mut self, rule: &Rule, operation: Option<&str>, at: &Loc<'_>, message: String) {
        self.changes.push(Change {
            rule: rule.id,
            level: rule.level,
            operation: operation.map(str::to_owned),
            pointer: format!("#{}", at.pointer),
            message,
        });
    }
}

/// What belongs to no operation: texts, version, servers.
fn whole(old: &Document<'_>, new: &Document<'_>, report: &mut Report) {
    let root = new.root();
    for (pointer, rule) in [("/info/version", &rules::VERSION), ("/info/title", &rules::INFO)] {
        let (was, is) = (old.at(pointer), new.at(pointer));
        if was.map(|loc| loc.value) != is.as_ref().map(|loc| loc.value) {
            let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            let message = format!(
                "`{}` was {} and is {}",
                pointer.trim_start_matches('/').replace('/', "."),
                show(old.at(pointer).map(|loc| loc.value)),
                show(is.as_ref().map(|loc| loc.value))
            );
            report.add(rule, None, is.as_ref().unwrap_or(&root), message);
        }
    }
    for pointer in ["/info/description", "/info/contact", "/info/license", "/info/termsOfService"] {
        let is = new.at(pointer);
        if old.at(pointer).map(|loc| loc.value) != is.as_ref().map(|loc| loc.value) {
            let name = pointer.trim_start_matches('/').replace('/', ".");
            let at = is.unwrap_or_else(|| root.clone());
            report.add(&rules::INFO, None, &at, format!("`{name}` changed"));
        }
    }
    servers(old, new, report);
}

/// The origins of the servers. Their paths belong to the operations.
fn servers(old: &Document<'_>, new: &Document<'_>, report: &mut Report) {
    let (was, is) = (old.origins(), new.origins());
    for (origin, at) in was.iter().filter(|(origin, _)| !is.contains_key(*origin)) {
        report.add(&rules::SERVER_REMOVED, None, at, format!("server {origin} was removed"));
    }
    for (origin, at) in is.iter().filter(|(origin, _)| !was.contains_key(*origin)) {
        report.add(&rules::SERVER_ADDED, None, at, format!("server {origin} was added"));
    }
}

fn exchanges<'a>(
    was: &[Exchange<'a>],
    is: &[Exchange<'a>],
    graph: &mut Graph<'a>,
    report: &mut Report,
) {
    let before: BTreeMap<&Key, &Exchange<'_>> = was.iter().map(|one| (&one.key, one)).collect();
    let after: BTreeMap<&Key, &Exchange<'_>> = is.iter().map(|one| (&one.key, one)).collect();
    for gone in was.iter().filter(|one| !after.contains_key(&one.key)) {
        let rule = match gone.kind {
            Kind::Operation => &rules::OPERATION_REMOVED,
            Kind::Webhook => &rules::WEBHOOK_REMOVED,
        };
        let message = format!("{} is not in the document any more", gone.name);
        report.add(rule, Some(&gone.name), &gone.operation, message);
    }
    let mut compared = Vec::new();
    for new in is {
        if let Some(old) = before.get(&new.key) {
            let roots = exchange::compare(old, new, graph, report);
            compared.push((new.name.as_str(), roots));
        } else {
            let rule = match new.kind {
                Kind::Operation => &rules::OPERATION_ADDED,
                Kind::Webhook => &rules::WEBHOOK_ADDED,
            };
            report.add(rule, Some(&new.name), &new.operation, format!("{} is new", new.name));
        }
    }
    graph.settle();
    for (operation, roots) in compared {
        let mut seen = HashSet::new();
        for (context, root) in roots {
            graph.collect(root, &context, operation, &mut seen, report);
        }
    }
}

#[cfg(test)]
mod tests;
