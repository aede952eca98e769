//! Compares schemas in pairs: the old schema with the new one.
//!
//! Schemas refer to each other and may be recursive. The pairs therefore form a graph: each pair
//! is compared once per direction of data, and the findings of an operation are collected from
//! all pairs that it reaches. Traversal uses a work list instead of recursion, so deeply nested
//! documents cannot overflow the stack.

use std::collections::{HashMap, HashSet, VecDeque};

use super::document::{Document, Loc};
use super::rules::{Pair, Rule};
use super::schema::{Group, Schema};
use super::{ChangeList, bounds, members, types, union};

/// The direction of the data that is compared, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    /// The client sends it.
    Request,
    /// The client receives it.
    Response,
}

impl Pair {
    pub(super) fn on(&self, side: Direction) -> &Rule {
        match side {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        }
    }
}

pub(super) type NodeId = usize;

/// A finding about one pair. `place` is the path in the data, relative to the schema.
struct Finding<'a> {
    rule: Rule,
    at: Loc<'a>,
    place: String,
    message: String,
}

#[derive(Default)]
struct Node<'a> {
    findings: Vec<Finding<'a>>,
    children: Vec<(String, NodeId)>,
    /// Whether this node, or a node reachable from it, has findings.
    differs: bool,
}

/// The pairs of schemas that were compared.
pub(super) struct Graph<'a> {
    pub(super) old: Document<'a>,
    pub(super) new: Document<'a>,
    nodes: Vec<Node<'a>>,
    index: HashMap<(Vec<usize>, Vec<usize>, Direction), NodeId>,
    pending: VecDeque<(NodeId, Group<'a>, Group<'a>, Direction)>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(old: Document<'a>, new: Document<'a>) -> Self {
        Self { old, new, nodes: Vec::new(), index: HashMap::new(), pending: VecDeque::new() }
    }

    /// Returns the node of a pair. The next [`settle`](Self::settle) compares it.
    pub(super) fn node(&mut self, old: &Group<'a>, new: &Group<'a>, side: Direction) -> NodeId {
        let key = (old.key(), new.key(), side);
        if let Some(&id) = self.index.get(&key) {
            return id;
        }
        let id = self.nodes.len();
        self.nodes.push(Node::default());
        self.index.insert(key, id);
        self.pending.push_back((id, old.clone(), new.clone(), side));
        id
    }

    /// Compares all pending pairs and all pairs reachable from them.
    pub(super) fn settle(&mut self) {
        while let Some((id, old, new, side)) = self.pending.pop_front() {
            let mut pair = Compared { graph: self, id, side };
            pair.compare(&old, &new);
        }
        self.spread();
    }

    /// Marks the nodes that reach a finding.
    fn spread(&mut self) {
        let mut parents: Vec<Vec<NodeId>> = vec![Vec::new(); self.nodes.len()];
        for (id, node) in self.nodes.iter().enumerate() {
            for (_, child) in &node.children {
                parents[*child].push(id);
            }
        }
        let differs = |(id, node): (NodeId, &Node<'_>)| (!node.findings.is_empty()).then_some(id);
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
                // One copy: in a long chain of schemas the places are long.
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
pub(super) struct Compared<'g, 'a> {
    pub(super) graph: &'g mut Graph<'a>,
    id: NodeId,
    pub(super) side: Direction,
}

impl<'a> Compared<'_, 'a> {
    /// Adds a finding about the schema itself.
    pub(super) fn find(&mut self, rule: &Pair, at: &Loc<'a>, message: String) {
        let rule = *rule.on(self.side);
        self.find_in(&rule, at, "", message);
    }

    /// Adds a finding about the part `place` of the schema.
    pub(super) fn find_in(&mut self, rule: &Rule, at: &Loc<'a>, place: &str, message: String) {
        let finding = Finding { rule: *rule, at: at.clone(), place: place.to_owned(), message };
        self.graph.nodes[self.id].findings.push(finding);
    }

    /// Adds a pair of subschemas to compare.
    pub(super) fn descend(&mut self, label: String, old: &Group<'a>, new: &Group<'a>) {
        let child = self.graph.node(old, new, self.side);
        self.graph.nodes[self.id].children.push((label, child));
    }

    fn compare(&mut self, old: &Group<'a>, new: &Group<'a>) {
        let was = Schema::read(&self.graph.old, old);
        let is = Schema::read(&self.graph.new, new);
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
