//! Rebuilds the component schemas of the identified document.
//!
//! Entities have the names of `known.json`, other schemas keep theirs, and unused ones are removed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Findings;
use super::entity::final_reference;
use super::reference::{component, to_component};
use crate::known::Known;
use crate::names::letters;
use crate::schemas;

/// Inserts the entities, updates every reference, and removes unused components.
pub(super) fn rebuild(
    document: &mut Value,
    known: &Known,
    entities: Map<String, Value>,
    claims: &BTreeMap<String, BTreeSet<String>>,
    findings: &mut Findings,
) {
    let own = match document["components"]["schemas"].take() {
        Value::Object(own) => own,
        _ => Map::new(),
    };
    let names = names(&own, known, claims);
    let mut all = entities;
    for (name, schema) in own {
        let Some(renamed) = names.get(&name) else { continue };
        if !all.contains_key(renamed) && !known.entities.contains_key(renamed) {
            let origin = crate::pointer::child("#/components/schemas", &name);
            findings.origins.insert(crate::pointer::child("#/components/schemas", renamed), origin);
            all.insert(renamed.clone(), schema);
        }
    }
    document["components"]["schemas"] = Value::Object(all);
    schemas::each_reference_mut(document, &mut |reference| {
        if let Some(entity) = final_reference(reference) {
            *reference = entity;
        } else if let Some(renamed) = component(reference).and_then(|name| names.get(&name)) {
            *reference = to_component(renamed);
        }
    });
    collect(document, Vec::new());
}

/// Maps each component of the document to its new name.
///
/// A component that exactly one entity uses gets the name of the entity. Any other component whose
/// name collides with that of an entity gets a number.
fn names(
    own: &Map<String, Value>,
    known: &Known,
    claims: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeMap<String, String> {
    let ours: BTreeSet<String> = known.entities.keys().map(|name| letters(name)).collect();
    let mut taken: BTreeSet<String> = own.keys().map(|name| letters(name)).collect();
    taken.extend(ours.iter().cloned());
    let mut names = BTreeMap::new();
    for name in own.keys() {
        let claimed = claims.get(name);
        let renamed = match claimed.and_then(BTreeSet::first) {
            Some(entity) if claimed.is_some_and(|claimed| claimed.len() == 1) => entity.clone(),
            _ if ours.contains(&letters(name)) => {
                let free = (2..).map(|count| format!("{name}{count}"));
                let free = free.into_iter().find(|free| !taken.contains(&letters(free)));
                let free = free.unwrap_or_else(|| name.clone());
                taken.insert(letters(&free));
                free
            }
            _ => name.clone(),
        };
        names.insert(name.clone(), renamed);
    }
    names
}

/// Removes the component schemas that are not reachable from an operation, a webhook or a
/// reference in `wanted`.
pub(crate) fn collect(document: &mut Value, wanted: Vec<String>) {
    let Some(Value::Object(all)) = document.pointer_mut("/components/schemas").map(Value::take)
    else {
        return;
    };
    let mut kept = Map::new();
    let mut todo = wanted;
    document["components"]["schemas"] = json!({});
    schemas::each_reference_mut(document, &mut |reference| todo.push(reference.clone()));
    while let Some(reference) = todo.pop() {
        // A discriminator may name a component without a path.
        let name = component(&reference).unwrap_or(reference);
        if kept.contains_key(&name) {
            continue;
        }
        let Some(mut schema) = all.get(&name).cloned() else { continue };
        schemas::each_nested_mut(&mut schema, &mut |schema| {
            schemas::each_own_reference_mut(schema, &mut |reference| todo.push(reference.clone()));
        });
        kept.insert(name, schema);
    }
    document["components"]["schemas"] = Value::Object(kept);
}
