//! Applies `readOnly` (responses only) and `writeOnly` (requests only).
//!
//! A schema that only requests use loses its `readOnly` members, and one that only responses use
//! loses its `writeOnly` members. A schema that both use is split if it requires such a member:
//! `User` is for responses and `UserInput` for requests. Schemas that refer to it are split as well.
//! If it requires no such member, the schema stays.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::constraints::Usage;
use super::inline_types::TypeNames;
use super::schema::{Object, SCHEMAS, behind, is_true, quoted, ref_name, ref_to};
use super::walk::{PartOf, SchemaLocation, SchemaPosition};
use super::{Context, Diagnostics};
use crate::schemas::each_nested;

pub(super) fn apply(context: &mut Context) {
    let flagged = flagged(&context.schemas());
    split(context, &flagged);
    let usage = Usage::of(&mut context.document);
    let schemas = context.schemas().into_owned();
    context.each_schema_object(|report, members, place| match usage.used_in(place) {
        (true, false) => drop_members(report, members, &schemas, "readOnly", place.pointer),
        (false, true) => drop_members(report, members, &schemas, "writeOnly", place.pointer),
        _ => {}
    });
}

/// Returns the members of an object that have a flag, directly or in the schema they refer to.
fn with_flag<'a>(
    members: &'a Object,
    schemas: &'a Object,
    flag: &'a str,
) -> impl Iterator<Item = &'a String> {
    let properties = members.get("properties").and_then(Value::as_object).into_iter().flatten();
    let has = move |schema: &Value| schema.as_object().is_some_and(|all| is_true(all, flag));
    properties
        .filter(move |(_, schema)| has(schema) || has(behind(schemas, schema)))
        .map(|(name, _)| name)
}

/// Returns the components that require a `readOnly` or `writeOnly` member.
fn flagged(schemas: &Object) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (name, schema) in schemas {
        each_nested(schema, &mut |inner| {
            let Value::Object(members) = inner else { return };
            let required = members.get("required").and_then(Value::as_array);
            let is_required =
                |name: &str| required.is_some_and(|all| all.iter().any(|it| it == name));
            let mut with_flags = ["readOnly", "writeOnly"]
                .into_iter()
                .flat_map(|flag| with_flag(members, schemas, flag));
            if with_flags.any(|member| is_required(member)) {
                found.insert(name.clone());
            }
        });
    }
    found
}

/// Copies, for requests, the components that requests and responses use and that reach one of
/// `flagged`.
fn split(context: &mut Context, flagged: &BTreeSet<String>) {
    if flagged.is_empty() {
        return;
    }
    let schemas = context.schemas().into_owned();
    let leading = leading_to(&schemas, flagged);
    let (sent, received) = Usage::of(&mut context.document).into_names();
    let mut names = TypeNames::of_components(&context.document);
    let copies: BTreeMap<String, String> = leading
        .into_iter()
        .filter(|name| sent.contains(name) && received.contains(name))
        .map(|name| {
            let copy = names.free(&format!("{name}-input"));
            (name, copy)
        })
        .collect();
    for (name, copy) in &copies {
        let pointer = format!("{SCHEMAS}{}", crate::pointer::escape(name));
        context.report.note(&pointer, format!("requests use `{copy}`, responses use `{name}`"));
        context.declared.insert(copy.clone());
        context.put_schemas([(copy.clone(), schemas[name].clone())]);
    }
    let for_requests: BTreeSet<&str> = copies.values().map(String::as_str).collect();
    let in_requests = |place: SchemaLocation<'_>| match place.part_of {
        PartOf::Request => true,
        PartOf::Response => false,
        PartOf::Component => {
            let owner = place.pointer.split('/').nth(3).unwrap_or_default();
            for_requests.contains(owner) || (sent.contains(owner) && !received.contains(owner))
        }
    };
    context.each_schema(|_, value, place| {
        if !in_requests(place) {
            return Ok(());
        }
        if let Some(copy) = ref_name(value).and_then(|name| copies.get(name)) {
            // A component that is only an alias keeps its reference.
            if place.position != SchemaPosition::Component || value.get("$ref").is_some() {
                *value = ref_to(copy);
            }
        }
        redirect_mapping(value, &copies);
        Ok(())
    });
}

/// Points the targets of a discriminator at the copies.
fn redirect_mapping(value: &mut Value, copies: &BTreeMap<String, String>) {
    let mapping = value.pointer_mut("/discriminator/mapping").and_then(Value::as_object_mut);
    for target in mapping.into_iter().flat_map(Object::values_mut) {
        let name = target.as_str().and_then(|target| target.strip_prefix(SCHEMAS));
        if let Some(copy) = name.and_then(|name| copies.get(name)) {
            *target = Value::String(format!("{SCHEMAS}{copy}"));
        }
    }
}

/// Returns the components in `found`, and all components from which one of them is reachable.
fn leading_to(schemas: &Object, found: &BTreeSet<String>) -> BTreeSet<String> {
    let mut users: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for (name, schema) in schemas {
        each_nested(schema, &mut |inner| {
            if let Some(used) = ref_name(inner) {
                users.entry(used.to_owned()).or_default().push(name);
            }
        });
    }
    let mut leading = BTreeSet::new();
    let mut pending: Vec<&String> = found.iter().collect();
    while let Some(name) = pending.pop() {
        if leading.insert(name.clone()) {
            pending.extend(users.get(name).into_iter().flatten());
        }
    }
    leading
}

fn drop_members(
    report: &mut Diagnostics,
    members: &mut Object,
    schemas: &Object,
    flag: &str,
    pointer: &str,
) {
    let gone: BTreeSet<String> = with_flag(members, schemas, flag).cloned().collect();
    if gone.is_empty() {
        return;
    }
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        properties.retain(|name, _| !gone.contains(name));
    }
    if let Some(Value::Array(required)) = members.get_mut("required") {
        required.retain(|name| name.as_str().is_none_or(|name| !gone.contains(name)));
        if required.is_empty() {
            members.remove("required");
        }
    }
    let names = quoted(gone.iter().map(String::as_str));
    report.note(pointer, format!("{names} is `{flag}` and is dropped here"));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, run};

    fn with(sent: &Value, received: &Value, schemas: &Value) -> Value {
        json!({
            "paths": {"/a": {"post": {
                "requestBody": {"content": {"j": {"schema": sent}}},
                "responses": {"2XX": {"content": {"j": {"schema": received}}}},
            }}},
            "components": {"schemas": schemas},
        })
    }

    fn name(name: &str) -> Value {
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    #[test]
    fn splits_a_shared_schema_that_requires_read_only_members() {
        let user = json!({
            "properties": {"id": {"readOnly": true}, "key": {"writeOnly": true}, "name": {}},
            "required": ["id", "key", "name"],
        });
        let list = json!({"items": name("User")});
        let schemas = json!({"User": user, "List": list});
        check_documents(
            "directions",
            &[(
                with(&name("List"), &name("List"), &schemas),
                with(
                    &name("ListInput"),
                    &name("List"),
                    &json!({
                        "List": list, "ListInput": {"items": name("UserInput")},
                        "User": {"properties": {"id": {"readOnly": true}, "name": {}}, "required": ["id", "name"]},
                        "UserInput": {"properties": {"key": {"writeOnly": true}, "name": {}}, "required": ["key", "name"]},
                    }),
                ),
                &[
                    "note: requests use `ListInput`",
                    "note: requests use `UserInput`",
                    "note: schemas/User: `key` is `writeOnly`",
                    "note: schemas/UserInput: `id` is `readOnly`",
                ],
            )],
        );
    }

    #[test]
    fn drops_read_only_members_from_requests_and_write_only_from_responses() {
        let schema = json!({"properties": {"id": name("Id"), "key": {"writeOnly": true}}});
        let schemas = json!({"Sent": schema, "Received": schema, "Id": {"readOnly": true}});
        let (document, _) =
            run("directions", with(&name("Sent"), &name("Received"), &schemas)).unwrap();
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["Sent"]["properties"], json!({"key": {"writeOnly": true}}));
        assert_eq!(schemas["Received"]["properties"], json!({"id": name("Id")}));
    }

    #[test]
    fn keeps_a_shared_schema_without_required_members() {
        let schemas = json!({"User": {"properties": {"id": {"readOnly": true}}}});
        let document = with(&name("User"), &name("User"), &schemas);
        check_documents("directions", &[(document.clone(), document, &[])]);
    }
}
