//! Moves `nullable` from components to the references to them.
//!
//! typify would generate a newtype over `Option`, and a field of that type could not be omitted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Context;
use super::schema::{Object, is_true, ref_name};
use super::walk::SchemaPosition;

pub(super) fn apply(context: &mut Context) {
    let nullable = nullable_names(&context.schemas());
    if nullable.is_empty() {
        return;
    }
    let is_nullable = |value: &Value| ref_name(value).is_some_and(|name| nullable.contains(name));
    context.each_schema(|report, value, place| {
        let listed = matches!(place.pointer.rsplit('/').nth(1), Some("allOf" | "oneOf" | "anyOf"));
        if place.position != SchemaPosition::Component && !listed && is_nullable(value) {
            *value = json!({"allOf": [value.take()], "nullable": true});
        }
        let Value::Object(members) = value else { return Ok(()) };
        if place.position == SchemaPosition::Component {
            if members.remove("nullable").is_some() {
                report.note(place.pointer, "`nullable` moves to the references to the schema");
            }
        } else if lists(members).any(is_nullable) {
            members.insert("nullable".to_owned(), json!(true));
        }
        Ok(())
    });
}

fn lists(members: &Object) -> impl Iterator<Item = &Value> {
    ["allOf", "oneOf", "anyOf"]
        .into_iter()
        .filter_map(|keyword| members.get(keyword)?.as_array())
        .flatten()
}

/// Returns the components that are nullable, directly or through the schemas they refer to.
fn nullable_names(schemas: &Object) -> BTreeSet<String> {
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut pending: Vec<&str> = Vec::new();
    for (name, schema) in schemas {
        let Value::Object(members) = schema else { continue };
        for used in ref_name(schema).into_iter().chain(lists(members).filter_map(ref_name)) {
            users.entry(used).or_default().push(name);
        }
        if is_true(members, "nullable") {
            pending.push(name);
        }
    }
    while let Some(name) = pending.pop() {
        if found.insert(name.to_owned()) {
            pending.extend(users.get(name).into_iter().flatten());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::{check_documents, with_schemas};

    #[test]
    fn moves_nullable_from_components_to_references() {
        let a = json!({"$ref": "#/components/schemas/A"});
        let b = json!({"$ref": "#/components/schemas/B"});
        check_documents(
            "nullable-components",
            &[(
                with_schemas(json!({
                    "A": {"type": "object", "nullable": true},
                    "B": {"allOf": [a], "description": "d"},
                    "C": {"properties": {"x": b, "y": {"oneOf": [a, {"type": "string"}]}, "z": {"allOf": [a], "description": "d"}}},
                })),
                with_schemas(json!({
                    "A": {"type": "object"},
                    "B": {"allOf": [a], "description": "d"},
                    "C": {"properties": {
                        "x": {"allOf": [b], "nullable": true},
                        "y": {"oneOf": [a, {"type": "string"}], "nullable": true},
                        "z": {"allOf": [a], "description": "d", "nullable": true},
                    }},
                })),
                &["note: A: `nullable` moves"],
            )],
        );
    }
}
