//! Compares one operation of two documents.

use super::document::{Exchange, ExchangeKind, Loc};
use super::graph::{Direction, Graph, NodeId};
use super::rules::{self, Rule};
use super::schema::Group;
use super::{ChangeList, body, parameters, responses, security};

/// A pair of schemas with its context for messages, such as `response 200`.
pub(super) type Root = (String, NodeId);

/// The state of the comparison of one operation.
pub(super) struct Scope<'g, 'a> {
    pub(super) graph: &'g mut Graph<'a>,
    pub(super) report: &'g mut ChangeList,
    /// Method and path in the new document.
    pub(super) operation: String,
    /// The direction of the request's data, as the client sees it.
    pub(super) sent: Direction,
    /// The direction of the response's data, as the client sees it.
    pub(super) received: Direction,
    /// The schemas of the operation's parameters and bodies.
    roots: Vec<Root>,
}

impl<'a> Scope<'_, 'a> {
    pub(super) fn find(&mut self, rule: &Rule, at: &Loc<'a>, message: impl Into<String>) {
        self.report.add(rule, Some(&self.operation), at, message.into());
    }

    /// Adds a pair of schemas that both documents use for the part that `context` names.
    pub(super) fn schemas(
        &mut self,
        context: String,
        old: Option<Loc<'a>>,
        new: Option<Loc<'a>>,
        side: Direction,
    ) {
        if let (Some(old), Some(new)) = (old, new) {
            let node = self.graph.node(&Group::of(old), &Group::of(new), side);
            self.roots.push((context, node));
        }
    }
}

/// Compares everything except schemas, and returns the pairs of schemas to compare.
pub(super) fn compare<'a>(
    old: &Exchange<'a>,
    new: &Exchange<'a>,
    graph: &mut Graph<'a>,
    report: &mut ChangeList,
) -> Vec<Root> {
    let (sent, received) = match new.kind {
        ExchangeKind::Operation => (Direction::Request, Direction::Response),
        // The service sends the request of a webhook and reads the response.
        ExchangeKind::Webhook => (Direction::Response, Direction::Request),
    };
    let operation = new.name.clone();
    let mut scope = Scope { graph, report, operation, sent, received, roots: Vec::new() };
    whole(&mut scope, &old.operation, &new.operation);
    // The security requirements of a document apply only to requests that the client sends.
    if new.kind == ExchangeKind::Operation {
        security::compare(&mut scope, old, new);
    }
    parameters::compare(&mut scope, old, new);
    body::compare(&mut scope, &old.operation, &new.operation);
    responses::compare(&mut scope, &old.operation, &new.operation);
    scope.roots
}

fn whole<'a>(scope: &mut Scope<'_, 'a>, old: &Loc<'a>, new: &Loc<'a>) {
    match (old.flag("deprecated"), new.flag("deprecated")) {
        (false, true) => {
            scope.find(&rules::OPERATION_DEPRECATED, new, "the operation became deprecated");
        }
        (true, false) => {
            let message = "the operation is no longer deprecated";
            scope.find(&rules::OPERATION_REACTIVATED, new, message);
        }
        _ => {}
    }
    let changed: Vec<&str> = ["summary", "description", "externalDocs"]
        .into_iter()
        .filter(|name| old.value.get(name) != new.value.get(name))
        .collect();
    if !changed.is_empty() {
        let message = format!("`{}` of the operation changed", changed.join("`, `"));
        scope.find(&rules::OPERATION_DESCRIPTION, new, message);
    }
}
