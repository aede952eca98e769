//! Finds the entities of the document at their known places, and names them.
//!
//! The schemas at all places of an entity become one component. If the schemas differ, the
//! component has the members of all of them. Members that some places lack are optional, and the
//! difference is reported.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::peel::{Peeled, flatten, peel, same};
use super::reference::to_component;
use super::site::{self, Site};
use super::{Findings, components};
use crate::known::{Fact, FactStatus, Known};

/// The prefix of references to entities until all components have their final names.
pub(super) const MARK: &str = "#/x-twin-entity/";

/// The schema at one place of an entity.
struct Candidate {
    place: String,
    schema: Map<String, Value>,
    /// The description of the type. The place may have a description of its own.
    description: Option<String>,
    /// The pointer in the original document.
    origin: String,
    /// Whether differences from the other places are reported. They are not for a webhook
    /// delivery, because it refines the type.
    reports_differences: bool,
}

/// Names every entity.
pub(super) fn name(
    document: &mut Value,
    known: &Known,
    operations: &BTreeMap<String, String>,
    findings: &mut Findings,
) {
    let sites = site::find(document, known, operations);
    let mut todo: Vec<(&String, Site)> = sites
        .iter()
        .flat_map(|(name, sites)| sites.iter().map(move |it| (name, it.clone())))
        .collect();
    // Inner places come first, so that a copied schema already refers to the entities inside it.
    todo.sort_by_key(|(_, site)| std::cmp::Reverse(site.depth));
    let mut hoist = EntityCollector::default();
    for (name, site) in todo {
        hoist.take(document, name, &site, findings);
    }
    let EntityCollector { candidates, claims } = hoist;
    let mut entities = Map::new();
    for (name, candidates) in candidates {
        if let Some(first) = candidates.first() {
            let origin = findings.origin(&first.origin);
            findings.origins.insert(format!("#/components/schemas/{name}"), origin);
        }
        entities.insert(name.clone(), merge(&name, candidates, findings));
    }
    components::rebuild(document, known, entities, &claims, findings);
}

/// The schemas found at the places of the entities.
#[derive(Default)]
struct EntityCollector {
    candidates: BTreeMap<String, Vec<Candidate>>,
    /// The components of the document, each with the entities that use it.
    claims: BTreeMap<String, BTreeSet<String>>,
}

impl EntityCollector {
    fn take(&mut self, document: &mut Value, name: &str, site: &Site, findings: &Findings) {
        let Some(schema) = document.pointer(&site.pointer) else { return };
        if schema["$ref"].as_str().is_some_and(|reference| reference.starts_with(MARK)) {
            return;
        }
        let peeled = peel(document, schema);
        let base = if site.replaceable { Vec::new() } else { base_of(document, schema) };
        let mut fresh = peeled.chain.is_empty();
        for component in peeled.chain.iter().chain(&base) {
            fresh |= self.claims.entry(component.clone()).or_default().insert(name.to_owned());
        }
        if fresh {
            let candidate = candidate(document, site, &peeled, findings);
            self.candidates.entry(name.to_owned()).or_default().push(candidate);
        }
        if site.replaceable
            && let Some(place) = document.pointer_mut(&site.pointer)
        {
            *place = reference(name, &peeled, site.depth);
        }
    }
}

/// Returns the component that a schema refines: the first branch of its `allOf`.
fn base_of(document: &Value, schema: &Value) -> Vec<String> {
    let branches = schema["allOf"].as_array();
    branches
        .and_then(|branches| branches.first())
        .map(|it| peel(document, it).chain)
        .unwrap_or_default()
}

fn candidate(document: &Value, site: &Site, peeled: &Peeled, findings: &Findings) -> Candidate {
    let mut schema = flatten(document, &peeled.schema);
    // At the root of a body, response or parameter, the description is that of the type.
    let own = (site.depth == 0).then(|| schema.get("description").cloned()).flatten();
    let own = own.as_ref().and_then(Value::as_str).map(ToOwned::to_owned);
    let description = peeled.inner_description.clone().or(own);
    let origin = match peeled.chain.last() {
        Some(component) => crate::pointer::child("#/components/schemas", component),
        None => findings.origin(&format!("#{}", site.pointer)),
    };
    schema.remove("description");
    let reports_differences = site.replaceable;
    Candidate { place: site.place.clone(), schema, description, origin, reports_differences }
}

/// Builds a reference to the entity that keeps the annotations of the place.
fn reference(name: &str, peeled: &Peeled, depth: usize) -> Value {
    let target = json!({ "$ref": format!("{MARK}{name}") });
    let mut place =
        if peeled.nullable { json!({ "oneOf": [target, { "type": "null" }] }) } else { target };
    for keyword in ["description", "deprecated", "readOnly", "writeOnly"] {
        // At the root, the description is that of the type.
        if let Some(value) = peeled.outer.get(keyword)
            && (depth > 0 || keyword != "description" || peeled.inner_description.is_some())
        {
            place[keyword] = value.clone();
        }
    }
    place
}

/// Merges the candidates into one schema.
fn merge(name: &str, candidates: Vec<Candidate>, findings: &mut Findings) -> Value {
    let description = candidates.iter().find_map(|it| it.description.clone());
    let mut candidates = candidates.into_iter();
    let Some(first) = candidates.next() else { return json!({}) };
    let mut merged = first.schema;
    let mut places = vec![first.place];
    for other in candidates {
        let before = findings.facts.len();
        merge_one(name, &mut merged, &places, &other, findings);
        if !other.reports_differences {
            findings.facts.truncate(before);
        }
        places.push(other.place);
    }
    if let Some(description) = description {
        merged.insert("description".to_owned(), json!(description));
    }
    Value::Object(merged)
}

fn merge_one(
    name: &str,
    merged: &mut Map<String, Value>,
    places: &[String],
    other: &Candidate,
    findings: &mut Findings,
) {
    let differ = |member: &str, document: String| Fact {
        subject: if member.is_empty() { name.to_owned() } else { format!("{name}.{member}") },
        says: "has the same schema at all places".to_owned(),
        source: "the OpenAPI document".to_owned(),
        status: FactStatus::Differs { document },
        pointer: Some(other.origin.clone()),
        closest: None,
        edit: None,
    };
    if let (Some(Value::Array(own)), Some(Value::Array(more))) =
        (merged.get_mut("enum"), other.schema.get("enum"))
    {
        if own != more {
            own.extend(more.iter().filter(|it| !own.contains(it)).cloned().collect::<Vec<_>>());
            let text = format!("other values at {} than at {}", other.place, places.join(", "));
            findings.facts.push(differ("", text));
        }
        return;
    }
    let (Some(Value::Object(own)), Some(Value::Object(more))) =
        (merged.get("properties"), other.schema.get("properties"))
    else {
        if !same(&Value::Object(merged.clone()), &Value::Object(other.schema.clone())) {
            let places = places.join(", ");
            let text = match (target_of(&other.schema), target_of(merged)) {
                (Some(target), _) => format!("no {target}, to which {} refers", other.place),
                (None, Some(target)) => format!("no {target}, to which {places} refers"),
                (None, None) => format!("another type at {} than at {places}", other.place),
            };
            findings.facts.push(differ("", text));
        }
        return;
    };
    let mut union = own.clone();
    for (member, schema) in more {
        match own.get(member) {
            None => {
                let text = format!("it at {}, not at {}", other.place, places.join(", "));
                findings.facts.push(differ(member, text));
                union.insert(member.clone(), schema.clone());
            }
            Some(first) if !same(first, schema) => {
                let text = format!("another type at {} than at {}", other.place, places.join(", "));
                findings.facts.push(differ(member, text));
                let description = first.get("description").cloned();
                let mut widest = Map::new();
                widest.extend(description.map(|text| ("description".to_owned(), text)));
                union.insert(member.clone(), Value::Object(widest));
            }
            Some(_) => {}
        }
    }
    for member in own.keys().filter(|member| !more.contains_key(*member)) {
        let text = format!("it at {}, not at {}", places.join(", "), other.place);
        findings.facts.push(differ(member, text));
    }
    require_both(merged, &other.schema);
    merged.insert("properties".to_owned(), Value::Object(union));
}

/// Returns the target of a reference. A candidate is a reference only if the target does not exist.
fn target_of(schema: &Map<String, Value>) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str)
}

/// Keeps only the required members that both schemas require.
fn require_both(merged: &mut Map<String, Value>, other: &Map<String, Value>) {
    let other = other.get("required").and_then(Value::as_array);
    if let Some(Value::Array(required)) = merged.get_mut("required") {
        required.retain(|member| other.is_some_and(|other| other.contains(member)));
    }
}

/// Returns the final reference of an entity, for a reference that begins with [`MARK`].
pub(super) fn final_reference(reference: &str) -> Option<String> {
    reference.strip_prefix(MARK).map(to_component)
}
