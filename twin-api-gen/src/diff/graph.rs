//! Compares schemas in pairs: the old schema with the new one.
//!
//! Schemas refer to each other and may be recursive, so the pairs form a graph. Each pair is
//! compared once for each direction of data. The changes of an operation are then collected from
//! all pairs that the operation reaches. The traversal uses a work list instead of recursion, so
//! that a deeply nested document cannot overflow the stack.

use std::collections::{HashMap, HashSet, VecDeque};

use super::document::{ComparedDocument, Loc};
use super::rules::{ChangeRule, RulePair};
use super::schema::{MergedSchema, SchemaGroup};
use super::{ChangeList, bounds, members, types, union};

/// The direction of the data that is compared, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum DataDirection {
    /// The client sends the data.
    Request,
    /// The client receives the data.
    Response,
}

impl RulePair {
    pub(super) fn on(&self, direction: DataDirection) -> &ChangeRule {
        match direction {
            DataDirection::Request => &self.request,
            DataDirection::Response => &self.response,
        }
    }
}

pub(super) type NodeId = usize;

/// A finding about one pair.
struct Finding<'a> {
    rule: ChangeRule,
    at: Loc<'a>,
    /// The path in the data, relative to the schema, such as `.agent`.
    place: String,
    message: String,
}

/// One pair of schemas in the graph.
#[derive(Default)]
struct PairNode<'a> {
    findings: Vec<Finding<'a>>,
    /// The pairs of subschemas, each with its path in the data.
    children: Vec<(String, NodeId)>,
    /// Whether this node, or a node reachable from it, has findings.
    differs: bool,
}

/// The pairs of schemas that were compared.
pub(super) struct Graph<'a> {
    pub(super) old: ComparedDocument<'a>,
    pub(super) new: ComparedDocument<'a>,
    nodes: Vec<PairNode<'a>>,
    index: HashMap<(Vec<usize>, Vec<usize>, DataDirection), NodeId>,
    pending: VecDeque<(NodeId, SchemaGroup<'a>, SchemaGroup<'a>, DataDirection)>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(old: ComparedDocument<'a>, new: ComparedDocument<'a>) -> Self {
        Self { old, new, nodes: Vec::new(), index: HashMap::new(), pending: VecDeque::new() }
    }

    /// Returns the node of a pair. The next [`settle`](Self::settle) compares it.
    pub(super) fn node(
        &mut self,
        old: &SchemaGroup<'a>,
        new: &SchemaGroup<'a>,
        direction: DataDirection,
    ) -> NodeId {
        let key = (old.key(), new.key(), direction);
        if let Some(&id) = self.index.get(&key) {
            return id;
        }
        let id = self.nodes.len();
        self.nodes.push(PairNode::default());
        self.index.insert(key, id);
        self.pending.push_back((id, old.clone(), new.clone(), direction));
        id
    }

    /// Compares all pending pairs and all pairs reachable from them.
    pub(super) fn settle(&mut self) {
        while let Some((id, old, new, direction)) = self.pending.pop_front() {
            let mut pair = PairComparison { graph: self, id, direction };
            pair.compare(&old, &new);
        }
        self.mark_differing();
    }

    /// Marks the nodes from which a finding is reachable.
    fn mark_differing(&mut self) {
        let mut parents: Vec<Vec<NodeId>> = vec![Vec::new(); self.nodes.len()];
        for (id, node) in self.nodes.iter().enumerate() {
            for (_, child) in &node.children {
                parents[*child].push(id);
            }
        }
        let differs =
            |(id, node): (NodeId, &PairNode<'_>)| (!node.findings.is_empty()).then_some(id);
        let mut todo: Vec<NodeId> = self.nodes.iter().enumerate().filter_map(differs).collect();
        while let Some(id) = todo.pop() {
            self.nodes[id].differs = true;
            todo.extend(parents[id].iter().copied().filter(|&parent| !self.nodes[parent].differs));
        }
    }

    /// Reports the findings of all nodes reachable from `root` that are not in `seen`.
    pub(super) fn collect(
        &self,
        root: NodeId,
        context: &str,
        operation: &str,
        seen: &mut HashSet<NodeId>,
        report: &mut ChangeList,
    ) {
        let mut todo = VecDeque::new();
        if self.nodes[root].differs && seen.insert(root) {
            todo.push_back((root, String::new()));
        }
        while let Some((id, place)) = todo.pop_front() {
            for finding in &self.nodes[id].findings {
                let Finding { place: inner, message, .. } = finding;
                // Copies the place only once, because it is long in a long chain of schemas.
                let message = match (place.trim_start_matches('.'), &**inner) {
                    ("", "") => format!("{context}: {message}"),
                    ("", inner) => {
                        format!("{context}: `{}` {message}", inner.trim_start_matches('.'))
                    }
                    (outer, inner) => format!("{context}: `{outer}{inner}` {message}"),
                };
                report.add(&finding.rule, Some(operation), &finding.at, message);
            }
            for (label, child) in &self.nodes[id].children {
                if self.nodes[*child].differs && seen.insert(*child) {
                    todo.push_back((*child, format!("{place}{label}")));
                }
            }
        }
    }
}

/// The comparison of one pair.
pub(super) struct PairComparison<'g, 'a> {
    pub(super) graph: &'g mut Graph<'a>,
    id: NodeId,
    pub(super) direction: DataDirection,
}

impl<'a> PairComparison<'_, 'a> {
    /// Adds a finding about the schema itself.
    pub(super) fn find(&mut self, rule: &RulePair, at: &Loc<'a>, message: String) {
        let rule = *rule.on(self.direction);
        self.find_in(&rule, at, "", message);
    }

    /// Adds a finding about the part `place` of the schema.
    pub(super) fn find_in(
        &mut self,
        rule: &ChangeRule,
        at: &Loc<'a>,
        place: &str,
        message: String,
    ) {
        let finding = Finding { rule: *rule, at: at.clone(), place: place.to_owned(), message };
        self.graph.nodes[self.id].findings.push(finding);
    }

    /// Adds a pair of subschemas to compare.
    pub(super) fn descend(&mut self, label: String, old: &SchemaGroup<'a>, new: &SchemaGroup<'a>) {
        let child = self.graph.node(old, new, self.direction);
        self.graph.nodes[self.id].children.push((label, child));
    }

    fn compare(&mut self, old: &SchemaGroup<'a>, new: &SchemaGroup<'a>) {
        let was = MergedSchema::read(&self.graph.old, old);
        let is = MergedSchema::read(&self.graph.new, new);
        types::texts(self, &was, &is);
        if !types::compare(self, &was, &is) {
            return;
        }
        types::values(self, &was, &is);
        bounds::compare(self, &was, &is);
        types::rest(self, &was, &is);
        members::compare(self, &was, &is);
        union::compare(self, &was, &is);
    }
}
