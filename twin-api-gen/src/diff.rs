//! Compares two OpenAPI documents and rates each change as breaking or compatible.
//!
//! [`compare`] finds the changes that affect anyone who sends requests to the API or reads its
//! responses. It identifies an operation by its method and path shape, and follows every `$ref`
//! before it compares schemas. Renaming a schema, a path parameter or an operation is therefore
//! not a change, and neither is another way to write a nullable type. [`surface`] compares the
//! Rust clients that the two documents generate.
//!
//! The comparison does not use `known.json`. It accepts every document: a schema whose `$ref`
//! cannot be resolved counts as "any value".

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

use document::{ComparedDocument, Exchange, ExchangeKey, ExchangeKind, Loc};
use graph::Graph;
use rules::ChangeRule;

use crate::identify::Identified;

/// The effect of a change on programs that use the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A program that worked with the old document may fail with the new one.
    Breaking,
    /// Every program that worked with the old document still works.
    Compatible,
    /// Only titles, descriptions or examples changed.
    Docs,
}

impl Level {
    /// Returns the name of the level in the JSON report.
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
    /// The effect on programs that use the API.
    pub level: Level,
    /// Method and path, `GET /v1/agents`, or `None` for the document as a whole.
    pub operation: Option<String>,
    /// A JSON pointer to the changed part: into the old document if the part was removed,
    /// otherwise into the new one.
    pub pointer: String,
    /// What changed: a lower-case sentence without a full stop.
    pub message: String,
}

/// Compares two parsed documents and returns the changes.
///
/// The changes are sorted by level, breaking ones first. Within a level, changes of the whole
/// document precede those of operations, which keep the order of the document.
pub fn compare(old: &Value, new: &Value) -> Vec<Change> {
    let (old, new) = (ComparedDocument::new(old), ComparedDocument::new(new));
    let (was, is) = (old.exchanges(), new.exchanges());
    let mut report = ChangeList::default();
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

/// Compares two identified documents. The pointers lead into the original documents.
pub fn compare_identified(old: &Identified, new: &Identified) -> Vec<Change> {
    let mut changes = compare(&old.document, &new.document);
    for change in &mut changes {
        let is_new = crate::pointer::resolve(&new.document, &change.pointer).is_some();
        let document = if is_new { new } else { old };
        change.pointer = document.origin(&change.pointer);
    }
    changes
}

/// The changes found so far.
#[derive(Default)]
struct ChangeList {
    changes: Vec<Change>,
}

impl ChangeList {
    fn add(&mut self, rule: &ChangeRule, operation: Option<&str>, at: &Loc<'_>, message: String) {
        self.changes.push(Change {
            rule: rule.id,
            level: rule.level,
            operation: operation.map(str::to_owned),
            pointer: format!("#{}", at.pointer),
            message,
        });
    }
}

/// Compares the parts outside operations: `info` and `servers`.
fn whole(old: &ComparedDocument<'_>, new: &ComparedDocument<'_>, report: &mut ChangeList) {
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

/// Compares the origins of the servers. The path of a server is compared as a part of the
/// operations' paths.
fn servers(old: &ComparedDocument<'_>, new: &ComparedDocument<'_>, report: &mut ChangeList) {
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
    report: &mut ChangeList,
) {
    let before: BTreeMap<&ExchangeKey, &Exchange<'_>> =
        was.iter().map(|one| (&one.key, one)).collect();
    let after: BTreeMap<&ExchangeKey, &Exchange<'_>> =
        is.iter().map(|one| (&one.key, one)).collect();
    for gone in was.iter().filter(|one| !after.contains_key(&one.key)) {
        let rule = match gone.kind {
            ExchangeKind::Operation => &rules::OPERATION_REMOVED,
            ExchangeKind::Webhook => &rules::WEBHOOK_REMOVED,
        };
        let message = format!("the {} was removed from the document", gone.kind);
        report.add(rule, Some(&gone.name), &gone.operation, message);
    }
    let mut compared = Vec::new();
    for new in is {
        if let Some(old) = before.get(&new.key) {
            let roots = exchange::compare(old, new, graph, report);
            compared.push((new.name.as_str(), roots));
        } else {
            let rule = match new.kind {
                ExchangeKind::Operation => &rules::OPERATION_ADDED,
                ExchangeKind::Webhook => &rules::WEBHOOK_ADDED,
            };
            report.add(rule, Some(&new.name), &new.operation, format!("the {} is new", new.kind));
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
