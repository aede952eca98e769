//! Rejects schemas that directly contain themselves.
//!
//! An alias of itself has no meaning, and deserializing a union that contains itself would never
//! end. Recursion through a property, an array item or a map is allowed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Context;
use super::schema::{Object, SCHEMAS, ref_name};
use crate::pointer::escape;
use crate::{Problem, Stage};

/// Rejects cycles through aliases, `allOf` and unions.
pub(super) fn apply(context: &mut Context) {
    report_cycles(context, &["allOf", "oneOf", "anyOf"]);
}

/// Rejects cycles through aliases and `allOf`. Unions are checked later, when they are final.
pub(super) fn report_alias_cycles(context: &mut Context) {
    report_cycles(context, &["allOf"]);
}

fn report_cycles(context: &mut Context, through: &[&str]) {
    let found = find_cycles(&context.schemas(), through);
    context.broken.extend(found);
}

/// Returns a problem for every cycle, at the first component of the cycle.
fn find_cycles(schemas: &Object, through: &[&str]) -> Vec<Problem> {
    let edges: BTreeMap<&str, Vec<&str>> = schemas
        .iter()
        .map(|(name, schema)| {
            let mut found = Vec::new();
            direct_references(schema, through, &mut found);
            (name.as_str(), found)
        })
        .collect();
    let mut done = BTreeSet::new();
    let mut problems = Vec::new();
    for name in edges.keys() {
        while let Some(cycle) = cycle_from(name, &edges, &mut done) {
            let pointer = format!("{SCHEMAS}{}", escape(cycle[0]));
            let what = format!("the schema contains itself: {}", cycle.join(" → "));
            let problem = Problem::new(Stage::Lower, what).at(pointer);
            problems.push(problem.help("a schema may recur only in a property, an item or a map"));
            done.extend(cycle);
        }
    }
    problems
}

/// Collects the components that a schema refers to, except through a property, an item or a map.
fn direct_references<'a>(schema: &'a Value, through: &[&str], found: &mut Vec<&'a str>) {
    found.extend(ref_name(schema));
    for keyword in through {
        for member in schema.get(*keyword).and_then(Value::as_array).into_iter().flatten() {
            direct_references(member, through, found);
        }
    }
}

/// Returns the first cycle reachable from `start`.
///
/// The depth-first search has its own stack, because a chain may be as long as the number of
/// components.
fn cycle_from<'a>(
    start: &'a str,
    edges: &BTreeMap<&'a str, Vec<&'a str>>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    let mut path: Vec<(&str, usize)> = vec![(start, 0)];
    let mut on_path: BTreeSet<&str> = BTreeSet::from([start]);
    while let Some((name, next)) = path.last_mut() {
        let target = edges.get(name).and_then(|targets| targets.get(*next)).copied();
        *next += 1;
        match target {
            Some(target) if on_path.contains(target) && !done.contains(target) => {
                let names = path.iter().map(|(name, _)| *name);
                let cycle = names.skip_while(|name| *name != target);
                return Some(cycle.chain([target]).collect());
            }
            Some(target) if !done.contains(target) => {
                on_path.insert(target);
                path.push((target, 0));
            }
            Some(_) => {}
            None => {
                done.insert(name);
                on_path.remove(name);
                path.pop();
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_documents, check_refusals, with_schemas};

    #[test]
    fn accepts_trees_and_rejects_cycles() {
        let tree = with_schemas(json!({
            "Node": {"properties": {"next": {"oneOf": [{"$ref": "#/components/schemas/Node"}]}}},
            "Long": {"$ref": "#/components/schemas/Node"},
        }));
        check_documents("cycles", &[(tree.clone(), tree, &[])]);
        check_refusals(
            "cycles",
            &[(
                with_schemas(json!({
                    "A": {"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/B"}]},
                    "B": {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "integer"}]},
                })),
                "A → B → A",
            )],
        );
    }
}
