//! Replaces an object in the query by one parameter for each of its properties.
//!
//! OpenAPI's `form` style defines this serialization. It does not define how nested values are
//! serialized, so an object with properties that are not scalars is dropped.

use super::super::schema::{Object, behind, is_true, text};
use super::{Diagnostics, Value, json};

/// Returns whether typify generates a struct, which progenitor does not support in a query.
pub(super) fn is_struct(schema: &Value) -> bool {
    let has = |keyword: &str| schema.get(keyword).is_some();
    let named = schema["properties"].as_object().is_some_and(|all| !all.is_empty())
        || schema["required"].as_array().is_some_and(|all| !all.is_empty());
    has("anyOf") || named || schema.get("additionalProperties") == Some(&json!(false))
}

/// Returns one parameter for each property, or `None` if a property is not a scalar.
pub(super) fn spread(
    report: &mut Diagnostics,
    parameter: &Object,
    schemas: &Object,
    pointer: &str,
) -> Option<Vec<Object>> {
    let schema = behind(schemas, parameter.get("schema")?);
    let properties = schema.get("properties")?.as_object()?;
    let required: Vec<&Value> = schema["required"].as_array().into_iter().flatten().collect();
    let all_named =
        required.iter().all(|name| name.as_str().is_some_and(|name| properties.contains_key(name)));
    if !all_named || schema.get("additionalProperties").is_some_and(Value::is_object) {
        return None;
    }
    let mut spread = Vec::new();
    for (name, property) in properties {
        let target = behind(schemas, property).as_object()?;
        if !matches!(text(target, "type"), Some("string" | "integer" | "number" | "boolean")) {
            return None;
        }
        let needed = is_true(parameter, "required") && required.iter().any(|known| *known == name);
        let mut one = Object::new();
        one.insert("name".to_owned(), json!(name));
        one.insert("in".to_owned(), json!("query"));
        one.insert("required".to_owned(), json!(needed));
        let mut schema = property.clone();
        super::narrow_schema(report, &mut schema, schemas, "query", pointer);
        one.insert("schema".to_owned(), schema);
        one.extend(
            property.get("description").map(|text| ("description".to_owned(), text.clone())),
        );
        spread.push(one);
    }
    report.note(pointer, "the object becomes one parameter for each property");
    Some(spread)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, check_refusals, with_operation};

    #[test]
    fn splits_an_object_in_the_query_into_parameters() {
        let with = |schema: Value, required: bool| {
            with_operation(json!({"parameters": [
                {"name": "filter", "in": "query", "required": required, "schema": schema},
            ]}))
        };
        let object =
            |inner: Value| json!({"type": "object", "properties": {"a": inner}, "required": ["a"]});
        let text = json!({"type": "string"});
        check_documents(
            "parameters",
            &[
                (
                    with(object(text.clone()), true),
                    with_operation(
                        json!({"parameters": [{"name": "a", "in": "query", "required": true, "schema": text}]}),
                    ),
                    &["note: one parameter for each"],
                ),
                (with(object(json!({})), false), with_operation(json!({})), &["loss: filter"]),
                (
                    with(json!({"type": "object", "additionalProperties": text}), true),
                    with(json!({"type": "object", "additionalProperties": text}), true),
                    &[],
                ),
            ],
        );
        check_refusals(
            "parameters",
            &[(with(object(json!({})), true), "\"filter\" of nested values is required")],
        );
    }
}
