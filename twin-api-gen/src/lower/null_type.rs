//! Rewrites the type `null`: a null alternative of a union becomes `nullable` on the others.
//!
//! A schema that accepts only null becomes one that accepts any value.

use serde_json::{Value, json};

use super::Context;
use super::schema::{ANNOTATIONS, Object};

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|_, members, _| unions(members));
    // After `unions`, only schemas outside unions are still null.
    context.each_schema_object(|report, members, place| {
        if is_null(members) {
            members.retain(|key, _| ANNOTATIONS.contains(&key.as_str()));
            report.loss(place.pointer, "any value is accepted: only null is allowed here");
        }
    });
}

/// Returns whether a schema is nullable, in the notation of 3.0 or 3.1.
pub(super) fn is_nullable(value: &Value) -> bool {
    let has_null = |keyword: &str| {
        value[keyword].as_array().is_some_and(|list| {
            list.iter().any(|item| item == "null" || item.as_object().is_some_and(is_null))
        })
    };
    value["nullable"] == true || has_null("type") || has_null("anyOf") || has_null("oneOf")
}

fn is_null(members: &Object) -> bool {
    let structural: Vec<(&String, &Value)> =
        members.iter().filter(|(key, _)| !ANNOTATIONS.contains(&key.as_str())).collect();
    !structural.is_empty()
        && structural.iter().all(|(key, value)| match key.as_str() {
            "type" => *value == "null",
            "const" => value.is_null(),
            "enum" => *value == &json!([null]),
            _ => false,
        })
}

fn unions(members: &mut Object) {
    for keyword in ["anyOf", "oneOf"] {
        let Some(Value::Array(list)) = members.get_mut(keyword) else { continue };
        let before = list.len();
        list.retain(|member| !member.as_object().is_some_and(is_null));
        if list.len() == before {
            continue;
        }
        if list.is_empty() {
            members.remove(keyword);
            members.insert("type".to_owned(), json!("null"));
            continue;
        }
        members.insert("nullable".to_owned(), json!(true));
        if let Some(Value::Array(list)) = members.get(keyword)
            && list.len() == 1
        {
            let only = list[0].clone();
            members.remove(keyword);
            absorb(members, only);
        }
    }
}

/// Merges the only remaining alternative into the schema, or adds it as an `allOf`.
pub(super) fn absorb(members: &mut Object, only: Value) {
    let alone = members.keys().all(|key| ANNOTATIONS.contains(&key.as_str()));
    match only {
        Value::Object(inner) if alone && !inner.contains_key("$ref") => {
            for (key, value) in inner {
                members.entry(key).or_insert(value);
            }
        }
        only => {
            if let Value::Array(all) = members.entry("allOf").or_insert_with(|| json!([])) {
                all.push(only);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn rewrites_null_alternatives_to_nullable() {
        let b = json!({"$ref": "#/components/schemas/B"});
        check_schemas(
            "null-types",
            &[
                (
                    json!({"anyOf": [b, {"type": "null"}], "title": "t"}),
                    json!({"allOf": [b], "nullable": true, "title": "t"}),
                    &[],
                ),
                (
                    json!({"oneOf": [{"type": "string", "title": "in"}, {"const": null}], "title": "out"}),
                    json!({"type": "string", "nullable": true, "title": "out"}),
                    &[],
                ),
                (
                    json!({"anyOf": [{"type": "string"}, {"type": "null"}, {"type": "integer"}]}),
                    json!({"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": true}),
                    &[],
                ),
                (
                    json!({"type": "object", "anyOf": [b, {"type": "null"}]}),
                    json!({"type": "object", "allOf": [b], "nullable": true}),
                    &[],
                ),
                (
                    json!({"type": "null", "description": "d"}),
                    json!({"description": "d"}),
                    &["loss: only null"],
                ),
                (json!({"oneOf": [{"type": "null"}]}), json!({}), &["loss: only null"]),
                (json!({"enum": ["a", null]}), json!({"enum": ["a", null]}), &[]),
            ],
        );
    }
}
