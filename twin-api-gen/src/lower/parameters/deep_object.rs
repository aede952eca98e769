//! Rewrites a `deepObject` parameter of the query, which is sent as `name[member]=value`.

use super::super::schema::{Object, behind, text};
use super::object::{is_struct, spread};
use super::{Diagnostics, Narrowed, Value, WIRE, json};

/// Replaces the parameter by one parameter for each member, or by a map if the members are not
/// known.
pub(super) fn rewrite(
    report: &mut Diagnostics,
    parameter: &mut Object,
    schemas: &Object,
    pointer: &str,
) -> Narrowed {
    let name = text(parameter, "name").unwrap_or_default().to_owned();
    let schema = parameter.entry("schema").or_insert_with(|| json!({}));
    if let Value::Object(members) = schema {
        members.remove("nullable");
        members.remove("default");
    }
    if is_struct(behind(schemas, schema)) {
        let all = spread(report, parameter, schemas, pointer);
        if let Some(mut all) = all.filter(|all| !all.is_empty()) {
            for one in &mut all {
                let member = text(one, "name").unwrap_or_default();
                let wire = format!("{name}[{member}]");
                one.insert("name".to_owned(), json!(wire));
            }
            return Narrowed::Spread(all);
        }
    }
    let target = behind(schemas, parameter.get("schema").unwrap_or(&Value::Null)).clone();
    let free = target["additionalProperties"].as_object().cloned();
    let values = free.map_or_else(|| json!({}), Value::Object);
    parameter
        .insert("schema".to_owned(), json!({"type": "object", "additionalProperties": values}));
    parameter.insert(WIRE.to_owned(), json!({"style": "brackets"}));
    report.note(pointer, "the caller passes the members of the object as a map");
    Narrowed::Kept
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, with_operation};

    fn query(mut parameter: Value) -> Value {
        parameter["name"] = json!("q");
        parameter["in"] = json!("query");
        with_operation(json!({"parameters": [parameter]}))
    }

    #[test]
    fn object_becomes_a_map_or_one_parameter_for_each_member() {
        check_documents(
            "parameters",
            &[
                (
                    query(json!({"style": "deepObject", "required": true, "schema": {
                        "type": "object", "additionalProperties": {"type": "string"},
                    }})),
                    query(
                        json!({"required": true, "x-twin-wire": {"style": "brackets"}, "schema": {
                            "type": "object", "additionalProperties": {"type": "string"},
                        }}),
                    ),
                    &["note: as a map"],
                ),
                (
                    query(json!({"style": "deepObject", "required": true, "schema": {
                        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
                        "required": ["a"],
                    }})),
                    with_operation(json!({"parameters": [
                        {"name": "q[a]", "in": "query", "required": true, "schema": {"type": "string"}},
                        {"name": "q[b]", "in": "query", "required": false, "schema": {"type": "integer"}},
                    ]})),
                    &["note: one parameter for each"],
                ),
            ],
        );
    }
}
