//! Rewrites `patternProperties` and `unevaluatedProperties` to `additionalProperties`.
//!
//! `patternProperties` is rewritten if all patterns have the same schema and the object has no
//! other properties. The patterns themselves and `propertyNames` are lost.

use serde_json::Value;

use super::Context;
use super::schema::Object;

pub(super) fn apply(context: &mut Context) {
    context.each_schema_object(|report, members, place| {
        if let Some(patterns) = members.remove("patternProperties") {
            match under_patterns(&patterns).filter(|_| is_open(members)) {
                Some(schema) => {
                    members.insert("additionalProperties".to_owned(), schema);
                    report.note(place.pointer, "the patterns of property names are not checked");
                }
                None => report.loss(place.pointer, "properties under patterns are not typed"),
            }
        }
        match members.remove("unevaluatedProperties") {
            Some(schema @ Value::Object(_)) if is_open(members) && !is_composed(members) => {
                members.insert("additionalProperties".to_owned(), schema);
            }
            Some(Value::Bool(true)) | None => {}
            Some(_) => report.loss(place.pointer, "`unevaluatedProperties` is not checked"),
        }
        if members.remove("propertyNames").is_some() {
            report.loss(place.pointer, "the names of properties are not checked");
        }
    });
}

/// Returns the schema of the patterns if all have the same.
fn under_patterns(patterns: &Value) -> Option<Value> {
    let mut schemas = patterns.as_object()?.values();
    let first = schemas.next()?;
    schemas.all(|schema| schema == first).then(|| first.clone())
}

fn is_open(members: &Object) -> bool {
    let has_no_properties =
        members.get("properties").and_then(Value::as_object).is_none_or(Object::is_empty);
    has_no_properties && !matches!(members.get("additionalProperties"), Some(Value::Object(_)))
}

fn is_composed(members: &Object) -> bool {
    ["allOf", "anyOf", "oneOf", "$ref"].iter().any(|keyword| members.contains_key(*keyword))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lower::testing::check_schemas;

    #[test]
    fn rewrites_pattern_and_unevaluated_properties() {
        let text = json!({"type": "string"});
        check_schemas(
            "additional-properties",
            &[
                (
                    json!({"patternProperties": {"^a": text, "^b": text}, "additionalProperties": false}),
                    json!({"additionalProperties": text}),
                    &["note: patterns"],
                ),
                (
                    json!({"patternProperties": {"^a": text}, "properties": {"b": {}}}),
                    json!({"properties": {"b": {}}}),
                    &["loss: under patterns"],
                ),
                (
                    json!({"patternProperties": {"^a": text, "^b": {}}}),
                    json!({}),
                    &["loss: under patterns"],
                ),
                (
                    json!({"unevaluatedProperties": text}),
                    json!({"additionalProperties": text}),
                    &[],
                ),
                (
                    json!({"unevaluatedProperties": false}),
                    json!({}),
                    &["loss: `unevaluatedProperties`"],
                ),
                (
                    json!({"propertyNames": {"pattern": "^a"}}),
                    json!({}),
                    &["loss: names of properties"],
                ),
            ],
        );
    }
}
