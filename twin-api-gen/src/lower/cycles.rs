//! Schemas that contain themselves with nothing in between are refused.
//!
//! An alias of itself means nothing; a union with itself as a member would be read in an
//! endless loop. A schema that contains itself in a property, an item or a map is an
//! ordinary tree and passes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Context;
use super::schema::{Object, SCHEMAS, ref_name};
use crate::pointer::escape;
use crate::{Problem, Stage};

/// Circles through aliases, `allOf` and unions.
pub(super) fn apply(context: &mut Context) {
    report_circles(context, &["allOf", "oneOf", "anyOf"]);
}

/// Circles through aliases and `allOf` alone: unions may still lose members.
pub(super) fn report_alias_circles(context: &mut Context) {
    report_circles(context, &["allOf"]);
}

fn report_circles(context: &mut Context, through: &[&str]) {
    let found = circles(&context.schemas(), through);
    context.broken.extend(found);
}

/// A problem for every circle: on the component through which it was entered.
fn circles(schemas: &Object, through: &[&str]) -> Vec<Problem> {
    let edges: BTreeMap<&str, Vec<&str>> = schemas
        .iter()
        .map(|(name, schema)| {
            let mut found = Vec::new();
            unguarded(schema, through, &mut found);
            (name.as_str(), found)
        })
        .collect();
    let mut done = BTreeSet::new();
    let mut problems = Vec::new();
    for name in edges.keys() {
        while let Some(circle) = circle_from(name, &edges, &mut done) {
            let pointer = format!("{SCHEMAS}{}", escape(circle[0]));
            let what = format!("the schema contains itself: {}", circle.join(" → "));
            let problem = Problem::new(Stage::Lower, what).at(pointer);
            problems.push(problem.help("only a property, an item or a map may lead back to it"));
            done.extend(circle);
        }
    }
    problems
}

/// The components that a schema is, or is made of, without a value of its own between.
fn unguarded<'a>(schema: &'a Value, through: &[&str], found: &mut Vec<&'a str>) {
    found.extend(ref_name(schema));
    for keyword in through {
        for member in schema.get(*keyword).and_then(Value::as_array).into_iter().flatten() {
            unguarded(member, through, found);
        }
    }
}

/// The first circle that is reached from `start`, by depth-first search with an own stack:
/// chains may be as long as there are components.
fn circle_from<'a>(
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
                let circle = names.skip_while(|name| *name != target);
                return Some(circle.chain([target]).collect());
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
    fn trees_pass_and_circles_do_not() {
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
