//! Rewrites a base schema with a discriminator to the union of its subtypes.
//!
//! If `Pet` has a discriminator and `Cat` extends `Pet` with `allOf`, a value of type `Pet` may be
//! a `Cat` with additional members. `Pet` therefore becomes the union of its subtypes, and
//! `PetBase` gets the shared members. If the subtypes have no common tag, the rule
//! `tagged-unions` reports it, and `Pet` becomes an alias of `PetBase`. This rule also completes the
//! discriminator's mapping, before later rules rename components.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Context;
use super::inline_types::TypeNames;
use super::schema::{Object, SCHEMAS, as_object, object_at, ref_name, ref_to};
use crate::limits::MAX_GENERATIONS;
use crate::pointer::escape;

/// On a union: the component to read if no tag distinguishes the alternatives.
pub(super) const BASE: &str = "x-twin-base";

pub(super) fn apply(context: &mut Context) {
    let schemas = context.schemas().into_owned();
    let children = children(&schemas);
    let mut names = TypeNames::of_components(&context.document);
    let mut bases: BTreeMap<String, String> = BTreeMap::new();
    for (name, schema) in &schemas {
        let extended = children.contains_key(name.as_str());
        if extended && property_name(schema).is_some() {
            bases.insert(name.clone(), names.free(&format!("{name}-base")));
        }
    }
    context.each_schema_object(|_, members, _| write_out_mapping(members));
    for (name, base) in &bases {
        divide(context, name, base, &descendants(name, &children));
    }
    for (child, parents) in parents(&schemas) {
        for parent in parents {
            if let (Some(base), Some(schema)) =
                (bases.get(parent), context.document.pointer_mut(&pointer_to(child)))
            {
                extend_base(schema, parent, base);
            }
        }
    }
}

fn pointer_to(name: &str) -> String {
    format!("/components/schemas/{}", escape(name))
}

fn property_name(schema: &Value) -> Option<&str> {
    schema.get("discriminator")?.get("propertyName")?.as_str()
}

/// Returns the components that a schema extends: the references in its `allOf`.
fn extended(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("allOf").and_then(Value::as_array).into_iter().flatten().filter_map(ref_name)
}

fn parents(schemas: &Object) -> BTreeMap<&str, BTreeSet<&str>> {
    let with_parents = schemas
        .iter()
        .map(|(name, schema)| (name.as_str(), extended(schema).collect::<BTreeSet<_>>()));
    with_parents.filter(|(_, parents)| !parents.is_empty()).collect()
}

fn children(schemas: &Object) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut children: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (child, parents) in parents(schemas) {
        for parent in parents {
            children.entry(parent).or_default().insert(child);
        }
    }
    children
}

/// Returns the direct and indirect subtypes of a component, sorted by name.
fn descendants(name: &str, children: &BTreeMap<&str, BTreeSet<&str>>) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut generation: Vec<&str> = vec![name];
    for _ in 0..MAX_GENERATIONS {
        let next: Vec<&str> =
            generation.iter().filter_map(|name| children.get(name)).flatten().copied().collect();
        generation = next.into_iter().filter(|name| found.insert((*name).to_owned())).collect();
    }
    found.remove(name);
    found
}

/// Replaces a component by the union of its subtypes, and moves its schema to `base`.
fn divide(context: &mut Context, name: &str, base: &str, descendants: &BTreeSet<String>) {
    let Some(schema) = context.document.pointer_mut(&pointer_to(name)) else { return };
    let members = as_object(schema);
    let listed = members.remove("oneOf").or_else(|| members.remove("anyOf"));
    members.remove("anyOf");
    let mut discriminator = members.remove("discriminator").unwrap_or_default();
    let own = std::mem::take(members);
    let is_listed = listed.is_some();
    let mut alternatives = match listed {
        Some(Value::Array(listed)) => listed,
        _ => descendants.iter().map(|name| ref_to(name)).collect(),
    };
    let itself = json!(format!("{SCHEMAS}{name}"));
    let as_base = json!(format!("{SCHEMAS}{base}"));
    let mapping = object_at(as_object(&mut discriminator), "mapping");
    // The component's name is its own tag, unless the mapping has another.
    if !is_listed && !mapping.values().any(|target| *target == itself) {
        mapping.entry(name).or_insert_with(|| itself.clone());
    }
    let mut is_concrete = false;
    for target in mapping.values_mut().filter(|target| **target == itself) {
        *target = as_base.clone();
        is_concrete = true;
    }
    if is_concrete {
        alternatives.push(ref_to(base));
    }
    let annotations = ["description", "nullable", "deprecated"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), own.get(key)?.clone())));
    members.extend(annotations);
    members.insert("oneOf".to_owned(), Value::Array(alternatives));
    members.insert("discriminator".to_owned(), discriminator);
    members.insert(BASE.to_owned(), json!(base));
    write_out_mapping(members);
    context.declared.insert(base.to_owned());
    let pointer = format!("{SCHEMAS}{}", escape(name));
    context.report.note(
        &pointer,
        format!("becomes the union of its subtypes; `{base}` has the shared members"),
    );
    let mut own = Value::Object(own);
    if let Some(members) = own.as_object_mut() {
        members.remove("nullable");
    }
    context.put_schemas([(base.to_owned(), own)]);
}

fn extend_base(schema: &mut Value, parent: &str, base: &str) {
    let all = schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten();
    for member in all.filter(|member| ref_name(member) == Some(parent)) {
        *member = ref_to(base);
    }
}

/// Completes a discriminator's mapping.
///
/// Each alternative without a tag gets its name as the tag, and each target becomes a full
/// reference.
fn write_out_mapping(members: &mut Object) {
    let alternatives: Vec<String> = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|keyword| members.get(keyword)?.as_array())
        .flatten()
        .filter_map(|alternative| ref_name(alternative).map(str::to_owned))
        .collect();
    let Some(Value::Object(discriminator)) = members.get_mut("discriminator") else { return };
    if !discriminator.contains_key("propertyName") {
        return;
    }
    let mapping = object_at(discriminator, "mapping");
    for target in mapping.values_mut() {
        let whole =
            target.as_str().filter(|target| !target.contains('/') && !target.contains(".json"));
        if let Some(name) = whole {
            *target = json!(format!("{SCHEMAS}{name}"));
        }
    }
    for name in alternatives {
        let target = json!(format!("{SCHEMAS}{name}"));
        if !mapping.values().any(|known| *known == target) && !mapping.contains_key(&name) {
            mapping.insert(name, target);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, with_schemas};

    fn name(name: &str) -> Value {
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    #[test]
    fn base_with_discriminator_becomes_a_union_of_subtypes() {
        let own = json!({"properties": {"kind": {"type": "string"}}, "required": ["kind"]});
        let with = |mut schema: Value, discriminator: Value| {
            schema["discriminator"] = discriminator;
            schema
        };
        let mapped = json!({"propertyName": "kind", "mapping": {"cat": "Cat", "pet": "#/components/schemas/Pet"}});
        let union = json!({
            "oneOf": [name("Cat"), name("Dog"), name("PetBase")],
            "discriminator": {"propertyName": "kind", "mapping": {
                "cat": "#/components/schemas/Cat",
                "pet": "#/components/schemas/PetBase",
                "Dog": "#/components/schemas/Dog",
            }},
            "x-twin-base": "PetBase",
        });
        let child = |parent: &str| json!({"allOf": [name(parent), {"properties": {"x": {}}}]});
        check_documents(
            "inheritance",
            &[(
                with_schemas(json!({
                    "Pet": with(own.clone(), mapped), "Cat": child("Pet"), "Dog": child("Cat"),
                })),
                with_schemas(json!({
                    "Pet": union, "PetBase": own, "Cat": child("PetBase"), "Dog": child("Cat"),
                })),
                &["note: the union of its subtypes"],
            )],
        );
    }

    #[test]
    fn base_that_lists_its_subtypes_keeps_the_list() {
        let listed = json!({
            "properties": {"op": {}}, "oneOf": [name("Yes")],
            "discriminator": {"propertyName": "op", "mapping": {"yes": "#/components/schemas/Yes"}},
        });
        check_documents(
            "inheritance",
            &[(
                with_schemas(json!({"Op": listed, "Yes": {"allOf": [name("Op")]}})),
                with_schemas(json!({
                    "Op": {
                        "oneOf": [name("Yes")], "x-twin-base": "OpBase",
                        "discriminator": {"propertyName": "op", "mapping": {"yes": "#/components/schemas/Yes"}},
                    },
                    "OpBase": {"properties": {"op": {}}},
                    "Yes": {"allOf": [name("OpBase")]},
                })),
                &["note: the union"],
            )],
        );
    }
}
