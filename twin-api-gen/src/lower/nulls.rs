//! Marks request members for which null and absence have different meanings.
//!
//! `x-twin-nulls` lists the optional nullable members of an object. A pass gives them three
//! states: absent, null and a value. Objects that only requests use and objects in PATCH bodies
//! are marked. In a response, null and absence both mean that there is no value.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Context;
use super::constraints::{Usage, reached_from};
use super::default_value::fits;
use super::schema::{Object, behind, is_true, ref_name};
use super::walk;

/// On an object: the members that distinguish null from absence.
pub(crate) const NULLS: &str = "x-twin-nulls";

pub(super) fn apply(context: &mut Context) {
    let patched = patched(&mut context.document);
    let usage = Usage::of(&mut context.document);
    let schemas = context.schemas().into_owned();
    context.each_schema_object(|_, members, place| {
        let owner = place.pointer.split('/').nth(3).unwrap_or_default();
        let (in_request, in_response) = usage.used_in(place);
        let is_patched = place.part_of == walk::PartOf::Component && patched.contains(owner);
        if (in_request && !in_response) || is_patched {
            let names = nulls(members, &schemas);
            if !names.is_empty() {
                members.insert(NULLS.to_owned(), Value::Array(names));
            }
        }
    });
}

/// Returns the optional nullable members. A member with a default is excluded, because it is
/// never absent.
fn nulls(members: &Object, schemas: &Object) -> Vec<Value> {
    let has_default = |schema: &Value| {
        let default = schema.get("default").filter(|default| !default.is_null());
        default.is_some_and(|default| fits(default, behind(schemas, schema)))
    };
    let required = members.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|it| it == name));
    let properties = members.get("properties").and_then(Value::as_object).into_iter().flatten();
    properties
        .filter(|(name, schema)| {
            let nullable = schema.as_object().is_some_and(|all| is_true(all, "nullable"));
            nullable && !is_required(name) && !has_default(schema)
        })
        .map(|(name, _)| json!(name))
        .collect()
}

/// Returns the components that are reachable from PATCH bodies.
fn patched(document: &mut Value) -> BTreeSet<String> {
    let mut roots = Vec::new();
    walk::each_schema(document, &mut |value, place| {
        if place.pointer.contains("/patch/requestBody/") {
            roots.extend(ref_name(value).map(str::to_owned));
        }
    });
    reached_from(document, roots)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::run;

    fn marks(method: &str) -> (Value, Value) {
        let name = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let object = json!({"required": ["c"], "properties": {
            "a": {"nullable": true}, "b": {"type": "string"}, "c": {"nullable": true},
            "d": {"nullable": true, "type": "boolean", "default": true},
        }});
        let mut document = json!({"components": {"schemas": {"Asked": object, "Shared": object}}});
        document["paths"]["/a"][method] = json!({
            "requestBody": {"content": {"j": {"schema": {"properties": {
                "x": name("Asked"), "y": name("Shared"),
            }}}}},
            "responses": {"2XX": {"content": {"j": {"schema": name("Shared")}}}},
        });
        let (document, _) = run("nulls", document).unwrap();
        let schemas = &document["components"]["schemas"];
        (schemas["Asked"]["x-twin-nulls"].clone(), schemas["Shared"]["x-twin-nulls"].clone())
    }

    #[test]
    fn marks_optional_nullable_members_of_requests() {
        assert_eq!(marks("post"), (json!(["a"]), Value::Null));
        assert_eq!(marks("patch"), (json!(["a"]), json!(["a"])));
    }
}
