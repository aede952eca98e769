//! Compares one operation, webhook or callback of two documents.

use super::document::{Exchange, ExchangeKind, Loc};
use super::graph::{DataDirection, Graph, NodeId};
use super::rules::{self, ChangeRule};
use super::schema::SchemaGroup;
use super::{ChangeList, body, parameters, responses, security};

/// A pair of schemas to compare: the part of the operation for messages, such as `response 200`,
/// and the node of the pair.
pub(super) type SchemaPair = (String, NodeId);

/// The state of the comparison of one exchange.
pub(super) struct Scope<'g, 'a> {
    pub(super) graph: &'g mut Graph<'a>,
    pub(super) report: &'g mut ChangeList,
    /// Method and path in the new document.
    pub(super) operation: String,
    /// The direction of the request's data, as the client sees it.
    pub(super) sent: DataDirection,
    /// The direction of the response's data, as the client sees it.
    pub(super) received: DataDirection,
    /// The pairs of schemas of parameters and bodies.
    roots: Vec<SchemaPair>,
}

impl<'a> Scope<'_, 'a> {
    /// Reports a change of this operation.
    pub(super) fn find(&mut self, rule: &ChangeRule, at: &Loc<'a>, message: impl Into<String>) {
        self.report.add(rule, Some(&self.operation), at, message.into());
    }

    /// Adds a pair of schemas that both documents use for the part that `context` names.
    pub(super) fn schemas(
        &mut self,
        context: String,
        old: Option<Loc<'a>>,
        new: Option<Loc<'a>>,
        direction: DataDirection,
    ) {
        if let (Some(old), Some(new)) = (old, new) {
            let node = self.graph.node(&SchemaGroup::of(old), &SchemaGroup::of(new), direction);
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
) -> Vec<SchemaPair> {
    let (sent, received) = match new.kind {
        ExchangeKind::Operation => (DataDirection::Request, DataDirection::Response),
        // The service sends the request of a webhook and reads the response.
        ExchangeKind::Webhook => (DataDirection::Response, DataDirection::Request),
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
