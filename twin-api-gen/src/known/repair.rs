//! Keeps a known operation in the client if the document adds an invalid part to it, such as a
//! member whose `$ref` has no target.
//!
//! An invalid schema is replaced by "any value", and an invalid parameter is dropped. Each repair
//! adds a diagnostic. Parts that `known.json` describes are not changed. An unknown operation is not
//! repaired, but left out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Known;
use crate::error::Error;
use crate::identify::Identified;
use crate::limits::MAX_REPAIR_ROUNDS;
use crate::lower::Lowered;
use crate::pointer::child;
use crate::{Diagnostic, Problem, Severity};

/// The repairs of one document, over several rounds of lowering.
#[derive(Default)]
pub(crate) struct Repairs {
    rounds: usize,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The original indices of the dropped parameters, by parameter list.
    dropped: BTreeMap<String, BTreeSet<usize>>,
}

impl Repairs {
    /// Replaces the invalid parts that made the lowering leave out known operations. Returns
    /// whether it replaced any.
    pub(crate) fn round(
        &mut self,
        identified: &mut Identified,
        known: &Known,
        lowered: &Result<Lowered, Error>,
    ) -> bool {
        if known.is_empty() || self.rounds == MAX_REPAIR_ROUNDS {
            return false;
        }
        self.rounds += 1;
        let mut parts: BTreeMap<Replaceable, &Problem> = BTreeMap::new();
        for problem in problems(known, lowered) {
            if let Some(part) =
                problem.pointer.as_deref().and_then(|at| Replaceable::around(at, known))
            {
                parts.entry(part).or_insert(problem);
            }
        }
        let before = self.diagnostics.len();
        // The last part first, so that the indices of earlier parameters stay valid.
        for (part, problem) in parts.into_iter().rev() {
            let Some(what) = part.replace(&mut identified.document) else { continue };
            let pointer = self.pointer(&part);
            self.diagnostics.push(Diagnostic {
                pointer: identified.origin(&pointer),
                rule: "known-operations",
                severity: Severity::Loss,
                message: format!("{what}, because {}", problem.what),
            });
        }
        self.diagnostics.len() > before
    }

    /// Returns the pointer that a part had before earlier rounds dropped parameters.
    fn pointer(&mut self, part: &Replaceable) -> String {
        let (list, index) = match part {
            Replaceable::Schema(pointer) => return pointer.clone(),
            Replaceable::Parameter(list, index) => (list, *index),
        };
        let dropped = self.dropped.entry(list.clone()).or_default();
        let original = dropped.iter().fold(index, |at, gone| at + usize::from(*gone <= at));
        dropped.insert(original);
        child(list, original)
    }
}

/// Returns the problems of known operations that `lowered` lacks.
fn problems<'a>(
    known: &'a Known,
    lowered: &'a Result<Lowered, Error>,
) -> Box<dyn Iterator<Item = &'a Problem> + 'a> {
    let lowered = match lowered {
        Ok(lowered) => lowered,
        Err(error) => return Box::new(error.problems()),
    };
    let is_known = |operation: &str| known.operations.values().any(|it| it.call() == operation);
    let left_out = lowered.left_out.iter().filter(move |(it, _)| is_known(&it.operation));
    Box::new(left_out.flat_map(|(_, problems)| problems))
}

/// A part of the document that can be replaced without losing an operation.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Replaceable {
    /// A parameter: the pointer of its list, and the index.
    Parameter(String, usize),
    /// A member, an item, or the schema of a body or a response.
    Schema(String),
}

impl Replaceable {
    /// Returns the smallest replaceable part that contains `pointer`.
    fn around(pointer: &str, known: &Known) -> Option<Self> {
        let tokens: Vec<&str> = pointer.split('/').collect();
        let parts = (1..=tokens.len()).rev().map(|end| &tokens[..end]);
        parts.into_iter().find_map(|tokens| match tokens {
            ["#", "paths", _, _, "parameters", index] => {
                let list = tokens[..tokens.len() - 1].join("/");
                Some(Self::Parameter(list, index.parse().ok()?))
            }
            // A parameter is dropped as a whole.
            ["#", "paths", _, _, "parameters", ..] => None,
            ["#", "components", "schemas", _] => {
                // The type of an entity itself is known; only its members may be new.
                let pointer = tokens.join("/");
                let at = |entity: &String| child("#/components/schemas", entity) == pointer;
                (!known.entities.keys().any(at)).then_some(Self::Schema(pointer))
            }
            [.., "properties" | "patternProperties", _]
            | [.., "items" | "additionalProperties" | "schema"] => {
                Some(Self::Schema(tokens.join("/")))
            }
            _ => None,
        })
    }

    /// Replaces the part. Returns a description of the change, or `None` if nothing was replaced.
    fn replace(&self, document: &mut Value) -> Option<&'static str> {
        match self {
            Self::Parameter(list, index) => {
                let list = document.pointer_mut(&list[1..])?.as_array_mut()?;
                if list.get(*index)?["in"] == "path" {
                    return None;
                }
                list.remove(*index);
                Some("the parameter is dropped")
            }
            Self::Schema(pointer) => {
                let schema = document.pointer_mut(&pointer[1..])?;
                let members = schema.as_object()?;
                if members.keys().all(|name| name == "description") {
                    return None;
                }
                let text = members.get("description").filter(|text| text.is_string()).cloned();
                *schema = text.map_or_else(|| json!({}), |text| json!({ "description": text }));
                Some("any value is accepted")
            }
        }
    }
}
