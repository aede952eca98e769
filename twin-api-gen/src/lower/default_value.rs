//! Keeps defaults of properties that are scalars of the property's type, and drops all others.
//!
//! A default of another type makes typify fail, at build time or at run time. Defaults of parameters,
//! bodies and whole schemas are dropped, because the service applies them.

use serde_json::Value;

use super::Context;
use super::schema::{Object, behind, text};
use super::walk::SchemaPosition;

pub(super) fn apply(context: &mut Context) {
    let schemas = context.schemas().into_owned();
    context.each_schema_object(|report, members, place| {
        let Some(default) = members.remove("default") else { return };
        let is_property = place.pointer.rsplit('/').nth(1) == Some("properties");
        if place.position != SchemaPosition::Nested || !is_property || default.is_null() {
            report.count("a default outside a property is not applied", place.pointer);
            return;
        }
        let whole = Value::Object(members.clone());
        if fits(&default, behind(&schemas, &whole)) {
            members.insert("default".to_owned(), default);
        } else {
            let text = default.to_string();
            let shown = if text.len() > 40 { "the default" } else { &text };
            report.loss(
                place.pointer,
                format!("{shown} is not applied: it is not a scalar of the schema's type"),
            );
        }
    });
}

/// Returns whether a default is a scalar of the schema's type.
pub(super) fn fits(default: &Value, schema: &Value) -> bool {
    let Value::Object(schema) = schema else { return false };
    match text(schema, "type") {
        Some("boolean") => default.is_boolean(),
        Some("integer") => {
            default.as_i64().is_some_and(|number| in_width(number, text(schema, "format")))
        }
        Some("number") => default.is_number(),
        Some("string") => default.as_str().is_some_and(|value| text_fits(value, schema)),
        // For typify, an empty array means no default.
        Some("array") => default.as_array().is_some_and(Vec::is_empty),
        _ => false,
    }
}

fn in_width(number: i64, format: Option<&str>) -> bool {
    match format {
        Some("int8") => i8::try_from(number).is_ok(),
        Some("int16") => i16::try_from(number).is_ok(),
        Some("int32") => i32::try_from(number).is_ok(),
        Some("uint8") => u8::try_from(number).is_ok(),
        Some("uint16") => u16::try_from(number).is_ok(),
        Some("uint32") => u32::try_from(number).is_ok(),
        Some("uint64") => number >= 0,
        _ => true,
    }
}

fn text_fits(value: &str, schema: &Object) -> bool {
    let length = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
    let count = value.chars().count() as u64;
    let listed = match schema.get("enum") {
        Some(Value::Array(values)) => values.iter().any(|known| known == value),
        _ => true,
    };
    // A remaining format means a Rust type other than `String`.
    listed
        && !schema.contains_key("format")
        && length("minLength").is_none_or(|least| count >= least)
        && length("maxLength").is_none_or(|most| count <= most)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lower::testing::{check_documents, with_schemas};

    #[test]
    fn keeps_only_scalar_defaults_of_properties() {
        let with = |schema: Value| {
            with_schemas(json!({
                "A": {"properties": {"p": schema}}, "E": {"type": "string", "enum": ["a"]},
            }))
        };
        let kept = |schema: Value| (with(schema.clone()), with(schema), &[] as &[&str]);
        let dropped = |mut schema: Value| {
            let before = with(schema.clone());
            schema.as_object_mut().unwrap().remove("default");
            (before, with(schema), &["loss: is not applied"] as &[&str])
        };
        let e = json!([{"$ref": "#/components/schemas/E"}]);
        check_documents(
            "defaults",
            &[
                kept(json!({"type": "string", "default": "x"})),
                kept(json!({"type": "integer", "default": 0})),
                kept(json!({"type": "boolean", "default": true})),
                kept(json!({"type": "array", "default": []})),
                kept(json!({"allOf": e, "default": "a"})),
                dropped(json!({"allOf": e, "default": "b"})),
                dropped(json!({"type": "string", "default": 7})),
                dropped(json!({"type": "integer", "default": 1.5})),
                dropped(
                    json!({"type": "integer", "format": "int32", "default": 4_000_000_000_u64}),
                ),
                dropped(json!({"type": "object", "default": {}})),
                dropped(json!({"type": "array", "default": ["a"]})),
                dropped(json!({"default": "any"})),
                dropped(json!({"type": "string", "minLength": 2, "default": "x"})),
                (
                    with_schemas(json!({"A": {"type": "string", "default": "x"}})),
                    with_schemas(json!({"A": {"type": "string"}})),
                    &["note: outside a property"],
                ),
            ],
        );
    }
}
